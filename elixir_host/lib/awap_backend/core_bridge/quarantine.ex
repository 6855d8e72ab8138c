defmodule AwapBackend.CoreBridge.Quarantine do
  @moduledoc """
  Tries a call once more whose process ended under it, alone in a process of its own.

  A process of the pool works on several calls, and when it ends nobody can tell which of them ended it. Each gets a second
  try here, one at a time: the innocent are answered, and the one that ends this process too is known to be at fault. The
  process is started when there is a call to try, and stays a little for the next.

  A call has here what is left of its own time, so that a second try makes none longer than it may be. Where many wait already
  none is added: it is told at once that its process ended.
  """

  use GenServer, shutdown: 10_000

  alias AwapBackend.PortClient

  # Calls that may wait for their try.
  @most 64
  # How long the process stays after the last.
  @linger_ms 2_000

  @doc "Starts it; `options` are those of the process (`AwapBackend.PortClient`)."
  def start_link(options), do: GenServer.start_link(__MODULE__, options, name: __MODULE__)

  @doc "Tries a call that was `lost`, until a moment of `System.monotonic_time(:millisecond)`."
  @spec call({:error, PortClient.error()}, String.t(), map, integer) ::
          {:ok, map} | {:error, PortClient.error()}
  def call(lost, command, data, until) do
    if waiting() < @most, do: GenServer.call(__MODULE__, {:try, command, data, until}, :infinity), else: lost
  catch
    :exit, _reason -> lost
  end

  defp waiting do
    with pid when is_pid(pid) <- Process.whereis(__MODULE__),
         {:message_queue_len, length} <- Process.info(pid, :message_queue_len) do
      length
    else
      _gone -> @most
    end
  end

  @impl true
  def init(options) do
    # Its process may end; it stays.
    Process.flag(:trap_exit, true)
    {:ok, %{options: Keyword.merge(options, restart: false, name: nil), client: nil}}
  end

  @impl true
  def handle_call({:try, command, data, until}, _from, state) do
    case until - System.monotonic_time(:millisecond) do
      left when left > 0 ->
        state = started(state)
        result = PortClient.call(state.client, command, data, left)
        {:reply, told(result), settled(result, state), @linger_ms}

      _none ->
        late =
          PortClient.error(
            "timeout",
            "The process that worked on this ended, and no time was left to try again."
          )

        {:reply, late, state, @linger_ms}
    end
  end

  @impl true
  def handle_info(:timeout, state), do: {:noreply, stopped(state)}
  def handle_info({:EXIT, pid, _reason}, %{client: pid} = state), do: {:noreply, %{state | client: nil}}
  def handle_info(_message, state), do: {:noreply, state, @linger_ms}

  @impl true
  def terminate(_reason, state), do: stopped(state)

  # What was tried is hidden in crash reports, as it is in the pool's.
  def format_status(status), do: PortClient.format_status(status)

  defp started(%{client: nil} = state) do
    {:ok, client} = PortClient.start_link(Keyword.delete(state.options, :name))
    %{state | client: client}
  end

  defp started(state), do: state

  defp told(
         {:error, %{"code" => "unavailable", "details" => %{"reason" => "process_exit"} = details} = error}
       ) do
    message =
      "The process that worked on this ended before it answered, and so did another with nothing else to do."

    {:error, %{error | "message" => message, "details" => Map.put(details, "alone", true)}}
  end

  defp told(result), do: result

  # After an end or a hang the next call has a new process.
  defp settled({:error, %{"code" => code}}, state) when code in ["unavailable", "timeout"], do: stopped(state)
  defp settled(_result, state), do: state

  defp stopped(%{client: nil} = state), do: state

  defp stopped(%{client: client} = state) do
    Process.unlink(client)
    GenServer.stop(client)
    %{state | client: nil}
  catch
    :exit, _reason -> %{state | client: nil}
  end
end
