defmodule AwapBackend.Release do
  @moduledoc """
  The commands of `bin/awap` in a release, but `start` and `stop`, which are that script's own.

  They work beside a running host and without one: each brings an `awap-store` of its own, configured as the host is. What
  is asked for goes to stdout, what is told about it to stderr. Statuses: 0 done; 1 it did not succeed, or is at fault;
  64 asked for wrongly; 78 the configuration cannot be used.
  """

  alias AwapBackend.{Config, Doctor}
  alias AwapBackend.Release.{Backup, Keys, Maintenance, Version}

  @usage 64
  @configuration 78

  @help """
  awap: the host of AWAP, and what is done about it

    awap start                     run the host, until SIGTERM or Ctrl-C
    awap stop                      stop a host that `awap start` runs; work in hand is finished first
    awap doctor [--json]           say what is missing or wrong on this machine, and what to do
    awap moodle-check [--json]     call the configured Moodle site: what works, what is missing, what a sync would do; changes nothing
    awap version                   say which version this is

    awap key create NAME [--role admin|tutor|service]
                                   make an API key (role tutor unless said): printed once, and kept nowhere in clear
    awap key list [--json]         the API keys there are
    awap key revoke ID             revoke one, for good

    awap backup FILE               copy the database, while it is in use, to a new file (not the keys: see the guide)
    awap restore FILE              put a backup in the place of a database that is not there, or is empty
    awap verify [--after POSITION:HASH]
                                   read all events, or those after a place, and check that none was changed
    awap accept-events --reason WHY
                                   let events stand whose end this store did not write, once you know why
    awap reseal                    seal what older keys sealed under AWAP_SEAL_KEY, after a change of key

    awap anonymize | parse | mark | batch | score | calibrate | compare | completions
                                   the verbs for files of your own, without a host: awap batch --help

  Settings are environment variables, read from /etc/awap/awap.env (AWAP_ENV_FILE names another) where they are not set
  already. Run by root, a command becomes the user whom the data folder belongs to.
  Status: 0 done, 1 not, 64 wrong usage, 78 settings that cannot be used. Guide: share/doc/operations.md
  """

  @typedoc "What a command is run with: the variables, the environment's name, and the folder of the release or repository."
  @type context :: %{env: %{String.t() => String.t()}, env_name: atom, root: Path.t()}

  @typedoc "The end of a command: its status, and what is told about it."
  @type outcome :: {status :: non_neg_integer, sentence :: String.t() | nil}

  @doc "Runs the command that this VM was started with, and ends the VM with its status."
  @spec main() :: no_return
  def main do
    :io.setopts(:standard_io, encoding: :unicode)
    :io.setopts(:standard_error, encoding: :unicode)
    quieten()
    context = %{env: Config.Environment.read(), env_name: :prod, root: System.fetch_env!("RELEASE_ROOT")}
    System.argv() |> run(context) |> System.halt()
  end

  @doc "Runs one command; its status."
  @spec run([String.t()], context) :: non_neg_integer
  def run(arguments, context) do
    {status, sentence} = dispatch(arguments, context)
    if sentence, do: IO.puts(:stderr, ["awap: ", sentence])
    status
  end

  defp dispatch(["help" | _], _context), do: help()
  defp dispatch([option], _context) when option in ["--help", "-h"], do: help()
  defp dispatch(["version"], context), do: Version.run(settings_or_none(context))
  defp dispatch(["doctor" | options], context), do: looked_at("doctor", Doctor, options, context)

  defp dispatch(["moodle-check" | options], context),
    do: looked_at("moodle-check", AwapBackend.Moodle.Check, options, context)

  defp dispatch(["key", "create" | options], context), do: configured(context, &Keys.create(&1, options))
  defp dispatch(["key", "list" | options], context), do: configured(context, &Keys.list(&1, options))
  defp dispatch(["key", "revoke", id], context), do: configured(context, &Keys.revoke(&1, id))
  defp dispatch(["backup", path], context), do: configured(context, &Backup.run(&1, path))
  defp dispatch(["restore", path], context), do: configured(context, &Backup.restore(&1, path))
  defp dispatch(["verify" | options], context), do: configured(context, &Maintenance.verify(&1, options))

  defp dispatch(["accept-events" | options], context),
    do: configured(context, &Maintenance.accept(&1, options))

  defp dispatch(["reseal"], context), do: configured(context, &Maintenance.reseal/1)
  defp dispatch([command | _], _context), do: usage("“#{command}” cannot be run so.")

  @doc "The end of a command that was asked for wrongly."
  @spec usage(String.t()) :: outcome
  def usage(sentence), do: {@usage, sentence <> " (awap help)"}

  defp help do
    IO.write(@help)
    {0, nil}
  end

  defp looked_at(command, module, options, context) do
    case options do
      [] -> {module.run(context, :text), nil}
      ["--json"] -> {module.run(context, :json), nil}
      _other -> usage("#{command} takes --json, and nothing else.")
    end
  end

  defp configured(context, command) do
    case Config.load(context.env, context.env_name, context.root) do
      {:ok, settings} -> command.(settings)
      {:error, problems} -> {@configuration, Enum.join(["the settings cannot be used:" | problems], "\n  - ")}
    end
  end

  defp settings_or_none(context) do
    {settings, _problems} = Config.examine(context.env, context.env_name, context.root)
    settings
  end

  # What is logged here would only repeat what a command says.
  defp quieten do
    Application.load(:logger)
    Application.put_env(:logger, :level, :error)
    Application.put_env(:logger, :console, device: :standard_error)
    {:ok, _started} = Application.ensure_all_started(:logger)
  end
end
