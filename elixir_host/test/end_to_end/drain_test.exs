defmodule AwapBackend.EndToEnd.DrainTest do
  @moduledoc "SIGTERM to a host that `mix run` started (the release is stopped in `release_test.exs`)."
  use ExUnit.Case, async: false

  alias AwapBackend.{Drain, RunningHost}

  @moduletag timeout: 600_000

  test "SIGTERM: requests in progress are answered, TMAs in hand lost by none, and the status is 0" do
    host = RunningHost.start()
    on_exit(fn -> RunningHost.remove(host) end)
    again = Drain.check(host)
    assert RunningHost.stop(again) == 0
    assert RunningHost.processes(again) == []
  end
end
