defmodule AwapBackend.EventStore.Subscription do
  @moduledoc """
  One subscriber's place in a stream.

  Reads batches from the store, one at a time as the subscriber acknowledges them. When there is nothing more it waits for
  word of new events, which `AwapBackend.EventStore.Follower` gives for those of every host; and it looks now and then all the
  same, so that a word that was lost delays and loses nothing.
  """

  use GenServer, restart: :temporary

  alias AwapBackend.{EventStore, PortClient, PubSub}

  # How often it is looked without a word, and while the store is away.
  @poll_ms 15_000
  @retry_ms 1_000
  @types_most 50

  defstruct [:subscriber, :stream, :next, :batch, :types, :timer, waiting_for_ack: false]

  @doc "The options, with what holds where they say nothing; `invalid_input` where they cannot be used."
  @spec validate(keyword) :: {:ok, keyword} | {:error, PortClient.error()}
  def validate(options) do
    options = Keyword.merge([stream: "$all", from: 0, types: [], batch: 100], options)

    case Enum.find(options, fn {key, value} -> not valid?(key, value) end) do
      nil ->
        {:ok, options}

      {key, _value} ->
        PortClient.error("invalid_input", "“#{key}” of a subscription cannot be used.", %{"path" => "#{key}"})
    end
  end

  defp valid?(:subscriber, pid), do: is_pid(pid)
  defp valid?(:stream, stream), do: is_binary(stream) and stream != "" and String.length(stream) <= 255
  defp valid?(:from, from), do: is_integer(from) and from >= 0
  defp valid?(:batch, batch), do: is_integer(batch) and batch in 1..1_000

  defp valid?(:types, types),
    do: is_list(types) and length(types) <= @types_most and Enum.all?(types, &is_binary/1)

  defp valid?(_other, _value), do: false

  def start_link(options), do: GenServer.start_link(__MODULE__, options)

  @doc false
  def ack(subscription), do: GenServer.cast(subscription, :ack)

  @impl true
  def init(options) do
    state = struct!(__MODULE__, options |> Keyword.delete(:from) |> Keyword.put(:next, options[:from]))
    Process.monitor(state.subscriber)
    # Before the first look, so that nothing comes between.
    PubSub.subscribe("events")
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
    with {:ok, horizon} <- horizon(state),
         {:ok, page} <- EventStore.read_stream(state.stream, query(state)) do
      went_to(state, page, horizon)
    else
      {:error, _store_away} -> look_later(state, @retry_ms)
    end
  end

  # Up to where there are events now, whatever their type: what is found of some types, then, is all up to there. Without
  # this a rare type would be looked for from the beginning again and again.
  defp horizon(%{types: []}), do: {:ok, 0}

  defp horizon(state) do
    with {:ok, %{"events" => events}} <-
           EventStore.read_stream(state.stream, direction: "backward", max_count: 1) do
      {:ok, if(events == [], do: 0, else: position(state.stream, hd(events)))}
    end
  end

  defp query(%{types: []} = state), do: %{from_version: state.next, max_count: state.batch}
  defp query(state), do: %{from_version: state.next, max_count: state.batch, types: state.types}

  defp went_to(state, %{"events" => []}, horizon) do
    look_later(%{state | next: max(state.next, horizon + 1)}, @poll_ms)
  end

  defp went_to(state, %{"events" => events, "next" => next}, horizon) do
    send(state.subscriber, {:events, self(), events})
    last = position(state.stream, List.last(events))
    %{state | waiting_for_ack: true, next: next || max(last, horizon) + 1}
  end

  defp look_later(state, milliseconds) do
    if state.timer, do: Process.cancel_timer(state.timer)
    # Spread, so that many do not look all at once.
    spread = :rand.uniform(div(milliseconds, 4))
    %{state | timer: Process.send_after(self(), :poll, milliseconds + spread)}
  end

  defp position("$all", event), do: event["global_position"]
  defp position(_stream, event), do: event["version"]
end
