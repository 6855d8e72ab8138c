defmodule AwapBackend.EndToEnd.CrashTest do
  @moduledoc "What was accepted is done, whatever dies on the way."
  use ExUnit.Case, async: false

  import AwapBackend.DataCase, only: [eventually: 2]

  alias AwapBackend.{Fixtures, OSProcess, RunningHost}

  @moduletag timeout: 300_000

  setup do
    host = RunningHost.start()

    on_exit(fn -> RunningHost.remove(host) end)
    {:ok, host: host}
  end

  test "kill -9 of awap-port during jobs: the host answers on, each job ends, the next TMA is processed",
       %{host: host} do
    ids = submit(host, 3)

    for pid <- RunningHost.children(host, "awap-port") do
      System.cmd("kill", ["-KILL", Integer.to_string(pid)])
    end

    assert {200, _} = RunningHost.get(host, "/api/health")
    assert Enum.all?(ids, &(RunningHost.await(host, &1)["status"] in ["completed", "failed"]))

    [next | _] = submit(host, 1)
    assert RunningHost.await(host, next)["status"] == "completed"
  end

  test "kill -9 of the whole host: what was answered 201 is done after the next start, and no child is left behind",
       %{host: host} do
    ids = submit(host, 2)
    children = for {pid, _name} <- RunningHost.processes(host), do: OSProcess.identify(pid)
    RunningHost.kill(host)
    eventually(fn -> not Enum.any?(children, &OSProcess.alive?/1) end, 30_000)

    again = RunningHost.relaunch(host)
    assert Enum.all?(ids, &(RunningHost.await(again, &1)["status"] == "completed"))
    RunningHost.stop(again)
    # What starts the VM's programs ends a moment after the VM.
    eventually(fn -> RunningHost.processes(again) == [] end, 30_000)
  end

  # Every fixture, `times` times over.
  defp submit(host, times) do
    for _ <- 1..times, {_name, request, _described} <- Fixtures.all() do
      {201, %{"id" => id}} = RunningHost.post(host, "/api/tmas", request)
      id
    end
  end
end
