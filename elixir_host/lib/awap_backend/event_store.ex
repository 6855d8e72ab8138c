defmodule AwapBackend.EventStore do
  @moduledoc """
  The audit trail of what happened to each TMA: streams of events, never changed, kept in the database of the TMAs.

  An event is a map with `"global_position"`, `"stream_id"`, `"version"`, `"event_id"`, `"type"`, `"data"`, `"metadata"`
  and `"recorded_at"`. No event holds anything that names a student. The stream of a TMA is `stream_of/1`; `"$all"` is
  every stream in global order.
  """

  use Supervisor

  alias AwapBackend.Repo
  alias AwapBackend.EventStore.{Follower, Subscription}

  @subscriptions __MODULE__.Subscriptions

  @doc "Starts the follower and the supervisor of the subscriptions."
  def start_link(options \\ []), do: Supervisor.start_link(__MODULE__, options, name: __MODULE__)

  @impl true
  def init(_options) do
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
  Subscribes the calling process: everything from a position on, then what comes, missing nothing.

  Options: `:stream` (`"$all"`), `:from` (position to start at: for `"$all"` a global position, else a version; 0), `:batch`
  (events in a message at most, 100). The subscriber gets `{:events, subscription, events}`, and no more until it calls
  `ack/1`: it is never flooded. While the store is away the subscription waits; it ends with its subscriber.
  """
  @spec subscribe(keyword) :: {:ok, pid} | {:error, term}
  def subscribe(options \\ []) do
    DynamicSupervisor.start_child(
      @subscriptions,
      {Subscription, Keyword.put_new(options, :subscriber, self())}
    )
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
  Reads every event and checks that the chain holds: `{:ok, %{"valid" => boolean, "events" => how many were read,
  "fault_at" => nil | global position, "fault" => nil | sentence}}`.
  """
  @spec verify(pos_integer) :: {:ok, map} | {:error, Repo.error()}
  def verify(timeout \\ 600_000), do: Repo.call("verify_events", %{}, timeout)

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
