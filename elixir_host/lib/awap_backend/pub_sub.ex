defmodule AwapBackend.PubSub do
  @moduledoc """
  Topics and who listens to them, over `:pg`: a listener that dies is forgotten.

  What is said:

  | topic | message |
  | --- | --- |
  | `"tma:" <> id`, and `"tmas"` for all | `{:tma_status, %{"id", "job_id", "status", "stage", "at", "error"}}`: `status` as in the row, whichever host changed it; `error` a code and message once failed |
  | `"tma:" <> id` | the same from a worker of this host, with `status` `"processing"` and the `stage` that begins: `anonymize_student`, `parse_tma`, `generate_feedback`, `complete_job` |
  | `"stream:" <> stream_id` | `{:event, event}`: each event of the stream, as `AwapBackend.EventStore.read_stream/2` has it |
  | `"events"` | `:events_appended`: the event store has something new |
  | `"key:" <> id` | `{:key_revoked, id}`: this API key was revoked, by this host or one that is connected to it |

  All but the stages and the keys is told by `AwapBackend.EventStore.Follower` of what it reads in the store: in order, once (twice at
  most, should it be restarted), and the same on every host of one database, a moment after the change is on disk.

  Delivery is by Erlang messages: nothing is kept for one who was not listening. What must not be missed is read from
  the event store.
  """

  @doc "Starts the process groups."
  def start_link(_options), do: :pg.start_link(__MODULE__)

  @doc false
  def child_spec(options), do: %{id: __MODULE__, start: {__MODULE__, :start_link, [options]}}

  @doc "Makes the calling process hear `topic`. Subscribing twice hears everything twice."
  @spec subscribe(String.t()) :: :ok
  def subscribe(topic) when is_binary(topic), do: :pg.join(__MODULE__, topic, self())

  @doc "Makes the calling process no longer hear `topic`."
  @spec unsubscribe(String.t()) :: :ok
  def unsubscribe(topic) when is_binary(topic) do
    _joined_or_not = :pg.leave(__MODULE__, topic, self())
    :ok
  end

  @doc "Sends `message` to everyone who hears `topic`, on connected nodes too."
  @spec broadcast(String.t(), term) :: :ok
  def broadcast(topic, message) when is_binary(topic), do: send_all(&:pg.get_members/2, topic, message)

  @doc "Sends `message` to everyone on this node who hears `topic`."
  @spec broadcast_here(String.t(), term) :: :ok
  def broadcast_here(topic, message) when is_binary(topic) do
    send_all(&:pg.get_local_members/2, topic, message)
  end

  defp send_all(members, topic, message) do
    for pid <- members.(__MODULE__, topic), do: send(pid, message)
    :ok
  rescue
    # The groups are being restarted: nobody is listening.
    ArgumentError -> :ok
  end
end
