defmodule AwapBackend.Doctor.Jail do
  @moduledoc """
  Whether containers can be run for the AI jail: Podman, its runtime, cgroups, the image.

  The jail is optional: without an image, nothing here is at fault. With one, a machine that cannot run it means feedback
  without AI, never a TMA without feedback.
  """

  import AwapBackend.Doctor.Finding

  alias AwapBackend.AI.Podman
  alias AwapBackend.{Config, JSON}

  @doc false
  def check(%{settings: %{ai_container_image: nil}}),
    do: [skipped("image", "AI_CONTAINER_IMAGE is not set: feedback is made without AI")]

  def check(%{settings: settings}) do
    case settings.ai_podman do
      nil ->
        [
          warning(
            "podman",
            "not found: feedback is made without AI.",
            "Install it (Debian: apt install podman), or name it in AI_PODMAN."
          )
        ]

      podman ->
        podman |> info(settings) |> found(podman, settings)
    end
  end

  defp info(podman, settings), do: ask(podman, runtime(settings) ++ ["info", "--format", "json"])

  defp found({said, 0}, podman, settings) do
    case JSON.decode(said) do
      {:ok, info} ->
        [engine(info), limits(info), runtime_found(info), image(podman, settings), model(settings)]

      _not_json ->
        [warning("podman", "“podman info” says what is not JSON.", "Look at it: podman info")]
    end
  end

  defp found({said, _status}, _podman, _settings) do
    reason = said |> String.split("\n", trim: true) |> List.last() || "no reason is given"
    [warning("podman", "it does not run: #{reason}", "Look at it as the host's user: podman info")]
  end

  defp engine(info) do
    rootless = if get_in(info, ["host", "security", "rootless"]), do: "rootless", else: "as root"
    ok("podman", "#{get_in(info, ["version", "Version"])}, #{rootless}")
  end

  defp limits(info) do
    case Podman.limits(info) do
      {:ok, held_by} ->
        ok("cgroups", held_by)

      {:error, sentence} ->
        advice = "Delegate these to the host's user (systemd: Delegate=yes), or run on cgroups v2."
        warning("cgroups", sentence, advice)
    end
  end

  defp runtime_found(info) do
    name = get_in(info, ["host", "ociRuntime", "name"])
    version = get_in(info, ["host", "ociRuntime", "version"]) || ""

    case String.split(version, "\n") |> hd() do
      "" ->
        warning(
          "runtime",
          "Podman has no runtime that works (#{name}).",
          "Install crun or runc, and set AI_PODMAN_RUNTIME."
        )

      version ->
        ok("runtime", version)
    end
  end

  defp image(podman, settings) do
    case ask(podman, ["image", "exists", settings.ai_container_image]) do
      {_said, 0} ->
        ok("image", settings.ai_container_image)

      _not ->
        warning(
          "image",
          "#{settings.ai_container_image} is not on this machine.",
          "podman pull or build it, as the host's user."
        )
    end
  end

  # An image of one's own may bring its model; awap-jail's does not.
  defp model(%{ai_model: nil}), do: skipped("model", "AI_MODEL is not set: the image has to bring a model")

  defp model(%{ai_model: model}) do
    case File.stat(model) do
      {:ok, %{size: bytes}} ->
        ok("model", "#{Path.basename(model)}, #{Float.round(bytes / 1.0e9, 1)} GB")

      {:error, _reason} ->
        warning("model", "the file that AI_MODEL names cannot be read.", "Look at its path and its rights.")
    end
  end

  defp runtime(%{ai_podman_runtime: nil}), do: []
  defp runtime(%{ai_podman_runtime: runtime}), do: ["--runtime", runtime]

  # Stdout alone: Podman warns about much on stderr.
  defp ask(podman, arguments) do
    script = ~S(exec timeout 20 "$@" 2>/dev/null)
    System.cmd("/bin/sh", ["-c", script, "sh", podman | arguments], env: Config.hidden_from_children())
  end
end
