defmodule AwapBackend.Moodle.SyncScheduler do
  @moduledoc """
  Fetches new submissions from Moodle every fifteen minutes (`MOODLE_SYNC_INTERVAL_SECONDS`), and when it is asked to.

  One sync at a time over all hosts that share a database: the store gives a lease, which is prolonged while the sync runs; where it is lost, the
  sync stops. A host whose turn comes soon after another has synced lets it be. The sync (`AwapBackend.Moodle.Sync`) runs in a task: what happens to it is
  its own affair, and the next one takes up what it left.

  Where Moodle is down, or refuses the account, or the store is away, it is tried again after half a minute, then twice as long each time, up to the
  interval, and not before Moodle said it may; health says `degraded` meanwhile. When the host stops, the sync ends after the submission that it
  is at.
  """

  use GenServer, restart: :permanent, shutdown: 15_000

  alias AwapBackend.{Config, EventStore, Lease, Moodle, Redact, Repo, Telemetry}
  alias AwapBackend.Moodle.{Error, Sync, SyncWork}

  require Logger

  @first_ms 5_000
  @backoff_ms 30_000
  # Within the time that the supervisor gives, with some left to give the lease back.
  @drain_ms 10_000
  @actor %{"type" => "system", "id" => "moodle-sync"}
  @table __MODULE__

  defstruct [
    :client,
    :site,
    :holder,
    :interval_ms,
    :lease_ms,
    :timer,
    :task,
    :flag,
    :started,
    :last,
    :next_at,
    by_hand: false,
    failures: 0,
    report: %{}
  ]

  @doc """
  Starts it. Options, for tests: `:client` (else of the configured site), `:first_ms` (until the first sync; nil, none by itself), `:interval_ms`, `:lease_ms`,
  `:name`.
  """
  @spec start_link(keyword) :: GenServer.on_start()
  def start_link(options \\ []) do
    GenServer.start_link(__MODULE__, options, name: Keyword.get(options, :name, __MODULE__))
  end

  @doc "`:disabled` where no site is configured, `:running` while a sync runs on this host, else `:waiting`."
  @spec status() :: :disabled | :running | :waiting
  def status, do: GenServer.call(__MODULE__, :status)

  @doc "Seconds between syncs, as configured."
  @spec interval() :: pos_integer
  def interval, do: Config.get(:moodle_sync_seconds)

  @doc "Begins a sync now. `:running` where there is one, on this host or another."
  @spec sync_now(GenServer.server()) :: :ok | {:error, :running | :not_configured | map}
  def sync_now(scheduler \\ __MODULE__), do: GenServer.call(scheduler, :sync_now, 30_000)

  @doc "How the sync is, on whichever host of this database it runs, as `GET /api/moodle/sync` answers it."
  @spec state() :: {:ok, map} | {:error, :not_configured | map}
  def state do
    case Config.get(:moodle_base_url) do
      nil -> {:error, :not_configured}
      site -> with {:ok, state} <- Repo.call("sync_state", %{"site" => site}), do: {:ok, shown(state)}
    end
  end

  # What is kept of an assignment for the next sync is nobody else's business.
  defp shown(state) do
    fields = ~w(assignment_id course_id error_code error_message synced_at)
    Map.update!(state, "failing", fn failing -> Enum.map(failing, &Map.take(&1, fields)) end)
  end

  @doc "Says that a grade waits to be sent to Moodle."
  @spec grade_waits() :: :ok
  def grade_waits, do: AwapBackend.Moodle.Outbox.wake()

  @doc "What health says of Moodle."
  @spec health() :: map
  def health do
    case :ets.lookup(@table, :health) do
      [{:health, health}] -> health
      [] -> disabled()
    end
  rescue
    # It is being restarted.
    ArgumentError -> disabled()
  end

  defp disabled do
    configured? = Moodle.configured?()
    if configured?, do: %{"status" => "ok", "configured" => true}, else: unconfigured()
  end

  defp unconfigured,
    do: %{"status" => "disabled", "code" => "not_configured", "configured" => false}

  @impl true
  def init(options) do
    Process.flag(:trap_exit, true)
    Logger.metadata(component: :moodle)
    if Keyword.get(options, :name, __MODULE__) == __MODULE__, do: table()
    client = Keyword.get_lazy(options, :client, fn -> Moodle.client() end)

    state = %__MODULE__{
      client: client,
      site: client.base_url,
      holder: Lease.holder(),
      interval_ms: Keyword.get_lazy(options, :interval_ms, fn -> interval() * 1_000 end),
      lease_ms: Keyword.get_lazy(options, :lease_ms, fn -> max(Config.get(:lease_ms), 15_000) end)
    }

    # Of a host that was killed: students' work must not lie about.
    SyncWork.clear()
    first = Keyword.get(options, :first_ms, @first_ms)
    state = if state.site && first, do: later(state, first), else: state
    {:ok, told(state)}
  end

  defp table do
    if :ets.whereis(@table) == :undefined,
      do: :ets.new(@table, [:named_table, :public, read_concurrency: true])
  end

  @impl true
  def handle_call(:status, _from, state) do
    {:reply, if(state.site == nil, do: :disabled, else: if(state.task, do: :running, else: :waiting)), state}
  end

  def handle_call(:sync_now, _from, %{site: nil} = state), do: {:reply, {:error, :not_configured}, state}
  def handle_call(:sync_now, _from, %{task: %Task{}} = state), do: {:reply, {:error, :running}, state}

  def handle_call(:sync_now, _from, state) do
    case begin(state, %{}) do
      {:ok, %{"begun" => true}} -> {:reply, :ok, start(state, true)}
      {:ok, _running} -> {:reply, {:error, :running}, state}
      {:error, error} -> {:reply, {:error, error}, state}
    end
  end

  @impl true
  def handle_info(:sync, %{task: nil, site: site} = state) when site != nil do
    # A little less than the interval: two hosts do not wait for each other's clock.
    case begin(state, %{"rest_ms" => div(state.interval_ms * 9, 10)}) do
      {:ok, %{"begun" => true}} -> {:noreply, start(state, false)}
      {:ok, _another_does} -> {:noreply, state |> later(state.interval_ms) |> told()}
      {:error, error} -> {:noreply, finished(state, {:failed, error}, state.report)}
    end
  end

  def handle_info(:extend, %{task: %Task{}} = state), do: {:noreply, extend(state)}
  def handle_info({:report, flag, report}, %{flag: flag} = state), do: {:noreply, %{state | report: report}}

  def handle_info({ref, {outcome, report}}, %{task: %Task{ref: ref}} = state) do
    Process.demonitor(ref, [:flush])
    {:noreply, ended(state, outcome, report)}
  end

  def handle_info({:DOWN, ref, :process, _pid, reason}, %{task: %Task{ref: ref}} = state) do
    {:noreply, ended(state, crashed(reason), state.report)}
  end

  def handle_info(_message, state), do: {:noreply, state}

  @impl true
  def terminate(_reason, %{task: nil}), do: :ok

  def terminate(_reason, state) do
    :atomics.put(state.flag, 1, 1)
    drain_ms = Application.get_env(:awap_backend, :drain_ms, @drain_ms)

    {outcome, report} =
      case Task.yield(state.task, drain_ms) || Task.shutdown(state.task, :brutal_kill) do
        {:ok, {outcome, report}} -> {outcome, report}
        {:exit, reason} -> {crashed(reason), state.report}
        nil -> {:stopped, state.report}
      end

    SyncWork.clear()
    give_back(state, outcome, report)
  end

  def format_status(status), do: status |> Map.replace(:message, :hidden) |> Map.replace(:log, [])

  defp begin(state, more) do
    Repo.call("begin_sync", Map.merge(lease(state), more), 10_000)
  end

  defp lease(state), do: %{"site" => state.site, "holder" => state.holder, "lease_ms" => state.lease_ms}

  defp start(state, by_hand?) do
    if state.timer, do: Process.cancel_timer(state.timer)
    flag = :atomics.new(1, [])
    scheduler = self()
    client = state.client
    SyncWork.clear()

    task =
      Task.Supervisor.async_nolink(AwapBackend.Moodle.TaskSupervisor, fn ->
        Logger.metadata(component: :moodle)

        Sync.run(client,
          tell: &send(scheduler, {:report, flag, &1}),
          stop?: fn -> :atomics.get(flag, 1) == 1 end
        )
      end)

    Process.send_after(self(), :extend, div(state.lease_ms, 3))

    told(%{
      state
      | task: task,
        flag: flag,
        started: System.monotonic_time(),
        report: %{},
        timer: nil,
        next_at: nil,
        by_hand: by_hand?
    })
  end

  defp extend(state) do
    case Repo.call("extend_sync", Map.put(lease(state), "report", state.report), 5_000) do
      # Another began while the store was away from us.
      {:error, %{"code" => "conflict"}} ->
        :atomics.put(state.flag, 1, 1)
        state

      _extended_or_unknown ->
        Process.send_after(self(), :extend, div(state.lease_ms, 3))
        state
    end
  end

  defp crashed(reason) do
    Logger.error("The sync with Moodle ended: #{Redact.reason(reason)}")
    {:failed, %{"code" => "internal", "message" => "Something went wrong in the sync with Moodle."}}
  end

  defp ended(state, outcome, report) do
    SyncWork.clear()
    give_back(state, outcome, report)
    finished(%{state | task: nil, flag: nil}, outcome, report)
  end

  # The event is written where there is something to tell: that something came, that it went otherwise than before, that a
  # person asked.
  defp give_back(state, outcome, report) do
    duration = Telemetry.since(state.started)
    {code, message} = why(outcome)
    word = word(outcome)

    Telemetry.execute(
      [:awap_backend, :moodle, :sync],
      %{
        duration: duration,
        assignments: count(report, "assignments"),
        stored: count(report, "stored"),
        versions: count(report, "versions"),
        failed: count(report, "failed") + count(report, "refused")
      },
      %{outcome: word, code: code, by_hand: state.by_hand}
    )

    came? = count(report, "stored") + count(report, "versions") > 0
    changed? = state.last != {word, code}

    request = %{
      "site" => state.site,
      "holder" => state.holder,
      "outcome" => Atom.to_string(word),
      "report" => report |> put_given("code", code) |> put_given("message", message),
      "tell" => came? or state.by_hand or (changed? and (state.last != nil or word != :ok)),
      "actor" => @actor
    }

    case Repo.call("end_sync", request, 5_000) do
      {:ok, _ended} -> EventStore.appended()
      # The lease runs out by itself.
      {:error, _error} -> :ok
    end

    if came? or word != :ok do
      Logger.info("The sync with Moodle ended #{word}: #{said(report)}", code: code, duration_us: duration)
    end
  end

  defp said(report) do
    Enum.map_join(~w(assignments stored versions refused failed), ", ", &"#{count(report, &1)} #{&1}")
  end

  defp count(report, name), do: Map.get(report, name, 0)
  defp put_given(map, _key, nil), do: map
  defp put_given(map, key, value), do: Map.put(map, key, value)

  defp word({:failed, _error}), do: :failed
  defp word(word), do: word

  defp why({:failed, %Error{code: code, message: message}}), do: {code, message}
  defp why({:failed, %{"code" => code, "message" => message}}), do: {code, message}
  defp why(_outcome), do: {nil, nil}

  defp finished(state, outcome, report) do
    {code, _message} = why(outcome)
    failures = if word(outcome) == :failed, do: state.failures + 1, else: 0
    state = %{state | last: {word(outcome), code}, failures: failures, report: report, by_hand: false}
    state |> later(pause(state, outcome)) |> told(outcome)
  end

  defp pause(%{failures: 0} = state, _outcome), do: state.interval_ms

  defp pause(state, outcome) do
    backoff = min(@backoff_ms * Integer.pow(2, min(state.failures - 1, 10)), state.interval_ms)

    asked =
      case outcome do
        {:failed, %Error{retry_after: seconds}} when is_integer(seconds) -> seconds * 1_000
        _other -> 0
      end

    backoff |> max(asked) |> min(24 * 60 * 60 * 1_000)
  end

  # Spread, so that hosts do not come together.
  defp later(state, milliseconds) do
    if state.timer, do: Process.cancel_timer(state.timer)
    milliseconds = milliseconds + :rand.uniform(div(milliseconds, 10) + 1) - 1
    at = DateTime.add(DateTime.utc_now(), milliseconds, :millisecond)
    %{state | timer: Process.send_after(self(), :sync, milliseconds), next_at: at}
  end

  # What health says; kept where reading it waits for nobody.
  defp told(state, outcome \\ nil) do
    if :ets.whereis(@table) != :undefined and :ets.info(@table, :owner) == self() do
      :ets.insert(@table, {:health, health_of(state, outcome)})
    end

    state
  end

  defp health_of(%{site: nil}, _outcome), do: unconfigured()

  defp health_of(state, outcome) do
    before = health()

    base = %{
      "configured" => true,
      "syncing" => state.task != nil,
      "next_sync_at" => state.next_at && DateTime.to_iso8601(state.next_at)
    }

    base |> Map.merge(how(outcome, before)) |> Map.merge(finished_at(outcome, before))
  end

  # Until the next one has ended, what is known is how the last one did.
  defp how(nil, before),
    do: before |> Map.take(~w(status code message)) |> Map.put_new("status", "ok") |> enabled()

  defp how(:ok, _before), do: %{"status" => "ok"}
  defp how(:stopped, before), do: how(nil, before)

  defp how(:partial, _before) do
    message =
      "Some assignments or submissions could not be synced: GET /api/moodle/sync, or the log, says which."

    %{"status" => "degraded", "code" => "partial", "message" => message}
  end

  defp how({:failed, _error} = outcome, _before) do
    {code, message} = why(outcome)
    %{"status" => "degraded", "code" => code, "message" => message}
  end

  defp enabled(%{"status" => "disabled"}), do: %{"status" => "ok"}
  defp enabled(how), do: how

  defp finished_at(outcome, before) when outcome in [nil, :stopped], do: Map.take(before, ["synced_at"])
  defp finished_at(_outcome, _before), do: %{"synced_at" => DateTime.to_iso8601(DateTime.utc_now())}
end
