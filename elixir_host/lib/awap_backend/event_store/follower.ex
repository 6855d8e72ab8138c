defmodule AwapBackend.EventStore.Follower do
  @moduledoc """
  Reads every event of the database once for this host, whichever host wrote it, and tells those who listen.

  One process instead of one poll for each listener. It begins at the end of what is there, looks at once when this host
  has written (`look/0`) and every `AWAP_POLL_MS` for what others wrote, and says what it finds, in the order of the events, on
  the topics of `AwapBackend.PubSub`:

    * `"tma:" <> id` and `"tmas"` - the new status of a TMA, made of its events by `status/1`;
    * `"stream:" <> stream_id` - the event itself;
    * `"events"` - that there is something new to read. Where events are kept elsewhere (`EVENT_STORE_URL`), that is once
      they have been copied there; the other two come from the database itself, and do not wait for that.

  It is told on this node alone, as every node has a follower. Where it was is kept while it is restarted: then an event
  may be told twice, and none is left out. While the store is away nothing is told, and all of it afterwards.
  """

  use GenServer

  alias AwapBackend.{Config, EventStore, PubSub, Repo}
  alias AwapBackend.Core.JobRegistry

  # Events read at a time.
  @batch 500
  @timeout_ms 5_000
  # The first pause while events are being copied to where they are read.
  @copying_ms 20

  @doc false
  def start_link(_options), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  @doc "Says that this host has written events: they are looked for at once."
  @spec look() :: :ok
  def look do
    send(__MODULE__, :look)
    :ok
  rescue
    # Being restarted: it looks when it is back.
    ArgumentError -> :ok
  end

  @doc "The global position up to which events have been told; nil until the store has been reached."
  @spec position() :: non_neg_integer | nil
  def position, do: EventStore.kept(:followed)

  @doc """
  What an event says of the status of its TMA, as `{:tma_status, map}` has it; nil where it says nothing of it.
  """
  @spec status(map) :: map | nil
  def status(%{"type" => type, "stream_id" => "tma-" <> id, "data" => data} = event) do
    case status_of(type, data) do
      nil ->
        nil

      {status, error} ->
        %{
          "id" => id,
          "job_id" => data["job_id"],
          "status" => status,
          "stage" => nil,
          "error" => error,
          "at" => event["recorded_at"]
        }
    end
  end

  def status(_event), do: nil

  defp status_of("tma.submitted", _data), do: {"pending", nil}
  defp status_of("tma.processing", _data), do: {"processing", nil}
  defp status_of("tma.retried", _data), do: {"pending", nil}
  defp status_of("tma.released", _data), do: {"pending", nil}
  defp status_of("tma.completed", _data), do: {"completed", nil}
  # It is as it was; what is shown beside it is not.
  defp status_of("tma.compared", _data), do: {"completed", nil}
  defp status_of("tma.failed", data), do: {"failed", Map.take(data, ["code", "message"])}
  defp status_of(_other, _data), do: nil

  @impl true
  def init(nil), do: {:ok, %{timer: nil, copying_ms: @copying_ms}, {:continue, :look}}

  @impl true
  def handle_continue(:look, state), do: {:noreply, look_around(state)}

  @impl true
  def handle_info(:look, state), do: {:noreply, look_around(state)}
  # A late answer to a call that ran out of time.
  def handle_info(_message, state), do: {:noreply, state}

  defp look_around(state) do
    # Many may have been said while events were read; one look serves them all.
    drop_repeats()
    if state.timer, do: Process.cancel_timer(state.timer)
    {pause, copying_ms} = position() |> follow() |> pause(state.copying_ms)
    # Spread, so that hosts do not ask all at once.
    pause = pause + :rand.uniform(div(pause, 4) + 1)
    %{state | timer: Process.send_after(self(), :look, pause), copying_ms: copying_ms}
  end

  defp drop_repeats do
    receive do
      :look -> drop_repeats()
    after
      0 -> :ok
    end
  end

  # At first there is nobody who could have missed anything: what is there already is not told.
  defp follow(position) do
    request = if position, do: %{"after" => position, "limit" => @batch}, else: %{}

    case Repo.call("follow_events", request, @timeout_ms) do
      {:ok, %{"events" => events, "position" => position, "readable" => readable}} ->
        Enum.each(events, &tell/1)
        EventStore.keep(:followed, position)
        more? = copied?(readable)

        cond do
          length(events) == @batch -> follow(position)
          readable >= position -> :all
          more? -> :copying
          true -> :waiting
        end

      # Away: it is asked again at the next poll.
      {:error, _error} ->
        :all
    end
  end

  defp copied?(readable) do
    more? = readable > (EventStore.kept(:readable) || 0)

    if more? do
      EventStore.keep(:readable, readable)
      PubSub.broadcast_here("events", :events_appended)
    end

    more?
  end

  # Soon again while events are being copied; later and later while nothing comes of it.
  defp pause(:all, _copying_ms), do: {Config.get(:poll_ms), @copying_ms}
  defp pause(:copying, _copying_ms), do: {@copying_ms, @copying_ms}
  defp pause(:waiting, copying_ms), do: {copying_ms, min(copying_ms * 2, Config.get(:poll_ms))}

  defp tell(event) do
    PubSub.broadcast_here("stream:" <> event["stream_id"], {:event, event})

    if status = status(event) do
      unless told_by_worker?(event), do: PubSub.broadcast_here("tma:" <> status["id"], {:tma_status, status})
      PubSub.broadcast_here("tmas", {:tma_status, status})
    end
  end

  # A worker of this host tells each stage itself; that it has begun must not come after them.
  defp told_by_worker?(%{"type" => "tma.processing", "data" => %{"job_id" => job_id}, "metadata" => metadata}) do
    case JobRegistry.get(job_id) do
      {:ok, %{worker: worker}} when is_binary(worker) -> worker == metadata["actor_id"]
      _not_ours -> false
    end
  end

  defp told_by_worker?(_event), do: false
end
