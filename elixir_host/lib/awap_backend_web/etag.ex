defmodule AwapBackendWeb.ETag do
  @moduledoc "Entity tags and the conditions that name them (RFC 9110, sections 8.8.3 and 13.1)."

  alias AwapBackendWeb.Conn

  @doc "The strong tag of a state; `state` is of visible ASCII without quotes."
  @spec of(String.t()) :: String.t()
  def of(state), do: ~s("#{state}")

  @doc "Whether `If-Match` lets a change to what has this tag through: a tag that is weak never does."
  @spec match?(Conn.t(), String.t()) :: boolean
  def match?(conn, etag), do: names?(values(conn, "if-match"), etag, [])

  @doc "Whether what has this tag is to be sent whole: `If-None-Match` does not name it."
  @spec none_match?(Conn.t(), String.t()) :: boolean
  def none_match?(conn, etag) do
    case values(conn, "if-none-match") do
      [] -> true
      values -> not names?(values, etag, ["W/" <> etag])
    end
  end

  defp names?(values, etag, others), do: Enum.any?(values, &(&1 in ["*", etag | others]))

  # No tag of ours has a comma in it, so what a comma cuts up is none of ours.
  defp values(conn, name) do
    for {^name, value} <- conn.headers, tag <- String.split(value, ","), do: String.trim(tag)
  end
end
