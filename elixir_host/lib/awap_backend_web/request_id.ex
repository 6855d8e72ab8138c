defmodule AwapBackendWeb.RequestId do
  @moduledoc """
  The id of a request: the client's own, from `x-request-id`, where it is fit for a log line, and else a new one. It goes
  back in the answer, into the log and into the audit trail.
  """

  alias AwapBackendWeb.Conn

  @header "x-request-id"

  @doc "Gives the request its id."
  @spec assign(Conn.t()) :: Conn.t()
  def assign(%Conn{} = conn) do
    id =
      case Conn.header(conn, @header) do
        nil -> new()
        id -> if valid?(id), do: id, else: new()
      end

    Logger.metadata(request_id: id)
    %{conn | request_id: id, resp_headers: [{@header, id}]}
  end

  @doc "The header of the answer that bears the id."
  @spec header(Conn.t()) :: [{String.t(), String.t()}]
  def header(%Conn{request_id: id}), do: [{@header, id}]

  defp new, do: Base.url_encode64(:rand.bytes(15))

  defp valid?(id) when byte_size(id) in 8..128, do: safe?(id)
  defp valid?(_id), do: false

  defp safe?(<<c, rest::binary>>) when c in ?a..?z or c in ?A..?Z or c in ?0..?9 or c in '-_.:/=+',
    do: safe?(rest)

  defp safe?(rest), do: rest == ""
end
