defmodule AwapBackend.EventStore.Subscription do
  @moduledoc """
  One subscriber's place in a stream.

  Reads batches from the store, one at a time as the subscriber acknowledges them; when there is nothing more it waits
  for word of new events, and looks now and then all the same, as another host may have written them.
  """

  use GenServer, restart: :temporary

  alias AwapBackend.{EventStore, PubSub}

  @poll_ms 1_000

  defstruct [:subscriber, :stream, :next, :batch, :poll, waiting_for_ack: false]

  def start_link(options), do: GenServer.start_link(__MODULE__, options)

  @doc false
  def ack(subscription), do: GenServer.cast(subscription, :ack)

  @impl true
  def init(options) do
    subscriber = Keyword.fetch!(options, :subscriber)
    Process.monitor(subscriber)
    PubSub.subscribe("events")

    state = %__MODULE__{
      subscriber: subscriber,
      stream: Keyword.get(options, :stream, "$all"),
      next: Keyword.get(options, :from, 0),
      batch: Keyword.get(options, :batch, 100)
    }

    {:ok, state, {:continue, :read}}
  end

  @impl true
  def handle_continue(:read, state), do: {:noreply, read(state)}

  @impl true
  def handle_cast(:ack, state), do: {:noreply, read(%{state | waiting_for_ack: false})}

  @impl true
  def handle_info({:DOWN, _ref, :process, subscriber, _reason}, %{subscriber: subscriber} = state) do
    {:stop, :normal, state}
  end

  def handle_info(:events_appended, state) do
    drop_repeats()
    {:noreply, read(state)}
  end

  def handle_info(:poll, state), do: {:noreply, read(state)}
  def handle_info(_message, state), do: {:noreply, state}

  # Many may have been said while a batch was read; one look serves them all.
  defp drop_repeats do
    receive do
      :events_appended -> drop_repeats()
    after
      0 -> :ok
    end
  end

  defp read(%{waiting_for_ack: true} = state), do: state

  defp read(state) do
    case EventStore.read_stream(state.stream, from_version: state.next, max_count: state.batch) do
      {:ok, %{"events" => [_ | _] = events}} ->
        send(state.subscriber, {:events, self(), events})
        %{state | waiting_for_ack: true, next: position(state.stream, List.last(events)) + 1}

      _nothing_or_store_away ->
        if state.poll, do: Process.cancel_timer(state.poll)
        %{state | poll: Process.send_after(self(), :poll, @poll_ms)}
    end
  end

  defp position("$all", event), do: event["global_position"]
  defp position(_stream, event), do: event["version"]
end
