defmodule AwapBackend.OSProcess do
  @moduledoc """
  A process of the operating system that we started, known so well that no other is ever killed in its place.

  Process ids are used again. Where the system says when a process began (`/proc`), a process is known by both; elsewhere
  by its id alone. Erlang starts each program in a process group of its own, so that what the program started goes with it.
  """

  @enforce_keys [:pid, :started]
  defstruct [:pid, :started]

  @type t :: %__MODULE__{pid: pos_integer, started: String.t() | nil}

  @doc "The process with this id, as it is now; nil where it is gone already."
  @spec identify(pos_integer | nil) :: t | nil
  def identify(nil), do: nil
  def identify(pid), do: %__MODULE__{pid: pid, started: started(pid)}

  @doc "Whether it still runs (one that ended and was not yet reaped does not)."
  @spec alive?(t) :: boolean
  def alive?(%__MODULE__{started: nil}), do: false
  def alive?(%__MODULE__{pid: pid, started: started}), do: started(pid) == started

  @doc "Kills it and its process group at once, if it still runs."
  @spec kill(t | nil) :: :ok
  def kill(nil), do: :ok

  def kill(%__MODULE__{pid: pid} = process) do
    if alive?(process) do
      # The shell's own `kill` is there where no package with one is.
      script = "kill -9 \"-$1\" 2>/dev/null; kill -9 \"$1\" 2>/dev/null"
      System.cmd("/bin/sh", ["-c", script, "sh", Integer.to_string(pid)], stderr_to_stdout: true)
    end

    :ok
  end

  @doc "Waits up to `milliseconds` for it to end of itself, then kills it."
  @spec await_end(t | nil, non_neg_integer) :: :ok
  def await_end(nil, _milliseconds), do: :ok

  def await_end(process, milliseconds) do
    cond do
      not alive?(process) ->
        :ok

      milliseconds <= 0 ->
        kill(process)
        await_death(process, 50)

      true ->
        Process.sleep(20)
        await_end(process, milliseconds - 20)
    end
  end

  # Death by SIGKILL takes the system a moment (and longer for one that waits for a disk: not waited for).
  defp await_death(process, left) do
    if left > 0 and alive?(process) do
      Process.sleep(10)
      await_death(process, left - 1)
    else
      :ok
    end
  end

  # Field 22 of /proc/<pid>/stat is the start time; the name in brackets before it may itself hold brackets and spaces.
  defp started(pid) do
    with {:ok, stat} <- File.read("/proc/#{pid}/stat"),
         [_name, fields] <- stat |> String.split(") ", trim: false) |> last_two(),
         [state | rest] = String.split(fields, " "),
         false <- state in ["Z", "X"] do
      Enum.at(rest, 18)
    else
      {:error, :enoent} -> if File.dir?("/proc/self"), do: nil, else: "unknown"
      _other -> nil
    end
  end

  defp last_two(parts) when length(parts) >= 2, do: Enum.take(parts, -2)
  defp last_two(_parts), do: nil
end
