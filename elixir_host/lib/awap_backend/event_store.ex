defmodule AwapBackend.EventStore do
  @moduledoc """
  The audit trail of what happened to each TMA: streams of events, never changed.

  Events are written in the database of the TMAs, in the transaction of the change they tell of. They are read there, or,
  where `EVENT_STORE_URL` names another database, in that, to which the store copies them in their order: what has just
  been written can be read there a moment later.

  An event is a map with `"global_position"`, `"stream_id"`, `"version"`, `"event_id"`, `"type"`, `"data"`, `"metadata"`
  and `"recorded_at"`. No event holds anything that names a student. The stream of a TMA is `stream_of/1`; `"$all"` is
  every stream in global order.
  """

  use Supervisor

  alias AwapBackend.{Config, PortClient, Remains, Repo}
  alias AwapBackend.EventStore.{Follower, Subscription}

  @subscriptions __MODULE__.Subscriptions
  # Events that one call of the store verifies.
  @verified_at_once 20_000
  @verify_ms 60_000

  @doc "Starts the follower and the supervisor of the subscriptions."
  def start_link(options \\ []), do: Supervisor.start_link(__MODULE__, options, name: __MODULE__)

  @impl true
  def init(_options) do
    Remains.clear([Follower, @subscriptions])
    # Ours, so that it outlives a restart of those who keep something in it.
    :ets.new(__MODULE__, [:named_table, :public, read_concurrency: true])

    children = [
      Follower,
      {DynamicSupervisor, name: @subscriptions, strategy: :one_for_one}
    ]

    Supervisor.init(children, strategy: :one_for_one)
  end

  @doc "The stream of a TMA."
  @spec stream_of(String.t()) :: String.t()
  def stream_of(tma_id), do: "tma-" <> tma_id

  @doc """
  Writes one event to a stream: a map with `"type"` and `"data"`, and if wanted `"metadata"`, `"event_id"` (a UUID: the
  same again is written once), `"expected_version"` (`conflict` unless the stream is there), `"actor"` (for the audit log).
  """
  @spec append_event(String.t(), map) :: {:ok, map} | {:error, Repo.error()}
  def append_event(stream_id, %{"type" => _} = event) do
    request =
      event
      |> Map.take(~w(type data metadata event_id expected_version actor))
      |> Map.put("stream_id", stream_id)
      |> Map.put_new("data", %{})
      |> Map.put_new("metadata", %{})
      |> Map.put_new("actor", %{"type" => "system"})

    with {:ok, appended} <- Repo.call("append_event", request) do
      appended()
      {:ok, appended}
    end
  end

  @doc "Says that this host has written events, so that those who follow look at once."
  @spec appended() :: :ok
  def appended, do: Follower.look()

  @doc """
  Reads events of a stream: `{:ok, %{"events" => events, "next" => next}}`.

  `opts`, a map or keyword list: `from_version`, `max_count`, `direction` (`"forward"`, `"backward"`), `types`, `since`,
  `until`. `next` is where to go on reading, or nil.
  """
  @spec read_stream(String.t(), map | keyword) :: {:ok, map} | {:error, Repo.error()}
  def read_stream(stream_id, opts \\ %{}) do
    opts = Map.new(opts, fn {key, value} -> {to_string(key), value} end)
    Repo.call("query_events", %{"stream_id" => stream_id, "opts" => opts})
  end

  @doc """
  Subscribes the calling process: everything from a position on, then what comes, in order, nothing left out and nothing
  twice.

  Options:

    * `:stream` - `"$all"` by default
    * `:from` - the first position: for `"$all"` a global position, else a version; by default the beginning
    * `:types` - these types alone, 50 at most; by default all
    * `:batch` - events in a message at most, 1 to 1,000; by default 100

  The subscriber gets `{:events, subscription, events}`, and no more until it calls `ack/1`: it is never flooded, and a
  slow one holds up nobody. To go on after a restart of its own it subscribes anew from after the last event it has dealt
  with. While the store is away the subscription waits. It ends with its subscriber; a subscriber that is to notice that
  its subscription has ended monitors it.

  Options that cannot be used are `invalid_input`.
  """
  @spec subscribe(keyword) :: {:ok, pid} | {:error, Repo.error()}
  def subscribe(options \\ []) do
    with {:ok, options} <- Subscription.validate(Keyword.put_new(options, :subscriber, self())) do
      case DynamicSupervisor.start_child(@subscriptions, {Subscription, options}) do
        {:ok, subscription} -> {:ok, subscription}
        {:error, _reason} -> PortClient.error("unavailable", "The event store is being started again.")
      end
    end
  catch
    :exit, _reason -> PortClient.error("unavailable", "The event store is being started again.")
  end

  @doc "Says that the last batch is dealt with and the next may come."
  @spec ack(pid) :: :ok
  def ack(subscription), do: Subscription.ack(subscription)

  @doc "Ends a subscription."
  @spec unsubscribe(pid) :: :ok
  def unsubscribe(subscription) do
    _known_or_not = DynamicSupervisor.terminate_child(@subscriptions, subscription)
    :ok
  end

  @doc """
  Reads every event and checks that it is as it was written, and that none is missing:
  `{:ok, %{"valid", "events", "fault_at", "fault", "head", "event_store"}}`.

    * `"valid"` - whether all is well, also of `"event_store"`
    * `"events"` - how many were read
    * `"fault_at"`, `"fault"` - the global position of the first event that is not as it was, where one can be named, and a
      sentence; nil where there is none
    * `"head"` - the end of the chain, `%{"global_position", "hash"}`. Kept where the database's owner cannot reach it and
      given as `:after` another day, it shows whether anything up to it was changed since
    * `"event_store"` - the same of the events at `EVENT_STORE_URL`, which are held against the database's own; nil where
      events are kept beside the TMAs

  Options: `:after`, a place as `"head"` is one, to begin there; `:copy`, false to leave out the events at
  `EVENT_STORE_URL`; `:repo`, who is asked. It takes as long as it takes (some seconds for 100,000 events), in parts, and
  other work goes on meanwhile.
  """
  @spec verify(keyword) :: {:ok, map} | {:error, Repo.error()}
  def verify(options \\ []) do
    place = options[:after]
    repo = options[:repo] || Repo

    with {:ok, here} <- verify_part(repo, "database", place, 0),
         {:ok, there} <- verify_elsewhere(repo, place, Keyword.get(options, :copy, true)) do
      valid = here["valid"] and (is_nil(there) or there["valid"])
      {:ok, Map.merge(here, %{"valid" => valid, "event_store" => there})}
    end
  end

  defp verify_elsewhere(repo, place, copy?) do
    if copy? and Config.events_elsewhere?(),
      do: verify_part(repo, "event_store", place, 0),
      else: {:ok, nil}
  end

  defp verify_part(repo, of, place, count) do
    request = %{"of" => of, "after" => place, "limit" => @verified_at_once}

    with {:ok, found} <- repo.call("verify_events", request, @verify_ms) do
      count = count + found["events"]

      if found["valid"] and not found["complete"],
        do: verify_part(repo, of, found["checked"], count),
        else: {:ok, found |> Map.take(~w(valid fault_at fault head)) |> Map.put("events", count)}
    end
  end

  @doc """
  Vouches for the end of the chain where it was not written by this store (`verify/1` says so): after tampering was looked
  into, or under another pseudonym key. `{:ok, event}`, the event that tells of it; `conflict` where there is nothing to
  accept, or the chain itself does not hold. `reason` is kept in the audit log.
  """
  @spec accept(String.t(), map) :: {:ok, map} | {:error, Repo.error()}
  def accept(reason, actor), do: Repo.call("accept_events", %{"reason" => reason, "actor" => actor}, 600_000)

  @doc false
  def keep(key, value), do: :ets.insert(__MODULE__, {key, value})

  @doc false
  def kept(key) do
    case :ets.lookup(__MODULE__, key) do
      [{^key, value}] -> value
      [] -> nil
    end
  rescue
    # The event store is not running.
    ArgumentError -> nil
  end
end
