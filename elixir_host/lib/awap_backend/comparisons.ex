defmodule AwapBackend.Comparisons do
  @moduledoc """
  Compares the anonymized texts of each cohort, so that a tutor is shown which TMAs have text in common.

  A cohort is the TMAs of one assignment of a course. Which one waits is a row of the store, written with each TMA that is
  completed, so nothing here has to survive: a host that starts finds what waits, and what was claimed by one that is gone
  is claimed again when its lease is over. A cohort is compared once it has been quiet a while, or has waited long, so that
  three hundred TMAs handed in at once are compared once and not three hundred times.

  It is done beside the marking and never changes a mark: what is found is a prompt to look. One cohort at a time is compared on a
  host, in a process of its own.
  """

  use GenServer

  alias AwapBackend.{Config, CoreBridge, EventStore, Lease, Redact, Repo, Telemetry}

  require Logger

  @quiet_ms 2_000
  @at_most_ms 60_000
  @poll_ms 15_000
  # So that what is due when it is looked for is due by the store's clock too.
  @after_ms 50
  # What a comparison takes beside the core's own time: to read a cohort's texts and to keep what was found.
  @store_ms 60_000

  defstruct [:name, :quiet_ms, :at_most_ms, :poll_ms, :timer, :task]

  @doc """
  Starts it. Options, for tests: `:quiet_ms`, how long nothing has changed in a cohort before it is compared, `:at_most_ms`, how long
  it may wait for that, `:poll_ms`, how often is looked for what other hosts left, and `:name`.
  """
  @spec start_link(keyword) :: GenServer.on_start()
  def start_link(options \\ []) do
    GenServer.start_link(__MODULE__, options, name: Keyword.get(options, :name, __MODULE__))
  end

  @doc "Says that a TMA was completed. Where this process is not there, it is found by polling."
  @spec wake(GenServer.server()) :: :ok
  def wake(comparisons \\ __MODULE__) do
    case GenServer.whereis(comparisons) do
      nil -> :ok
      pid -> send(pid, :wake)
    end

    :ok
  end

  @impl true
  def init(options) do
    Logger.metadata(component: :comparisons)

    state = %__MODULE__{
      name: Lease.holder("comparisons"),
      quiet_ms: Keyword.get(options, :quiet_ms, @quiet_ms),
      at_most_ms: Keyword.get(options, :at_most_ms, @at_most_ms),
      poll_ms: Keyword.get(options, :poll_ms, @poll_ms)
    }

    {:ok, look_later(state, state.quiet_ms)}
  end

  @impl true
  def handle_info(:wake, state), do: {:noreply, look_within(state, state.quiet_ms + @after_ms)}
  def handle_info(:look, %{task: nil} = state), do: {:noreply, look(%{state | timer: nil})}
  def handle_info(:look, state), do: {:noreply, look_later(state, state.quiet_ms)}

  def handle_info({ref, outcome}, %{task: %Task{ref: ref}} = state) do
    Process.demonitor(ref, [:flush])
    {:noreply, ended(state, outcome)}
  end

  def handle_info({:DOWN, ref, :process, _pid, reason}, %{task: %Task{ref: ref}} = state) do
    Logger.error("Comparing a cohort ended: #{Redact.reason(reason)}")
    {:noreply, ended(state, :failed)}
  end

  def handle_info(_message, state), do: {:noreply, state}

  # Another may wait.
  defp ended(state, :compared), do: look_within(%{state | task: nil}, 0)

  defp ended(state, {:none, due_in_ms}),
    do: look_within(%{state | task: nil}, min((due_in_ms || state.poll_ms) + @after_ms, state.poll_ms))

  # Claimed again when its lease is over.
  defp ended(state, :failed), do: look_within(%{state | task: nil}, state.poll_ms)

  defp look(state) do
    request = %{
      "worker" => state.name,
      "lease_ms" => Config.get(:core_timeout_ms) + @store_ms,
      "quiet_ms" => state.quiet_ms,
      "at_most_ms" => state.at_most_ms
    }

    # The texts of a cohort are the task's, and gone with it.
    task = Task.Supervisor.async_nolink(AwapBackend.Core.TaskSupervisor, fn -> compare(request) end)
    %{state | task: task}
  end

  defp look_later(state, milliseconds) do
    if state.timer, do: Process.cancel_timer(state.timer)
    %{state | timer: Process.send_after(self(), :look, milliseconds)}
  end

  # Never later than is meant already.
  defp look_within(%{timer: nil} = state, milliseconds), do: look_later(state, milliseconds)

  defp look_within(state, milliseconds) do
    case Process.read_timer(state.timer) do
      left when is_integer(left) and left <= milliseconds -> state
      _later_or_over -> look_later(state, milliseconds)
    end
  end

  defp compare(request) do
    Logger.metadata(component: :comparisons)
    start = System.monotonic_time()

    with {:ok, %{"comparison" => %{} = cohort}} <- Repo.call("claim_comparison", request, @store_ms),
         {:ok, pairs} <- near_duplicates(cohort["scripts"]),
         {:ok, compared} <- finish(cohort, request["worker"], pairs) do
      EventStore.appended()
      told(cohort, compared, Telemetry.since(start))
      :compared
    else
      {:ok, %{"comparison" => nil, "due_in_ms" => due_in_ms}} ->
        {:none, due_in_ms}

      {:error, %{"code" => code}} ->
        Logger.warning("A cohort could not be compared; it is tried again later", code: code)
        :failed
    end
  end

  defp near_duplicates([_, _ | _] = scripts) do
    with {:ok, %{"near_duplicates" => pairs}} <- CoreBridge.compare(%{"scripts" => scripts}),
         do: {:ok, pairs}
  end

  defp near_duplicates(_fewer_than_two), do: {:ok, []}

  defp finish(cohort, worker, pairs) do
    request =
      cohort
      |> Map.take(["course_id", "assignment_id", "changes"])
      |> Map.merge(%{
        "worker" => worker,
        "near_duplicates" => pairs,
        "actor" => %{"type" => "worker", "id" => worker}
      })

    Repo.call("finish_comparison", request, @store_ms)
  end

  defp told(cohort, compared, duration) do
    if cohort["cut"],
      do: Logger.warning("A cohort is larger than is compared: its oldest TMAs were left out")

    Logger.info(
      "Compared a cohort of #{length(cohort["scripts"])} TMAs: #{compared["pairs"]} pairs have text in common",
      duration_us: duration
    )
  end
end
