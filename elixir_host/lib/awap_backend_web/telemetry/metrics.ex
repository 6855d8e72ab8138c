defmodule AwapBackendWeb.Telemetry.Metrics do
  @moduledoc """
  Counts what the host's telemetry tells, for `GET /metrics` in Prometheus's text format (version 0.0.4).

  Counters are rows of an ETS table, raised in the process that emits the event. Labels are routes, commands, outcomes:
  sets that are closed, so the table cannot grow with traffic.
  """

  use GenServer

  @table __MODULE__

  # Upper bounds of the histogram's buckets, in microseconds.
  @bounds [1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000]

  @histograms %{
    [:awap_backend, :http, :stop] => {"awap_http_request_duration_seconds", [:method, :route, :status]},
    [:awap_backend, :http, :exception] => {"awap_http_request_duration_seconds", [:method, :route, :status]},
    [:awap_backend, :store, :call] => {"awap_store_call_duration_seconds", [:command, :outcome]},
    [:awap_backend, :core, :call] => {"awap_core_call_duration_seconds", [:command, :outcome, :mode]},
    [:awap_backend, :job, :stop] => {"awap_job_duration_seconds", [:outcome]}
  }

  @counters %{
    [:awap_backend, :tma, :submitted] => {"awap_tmas_submitted_total", [:created]},
    [:awap_backend, :tma, :refused] => {"awap_tmas_refused_total", [:code]},
    [:awap_backend, :auth, :refused] => {"awap_auth_refusals_total", [:reason, :status]},
    [:awap_backend, :auth, :unrecorded] => {"awap_auth_refusals_unrecorded_total", []},
    [:awap_backend, :process, :up] => {"awap_process_starts_total", [:component]},
    [:awap_backend, :process, :down] => {"awap_process_ends_total", [:component]}
  }

  @gauges [:awap_backend, :vm, :measured]

  @helps %{
    "awap_http_request_duration_seconds" => "HTTP requests by route and status.",
    "awap_store_call_duration_seconds" => "Calls of the store by command.",
    "awap_core_call_duration_seconds" => "Calls of the core by command.",
    "awap_job_duration_seconds" => "Jobs by outcome.",
    "awap_tmas_submitted_total" => "TMAs taken in; created=false where an idempotency key was sent again.",
    "awap_tmas_refused_total" => "TMAs refused.",
    "awap_auth_refusals_total" => "Requests answered 401, 403 or 429.",
    "awap_auth_refusals_unrecorded_total" => "Those that the audit log does not have.",
    "awap_process_starts_total" => "Starts of processes outside the VM.",
    "awap_process_ends_total" => "Ends of processes outside the VM."
  }

  @doc "Starts the counting."
  @spec start_link(keyword) :: GenServer.on_start()
  def start_link(options \\ []), do: GenServer.start_link(__MODULE__, options, name: __MODULE__)

  @doc "All metrics as Prometheus reads them."
  @spec text() :: iodata
  def text do
    rows = @table |> rows() |> Enum.group_by(fn row -> row |> elem(0) |> elem(0) end)
    [for({name, rows} <- Enum.sort(rows), do: family(name, Enum.sort(rows))), vm()]
  end

  defp rows(table) do
    :ets.tab2list(table)
  rescue
    # The table is being made again.
    ArgumentError -> []
  end

  @impl GenServer
  def init(_options) do
    Process.flag(:trap_exit, true)
    :ets.new(@table, [:named_table, :public, write_concurrency: true])
    events = Map.keys(@histograms) ++ Map.keys(@counters) ++ [@gauges]
    # An earlier life of this process may have left its handler behind.
    AwapBackend.Telemetry.detach(__MODULE__)
    :ok = AwapBackend.Telemetry.attach(__MODULE__, events, &__MODULE__.handle/4)
    {:ok, nil}
  end

  @doc false
  def handle(@gauges, measurements, _metadata, _config) do
    for key <- [:queue_depth], is_number(measurements[key]) do
      :ets.insert(@table, {{"awap_#{key}", []}, measurements[key]})
    end
  end

  def handle(event, measurements, metadata, _config) do
    case @histograms do
      %{^event => {name, labels}} -> observe({name, labels(labels, metadata)}, measurements.duration)
      _ -> count(Map.fetch!(@counters, event), metadata, Map.get(measurements, :count, 1))
    end
  end

  # A row of a histogram: key, sum, count, and a count for each bucket by itself.
  defp observe(key, duration) do
    bucket = Enum.count(@bounds, &(&1 < duration)) + 4
    zeros = List.to_tuple([key, 0, 0 | List.duplicate(0, length(@bounds) + 1)])
    :ets.update_counter(@table, key, [{2, duration}, {3, 1}, {bucket, 1}], zeros)
  end

  defp count({name, labels}, metadata, by) do
    key = {name, labels(labels, metadata)}
    :ets.update_counter(@table, key, {2, by}, {key, 0})
  end

  defp labels(names, metadata), do: for(name <- names, do: {name, to_string(metadata[name])})

  defp family(name, rows) do
    histogram? = String.ends_with?(name, "_seconds")

    type =
      cond do:
             (
               histogram? -> "histogram"
               String.ends_with?(name, "_total") -> "counter"
               true -> "gauge"
             )

    [
      if(help = @helps[name], do: ["# HELP ", name, " ", help, "\n"], else: []),
      ["# TYPE ", name, " ", type, "\n"],
      for(row <- rows, do: if(histogram?, do: histogram(row), else: plain(row)))
    ]
  end

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

  defp vm do
    for {name, help, value} <- [
          {"awap_vm_memory_bytes", "Memory of the VM.", :erlang.memory(:total)},
          {"awap_vm_processes", "Processes of the VM.", :erlang.system_info(:process_count)},
          {"awap_vm_run_queue", "Work that waits for a scheduler.",
           :erlang.statistics(:total_run_queue_lengths)}
        ] do
      ["# HELP ", name, " ", help, "\n# TYPE ", name, " gauge\n", name, " ", Integer.to_string(value), "\n"]
    end
  end
end
