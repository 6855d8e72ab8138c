defmodule AwapBackendWeb.ErrorView do
  @moduledoc """
  The one shape of an error, `{"error": {"code", "message", "details"}}`, and the status for each code.

  Codes are the Core Bridge's and those of HTTP itself. `message` is a sentence for a person; where the answer is 422
  `details.fields` has one for each field at fault. What went wrong inside the host is never told: the request id leads
  to it in the log.
  """

  import AwapBackendWeb.Conn, only: [json: 3, put_header: 3]

  alias AwapBackendWeb.{Conn, ErrorHelpers}

  @typedoc "An error as controllers and readers hand it on."
  @type error :: %{
          status: 400..599,
          code: String.t(),
          message: String.t(),
          details: %{String.t() => term},
          headers: [{String.t(), String.t()}],
          reason: atom
        }

  @codes %{
    400 => "invalid_request",
    401 => "unauthorized",
    403 => "forbidden",
    404 => "not_found",
    405 => "method_not_allowed",
    408 => "timeout",
    409 => "conflict",
    412 => "precondition_failed",
    413 => "limit_exceeded",
    414 => "limit_exceeded",
    415 => "unsupported_media_type",
    422 => "invalid_input",
    426 => "upgrade_required",
    429 => "too_many_requests",
    431 => "limit_exceeded",
    500 => "internal",
    501 => "not_implemented",
    503 => "unavailable",
    504 => "timeout",
    505 => "not_implemented"
  }

  # What the store, the core and the host's own modules answer.
  @statuses %{
    "invalid_request" => 400,
    "unauthorized" => 401,
    "forbidden" => 403,
    "not_found" => 404,
    "conflict" => 409,
    "limit_exceeded" => 413,
    "invalid_input" => 422,
    "unsupported_format" => 422,
    "document_damaged" => 422,
    "document_encrypted" => 422,
    "too_many_requests" => 429,
    "queue_full" => 503,
    "unavailable" => 503,
    "not_configured" => 503,
    "timeout" => 503
  }

  @internal "Something went wrong in the server. The log has it under this answer's x-request-id."

  @doc """
  An error of HTTP's own. Options: `:code` where the status's usual one does not say enough, `:retry_after` in seconds,
  `:headers`, and `:reason`, a word for the audit log of refusals.
  """
  @spec error(400..599, String.t(), map, keyword) :: error
  def error(status, message, details \\ %{}, options \\ []) do
    retry = if seconds = options[:retry_after], do: [{"retry-after", Integer.to_string(seconds)}], else: []

    %{
      status: status,
      code: options[:code] || Map.fetch!(@codes, status),
      message: message,
      details: details,
      headers: retry ++ (options[:headers] || []),
      reason: options[:reason]
    }
  end

  @doc "The error for a fault of ours."
  @spec internal() :: error
  def internal, do: error(500, @internal)

  @doc "The 422 for input that is at fault in `fields`: the path of each and what is wrong with it."
  @spec invalid(%{String.t() => String.t()}) :: error
  def invalid(fields) do
    error(422, ErrorHelpers.summary(fields), %{"fields" => fields})
  end

  @doc "The answer for an error of the store, of the core or of the host: `%{\"code\", \"message\", \"details\"}`."
  @spec from_backend(term) :: error
  def from_backend(%{"code" => code} = error) when is_binary(code) do
    details = if is_map(error["details"]), do: error["details"], else: %{}
    message = if is_binary(error["message"]), do: error["message"], else: ""

    case Map.get(@statuses, code) do
      nil -> internal()
      422 -> invalid_input(code, message, details)
      503 -> error(503, unavailable(message), %{}, code: code, retry_after: retry_after(details))
      status -> error(status, message, details, code: code)
    end
  end

  def from_backend(_other), do: internal()

  defp invalid_input(code, message, details) do
    fields =
      case details do
        %{"fields" => %{} = fields} ->
          Map.new(fields, fn {path, text} -> {path, ErrorHelpers.message(text)} end)

        %{"path" => path} when is_binary(path) and path != "" ->
          %{path => message}

        _ ->
          %{}
      end

    error(422, message, Map.put(details, "fields", fields), code: code)
  end

  defp unavailable(""), do: "The server cannot do this now. Try again shortly."
  defp unavailable(message), do: message

  defp retry_after(%{"retry_after" => seconds}) when is_integer(seconds) and seconds > 0, do: seconds
  defp retry_after(_details), do: 5

  @doc "Answers with an error."
  @spec render(Conn.t(), error) :: Conn.t()
  def render(%Conn{} = conn, error) do
    error.headers
    |> Enum.reduce(conn, fn {name, value}, conn -> put_header(conn, name, value) end)
    |> json(error.status, %{
      "error" => %{"code" => error.code, "message" => error.message, "details" => error.details}
    })
  end
end
