defmodule AwapBackend.Core.Worker do
  @moduledoc """
  Takes one job at a time from the store, has it processed, and keeps its lease meanwhile.

  The processing (`AwapBackend.Core.Pipeline`) runs in a task, so that the worker can extend the lease, notice that it is
  lost, and survive what goes wrong. On shutdown the job in hand may finish; one that takes too long is given back, to be
  taken up by another at once, with none of its attempts used up.
  """

  use GenServer, restart: :permanent, shutdown: 15_000

  alias AwapBackend.{Config, CoreBridge, EventStore, Lease, Redact, Repo, Telemetry, TMA}
  alias AwapBackend.Core.{JobRegistry, Pipeline, WorkerPool}

  require Logger

  # Within the time that the supervisor gives, with some left to say what became of the job.
  @drain_ms 10_000

  defstruct [:name, :job, :task, :started, :poll, :lease]

  def start_link(options \\ []), do: GenServer.start_link(__MODULE__, options)

  @impl true
  def init(_options) do
    # A task that crashes must not take us along, and a shutdown lets us finish.
    Process.flag(:trap_exit, true)
    name = Lease.holder()
    Logger.metadata(worker: name, component: :worker)
    JobRegistry.hold(self(), nil)
    {:ok, look_later(%__MODULE__{name: name}, 0)}
  end

  @impl true
  def handle_info(reason, %{job: nil} = state) when reason in [:wake, :poll], do: {:noreply, look(state)}

  # We had found one already: the job we were woken for is another's to take up.
  def handle_info(:wake, state) do
    WorkerPool.wake()
    {:noreply, state}
  end

  def handle_info(:poll, state), do: {:noreply, state}

  def handle_info(:extend, %{job: nil} = state), do: {:noreply, state}
  def handle_info(:extend, state), do: {:noreply, extend(state)}

  def handle_info({ref, outcome}, %{task: %Task{ref: ref}} = state) do
    Process.demonitor(ref, [:flush])
    {:noreply, look(finished(state, outcome))}
  end

  def handle_info({:DOWN, ref, :process, _pid, reason}, %{task: %Task{ref: ref}} = state) do
    {:noreply, look(finished(state, crashed(state, reason)))}
  end

  def handle_info(_message, state), do: {:noreply, state}

  @impl true
  def terminate(_reason, %{job: nil}), do: JobRegistry.busy(self())

  def terminate(_reason, state) do
    drain_ms = Application.get_env(:awap_backend, :drain_ms, @drain_ms)

    case Task.yield(state.task, drain_ms) || Task.shutdown(state.task, :brutal_kill) do
      {:ok, outcome} -> finished(state, outcome)
      {:exit, reason} -> finished(state, crashed(state, reason))
      nil -> finished(state, TMA.release(state.job))
    end

    JobRegistry.busy(self())
  end

  def format_status(status), do: status |> Map.replace(:message, :hidden) |> Map.replace(:log, [])

  # Looks for a job. Whoever adds one after we have called ourselves idle will wake us, and what was added before is seen
  # by the claim: none is overlooked.
  defp look(state) do
    JobRegistry.idle(self())

    if CoreBridge.available?() do
      case Repo.call("claim_job", %{"worker" => state.name, "lease_ms" => Config.get(:lease_ms)}) do
        {:ok, %{"job" => %{"job_id" => _, "tma" => %{}} = job}} -> start(state, job)
        {:ok, %{"job" => nil}} -> look_later(state, Config.get(:poll_ms))
        {:error, error} -> state |> claim_failed(error) |> look_later(Config.get(:poll_ms))
      end
    else
      # Without a core a claim would only use up one of the job's tries.
      look_later(state, Config.get(:poll_ms))
    end
  end

  # Health and the store's own log say that it is gone; no need to say so every second.
  defp claim_failed(state, %{"code" => "unavailable"}), do: state

  defp claim_failed(state, %{"code" => code, "message" => message}) do
    Logger.warning("Could not claim a job: #{message}", code: code)
    state
  end

  defp look_later(state, milliseconds) do
    if state.poll, do: Process.cancel_timer(state.poll)
    # Spread, so that workers and hosts do not ask all at once.
    jitter = if milliseconds > 0, do: :rand.uniform(div(milliseconds, 4) + 1), else: 0
    %{state | poll: Process.send_after(self(), :poll, milliseconds + jitter)}
  end

  defp start(state, %{"job_id" => job_id, "tma_id" => tma_id} = claimed) do
    JobRegistry.busy(self())
    JobRegistry.release()

    # The submission goes to the task alone.
    {submission, job} = Map.pop!(claimed, "tma")
    job = Map.put(job, "worker", state.name)
    attempt = job["attempt"]

    JobRegistry.hold(self(), %{job_id: job_id, worker: state.name})

    JobRegistry.put(job_id, %{
      tma_id: tma_id,
      status: :processing,
      attempt: attempt,
      worker: state.name,
      stage: nil
    })

    EventStore.appended()

    Telemetry.execute([:awap_backend, :job, :start], %{system_time: System.system_time()}, about(job))

    task = Task.Supervisor.async(AwapBackend.Core.TaskSupervisor, fn -> Pipeline.run(job, submission) end)
    lease = Process.send_after(self(), :extend, extend_every())
    %{state | job: job, task: task, started: System.monotonic_time(), lease: lease}
  end

  defp extend_every, do: div(Config.get(:lease_ms), 3)

  defp extend(state) do
    request = %{"job_id" => state.job["job_id"], "worker" => state.name, "lease_ms" => Config.get(:lease_ms)}

    case Repo.call("extend_lease", request, 5_000) do
      {:error, %{"code" => code}} when code in ["conflict", "not_found"] ->
        # Another has the job now, or it was erased with its student, or our own task has just completed it.
        case Task.yield(state.task, 1_000) || Task.shutdown(state.task, :brutal_kill) do
          {:ok, outcome} -> look(finished(state, outcome))
          _not_done -> look(finished(state, {:lost, nil}))
        end

      _extended_or_unknown ->
        %{state | lease: Process.send_after(self(), :extend, extend_every())}
    end
  end

  # What went wrong was ours, not the document's: worth another try, of which there is a bounded number.
  defp crashed(state, reason) do
    error = %{"code" => "internal", "message" => "Something went wrong while this TMA was processed."}
    Logger.error("A job's task ended: #{Redact.reason(reason)}", job_id: state.job["job_id"])
    TMA.fail(state.job, error, true)
  end

  defp finished(state, {outcome, code}) do
    if state.lease, do: Process.cancel_timer(state.lease)
    job_id = state.job["job_id"]
    JobRegistry.put(job_id, %{status: outcome, stage: nil})
    JobRegistry.hold(self(), nil)
    duration = Telemetry.since(state.started)
    metadata = state.job |> about() |> Map.merge(%{outcome: outcome, code: code})
    Telemetry.execute([:awap_backend, :job, :stop], %{duration: duration}, metadata)

    Logger.info("Job #{outcome}",
      job_id: job_id,
      tma_id: state.job["tma_id"],
      attempt: state.job["attempt"],
      code: code,
      duration_us: duration
    )

    %{state | job: nil, task: nil, started: nil, lease: nil}
  end

  defp about(job) do
    %{tma_id: job["tma_id"], job_id: job["job_id"], attempt: job["attempt"], worker: job["worker"]}
  end
end
