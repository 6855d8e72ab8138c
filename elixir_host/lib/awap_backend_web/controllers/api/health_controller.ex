defmodule AwapBackendWeb.API.HealthController do
  @moduledoc """
  `GET /api/health`: each part of the system and how it is.

  Anyone may ask, so the answer says how parts are and nothing of what or where they are: no message, version or
  address. It is encoded once in `health_ttl_ms`, so that a probe every millisecond costs next to nothing.
  """

  use AwapBackendWeb, :controller

  @part_keys ~w(status code latency_ms processes up restarts workers busy queue_depth queue_limit)

  @doc "200 while the host can serve, though parts of it be degraded; 503 when it cannot."
  @spec show(Conn.t()) :: Conn.t()
  def show(conn) do
    {status, body} = answer(conn.config, System.monotonic_time(:millisecond))
    json_iodata(conn, status, body)
  end

  defp answer(config, now) do
    case :ets.lookup(config.cache, :health) do
      [{_, status, body, until}] when now < until -> {status, body}
      _ -> check(config, now)
    end
  end

  defp check(config, now) do
    health = config.health.check()
    status = if health["serving"], do: 200, else: 503
    parts = Map.new(health["parts"], fn {name, part} -> {name, Map.take(part, @part_keys)} end)
    body = IO.iodata_to_binary(AwapBackend.JSON.encode(%{"status" => health["status"], "parts" => parts}))
    :ets.insert(config.cache, {:health, status, body, now + config.health_ttl_ms})
    {status, body}
  end
end
