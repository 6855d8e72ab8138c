defmodule AwapBackend.EndToEnd.CrashTest do
  @moduledoc "What was accepted is done, whatever dies on the way."
  use ExUnit.Case, async: false

  alias AwapBackend.RunningHost

  @moduletag timeout: 300_000

  setup do
    host = RunningHost.start()

    on_exit(fn ->
      System.cmd("pkill", ["-KILL", "-P", Integer.to_string(host.os_pid)], stderr_to_stdout: true)
      System.cmd("kill", ["-KILL", Integer.to_string(host.os_pid)], stderr_to_stdout: true)
      File.rm_rf!(host.data_dir)
    end)

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
    children = RunningHost.children(host, "awap-")
    assert children != []
    RunningHost.kill(host)

    Process.sleep(1_000)
    assert Enum.filter(children, &File.exists?("/proc/#{&1}/exe")) |> Enum.filter(&alive?/1) == []

    again = RunningHost.start(%{}, host.data_dir)
    assert Enum.all?(ids, &(RunningHost.await(again, &1)["status"] == "completed"))
    RunningHost.stop(again)
  end

  defp alive?(pid), do: match?({_, 0}, System.cmd("kill", ["-0", "#{pid}"], stderr_to_stdout: true))

  # Every fixture, `times` times over.
  defp submit(host, times) do
    for _ <- 1..times, {_name, request, _described} <- RunningHost.fixtures() do
      {201, %{"id" => id}} = RunningHost.post(host, "/api/tmas", request)
      id
    end
  end
end
