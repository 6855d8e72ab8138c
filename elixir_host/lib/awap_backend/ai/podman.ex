defmodule AwapBackend.AI.Podman do
  @moduledoc """
  What is asked of Podman beside running a container: whether it works here, which image and containers there are, and
  that containers go.

  Each command has a time of its own (`timeout`, of coreutils) and no input, so that a Podman that hangs holds nobody up. Containers bear
  a label with the installation they belong to: those of another host on the same machine are left alone.
  """

  alias AwapBackend.{Config, JSON}

  @label "org.awap.instance"
  @seconds 20
  @remove ["rm", "--force", "--volumes", "--time", "0", "--ignore"]

  @doc "The path of `podman`; nil where there is none."
  @spec executable() :: Path.t() | nil
  def executable, do: Config.get(:ai_podman)

  @doc "What tells the containers of this installation from others': a digest of its data folder, which no two hosts share."
  @spec instance() :: String.t()
  def instance do
    digest = :crypto.hash(:sha256, Config.get(:data_dir))
    Base.encode16(binary_part(digest, 0, 5), case: :lower)
  end

  @doc "The label that marks the containers of this installation."
  @spec label() :: String.t()
  def label, do: @label <> "=" <> instance()

  @doc "The file in which Podman notes the process id of what runs in a container of this name."
  @spec pidfile(String.t()) :: Path.t()
  def pidfile(name), do: Path.join([Config.get(:data_dir), "run", name <> ".pid"])

  @doc "The id of a local image, by which it can be run whatever becomes of its name, and its digest, `sha256:…`."
  @spec image(String.t()) :: {:ok, id :: String.t(), digest :: String.t()} | {:error, String.t()}
  def image(image) do
    case run(["image", "inspect", "--format", "{{.Id}} {{.Digest}}", image]) do
      {:ok, said} ->
        case String.split(said) do
          [id, "sha256:" <> _ = digest] -> {:ok, id, digest}
          _other -> {:error, "Podman does not say which digest the image has."}
        end

      {:error, :no_podman} ->
        {:error, "Podman is not installed, or AI_PODMAN does not name it."}

      {:error, :timeout} ->
        {:error, "Podman did not answer in #{@seconds} s."}

      {:error, _status} ->
        {:error,
         "There is no image of the name that AI_CONTAINER_IMAGE gives: build it (make ai-image) or pull it."}
    end
  end

  @doc "Runs a container to its end, without an input: `:ok`, or the status that Podman or what ran in there ended with."
  @spec run_once([String.t()]) :: :ok | {:error, term}
  def run_once(arguments), do: with({:ok, _out} <- run(arguments), do: :ok)

  @doc """
  Why a container ended, where Podman still knows it: `:out_of_memory`, or the status it ended with.
  """
  @spec end_of(String.t()) :: :out_of_memory | {:status, String.t()} | :unknown
  def end_of(name) do
    case run(["container", "inspect", "--format", "{{.State.OOMKilled}} {{.State.ExitCode}}", name]) do
      {:ok, "true" <> _rest} -> :out_of_memory
      {:ok, "false " <> status} -> {:status, status}
      _unknown -> :unknown
    end
  end

  @doc "Kills a container, if it runs, and removes it."
  @spec remove(String.t()) :: :ok | {:error, term}
  def remove(name) do
    with {:ok, _out} <- run(@remove ++ [name]), do: :ok
  end

  @doc """
  Whether the jail's limits hold on this machine, as `podman info` describes it; in a few words what they are held by, or what
  is missing. Podman runs containers without them too, and says so where nobody listens.
  """
  @spec limits(map) :: {:ok, String.t()} | {:error, String.t()}
  def limits(info) do
    version = get_in(info, ["host", "cgroupVersion"])
    controllers = get_in(info, ["host", "cgroupControllers"]) || []
    missing = Enum.reject(["cpu", "memory", "pids"], &(&1 in controllers))

    cond do
      missing == [] ->
        {:ok, "#{version}, with cpu, memory and pids"}

      # Version 1 as root has all controllers, and lists none.
      version == "v1" and not (get_in(info, ["host", "security", "rootless"]) == true) ->
        {:ok, "v1, as root"}

      true ->
        {:error, "#{version} without #{Enum.join(missing, ", ")}: the jail's limits would not hold."}
    end
  end

  @doc "As `limits/1`, of this machine with the runtime that is configured."
  @spec limits() :: :ok | {:error, String.t()}
  def limits do
    runtime = if runtime = Config.get(:ai_podman_runtime), do: ["--runtime", runtime], else: []

    with {:ok, said} <- run(runtime ++ ["info", "--format", "json"]),
         {:ok, info} <- JSON.decode(said),
         {:ok, _held_by} <- limits(info) do
      :ok
    else
      {:error, sentence} when is_binary(sentence) -> {:error, "Control groups: " <> sentence}
      _error -> {:error, "Podman does not say which limits it can set here."}
    end
  end

  @doc "Kills and removes every container of this installation, of this run of the host or an earlier one; how many."
  @spec reap() :: {:ok, non_neg_integer} | {:error, term}
  def reap do
    with {:ok, ids} <- run(["ps", "--all", "--quiet", "--filter", "label=" <> label()]) do
      case String.split(ids) do
        [] ->
          {:ok, 0}

        ids ->
          with {:ok, _out} <- run(@remove ++ ids), do: {:ok, length(ids)}
      end
    end
  end

  # Podman's own words go to nobody: they may name paths and are for whoever runs it by hand.
  defp run(arguments) do
    case executable() do
      nil ->
        {:error, :no_podman}

      podman ->
        # Without an input: what would read one ends.
        script = "exec timeout -k 1 #{@seconds} \"$@\" </dev/null"
        command = ["-c", script, "sh", podman | arguments]

        case System.cmd("/bin/sh", command, stderr_to_stdout: true, env: Config.hidden_from_children()) do
          {out, 0} ->
            {:ok, out |> String.split("\n", trim: true) |> Enum.reject(&warning?/1) |> Enum.join("\n")}

          {_out, status} when status in [124, 137] ->
            {:error, :timeout}

          {_out, status} ->
            {:error, {:status, status}}
        end
    end
  end

  # Such as `time="…" level=warning msg="…"`, on the same stream as nothing of value.
  defp warning?(line), do: String.starts_with?(line, "time=")
end
