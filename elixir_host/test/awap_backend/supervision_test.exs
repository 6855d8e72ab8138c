defmodule AwapBackend.SupervisionTest do
  @moduledoc "A supervisor that is killed is started again, also where its children are slow to go, and the host stays up."

  use AwapBackend.DataCase, async: false

  @moduletag :store
  @moduletag :core
  @moduletag :capture_log

  for {supervisor, child} <- [
        {AwapBackend.EventStore, AwapBackend.EventStore.Subscriptions},
        {AwapBackend.CoreBridge, AwapBackend.CoreBridge.Process1},
        {AwapBackend.Core.WorkerPool, AwapBackend.Core.WorkerSupervisor}
      ] do
    test "#{inspect(supervisor)}" do
      start_host()
      top = Process.whereis(AwapBackend.Supervisor)
      child = Process.whereis(unquote(child))
      before = Process.whereis(unquote(supervisor))

      # It cannot even hear that it is to go.
      :erlang.suspend_process(child)
      Process.exit(before, :kill)
      Process.sleep(300)
      :erlang.resume_process(child)

      eventually(fn -> Process.whereis(unquote(supervisor)) not in [nil, before] end)
      eventually(fn -> Process.whereis(unquote(child)) not in [nil, child] end)
      assert Process.whereis(AwapBackend.Supervisor) == top
      assert settled(submit("Plants store light."), 60_000)["status"] == "completed"
    end
  end
end
