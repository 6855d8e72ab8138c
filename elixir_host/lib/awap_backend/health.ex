defmodule AwapBackend.Health do
  @moduledoc """
  How the host and what it depends on are.

  Looked at every two seconds, and at once when a process of ours dies or returns; `check/0` only reads what was found, so
  that asking often costs nothing. The whole is `degraded` where something it is configured to use does not work: the host
  itself is up, whatever is down. Without its database it cannot serve.
  """

  use GenServer

  alias AwapBackend.{AI, CoreBridge, Moodle, Repo, Telemetry}
  alias AwapBackend.Core.{JobRegistry, WorkerPool}

  @refresh_ms 2_000
  @part_ms 2_000

  @type part :: %{required(String.t()) => term}

  def start_link(_options), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  @doc """
  `%{"status" => status, "serving" => serves, "parts" => parts, "checked_at" => time, "version" => version}`: status `"ok"` or
  `"degraded"`, and whether it can serve; parts `"database"`, `"core"`, `"event_store"`, `"ai"`, `"moodle"`, `"workers"`, each
  with `"status"` (also `"down"` and `"disabled"`) and, where something was asked, `"latency_ms"`.
  """
  @spec check() :: %{required(String.t()) => term}
  def check do
    case :ets.lookup(__MODULE__, :health) do
      [{:health, health}] -> health
      [] -> examine()
    end
  rescue
    # Nobody has looked yet, or the one who looks is being restarted.
    ArgumentError -> examine()
  end

  @doc "Looks at everything now."
  @spec refresh() :: map
  def refresh, do: GenServer.call(__MODULE__, :refresh, 10_000)

  @impl true
  def init(nil) do
    :ets.new(__MODULE__, [:named_table, :protected, read_concurrency: true])
    health = self()
    events = [[:awap_backend, :process, :down], [:awap_backend, :process, :up]]
    Telemetry.detach(__MODULE__)

    # What came up may take a moment to answer.
    Telemetry.attach(__MODULE__, events, fn _event, _measurements, _metadata, _config ->
      Process.send_after(health, :refresh_now, 100)
    end)

    {:ok, nil, {:continue, :refresh}}
  end

  @impl true
  def handle_continue(:refresh, state) do
    store()
    Process.send_after(self(), :refresh, @refresh_ms)
    {:noreply, state}
  end

  @impl true
  def handle_call(:refresh, _from, state), do: {:reply, store(), state}

  @impl true
  def handle_info(:refresh, state) do
    store()
    measure_vm()
    Process.send_after(self(), :refresh, @refresh_ms)
    {:noreply, state}
  end

  def handle_info(:refresh_now, state) do
    drop_repeats()
    store()
    {:noreply, state}
  end

  # A late answer to a check that ran out of time.
  def handle_info(_message, state), do: {:noreply, state}

  defp drop_repeats do
    receive do
      :refresh_now -> drop_repeats()
    after
      0 -> :ok
    end
  end

  # Written where reading costs nothing; only when it has changed, since writing there does cost.
  defp store do
    start = System.monotonic_time()
    health = examine()
    :ets.insert(__MODULE__, {:health, health})
    parts = Map.new(health["parts"], fn {name, part} -> {name, part["status"]} end)
    metadata = %{status: health["status"], parts: parts}
    Telemetry.execute([:awap_backend, :health, :refreshed], %{duration: Telemetry.since(start)}, metadata)
    health
  end

  defp measure_vm do
    Telemetry.execute([:awap_backend, :vm, :measured], %{
      memory: :erlang.memory(:total),
      processes: :erlang.system_info(:process_count),
      run_queue: :erlang.statistics(:run_queue),
      queue_depth: JobRegistry.depth()
    })
  end

  defp examine do
    checks = [
      {"database", &database/0},
      {"core", &core/0},
      {"event_store", &event_store/0},
      {"ai", &AI.Manager.health/0},
      {"moodle", &Moodle.health/0},
      {"workers", &workers/0}
    ]

    parts =
      checks
      |> Enum.map(fn {name, check} -> {name, Task.async(fn -> safely(check) end)} end)
      |> Map.new(fn {name, task} ->
        case Task.yield(task, @part_ms + 500) || Task.shutdown(task, :brutal_kill) do
          {:ok, part} -> {name, part}
          _late -> {name, %{"status" => "down", "message" => "No answer in time."}}
        end
      end)

    %{
      "status" => overall(parts),
      "serving" => parts["database"]["status"] != "down",
      "parts" => parts,
      "version" => to_string(Application.spec(:awap_backend, :vsn)),
      "checked_at" => DateTime.to_iso8601(DateTime.utc_now())
    }
  end

  defp safely(check) do
    check.()
  catch
    _kind, _reason -> %{"status" => "down", "message" => "The check itself failed."}
  end

  defp overall(parts) do
    if Enum.any?(parts, fn {_name, part} -> part["status"] in ["down", "degraded"] and wanted?(part) end),
      do: "degraded",
      else: "ok"
  end

  # A part that nobody configured is not missed.
  defp wanted?(part), do: part["code"] != "not_configured"

  defp database do
    asked(fn -> Repo.call("health_check", %{}, @part_ms) end, fn answer ->
      facts = Map.take(answer, ["database", "version"])
      if answer["status"] == "degraded", do: Map.merge(facts, refusing(answer["message"])), else: facts
    end)
  end

  # It answers, and will not have what is to be written.
  defp refusing(message) do
    %{"status" => "degraded", "code" => "unavailable", "message" => message}
  end

  # Copying lags by some milliseconds; by this many seconds, something is wrong with it.
  @lag_seconds 60

  defp event_store do
    asked(fn -> Repo.call("event_store_status", %{}, @part_ms) end, fn status ->
      status |> Map.take(["kept", "database", "lag", "lag_seconds"]) |> Map.merge(event_store_fault(status))
    end)
  end

  defp event_store_fault(%{"fault" => fault}) when is_binary(fault) do
    %{"status" => "degraded", "message" => fault}
  end

  defp event_store_fault(%{"authentic" => false}) do
    message = "The end of the chain of events was not written by this store: have it verified."
    %{"status" => "degraded", "message" => message}
  end

  defp event_store_fault(%{"lag_seconds" => seconds}) when seconds > @lag_seconds do
    %{"status" => "degraded", "message" => "Events wait to be copied to the event store."}
  end

  defp event_store_fault(_well), do: %{}

  defp core do
    %{mode: mode, processes: processes} = CoreBridge.status()
    up = Enum.count(processes, &(&1.state == :up))
    part = asked(&CoreBridge.health_check/0, fn answer -> Map.take(answer, ["version"]) end)
    part = Map.merge(part, %{"mode" => to_string(mode)})

    cond do
      mode == :nif ->
        part

      part["status"] == "ok" and up < length(processes) ->
        Map.merge(part, processes(up, processes, "degraded"))

      true ->
        Map.merge(part, processes(up, processes, part["status"]))
    end
  end

  defp processes(up, processes, status) do
    %{
      "status" => status,
      "processes" => length(processes),
      "up" => up,
      "restarts" => processes |> Enum.map(& &1.restarts) |> Enum.sum()
    }
  end

  defp workers do
    stats = WorkerPool.stats()

    %{
      "status" => if(stats.workers > 0, do: "ok", else: "down"),
      "workers" => stats.workers,
      "busy" => stats.busy,
      "queue_depth" => stats.queue_depth,
      "queue_limit" => stats.queue_limit
    }
  end

  defp asked(ask, facts) do
    start = System.monotonic_time()

    case ask.() do
      {:ok, answer} ->
        Map.merge(%{"status" => "ok", "latency_ms" => latency(start)}, facts.(answer))

      {:error, %{"code" => code, "message" => message}} ->
        %{"status" => "down", "code" => code, "message" => message, "latency_ms" => latency(start)}
    end
  end

  defp latency(start), do: Float.round(Telemetry.since(start) / 1_000, 3)
end
