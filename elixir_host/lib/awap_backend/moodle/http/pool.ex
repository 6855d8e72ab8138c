defmodule AwapBackend.Moodle.HTTP.Pool do
  @moduledoc """
  Connections that are kept open between calls, and how many there may be at once to one server.

  Whoever takes a connection owns it: what they do is done in their own process, and if they die it closes. Past the limit callers wait their turn, until
  their time is over.
  """

  use GenServer

  alias AwapBackend.Moodle.HTTP.Connection

  @idle_ms 30_000

  @type key :: term

  def start_link(options),
    do: GenServer.start_link(__MODULE__, nil, name: Keyword.get(options, :name, __MODULE__))

  @doc """
  Calls `fun` with a kept connection, or nil where there is none that may be used, while holding one of `limit` places of `key`.

  `fun` answers `{result, connection}`; the connection, if any, is kept for the next. `fresh: true` asks for none that was used before: what
  must not be sent twice is not sent where the other side may have hung up. Without a pool there is only the call.
  """
  @spec run(
          GenServer.server() | nil,
          key,
          pos_integer,
          keyword,
          (Connection.t() | nil ->
             {result, Connection.t() | nil})
        ) ::
          result | {:error, :busy}
        when result: term
  def run(pool, key, limit, options, fun) do
    case pool && GenServer.whereis(pool) do
      nil -> without(fun)
      pid -> within(pid, key, limit, options, fun)
    end
  end

  defp without(fun) do
    {result, connection} = fun.(nil)
    if connection, do: Connection.close(connection)
    result
  end

  defp within(pid, key, limit, options, fun) do
    with {:ok, place, kept} <-
           GenServer.call(pid, {:take, key, limit, options[:wait] || 60_000}, :infinity) do
      kept = usable(kept, options[:fresh])

      try do
        fun.(kept)
      else
        {result, nil} ->
          result

        {result, connection} ->
          if Connection.give(connection, pid) == :ok, do: send(pid, {:keep, key, connection})
          result
      after
        send(pid, {:free, place})
      end
    end
  end

  defp usable(nil, _fresh), do: nil

  defp usable(connection, fresh) do
    if fresh != true and Connection.usable?(connection) do
      connection
    else
      Connection.close(connection)
      nil
    end
  end

  # --- the process

  @impl true
  def init(nil), do: {:ok, %{idle: %{}, held: %{}, waiting: []}}

  @impl true
  def handle_call({:take, key, limit, wait}, {pid, _tag} = from, state) do
    if held(state, key) < limit do
      {:reply, reply, state} = grant(key, pid, state)
      {:reply, reply, state}
    else
      timer = Process.send_after(self(), {:expire, from}, wait)
      waiter = %{key: key, limit: limit, from: from, timer: timer}
      {:noreply, %{state | waiting: state.waiting ++ [waiter]}}
    end
  end

  @impl true
  def handle_info({:free, place}, state) do
    Process.demonitor(place, [:flush])
    {:noreply, release(place, state)}
  end

  def handle_info({:DOWN, place, :process, _pid, _reason}, state), do: {:noreply, release(place, state)}

  def handle_info({:keep, key, connection}, state) do
    timer = Process.send_after(self(), {:old, key, connection}, @idle_ms)
    {:noreply, update_in(state.idle[key], &[{connection, timer} | &1 || []])}
  end

  def handle_info({:old, key, connection}, state) do
    {old, kept} = Enum.split_with(state.idle[key] || [], fn {idle, _timer} -> idle == connection end)
    for {idle, _timer} <- old, do: Connection.close(idle)
    {:noreply, put_in(state.idle[key], kept)}
  end

  def handle_info({:expire, from}, state) do
    {gone, waiting} = Enum.split_with(state.waiting, &(&1.from == from))
    for waiter <- gone, do: GenServer.reply(waiter.from, {:error, :busy})
    {:noreply, %{state | waiting: waiting}}
  end

  # A socket's own messages: it is passive, so only what came before it was given away.
  def handle_info(_message, state), do: {:noreply, state}

  defp grant(key, pid, state) do
    place = Process.monitor(pid)
    {connection, state} = pop(key, pid, state)
    {:reply, {:ok, place, connection}, put_in(state.held[place], key)}
  end

  defp pop(key, pid, state) do
    case state.idle[key] || [] do
      [] ->
        {nil, state}

      [{connection, timer} | rest] ->
        Process.cancel_timer(timer)
        state = put_in(state.idle[key], rest)

        if Connection.give(connection, pid) == :ok do
          {connection, state}
        else
          Connection.close(connection)
          pop(key, pid, state)
        end
    end
  end

  defp release(place, state) do
    case pop_in(state.held[place]) do
      {nil, state} -> state
      {key, state} -> next(key, state)
    end
  end

  defp next(key, state) do
    case Enum.find_index(state.waiting, &(&1.key == key and held(state, key) < &1.limit)) do
      nil ->
        state

      index ->
        {waiter, waiting} = List.pop_at(state.waiting, index)
        Process.cancel_timer(waiter.timer)
        {pid, _tag} = waiter.from
        {:reply, reply, state} = grant(key, pid, %{state | waiting: waiting})
        GenServer.reply(waiter.from, reply)
        state
    end
  end

  defp held(state, key), do: Enum.count(state.held, fn {_place, held} -> held == key end)
end
