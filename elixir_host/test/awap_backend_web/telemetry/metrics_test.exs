defmodule AwapBackendWeb.Telemetry.MetricsTest do
  # Not async: the metrics are one for the whole VM.
  use AwapBackendWeb.ConnCase

  alias AwapBackendWeb.ConnCase.Answer
  alias AwapBackendWeb.Telemetry.Metrics

  setup do
    for module <- [AwapBackend.Telemetry, AwapBackendWeb.Telemetry],
        Process.whereis(process(module)) == nil do
      start_supervised!(module)
    end

    %{port: start_endpoint()}
  end

  defp process(AwapBackendWeb.Telemetry), do: Metrics
  defp process(module), do: module

  defp metrics(port) do
    answer = request(port, "GET", "/metrics", key: StandIn.admin_key())
    assert answer.status == 200
    assert Answer.header(answer, "content-type") =~ "text/plain; version=0.0.4"
    answer.body
  end

  defp value(text, line) do
    case Regex.run(~r/^#{Regex.escape(line)} ([0-9.]+)$/m, text) do
      [_, value] -> value |> Float.parse() |> elem(0)
      nil -> 0.0
    end
  end

  test "counts requests by route and status, in a form that holds together", %{port: port} do
    series = ~s(method="GET",route="/api/tmas/:id",status="404")
    before = metrics(port)
    for _ <- 1..3, do: request(port, "GET", "/api/tmas/#{StandIn.id(:missing)}")
    text = metrics(port)

    count = value(text, "awap_http_request_duration_seconds_count{#{series}}")
    assert count - value(before, "awap_http_request_duration_seconds_count{#{series}}") == 3.0
    assert value(text, ~s(awap_http_request_duration_seconds_bucket{#{series},le="+Inf"})) == count
    assert value(text, "awap_vm_memory_bytes") > 0

    # Each family is described once, and every line is a name, labels and a number.
    types = Regex.scan(~r/^# TYPE (\S+)/m, text) |> Enum.map(&List.last/1)
    assert types == Enum.uniq(types)

    for line <- String.split(text, "\n", trim: true), not String.starts_with?(line, "#") do
      assert line =~ ~r/\A[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.e+-]+\z/
    end
  end

  test "counts what the domain tells", %{port: port} do
    line = ~s(awap_tmas_refused_total{code="queue_full"})
    before = value(metrics(port), line)
    AwapBackend.Telemetry.execute([:awap_backend, :tma, :refused], %{queue_depth: 9}, %{code: "queue_full"})
    assert value(metrics(port), line) == before + 1
  end
end
