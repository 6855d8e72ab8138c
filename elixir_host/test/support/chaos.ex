defmodule AwapBackend.Chaos do
  @moduledoc """
  Ends parts of running hosts at random, as faults of the machine would, and sees that they leave nothing behind.

  The order is one of a seed: each kind once, then by chance. When each blow falls depends on the machine.
  """

  alias AwapBackend.{OSProcess, Postgres, RunningHost}

  # How often each kind falls.
  @weights [core: 4, store: 2, worker: 4, task: 2, part: 3, vm: 1, postgres: 1]
  @gone_ms 15_000

  @type kind :: :core | :store | :worker | :task | :part | :vm | :postgres

  @doc "What each kind of blow ends."
  @spec describe(kind) :: String.t()
  def describe(:core), do: "kill -9 of an awap-port"
  def describe(:store), do: "kill -9 of awap-store"
  def describe(:worker), do: "a worker's process killed"
  def describe(:task), do: "the task of a job killed"
  def describe(:part), do: "another process of the tree killed"
  def describe(:vm), do: "kill -9 of the VM, started again"
  def describe(:postgres), do: "kill -9 of PostgreSQL, started again"

  @doc "The kinds that there are for hosts with this database."
  @spec kinds(:sqlite | :postgres) :: [kind]
  def kinds(database), do: database |> weights() |> Keyword.keys()

  defp weights(:postgres), do: @weights
  defp weights(:sqlite), do: Keyword.delete(@weights, :postgres)

  @doc "An endless list of blows to fall on hosts with this database."
  @spec blows(:sqlite | :postgres) :: Enumerable.t()
  def blows(database) do
    hat = for {kind, weight} <- weights(database), _ <- 1..weight, do: kind
    Stream.concat(Enum.shuffle(kinds(database)), Stream.repeatedly(fn -> Enum.random(hat) end))
  end

  @doc """
  Lets one blow fall on one of the hosts: `{hit?, hosts, orphans}`, with the hosts as they are now, and the processes
  that outlived the VM that had started them. Called by the process that started the hosts.
  """
  @spec strike(kind, [RunningHost.t()]) :: {boolean, [RunningHost.t()], [String.t()]}
  def strike(:postgres, hosts) do
    Postgres.kill()
    Process.sleep(:rand.uniform(3_000))
    Postgres.start()
    {true, hosts, []}
  end

  def strike(:vm, hosts) do
    {host, i} = hosts |> Enum.with_index() |> Enum.random()
    before = for {pid, name} <- RunningHost.processes(host), do: {OSProcess.identify(pid), name}
    RunningHost.kill(host)
    orphans = left_of(before, now() + @gone_ms)
    Process.sleep(:rand.uniform(2_000))
    {true, List.replace_at(hosts, i, RunningHost.relaunch(host)), orphans}
  end

  def strike(kind, hosts), do: {hit?(kind, Enum.random(hosts)), hosts, []}

  defp hit?(:core, host), do: kill_one(host, "awap-port")
  defp hit?(:store, host), do: kill_one(host, "awap-store")
  defp hit?(:worker, host), do: controlled?(host, :kill_worker)
  defp hit?(:task, host), do: controlled?(host, :kill_task)
  defp hit?(:part, host), do: controlled?(host, :kill_part)

  defp controlled?(host, function) do
    case RunningHost.control(host, function, [:rand.uniform(1_000)]) do
      {:ok, result} -> result not in [false, nil]
      # The host is just starting.
      :error -> false
    end
  end

  defp kill_one(host, program) do
    case RunningHost.children(host, program) do
      [] -> false
      pids -> match?({_, 0}, System.cmd("kill", ["-KILL", "#{Enum.random(pids)}"], stderr_to_stdout: true))
    end
  end

  # Whoever is still there when they should have gone.
  defp left_of(processes, deadline) do
    case Enum.filter(processes, fn {process, _name} -> process && OSProcess.alive?(process) end) do
      [] ->
        []

      left ->
        if now() > deadline do
          for {process, _} <- left, do: OSProcess.kill(process)
          Enum.map(left, fn {_, name} -> name end)
        else
          Process.sleep(100)
          left_of(left, deadline)
        end
    end
  end

  defp now, do: System.monotonic_time(:millisecond)
end
