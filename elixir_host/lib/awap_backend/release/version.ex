defmodule AwapBackend.Release.Version do
  @moduledoc "`awap version`: the host's version, and what its programs say of theirs."

  alias AwapBackend.Release

  @doc "Prints the versions."
  @spec run(map) :: Release.outcome()
  def run(settings) do
    IO.puts("awap #{host()}")
    IO.puts("  Erlang/OTP #{System.otp_release()}, Elixir #{System.version()}")

    for {name, program} <- [
          {"awap-port", settings.core_executable},
          {"awap-store", settings.store_executable}
        ] do
      IO.puts("  #{name} #{version(program) || "not found"}")
    end

    {0, nil}
  end

  @doc "The host's own version."
  @spec host() :: String.t()
  def host do
    Application.load(:awap_backend)
    to_string(Application.spec(:awap_backend, :vsn))
  end

  @doc "The version that a program of ours says it has, nil where it says none."
  @spec version(Path.t() | nil) :: String.t() | nil
  def version(nil), do: nil

  def version(program) do
    hidden = AwapBackend.Config.hidden_from_children()

    case System.cmd("timeout", ["10", program, "--version"], env: hidden, stderr_to_stdout: true) do
      {said, 0} -> said |> String.split() |> List.last()
      _other -> nil
    end
  end
end
