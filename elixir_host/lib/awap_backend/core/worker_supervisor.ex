defmodule AwapBackend.Core.WorkerSupervisor do
  @moduledoc "Supervises the workers; they can be added and removed while the host runs."

  use DynamicSupervisor

  alias AwapBackend.Config
  alias AwapBackend.Core.Worker

  @doc "Starts the supervisor and the configured number of workers (option `:workers`)."
  def start_link(options \\ []) do
    count = Keyword.get_lazy(options, :workers, fn -> Config.get(:workers) end)

    with {:ok, supervisor} <- DynamicSupervisor.start_link(__MODULE__, options, name: __MODULE__) do
      Enum.each(1..count//1, fn _n -> add_worker() end)
      {:ok, supervisor}
    end
  end

  @doc "Adds a worker."
  @spec add_worker() :: DynamicSupervisor.on_start_child()
  def add_worker, do: DynamicSupervisor.start_child(__MODULE__, Worker)

  @doc "Removes a worker, which first finishes what it has in hand."
  @spec remove_worker(pid) :: :ok | {:error, :not_found}
  def remove_worker(worker), do: DynamicSupervisor.terminate_child(__MODULE__, worker)

  @doc "The workers there are."
  @spec workers() :: [pid]
  def workers do
    for {_id, pid, :worker, _modules} when is_pid(pid) <- DynamicSupervisor.which_children(__MODULE__),
        do: pid
  catch
    :exit, _reason -> []
  end

  @impl true
  def init(_options), do: DynamicSupervisor.init(strategy: :one_for_one, max_restarts: 100, max_seconds: 10)
end
