defmodule AwapBackendWeb.Window do
  @moduledoc """
  Counts by minutes of the clock: rows of an ETS table, of which the first count of a minute clears the minutes before away.
  """

  @seconds 60

  @doc "How long a window is, in seconds."
  @spec seconds() :: pos_integer
  def seconds, do: @seconds

  @doc "The seconds until the next window."
  @spec seconds_left() :: 1..60
  def seconds_left, do: @seconds - Integer.mod(now(), @seconds)

  @doc "Counts one; how many there are now in this window."
  @spec add(:ets.table(), term) :: pos_integer
  def add(table, name) do
    window = window()
    row = {:window, window, name}
    count = :ets.update_counter(table, row, {2, 1}, {row, 0})
    if count == 1, do: clear(table, window)
    count
  end

  @doc "How many there are in this window."
  @spec count(:ets.table(), term) :: non_neg_integer
  def count(table, name) do
    case :ets.lookup(table, {:window, window(), name}) do
      [{_, count}] -> count
      [] -> 0
    end
  end

  defp clear(table, window) do
    case :ets.lookup(table, :window) do
      [{:window, ^window}] ->
        :ok

      _ ->
        :ets.insert(table, {:window, window})
        :ets.select_delete(table, [{{{:window, :"$1", :_}, :_}, [{:<, :"$1", window}], [true]}])
    end
  end

  defp window, do: Integer.floor_div(now(), @seconds)
  defp now, do: System.monotonic_time(:second)
end
