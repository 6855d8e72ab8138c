defmodule AwapBackend.Doctor.Machine do
  @moduledoc "The runtime, its libraries, the language, the clock and the limits of the process."

  import AwapBackend.Doctor.Finding

  # As mix.exs has them.
  @least_otp 25
  @least_elixir "1.14.0"
  # Connections of the endpoint (2,048), their files, the programs' pipes, and some to spare.
  @files 4_096
  # The year this was written: a clock before it was never set.
  @year 2025

  @doc false
  def check(context) do
    [runtime(), locale(), clock()] ++ libraries() ++ limits(context) ++ user(context)
  end

  defp runtime do
    otp = System.otp_release() |> Integer.parse() |> elem(0)
    message = "Erlang/OTP #{otp}, Elixir #{System.version()}, #{:erlang.system_info(:system_architecture)}"

    if otp >= @least_otp and Version.compare(System.version(), @least_elixir) != :lt,
      do: ok("runtime", message),
      else:
        fault(
          "runtime",
          message <> " is too old.",
          "Install Erlang/OTP #{@least_otp} and Elixir #{@least_elixir} or later."
        )
  end

  # Libraries in C that come with the operating system's packages or the release.
  defp libraries do
    for {name, package, works?} <- [
          {"crypto", "libssl3", fn -> :crypto.hash(:sha256, "") && :crypto.info_lib() end},
          {"jiffy", "erlang-jiffy", fn -> :jiffy.encode(%{}) end},
          {"mochiweb", "erlang-mochiweb",
           fn -> {:module, _} = Code.ensure_loaded(:mochiweb_socket_server) end},
          {"cowlib", "erlang-cowlib", fn -> {:module, _} = Code.ensure_loaded(:cow_ws) end},
          {"jose", "erlang-jose", fn -> {:module, _} = Code.ensure_loaded(:jose_jwt) end}
        ] do
      try do
        told(name, works?.())
      catch
        _kind, _reason -> fault(name, "cannot be loaded.", "Install it (Debian: apt install #{package}).")
      end
    end
    |> Enum.reject(&(&1 == :silent))
  end

  defp told("crypto", [{_name, _number, version} | _]), do: ok("crypto", to_string(version))
  defp told(_name, _works), do: :silent

  defp locale do
    if :file.native_name_encoding() == :utf8,
      do: ok("language", "names and paths are UTF-8"),
      else: fault("language", "names of files are not UTF-8.", "Set LC_ALL=C.UTF-8.")
  end

  defp clock do
    cond do
      DateTime.utc_now().year < @year ->
        advice =
          "Set the clock and have it kept (Debian: apt install systemd-timesyncd): tokens and certificates go by it."

        fault("clock", "it is in #{DateTime.utc_now().year}.", advice)

      synchronized() == "no" ->
        warning("clock", "it is not kept by a time service.", "Switch one on: timedatectl set-ntp true")

      true ->
        ok("clock", DateTime.utc_now() |> DateTime.truncate(:second) |> DateTime.to_string())
    end
  end

  # `no` is only said where systemd keeps the time: elsewhere nothing is known.
  defp synchronized do
    arguments = ["5", "timedatectl", "show", "--property=NTPSynchronized", "--value"]

    with path when is_binary(path) <- System.find_executable("timedatectl"),
         {said, 0} <- System.cmd("timeout", arguments, stderr_to_stdout: true) do
      String.trim(said)
    else
      _unknown -> nil
    end
  end

  defp limits(context) do
    case File.read("/proc/self/limits") do
      {:ok, table} ->
        [files(limit(table, "Max open files")) | cores(limit(table, "Max core file size"), context)]

      {:error, _none} ->
        [skipped("open files", "this system has no /proc to ask")]
    end
  end

  @doc "The soft limit of this name in `/proc/PID/limits`: a number or `:unlimited`."
  @spec limit(String.t(), String.t()) :: non_neg_integer | :unlimited | nil
  def limit(table, name) do
    case Regex.run(~r/^#{Regex.escape(name)}\s+(\S+)/m, table) do
      [_line, "unlimited"] -> :unlimited
      [_line, number] -> String.to_integer(number)
      nil -> nil
    end
  end

  # Any atom is more than any number.
  defp files(most) when most >= @files, do: ok("open files", "#{most} may be open")

  defp files(most) do
    advice = "Raise it to 65536: LimitNOFILE= of the unit, --ulimit nofile= of the container, or ulimit -n."
    warning("open files", "#{most} may be open, and each connection takes one.", advice)
  end

  defp cores(0, _context), do: []
  defp cores(_most, %{env_name: env_name}) when env_name != :prod, do: []

  defp cores(_most, _context) do
    advice = "Set LimitCORE=0 in the unit, --ulimit core=0 for the container, or ulimit -c 0."

    [
      warning(
        "core dumps",
        "a program that crashes would leave its memory on disk, and students' work with it.",
        advice
      )
    ]
  end

  defp user(%{env_name: :prod}) do
    case System.cmd("id", ["-u"]) do
      {"0\n", 0} ->
        [warning("user", "this is root, and AWAP needs no rights of root.", "Run it as a user of its own.")]

      _other ->
        []
    end
  end

  defp user(_context), do: []
end
