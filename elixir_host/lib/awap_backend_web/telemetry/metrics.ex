defmodule AwapBackendWeb.Telemetry.Metrics do
  @moduledoc """
  Counts what the host's telemetry tells, for `GET /metrics` in Prometheus's text format (version 0.0.4).

  The families are one table, `families/0`. Counters are rows of an ETS table, raised in the process that emits the event.
  Labels are routes, commands, outcomes: sets that are closed, so the table cannot grow with traffic.
  """

  use GenServer

  @table __MODULE__

  # Upper bounds of the histograms' buckets, in microseconds.
  @bounds [1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000]

  @families [
    # Name, type, what it says.
    {"awap_http_request_duration_seconds", :histogram, "HTTP requests by route and status."},
    {"awap_auth_refusals_total", :counter, "Requests answered 401, 403 or 429."},
    {"awap_auth_refusals_unrecorded_total", :counter, "Those that the audit log does not have."},
    {"awap_store_call_duration_seconds", :histogram, "Calls of the store by command."},
    {"awap_core_call_duration_seconds", :histogram, "Calls of the core by command."},
    {"awap_tmas_submitted_total", :counter,
     "TMAs taken in; created=false where an idempotency key was sent again."},
    {"awap_tmas_refused_total", :counter, "TMAs refused."},
    {"awap_job_duration_seconds", :histogram, "Jobs by outcome."},
    {"awap_ai_suggestions_duration_seconds", :histogram,
     "What a model suggests for one TMA, by what became of it; without AI, none."},
    {"awap_ai_containers_total", :counter, "AI containers that became ready (up) or ended (down)."},
    {"awap_queue_depth", :gauge, "TMAs that wait for a worker, on all hosts of the database."},
    {"awap_queue_oldest_seconds", :gauge, "How long the oldest of them has waited; 0 where there is none."},
    {"awap_retention_runs_total", :counter, "Purges of what was kept long enough, by outcome."},
    {"awap_retention_purged_total", :counter, "Rows that went with them."},
    {"awap_retention_identities_total", :counter, "Identities that went with the last TMA of their student."},
    {"awap_moodle_sync_duration_seconds", :histogram, "Syncs with Moodle by outcome."},
    {"awap_moodle_submissions_total", :counter,
     "Submissions from Moodle that became TMAs for the first time."},
    {"awap_moodle_versions_total", :counter, "Those that became a new version of a TMA."},
    {"awap_moodle_sync_failures_total", :counter,
     "Assignments and submissions that a sync could not deal with."},
    {"awap_moodle_uploads_total", :counter, "Attempts to send a grade to Moodle, by outcome."},
    {"awap_health", :gauge, "The host (part=all) and each part that is used: 1 ok, 0.5 degraded, 0 down."},
    {"awap_process_starts_total", :counter, "Starts of processes outside the VM."},
    {"awap_process_ends_total", :counter, "Ends of processes outside the VM."},
    {"awap_vm_memory_bytes", :gauge, "Memory of the VM."},
    {"awap_vm_processes", :gauge, "Processes of the VM."},
    {"awap_vm_run_queue", :gauge, "Work that waits for a scheduler."},
    {"awap_build_info", :gauge, "Always 1; the version of the host is its label."}
  ]

  # What an event does to a family: a measurement is observed in its histogram, added to its counter (`:one`: each event
  # counts), or set as its gauge.
  @http [:method, :route, :status]
  @rules %{
    [:awap_backend, :http, :stop] => [{"awap_http_request_duration_seconds", :duration, @http}],
    [:awap_backend, :http, :exception] => [{"awap_http_request_duration_seconds", :duration, @http}],
    [:awap_backend, :auth, :refused] => [{"awap_auth_refusals_total", :count, [:reason, :status]}],
    [:awap_backend, :auth, :unrecorded] => [{"awap_auth_refusals_unrecorded_total", :count, []}],
    [:awap_backend, :store, :call] => [{"awap_store_call_duration_seconds", :duration, [:command, :outcome]}],
    [:awap_backend, :core, :call] => [
      {"awap_core_call_duration_seconds", :duration, [:command, :outcome, :mode]}
    ],
    [:awap_backend, :tma, :submitted] => [{"awap_tmas_submitted_total", :one, [:created]}],
    [:awap_backend, :tma, :refused] => [{"awap_tmas_refused_total", :one, [:code]}],
    [:awap_backend, :job, :stop] => [{"awap_job_duration_seconds", :duration, [:outcome]}],
    [:awap_backend, :ai, :suggestions] => [{"awap_ai_suggestions_duration_seconds", :duration, [:outcome]}],
    [:awap_backend, :ai, :container] => [{"awap_ai_containers_total", :one, [:state]}],
    [:awap_backend, :queue, :counted] => [{"awap_queue_oldest_seconds", :oldest_seconds, []}],
    [:awap_backend, :vm, :measured] => [{"awap_queue_depth", :queue_depth, []}],
    [:awap_backend, :retention, :purged] => [
      {"awap_retention_runs_total", :one, [:what, :outcome]},
      {"awap_retention_purged_total", :purged, [:what]},
      {"awap_retention_identities_total", :identities, []}
    ],
    [:awap_backend, :moodle, :sync] => [
      {"awap_moodle_sync_duration_seconds", :duration, [:outcome]},
      {"awap_moodle_submissions_total", :stored, []},
      {"awap_moodle_versions_total", :versions, []},
      {"awap_moodle_sync_failures_total", :failed, []}
    ],
    [:awap_backend, :moodle, :upload] => [{"awap_moodle_uploads_total", :one, [:outcome]}],
    [:awap_backend, :process, :up] => [{"awap_process_starts_total", :one, [:component]}],
    [:awap_backend, :process, :down] => [{"awap_process_ends_total", :one, [:component]}]
  }

  @health [:awap_backend, :health, :refreshed]
  @values %{"ok" => 1, "degraded" => 0.5, "down" => 0}

  # Those that say how often something happened that should not have: there from the start, so that an alarm on the first
  # time is one on an increase.
  @from_the_start ["awap_auth_refusals_unrecorded_total", "awap_retention_identities_total"]

  @types Map.new(@families, fn {name, type, _help} -> {name, type} end)

  @doc "Starts the counting."
  @spec start_link(keyword) :: GenServer.on_start()
  def start_link(options \\ []), do: GenServer.start_link(__MODULE__, options, name: __MODULE__)

  @doc "Every family: its name, its type, and what it says."
  @spec families() :: [{String.t(), :counter | :gauge | :histogram, String.t()}]
  def families, do: @families

  @doc "All metrics as Prometheus reads them."
  @spec text() :: iodata
  def text do
    rows = Enum.group_by(rows(@table) ++ vm(), fn row -> row |> elem(0) |> elem(0) end)

    for {name, type, help} <- @families, rows = rows[name] do
      [
        ["# HELP ", name, " ", help, "\n# TYPE ", name, " ", Atom.to_string(type), "\n"],
        for(row <- Enum.sort(rows), do: if(type == :histogram, do: histogram(row), else: plain(row)))
      ]
    end
  end

  defp rows(table) do
    :ets.tab2list(table)
  rescue
    # The table is being made again.
    ArgumentError -> []
  end

  defp vm do
    [
      {{"awap_vm_memory_bytes", []}, :erlang.memory(:total)},
      {{"awap_vm_processes", []}, :erlang.system_info(:process_count)},
      {{"awap_vm_run_queue", []}, :erlang.statistics(:total_run_queue_lengths)},
      {{"awap_build_info", [version: to_string(Application.spec(:awap_backend, :vsn))]}, 1}
    ]
  end

  @impl GenServer
  def init(_options) do
    Process.flag(:trap_exit, true)
    :ets.new(@table, [:named_table, :public, write_concurrency: true])
    for name <- @from_the_start, do: :ets.insert(@table, {{name, []}, 0})
    # An earlier life of this process may have left its handler behind.
    AwapBackend.Telemetry.detach(__MODULE__)
    events = [@health | Map.keys(@rules)]
    :ok = AwapBackend.Telemetry.attach(__MODULE__, events, &__MODULE__.handle/4)
    {:ok, nil}
  end

  @doc false
  def handle(event, measurements, metadata, _config) do
    count(event, measurements, metadata)
  rescue
    # The table is being made again. A handler that failed would be detached, and might be after its next life attached it.
    ArgumentError -> :ok
  end

  defp count(@health, _measurements, metadata) do
    for {part, status} <- Map.put(metadata.parts, "all", metadata.status) do
      key = {"awap_health", [part: part]}

      case @values do
        %{^status => value} -> :ets.insert(@table, {key, value})
        # A part that is disabled is neither well nor unwell.
        _ -> :ets.delete(@table, key)
      end
    end
  end

  defp count(event, measurements, metadata) do
    for {name, measurement, labels} <- Map.fetch!(@rules, event) do
      value = if measurement == :one, do: 1, else: Map.fetch!(measurements, measurement)
      note(Map.fetch!(@types, name), {name, labels(labels, metadata)}, value)
    end
  end

  # A row of a histogram: key, sum, count, and a count for each bucket by itself.
  defp note(:histogram, key, duration) do
    bucket = Enum.count(@bounds, &(&1 < duration)) + 4
    zeros = List.to_tuple([key, 0, 0 | List.duplicate(0, length(@bounds) + 1)])
    :ets.update_counter(@table, key, [{2, duration}, {3, 1}, {bucket, 1}], zeros)
  end

  defp note(:counter, key, by), do: :ets.update_counter(@table, key, {2, by}, {key, 0})
  defp note(:gauge, key, value), do: :ets.insert(@table, {key, value})

  defp labels(names, metadata), do: for(name <- names, do: {name, to_string(metadata[name])})

  defp plain({{name, labels}, value}), do: line(name, labels, to_string(value))

  defp histogram(row) do
    [{name, labels}, sum, count | buckets] = Tuple.to_list(row)
    limits = Enum.map(@bounds, &seconds/1) ++ ["+Inf"]

    {lines, _} =
      Enum.map_reduce(Enum.zip(limits, buckets), 0, fn {limit, bucket}, below ->
        {line(name <> "_bucket", labels ++ [le: limit], Integer.to_string(below + bucket)), below + bucket}
      end)

    [
      lines,
      line(name <> "_sum", labels, seconds(sum)),
      line(name <> "_count", labels, Integer.to_string(count))
    ]
  end

  defp seconds(microseconds), do: :erlang.float_to_binary(microseconds / 1_000_000, [:compact, decimals: 6])

  defp line(name, [], value), do: [name, " ", value, "\n"]

  defp line(name, labels, value) do
    pairs =
      Enum.map_intersperse(labels, ",", fn {key, text} -> [Atom.to_string(key), "=\"", escape(text), "\""] end)

    [name, "{", pairs, "} ", value, "\n"]
  end

  defp escape(text),
    do:
      String.replace(
        text,
        ["\\", "\"", "\n"],
        &Map.fetch!(%{"\\" => "\\\\", "\"" => "\\\"", "\n" => "\\n"}, &1)
      )
end
