defmodule AwapBackend.Remains do
  @moduledoc """
  What is left of an earlier life of a supervisor that was killed.

  Its children end with it, each in its own time: one that has processes outside the VM or children of its own takes longer than the
  supervisor's successor takes to start, which then finds their names taken. A few such starts in a row, and the whole host
  would be given up.
  """

  @doc """
  Waits until none of these names is taken; kills who still has one after `milliseconds`. For a supervisor's `init`, before
  it starts children of these names.
  """
  @spec clear([atom], non_neg_integer) :: :ok
  def clear(names, milliseconds \\ 5_000) do
    until = System.monotonic_time(:millisecond) + milliseconds
    for name <- names, pid = Process.whereis(name), do: await_end(pid, until)
    :ok
  end

  defp await_end(pid, until) do
    ref = Process.monitor(pid)
    left = max(until - System.monotonic_time(:millisecond), 0)

    receive do
      {:DOWN, ^ref, :process, ^pid, _reason} -> :ok
    after
      left ->
        Process.exit(pid, :kill)

        receive do
          {:DOWN, ^ref, :process, ^pid, _reason} -> :ok
        end
    end
  end
end
