defmodule AwapBackend.Core.WorkerPool do
  @moduledoc """
  The workers that mark TMAs, and the handing out of work to them.

  Jobs are rows of the store, which a worker claims with a lease; nothing here has to survive. `process_tma/2` only says
  that there is one, so that it is taken up at once. Jobs that nobody was told of (left by a crash, added by another host
  on the same database) are found by polling.
  """

  use Supervisor

  alias AwapBackend.{Config, CoreBridge, Remains}
  alias AwapBackend.Core.{JobRegistry, WorkerSupervisor}

  @doc "Starts the pool. Option `:workers`: how many, instead of the configured number."
  def start_link(options \\ []), do: Supervisor.start_link(__MODULE__, options, name: __MODULE__)

  @impl true
  def init(options) do
    Remains.clear([AwapBackend.Core.TaskSupervisor, JobRegistry, WorkerSupervisor])

    children = [
      {Task.Supervisor, name: AwapBackend.Core.TaskSupervisor},
      JobRegistry,
      %{
        id: WorkerSupervisor,
        start: {WorkerSupervisor, :start_link, [options]},
        type: :supervisor,
        shutdown: :infinity
      }
    ]

    Supervisor.init(children, strategy: :one_for_one, max_restarts: 10)
  end

  @doc "Says that a TMA waits to be processed: an idle worker takes up work at once, a busy one when it is done."
  @spec process_tma(String.t(), String.t()) :: :ok
  def process_tma(tma_id, job_id) do
    JobRegistry.put(job_id, %{tma_id: tma_id, status: :queued})
    wake()
  end

  @doc "Wakes an idle worker, if there is one."
  @spec wake() :: :ok
  def wake do
    case JobRegistry.take_idle() do
      nil -> :ok
      worker -> send(worker, :wake)
    end

    :ok
  end

  @doc "What the pool is at: workers, how many are busy, TMAs that wait and may wait, jobs seen lately by status."
  @spec stats() :: %{
          workers: non_neg_integer,
          busy: non_neg_integer,
          queue_depth: non_neg_integer,
          queue_limit: pos_integer,
          jobs: %{atom => non_neg_integer},
          core: :available | :unavailable
        }
  def stats do
    workers = length(WorkerSupervisor.workers())

    %{
      workers: workers,
      busy: max(workers - JobRegistry.idle_count(), 0),
      queue_depth: JobRegistry.depth(),
      queue_limit: Config.get(:queue_limit),
      jobs: JobRegistry.counts(),
      core: if(CoreBridge.available?(), do: :available, else: :unavailable)
    }
  end
end
