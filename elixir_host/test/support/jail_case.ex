defmodule AwapBackend.JailCase do
  @moduledoc "What the tests with real containers share: a host with a jail, requests to its inmate, and its processes."

  import AwapBackend.DataCase, only: [eventually: 2, start_host: 1]

  alias AwapBackend.AI.Manager
  alias AwapBackend.{Config, Jail, Telemetry}

  @doc "Starts the host with the inmate as its AI container, and waits until it is ready."
  def start_jail(variables \\ %{}) do
    :ok = Jail.prepare()
    folder = start_host(Map.merge(Jail.variables(), variables))
    eventually(fn -> Manager.info().ready == Config.get(:max_ai_containers) end, 30_000)
    folder
  end

  @doc "Asks the inmate to do something."
  def suggest(what, with_what \\ "", timeout \\ 10_000) do
    Manager.request("suggest", %{"do" => what, "with" => with_what}, timeout)
  end

  @doc "Sends the telemetry of one event to the calling process, as `{reference, measurements, metadata}`."
  def collect(event) do
    test = self()
    reference = make_ref()

    handler = fn _event, measurements, metadata, _config ->
      send(test, {reference, measurements, metadata})
    end

    :ok = Telemetry.attach(reference, event, handler)
    ExUnit.Callbacks.on_exit(fn -> Telemetry.detach(reference) end)
    reference
  end

  @doc "The process id of the `podman run` of a container."
  def podman_client(name) do
    {out, 0} = System.cmd("pgrep", ["-f", "podman run.*#{name}"])
    out |> String.split() |> hd() |> String.to_integer()
  end

  @doc "Has the container hang on a request, without waiting for it."
  def hang_in_background do
    spawn(fn -> suggest("hang", "", 120_000) end)
    eventually(fn -> Manager.info().busy == 1 end, 5_000)
  end

  @doc "Kills the manager and all it owns as the end of the VM would: with no time to clean up. The container's owner."
  def kill_owner do
    [container] = for {pid, _} <- :sys.get_state(Manager).containers, do: pid
    {:links, links} = Process.info(container, :links)
    for pid <- links, is_pid(pid), pid != Process.whereis(Manager), do: Process.exit(pid, :kill)
    Process.exit(container, :kill)
    Process.exit(Process.whereis(Manager), :kill)
    container
  end
end
