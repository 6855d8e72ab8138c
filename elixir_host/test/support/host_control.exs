# Lets a test reach into the host that loads this file: `mix run test/support/host_control.exs`, which only
# AwapBackend.RunningHost does. It listens on the loopback interface, on the port that AWAP_TEST_CONTROL_PORT names, for
# `{function, arguments}` of the module below, as Erlang terms behind a length of four bytes, and answers the result.
defmodule AwapBackend.HostControl do
  @moduledoc "What a test can have done within a running host."

  alias AwapBackend.Core.WorkerSupervisor

  # Every part of the host that has a name and state of its own.
  @parts [
    AwapBackend.Repo,
    AwapBackend.CoreBridge.Process1,
    AwapBackend.CoreBridge.Events,
    AwapBackend.PubSub,
    AwapBackend.EventStore,
    AwapBackend.Core.JobRegistry,
    AwapBackend.Core.TaskSupervisor,
    WorkerSupervisor,
    AwapBackend.Health,
    AwapBackend.Telemetry,
    AwapBackendWeb.Telemetry,
    AwapBackendWeb.Endpoint
  ]

  @doc "Kills one of the workers, the `n`th modulo their number; whether there was one."
  def kill_worker(n), do: kill_one(WorkerSupervisor.workers(), n)

  @doc "Kills the task in which a worker processes its job; whether there was one."
  def kill_task(n), do: kill_one(Task.Supervisor.children(AwapBackend.Core.TaskSupervisor), n)

  @doc "Kills one of the host's parts; its name, or nil where it was not there."
  def kill_part(n) do
    part = Enum.at(@parts, rem(n, length(@parts)))
    if kill(Process.whereis(part)), do: inspect(part)
  end

  @doc "Bytes of memory after a collection, and counts of what could grow."
  def figures do
    for pid <- Process.list(), do: :erlang.garbage_collect(pid)

    %{
      memory: :erlang.memory(:total),
      processes: :erlang.system_info(:process_count),
      ports: :erlang.system_info(:port_count),
      ets: length(:ets.all()),
      atoms: :erlang.system_info(:atom_count)
    }
  end

  @doc "How many TMAs of the database are in each state."
  def tmas do
    with {:ok, %{"tmas" => counts}} <- AwapBackend.Repo.call("stats", %{}), do: counts
  end

  defp kill_one([], _n), do: false
  defp kill_one(pids, n), do: pids |> Enum.at(rem(n, length(pids))) |> kill()

  defp kill(nil), do: false
  defp kill(pid), do: Process.exit(pid, :kill)

  @doc false
  def listen(port) do
    {:ok, socket} =
      :gen_tcp.listen(port, [:binary, packet: 4, active: false, reuseaddr: true, ip: {127, 0, 0, 1}])

    accept(socket)
  end

  defp accept(listener) do
    {:ok, socket} = :gen_tcp.accept(listener)
    spawn(fn -> receive(do: (:go -> serve(socket))) end) |> hand_over(socket)
    accept(listener)
  end

  defp hand_over(pid, socket) do
    :ok = :gen_tcp.controlling_process(socket, pid)
    send(pid, :go)
  end

  defp serve(socket) do
    with {:ok, request} <- :gen_tcp.recv(socket, 0) do
      {function, arguments} = :erlang.binary_to_term(request)
      :gen_tcp.send(socket, :erlang.term_to_binary(apply(__MODULE__, function, arguments)))
      serve(socket)
    end
  end
end

port = "AWAP_TEST_CONTROL_PORT" |> System.fetch_env!() |> String.to_integer()
spawn(fn -> AwapBackend.HostControl.listen(port) end)
