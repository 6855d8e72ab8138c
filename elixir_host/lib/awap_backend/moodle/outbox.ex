defmodule AwapBackend.Moodle.Outbox do
  @moduledoc """
  Sends approved grades to Moodle: one after another, each once.

  What is to be sent are rows of the store, queued in the transaction of the review and claimed with a lease, so nothing here has to survive. A grade whose
  host was killed between writing it and reading it back is claimed again when its lease is over, before all others, and
  `AwapBackend.Moodle.OutboxGrade` looks at what Moodle has before it writes anything.

  Where Moodle is down, or refuses the account, grades rest and come again, and the outbox itself rests a while before it claims another; what Moodle will not
  take is `failed`, and a grade that was changed there is in `conflict`, until a person decides. When the host stops, the grade in hand may be finished.
  """

  use GenServer, restart: :permanent, shutdown: 15_000

  alias AwapBackend.{Config, EventStore, Lease, Moodle, Redact, Repo, Telemetry}
  alias AwapBackend.Moodle.OutboxGrade

  require Logger

  @poll_ms 15_000
  @rest_ms 5_000
  @rest_most_ms 5 * 60_000
  @drain_ms 10_000

  defstruct [:client, :name, :lease_ms, :poll_ms, :timer, :task, :upload, :started, :extend, rests: 0]

  @doc "Starts it. Options, for tests: `:client` (else of the configured site), `:lease_ms`, `:poll_ms`, `:name`."
  @spec start_link(keyword) :: GenServer.on_start()
  def start_link(options \\ []) do
    GenServer.start_link(__MODULE__, options, name: Keyword.get(options, :name, __MODULE__))
  end

  @doc "Says that a grade waits. Whoever is not there finds it by polling."
  @spec wake(GenServer.server()) :: :ok
  def wake(outbox \\ __MODULE__) do
    case GenServer.whereis(outbox) do
      nil -> :ok
      pid -> send(pid, :wake)
    end

    :ok
  end

  @impl true
  def init(options) do
    Process.flag(:trap_exit, true)
    Logger.metadata(component: :moodle)
    client = Keyword.get_lazy(options, :client, fn -> Moodle.client() end)

    state = %__MODULE__{
      client: client,
      name: Lease.holder("outbox"),
      lease_ms: Keyword.get_lazy(options, :lease_ms, fn -> max(Config.get(:lease_ms), 15_000) end),
      poll_ms: Keyword.get(options, :poll_ms, @poll_ms)
    }

    {:ok, if(enabled?(state), do: look_later(state, 100), else: state)}
  end

  defp enabled?(state), do: state.client.base_url != nil and Config.get(:moodle_upload) != :off

  @impl true
  # While it rests, what comes in waits: whatever else were sent would end the same way.
  def handle_info(:wake, %{task: nil, rests: 0} = state) do
    {:noreply, if(enabled?(state), do: look(state), else: state)}
  end

  def handle_info(:wake, state), do: {:noreply, state}
  def handle_info(:look, %{task: nil} = state), do: {:noreply, look(state)}
  def handle_info(:look, state), do: {:noreply, state}

  def handle_info(:extend, %{task: %Task{}} = state) do
    request = Map.merge(of(state), %{"lease_ms" => state.lease_ms})
    # One that is lost shows when the grade is finished: what was sent is found there by whoever has it now.
    _extended = Repo.call("extend_upload", request, 5_000)
    {:noreply, extend_later(state)}
  end

  def handle_info({ref, outcome}, %{task: %Task{ref: ref}} = state) do
    Process.demonitor(ref, [:flush])
    {:noreply, state |> finished(outcome) |> look_again(outcome)}
  end

  def handle_info({:DOWN, ref, :process, _pid, reason}, %{task: %Task{ref: ref}} = state) do
    outcome = crashed(reason)
    {:noreply, state |> finished(outcome) |> look_again(outcome)}
  end

  def handle_info(_message, state), do: {:noreply, state}

  @impl true
  def terminate(_reason, %{task: nil}), do: :ok

  def terminate(_reason, state) do
    drain_ms = Application.get_env(:awap_backend, :drain_ms, @drain_ms)

    case Task.yield(state.task, drain_ms) || Task.shutdown(state.task, :brutal_kill) do
      {:ok, outcome} -> finished(state, outcome)
      {:exit, reason} -> finished(state, crashed(reason))
      # It may be in Moodle or not: whoever claims it when its lease is over finds out.
      nil -> :ok
    end
  end

  def format_status(status),
    do: status |> Map.replace(:message, :hidden) |> Map.replace(:log, []) |> Map.replace(:state, :hidden)

  defp look(state) do
    if state.timer, do: Process.cancel_timer(state.timer)
    request = %{"worker" => state.name, "lease_ms" => state.lease_ms}

    case Repo.call("claim_upload", request, 10_000) do
      {:ok, %{"upload" => %{} = upload}} -> start(state, upload)
      _none_or_unknown -> look_later(state, state.poll_ms)
    end
  end

  defp look_later(state, milliseconds) do
    if state.timer, do: Process.cancel_timer(state.timer)
    milliseconds = milliseconds + :rand.uniform(div(milliseconds, 4) + 1)
    %{state | timer: Process.send_after(self(), :look, milliseconds)}
  end

  # Moodle as a whole is away: the others would only use up their patience.
  defp look_again(state, %{outcome: "retry"}) do
    rest = min(@rest_ms * Integer.pow(2, min(state.rests, 10)), @rest_most_ms)
    look_later(%{state | rests: state.rests + 1}, rest)
  end

  defp look_again(state, _outcome), do: look(%{state | rests: 0})

  defp start(state, upload) do
    client = state.client

    task =
      Task.Supervisor.async_nolink(AwapBackend.Moodle.TaskSupervisor, fn ->
        Logger.metadata(component: :moodle, tma_id: upload["tma_id"])
        OutboxGrade.send(client, upload)
      end)

    # Whose it is stays with the task.
    upload = Map.take(upload, ["upload_id", "tma_id", "attempt"])
    extend_later(%{state | task: task, upload: upload, started: System.monotonic_time()})
  end

  defp extend_later(state), do: %{state | extend: Process.send_after(self(), :extend, div(state.lease_ms, 3))}

  defp of(state), do: %{"upload_id" => state.upload["upload_id"], "worker" => state.name}

  defp crashed(reason) do
    Logger.error("Sending a grade ended: #{Redact.reason(reason)}")
    %{outcome: "retry", code: "internal", message: "Something went wrong while the grade was sent."}
  end

  defp finished(state, outcome) do
    if state.extend, do: Process.cancel_timer(state.extend)

    request = for {key, value} <- outcome, value != nil, into: of(state), do: {Atom.to_string(key), value}

    actor = %{"type" => "worker", "id" => state.name}

    became =
      case Repo.call("finish_upload", Map.put(request, "actor", actor), 10_000) do
        {:ok, %{"state" => became}} ->
          EventStore.appended()
          became

        {:error, %{"code" => code}} ->
          # Claimed again when the lease is over, and found in Moodle if it is there.
          Logger.warning("What became of a grade could not be kept", code: code)
          "lost"
      end

    Telemetry.execute(
      [:awap_backend, :moodle, :upload],
      %{duration: Telemetry.since(state.started)},
      %{outcome: outcome.outcome, code: outcome[:code], tma_id: state.upload["tma_id"]}
    )

    Logger.info("A grade for Moodle: #{became}", tma_id: state.upload["tma_id"], code: outcome[:code])
    %{state | task: nil, upload: nil, extend: nil}
  end
end
