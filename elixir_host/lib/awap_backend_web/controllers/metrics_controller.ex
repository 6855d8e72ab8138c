defmodule AwapBackendWeb.MetricsController do
  @moduledoc "`GET /metrics`: the host's metrics in Prometheus's text format."

  use AwapBackendWeb, :controller

  @doc "200 with the metrics."
  @spec show(Conn.t()) :: Conn.t()
  def show(conn) do
    put_header(
      %{conn | status: 200, resp_body: AwapBackendWeb.Telemetry.Metrics.text()},
      "content-type",
      "text/plain; version=0.0.4; charset=utf-8"
    )
  end
end
