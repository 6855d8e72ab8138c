defmodule AwapBackend.SmallDisk do
  @moduledoc "A file system of a few megabytes, in memory, that a test can fill. Only some users may mount one."

  @doc "Whether this user may mount one here."
  @spec possible?() :: boolean
  def possible? do
    folder = Path.join(System.tmp_dir!(), "awap-disk-#{System.pid()}")
    File.mkdir_p!(folder)
    mounted? = mount(folder, 1) == :ok
    if mounted?, do: unmount(folder)
    File.rmdir(folder)
    mounted?
  end

  @doc "Mounts one of so many megabytes."
  @spec mount(Path.t(), pos_integer) :: :ok | :error
  def mount(folder, megabytes), do: run(["-t", "tmpfs", "-o", "size=#{megabytes}m", "awap-test", folder])

  @doc "Makes it larger."
  @spec grow(Path.t(), pos_integer) :: :ok | :error
  def grow(folder, megabytes), do: run(["-o", "remount,size=#{megabytes}m", folder])

  @doc "Takes it away, though a file on it be open yet."
  @spec unmount(Path.t()) :: :ok
  def unmount(folder) do
    System.cmd("umount", ["-l", folder], stderr_to_stdout: true)
    :ok
  end

  defp run(arguments) do
    case System.cmd("mount", arguments, stderr_to_stdout: true) do
      {_said, 0} -> :ok
      {_said, _status} -> :error
    end
  rescue
    # There is no such program.
    ErlangError -> :error
  end
end
