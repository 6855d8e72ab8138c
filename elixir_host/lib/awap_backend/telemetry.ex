defmodule AwapBackend.Telemetry do
  @moduledoc """
  Events about what the host does, in the style of `:telemetry`, which is a package of Hex's and so not to be had.

  A handler is a function `handler(event, measurements, metadata, config)` and runs in the process that emits: it has
  to be quick. One that fails is detached, with a log line, and never harms the emitter.

  Durations are in microseconds. Metadata holds ids, names and codes, nothing of a student's. These events are a
  contract:

  | event | measurements | metadata |
  | --- | --- | --- |
  | `[:awap_backend, :store, :call]` | `duration` | `command`, `outcome` (`:ok` or the error code) |
  | `[:awap_backend, :core, :call]` | `duration` | `command`, `outcome`, `mode` (`:port`, `:nif`) |
  | `[:awap_backend, :process, :up]` | `system_time` | `component`, `os_pid` |
  | `[:awap_backend, :process, :down]` | `in_flight` | `component`, `os_pid`, `reason` |
  | `[:awap_backend, :tma, :submitted]` | `duration` | `tma_id`, `job_id`, `created` |
  | `[:awap_backend, :tma, :refused]` | `queue_depth` | `code` |
  | `[:awap_backend, :job, :start]` | `system_time` | `tma_id`, `job_id`, `attempt`, `worker` |
  | `[:awap_backend, :job, :stop]` | `duration` | `tma_id`, `job_id`, `attempt`, `worker`, `outcome` (`:completed`, `:failed`, `:retried`, `:released`, `:lost`), `code` |
  | `[:awap_backend, :queue, :counted]` | `depth`, `oldest_seconds` (0.0 where none waits) | none |
  | `[:awap_backend, :retention, :purged]` | `purged`, `identities`, `duration` | `what`, `outcome` (`:ok` or the error code) |
  | `[:awap_backend, :moodle, :sync]` | `duration`, `assignments`, `stored`, `versions`, `failed` (assignments and submissions) | `outcome` (`:ok`, `:partial`, `:stopped`, `:failed`), `code`, `by_hand` |
  | `[:awap_backend, :moodle, :upload]` | `duration` | `outcome` (`"sent"`, `"conflict"`, `"failed"`, `"retry"`), `code`, `tma_id` |
  | `[:awap_backend, :ai, :call]` | `duration` | `command`, `outcome` |
  | `[:awap_backend, :ai, :container]` | `duration` (until it was ready; as it ended, since it was started) | `state` (`:up`, `:down`), `reason` (`:down`: `:out_of_memory`, `:killed`, `{:status, status}`, `:unknown`) |
  | `[:awap_backend, :ai, :suggestions]` | `duration` | `outcome` (`:merged`, or the code of why there are none) |
  | `[:awap_backend, :health, :refreshed]` | `duration` | `status`, `parts` (name to status) |
  | `[:awap_backend, :vm, :measured]` | `memory`, `processes`, `run_queue`, `queue_depth` | none |
  """

  use GenServer

  alias AwapBackend.Redact

  require Logger

  @type event :: [atom]
  @type handler :: (event, map, map, term -> any)

  @doc "Starts the process that attaches and detaches."
  def start_link(_options), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  @doc "Calls every handler attached to `event`."
  @spec execute(event, map, map) :: :ok
  def execute(event, measurements, metadata \\ %{}) do
    for {id, handler, config} <- Map.get(handlers(), event, []) do
      try do
        handler.(event, measurements, metadata, config)
      catch
        kind, reason ->
          detach(id)

          Logger.error(
            "Telemetry handler #{inspect(id)} failed and was detached (#{kind}: #{Redact.reason(reason)})"
          )
      end
    end

    :ok
  end

  @doc "Runs `work`, then emits `event` with its duration. `work` returns `{result, metadata}`."
  @spec measure(event, (() -> {result, map})) :: result when result: term
  def measure(event, work) do
    start = System.monotonic_time()
    {result, metadata} = work.()
    execute(event, %{duration: since(start)}, metadata)
    result
  end

  @doc "Microseconds since a `System.monotonic_time/0`."
  @spec since(integer) :: non_neg_integer
  def since(start), do: System.convert_time_unit(System.monotonic_time() - start, :native, :microsecond)

  @doc "Attaches `handler` to each of `events` under `id`. One id, one handler."
  @spec attach(term, event | [event], handler, term) :: :ok | {:error, :already_exists}
  def attach(id, events, handler, config \\ nil)

  def attach(id, [first | _rest] = event, handler, config) when is_atom(first) do
    attach(id, [event], handler, config)
  end

  def attach(id, events, handler, config) when is_list(events) and is_function(handler, 4) do
    GenServer.call(__MODULE__, {:attach, id, events, handler, config})
  end

  @doc "Removes the handler with this id."
  @spec detach(term) :: :ok
  def detach(id) do
    GenServer.call(__MODULE__, {:detach, id})
  catch
    # Being restarted, or stopped: an emitter must not fall with it.
    :exit, _reason -> :ok
  end

  @doc "Forgets every handler: the host has stopped."
  @spec forget() :: :ok
  def forget do
    :persistent_term.erase(__MODULE__)
    :ok
  end

  # Handlers outlive this process: those who attached them would not know that it was restarted.
  defp handlers, do: :persistent_term.get(__MODULE__, %{})

  # Changes one after another.
  @impl true
  def init(nil), do: {:ok, nil}

  @impl true
  def handle_call({:attach, id, events, handler, config}, _from, state) do
    known = handlers()

    if Enum.any?(known, fn {_event, attached} -> List.keymember?(attached, id, 0) end) do
      {:reply, {:error, :already_exists}, state}
    else
      added = Map.new(events, fn event -> {event, [{id, handler, config} | Map.get(known, event, [])]} end)
      :persistent_term.put(__MODULE__, Map.merge(known, added))
      {:reply, :ok, state}
    end
  end

  def handle_call({:detach, id}, _from, state) do
    left = Map.new(handlers(), fn {event, attached} -> {event, List.keydelete(attached, id, 0)} end)
    :persistent_term.put(__MODULE__, left)
    {:reply, :ok, state}
  end
end
