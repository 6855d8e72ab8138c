defmodule AwapBackendWeb.API.HealthControllerTest do
  use AwapBackendWeb.ConnCase, async: true

  defmodule Changing do
    def check do
      Agent.update(__MODULE__, fn {status, count} -> {status, count + 1} end)
      {status, _} = Agent.get(__MODULE__, & &1)
      if status == "raises", do: raise("no")

      %{
        "status" => if(status == "down", do: "degraded", else: status),
        "serving" => status != "down",
        "parts" => %{"database" => %{"status" => status, "message" => "/secret"}},
        "version" => "1"
      }
    end
  end

  setup do
    start_supervised!(%{id: :health, start: {Agent, :start_link, [fn -> {"ok", 0} end, [name: Changing]]}})
    :ok
  end

  defp set(status), do: Agent.update(Changing, fn _ -> {status, 0} end)
  defp checks, do: Agent.get(Changing, &elem(&1, 1))

  test "is open, gives the parts and nothing else, and is 503 only when nothing can be served" do
    port = start_endpoint(health: Changing, health_ttl_ms: 0)

    for {part, code, status} <- [
          {"ok", 200, "ok"},
          {"degraded", 200, "degraded"},
          {"down", 503, "degraded"},
          {"ok", 200, "ok"}
        ] do
      set(part)
      answer = request(port, "GET", "/api/health", key: nil)
      assert answer.status == code
      assert answer.json == %{"status" => status, "parts" => %{"database" => %{"status" => part}}}
    end
  end

  test "is looked at once in a while, however many ask" do
    port = start_endpoint(health: Changing, health_ttl_ms: 60_000)
    set("ok")
    for _ <- 1..10, do: assert(request(port, "GET", "/api/health").status == 200)
    assert checks() == 1
  end

  test "a check that fails does not stay: the next one is asked again" do
    port = start_endpoint(health: Changing, health_ttl_ms: 0)
    set("raises")
    ExUnit.CaptureLog.capture_log(fn -> assert request(port, "GET", "/api/health").status == 500 end)
    set("ok")
    assert request(port, "GET", "/api/health").status == 200
  end
end
