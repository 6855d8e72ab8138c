defmodule AwapBackend.Doctor.Programs do
  @moduledoc "Whether the Rust programs are there and of the host's version."

  import AwapBackend.Doctor.Finding

  alias AwapBackend.Release.Version

  # Part of the host only where it was built so.
  @native AwapBackend.CoreBridge.Native

  @doc false
  def check(%{settings: settings}) do
    [program("awap-store", settings.store_executable, "AWAP_STORE_EXECUTABLE") | core(settings)]
  end

  defp core(%{core_mode: :nif} = settings) do
    if Code.ensure_loaded?(@native) do
      case apply(@native, :health_check, [%{}]) do
        {:ok, %{"version" => version}} ->
          [of_version("awap_nif", version)]

        {:error, %{"message" => message}} ->
          [fault("awap_nif", message, "Set AWAP_CORE_MODE=port, or install it anew.")]
      end
    else
      advice = "Set AWAP_CORE_MODE=port, or build with AWAP_CORE_MODE=nif."
      [fault("awap_nif", "AWAP_CORE_MODE is nif, and this host was built without the NIF.", advice)]
    end ++ [program("awap-port", settings.core_executable, "CORE_EXECUTABLE")]
  end

  defp core(settings), do: [program("awap-port", settings.core_executable, "CORE_EXECUTABLE")]

  defp program(name, nil, variable) do
    advice = "Build it (cargo build --release -p #{name}), or set #{variable} to where it is."
    fault(name, "not found.", advice)
  end

  defp program(name, path, variable) do
    case Version.version(path) do
      nil ->
        fault(
          name,
          "#{path} does not run.",
          "Install it anew, or set #{variable} to one that was built for this machine."
        )

      version ->
        of_version(name, version, path)
    end
  end

  defp of_version(name, version, path \\ nil) do
    place = if path, do: " (#{path})", else: ""

    if version == Version.host() do
      ok(name, version <> place)
    else
      advice = "Use programs and host of one build: between versions what they say to each other may differ."
      fault(name, "#{version}#{place}, while the host is #{Version.host()}.", advice)
    end
  end
end
