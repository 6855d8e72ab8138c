defmodule AwapBackend.Core.JobRegistry do
  @moduledoc """
  What this host knows, in memory, of jobs and workers; the truth is the store's.

  Keeps, in ETS: each job seen lately (status, stage, attempt, worker), the idle workers, and the depth of the queue.
  Gives back the job of a worker that died, so that another tries it at once rather than when its lease runs out.
  """

  use GenServer

  alias AwapBackend.{Repo, Telemetry}

  require Logger

  @jobs __MODULE__.Jobs
  @idle __MODULE__.Idle
  @depth {__MODULE__, :depth}
  # Finished jobs are kept for those who ask soon after; more than this many, or older than this, are forgotten.
  @kept 10_000
  @kept_ms 15 * 60 * 1_000
  @sweep_ms 30_000
  @recount_ms 5_000

  @type job :: %{
          job_id: String.t(),
          tma_id: String.t(),
          status: :queued | :processing | :completed | :failed | :retried | :released | :lost,
          stage: String.t() | nil,
          attempt: pos_integer | nil,
          worker: String.t() | nil,
          updated_at: DateTime.t()
        }

  def start_link(_options), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  @doc "Notes what is new about a job."
  @spec put(String.t(), map) :: :ok
  def put(job_id, changes) do
    base = %{job_id: job_id, tma_id: nil, status: :queued, stage: nil, attempt: nil, worker: nil}

    job =
      case :ets.lookup(@jobs, job_id) do
        [{_id, _at, known}] -> known
        [] -> base
      end

    job = job |> Map.merge(changes) |> Map.put(:updated_at, DateTime.utc_now())
    :ets.insert(@jobs, {job_id, System.monotonic_time(:millisecond), job})
    :ok
  rescue
    ArgumentError -> :ok
  end

  @doc "What is known of a job."
  @spec get(String.t()) :: {:ok, job} | :error
  def get(job_id) do
    case :ets.lookup(@jobs, job_id) do
      [{_id, _at, job}] -> {:ok, job}
      [] -> :error
    end
  rescue
    ArgumentError -> :error
  end

  @doc "How many of the jobs seen lately are in each status."
  @spec counts() :: %{atom => non_neg_integer}
  def counts do
    :ets.foldl(fn {_id, _at, job}, counts -> Map.update(counts, job.status, 1, &(&1 + 1)) end, %{}, @jobs)
  rescue
    ArgumentError -> %{}
  end

  @doc "Says that a worker looks for a job, and may be woken."
  @spec idle(pid) :: :ok
  def idle(worker) do
    :ets.insert(@idle, {worker})
    :ok
  rescue
    ArgumentError -> :ok
  end

  @doc "Says that a worker has found a job, or ends."
  @spec busy(pid) :: :ok
  def busy(worker) do
    :ets.delete(@idle, worker)
    :ok
  rescue
    ArgumentError -> :ok
  end

  @doc "An idle worker, who is idle for nobody else from now on; nil if all are busy."
  @spec take_idle() :: pid | nil
  def take_idle do
    case :ets.first(@idle) do
      :"$end_of_table" ->
        nil

      worker ->
        # Two callers may see the same one; only one gets it.
        case :ets.take(@idle, worker) do
          [{^worker}] -> if Process.alive?(worker), do: worker, else: take_idle()
          [] -> take_idle()
        end
    end
  rescue
    ArgumentError -> nil
  end

  @doc "How many workers are idle."
  @spec idle_count() :: non_neg_integer
  def idle_count do
    case :ets.info(@idle, :size) do
      :undefined -> 0
      size -> size
    end
  end

  @doc """
  Makes room for one TMA in the queue, unless `limit` wait already. The depth is the store's, counted every five seconds, and
  between counts what this host adds and takes.
  """
  @spec reserve(pos_integer) :: :ok | {:full, non_neg_integer}
  def reserve(limit) do
    counter = depth_counter()
    depth = :atomics.add_get(counter, 1, 1)

    if depth > limit do
      :atomics.sub(counter, 1, 1)
      {:full, depth - 1}
    else
      :ok
    end
  end

  @doc "Takes back a `reserve/1`, or says that a job has left the queue."
  @spec release() :: :ok
  def release do
    counter = depth_counter()
    if :atomics.sub_get(counter, 1, 1) < 0, do: :atomics.put(counter, 1, 0)
    :ok
  end

  @doc "TMAs that wait."
  @spec depth() :: non_neg_integer
  def depth, do: max(:atomics.get(depth_counter(), 1), 0)

  @doc "Says which job a worker has (nil: none), so that it can be given back should the worker die."
  @spec hold(pid, %{job_id: String.t(), worker: String.t()} | nil) :: :ok
  def hold(worker, job), do: GenServer.cast(__MODULE__, {:hold, worker, job})

  @impl true
  def init(nil) do
    :ets.new(@jobs, [:named_table, :public, :set, read_concurrency: true, write_concurrency: true])
    :ets.new(@idle, [:named_table, :public, :set, write_concurrency: true])
    depth_counter()
    send(self(), :recount)
    Process.send_after(self(), :sweep, @sweep_ms)
    {:ok, %{held: %{}, monitors: %{}}}
  end

  @impl true
  def handle_cast({:hold, worker, job}, state) do
    monitors = Map.put_new_lazy(state.monitors, worker, fn -> Process.monitor(worker) end)
    held = if job, do: Map.put(state.held, worker, job), else: Map.delete(state.held, worker)
    {:noreply, %{state | held: held, monitors: monitors}}
  end

  @impl true
  def handle_info({:DOWN, _ref, :process, worker, _reason}, state) do
    busy(worker)
    {job, held} = Map.pop(state.held, worker)
    if job, do: give_back(job)
    {:noreply, %{state | held: held, monitors: Map.delete(state.monitors, worker)}}
  end

  def handle_info(:recount, state) do
    # Elsewhere, since the store may be slow to answer or gone.
    Task.Supervisor.start_child(AwapBackend.Core.TaskSupervisor, &recount/0)
    Process.send_after(self(), :recount, @recount_ms)
    {:noreply, state}
  end

  def handle_info(:sweep, state) do
    sweep()
    Process.send_after(self(), :sweep, @sweep_ms)
    {:noreply, state}
  end

  def handle_info(_message, state), do: {:noreply, state}

  defp recount do
    case Repo.call("stats", %{"queue_only" => true}, 5_000) do
      {:ok, %{"queue_depth" => depth} = stats} when is_integer(depth) ->
        :atomics.put(depth_counter(), 1, depth)
        measurements = %{depth: depth, oldest_seconds: stats["oldest_pending_seconds"] || 0.0}
        Telemetry.execute([:awap_backend, :queue, :counted], measurements)

      _unknown ->
        :ok
    end
  end

  defp give_back(job) do
    Task.Supervisor.start_child(AwapBackend.Core.TaskSupervisor, fn ->
      Logger.warning("A worker ended while it had a job; the job is tried again", job_id: job.job_id)

      Repo.call("fail_job", %{
        "job_id" => job.job_id,
        "worker" => job.worker,
        "error" => %{
          "code" => "internal",
          "message" => "The worker that had this TMA ended before it was done."
        },
        "retry" => true,
        "actor" => %{"type" => "system", "id" => job.worker}
      })

      put(job.job_id, %{status: :retried, worker: nil, stage: nil})
    end)
  end

  defp sweep do
    finished = [:completed, :failed, :lost]
    before = System.monotonic_time(:millisecond) - @kept_ms
    :ets.select_delete(@jobs, [{{:_, :"$1", :_}, [{:<, :"$1", before}], [true]}])
    excess = :ets.info(@jobs, :size) - @kept

    if excess > 0 do
      finished_jobs = for {id, at, job} <- :ets.tab2list(@jobs), job.status in finished, do: {at, id}
      for {_at, id} <- finished_jobs |> Enum.sort() |> Enum.take(excess), do: :ets.delete(@jobs, id)
    end
  end

  # Outlives this process: a submission may ask while it is being restarted.
  defp depth_counter do
    case :persistent_term.get(@depth, nil) do
      nil ->
        counter = :atomics.new(1, signed: true)
        :persistent_term.put(@depth, counter)
        counter

      counter ->
        counter
    end
  end
end
