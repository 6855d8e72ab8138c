defmodule AwapBackend.PubSub do
  @moduledoc """
  Topics and who listens to them, over `:pg`: a listener that dies is forgotten, and connected nodes hear each other.

  What is said:

  | topic | message |
  | --- | --- |
  | `"tma:" <> id`, and `"tmas"` for all | `{:tma_status, %{"id", "job_id", "status", "stage", "at", "error"}}`: `status` as in the row, `stage` while processing (`anonymize_student`, `parse_tma`, `generate_feedback`, `complete_job`), `error` a code and message once failed |
  | `"events"` | `:events_appended`: the event store has something new |

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

  @doc "Sends `message` to everyone who hears `topic`."
  @spec broadcast(String.t(), term) :: :ok
  def broadcast(topic, message) when is_binary(topic) do
    for pid <- :pg.get_members(__MODULE__, topic), do: send(pid, message)
    :ok
  rescue
    # The groups are being restarted: nobody is listening.
    ArgumentError -> :ok
  end
end
