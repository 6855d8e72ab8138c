defmodule AwapBackend.AI.Podman do
  @moduledoc """
  What is asked of Podman beside running a container: whether it works here, which image and containers there are, and
  that containers go.

  Each command has a time of its own (`timeout`, of coreutils) and no input, so that a Podman that hangs holds nobody up. Containers bear
  a label with the installation they belong to: those of another host on the same machine are left alone.
  """

  alias AwapBackend.Config

  @label "org.awap.instance"
  @seconds 20

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

  @doc "The digest of a local image: `sha256:…`."
  @spec image_digest(String.t()) :: {:ok, String.t()} | {:error, String.t()}
  def image_digest(image) do
    case run(["image", "inspect", "--format", "{{.Digest}}", image]) do
      {:ok, "sha256:" <> _ = digest} ->
        {:ok, digest}

      {:ok, _other} ->
        {:error, "Podman does not say which digest the image has."}

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
    with {:ok, _out} <- run(["rm", "--force", "--time", "0", "--ignore", name]), do: :ok
  end

  @doc "Kills and removes every container of this installation, of this run of the host or an earlier one; how many."
  @spec reap() :: {:ok, non_neg_integer} | {:error, term}
  def reap do
    with {:ok, ids} <- run(["ps", "--all", "--quiet", "--filter", "label=" <> label()]) do
      case String.split(ids) do
        [] ->
          {:ok, 0}

        ids ->
          with {:ok, _out} <- run(["rm", "--force", "--time", "0", "--ignore" | ids]), do: {:ok, length(ids)}
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
