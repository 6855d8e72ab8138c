defmodule AwapBackendWeb.Telemetry do
  @moduledoc """
  Telemetry of the HTTP side, its log line, and the metrics that `GET /metrics` shows.

  These events, beside those of `AwapBackend.Telemetry` and in the same style (durations in microseconds):

  | event | measurements | metadata |
  | --- | --- | --- |
  | `[:awap_backend, :http, :stop]` | `duration`, `response_bytes` | `method`, `route`, `status`, `role`, `request_id` |
  | `[:awap_backend, :http, :exception]` | the same | the same and `kind` (`:error`, `:exit`, `:throw`) |
  | `[:awap_backend, :auth, :refused]` | `count` | `reason`, `status` |
  | `[:awap_backend, :auth, :unrecorded]` | `count`: refusals that the audit log does not have | none |

  `route` is the pattern (`/api/tmas/:id`), never the address itself, which may hold anything. The log line has method,
  route, status and time, with the request id beside it; for `/api/health` only at level debug.
  """

  require Logger

  alias AwapBackendWeb.Conn
  alias AwapBackendWeb.Telemetry.Metrics

  @methods ~w(GET HEAD POST PUT PATCH DELETE OPTIONS)

  @doc "The process that keeps the metrics; to be started after `AwapBackend.Telemetry`."
  def child_spec(options), do: %{Metrics.child_spec(options) | id: __MODULE__}

  @doc "Tells of a request that was answered; `duration` is in microseconds."
  @spec request(Conn.t(), :answered | {:failed, :error | :exit | :throw}, non_neg_integer) :: :ok
  def request(%Conn{} = conn, outcome, duration) do
    measurements = %{duration: duration, response_bytes: IO.iodata_length(conn.resp_body)}

    metadata = %{
      method: method(conn),
      route: route(conn),
      status: conn.status,
      role: conn.caller && conn.caller["role"],
      request_id: conn.request_id
    }

    case outcome do
      :answered ->
        AwapBackend.Telemetry.execute([:awap_backend, :http, :stop], measurements, metadata)

      {:failed, kind} ->
        metadata = Map.put(metadata, :kind, kind)
        AwapBackend.Telemetry.execute([:awap_backend, :http, :exception], measurements, metadata)
    end

    log(metadata, duration)
  end

  @doc "The pattern of the route that a request took."
  @spec route(Conn.t()) :: String.t()
  def route(%Conn{route: {_, pattern, _, _, _}}), do: pattern
  def route(%Conn{}), do: "(no route)"

  @doc "The method of a request. It is any token that a client thinks of: only those that are known are written out."
  @spec method(Conn.t()) :: String.t()
  def method(%Conn{method: method}) when method in @methods, do: method
  def method(_conn), do: "(other)"

  defp log(%{route: "/api/health"} = metadata, duration), do: Logger.debug(fn -> line(metadata, duration) end)

  defp log(metadata, duration) do
    Logger.info(fn -> {line(metadata, duration), component: :http, duration_us: duration} end)
  end

  defp line(%{method: method, route: route, status: status}, duration) do
    [
      method,
      " ",
      route,
      " ",
      Integer.to_string(status),
      " in ",
      Float.to_string(Float.round(duration / 1000, 1)),
      " ms"
    ]
  end
end
