defmodule AwapBackend.AI.Probe do
  @moduledoc """
  How Podman runs a container on this machine.

  What is configured (`AI_PODMAN_RUNTIME`, `AI_PODMAN_ARGS`) is taken as it is. Else what an ordinary machine needs is tried
  first, which is nothing, and then what machines need whose cgroups are of version 1: runc, and limits of its own, where it
  may not raise those it inherits.
  """

  alias AwapBackend.AI.{Container, Podman}
  alias AwapBackend.Config

  @ways [
    [runtime: nil, extra: []],
    [runtime: "runc", extra: []],
    [runtime: "runc", extra: ~w(--ulimit nofile=1024:1024 --ulimit nproc=512:512)]
  ]

  @doc "The options `:runtime` and `:extra` of `AwapBackend.AI.Container` with which a container of this image starts."
  @spec way(String.t()) :: {:ok, keyword} | {:error, String.t()}
  def way(image) do
    case {Config.get(:ai_podman_runtime), Config.get(:ai_podman_args)} do
      {nil, []} ->
        Enum.find_value(@ways, {:error, "Podman cannot start a container on this machine."}, fn way ->
          if starts?(image, way), do: {:ok, way}
        end)

      {runtime, extra} ->
        {:ok, runtime: runtime, extra: extra}
    end
  end

  # Podman's own failures are 125 to 127; what else the program in there ends with, without an input, is its own affair.
  defp starts?(image, way) do
    name = "awap-ai-#{Podman.instance()}-probe"
    result = Podman.run_once(Container.arguments(name, [image: image, label: Podman.label()] ++ way))
    Podman.remove(name)

    case result do
      {:error, {:status, status}} -> status not in 125..127
      {:error, _not_in_time} -> false
      :ok -> true
    end
  end
end
