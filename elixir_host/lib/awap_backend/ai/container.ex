defmodule AwapBackend.AI.Container do
  @moduledoc """
  The command line with which an AI container is run: no network, no disk, little memory, no privileges.

  Only the command is made here; `AwapBackend.AI.Manager` does not run it yet.
  """

  @doc """
  Arguments of `podman` for a container of this name.

  Options: `:image` (required), `:runtime` (Podman's own choice), `:extra` (further arguments, which some machines need).
  """
  @spec arguments(String.t(), keyword) :: [String.t()]
  def arguments(name, options) do
    runtime = if runtime = options[:runtime], do: ["--runtime", runtime], else: []

    ["run", "-i", "--rm", "--name", name, "--log-driver", "none"] ++
      runtime ++
      ["--network", "none", "--memory", "2g", "--memory-swap", "2g", "--cpus", "1.0", "--pids-limit", "64"] ++
      ["--read-only", "--tmpfs", "/tmp:rw,size=64m,mode=1777,noexec,nosuid,nodev"] ++
      ["--security-opt", "no-new-privileges", "--cap-drop", "all", "--user", "65534:65534"] ++
      Keyword.get(options, :extra, []) ++ [Keyword.fetch!(options, :image)]
  end
end
