defmodule AwapBackend.Application do
  @moduledoc """
  The host's supervision tree.

  Who depends on another starts after it, and is stopped before it: on shutdown the endpoint stops taking requests first,
  then the workers finish what they have in hand, and the store goes last.
  """

  use Application

  alias AwapBackend.{Config, LogTranslator, Release, Secrets}

  # EX_CONFIG of sysexits.h.
  @ex_config 78

  @impl true
  def start(_type, _args) do
    LogTranslator.install()
    complete_settings()
    start_children() |> told()
  rescue
    error in Secrets.Error ->
      status = if error.passing?, do: 1, else: @ex_config
      if release?(), do: refuse(error.message, status), else: reraise(error, __STACKTRACE__)
  end

  defp start_children do
    children =
      [AwapBackend.Telemetry] ++
        web(AwapBackendWeb.Telemetry) ++
        [
          AwapBackend.Repo,
          AwapBackend.PubSub,
          AwapBackend.CoreBridge,
          AwapBackend.FirstStart,
          AwapBackend.EventStore,
          AwapBackend.Core.WorkerPool,
          AwapBackend.Comparisons,
          AwapBackend.AI.Manager,
          AwapBackend.Moodle.HTTP.Pool,
          AwapBackend.Moodle.Tokens,
          {Task.Supervisor, name: AwapBackend.Moodle.TaskSupervisor},
          AwapBackend.Moodle.Outbox,
          AwapBackend.Moodle.SyncScheduler,
          AwapBackend.Retention,
          AwapBackend.Health
        ] ++ web(AwapBackendWeb.Endpoint) ++ web(AwapBackend.ServiceManager)

    Supervisor.start_link(children,
      strategy: :one_for_one,
      max_restarts: 10,
      max_seconds: 5,
      name: AwapBackend.Supervisor
    )
  end

  # Who runs a release wants the sentence, not a stack trace, and systemd that starting again is of no use.
  defp told({:error, {:shutdown, {:failed_to_start_child, AwapBackend.FirstStart, reason}}} = error)
       when is_binary(reason) do
    if release?(), do: refuse(reason, @ex_config), else: error
  end

  defp told(started), do: started

  defp refuse(reason, status) do
    IO.puts(:stderr, "awap: #{reason}")
    System.halt(status)
  end

  # A release loads its modules before it starts.
  defp release?, do: :code.get_mode() == :embedded

  @impl true
  def stop(_state), do: AwapBackend.Telemetry.forget()

  defp web(module) do
    endpoint = Application.get_env(:awap_backend, AwapBackendWeb.Endpoint, [])
    if Keyword.get(endpoint, :server, true), do: [module], else: []
  end

  # Secrets that nobody set come from files, made now if this is the first start.
  defp complete_settings do
    settings = Config.all()
    data_dir!(settings.data_dir)
    if settings.store_executable, do: no_data_without_keys!(settings, Secrets.missing(settings))
    Application.put_env(:awap_backend, :settings, Secrets.complete!(settings))
  end

  # A key that is made now would not be the one that the data is sealed under, or that made the pseudonyms in it: what came in
  # meanwhile could not be read once the right one is put back.
  defp no_data_without_keys!(_settings, []), do: :ok

  defp no_data_without_keys!(settings, missing) do
    files = Enum.map_join(missing, ", ", &Secrets.path(settings.data_dir, &1))

    case Release.Store.check(settings) do
      {:ok, %{"state" => "empty"}} ->
        :ok

      {:ok, %{"state" => state}} when state in ~w(current older newer foreign) ->
        raise Secrets.Error,
          message:
            "the database has data, and the keys that it depends on are neither in the environment nor in #{files}: " <>
              "restore them from a backup of the secrets, or point DATABASE_URL at an empty database."

      unknown ->
        raise Secrets.Error,
          passing?: true,
          message:
            "#{why(unknown)} There are no keys (#{files}), and before any are made it has to be seen that the database is empty."
    end
  end

  defp why({:error, sentence}), do: sentence

  defp why({:ok, found}) do
    found["message"] || "The database does not answer."
  end

  # A folder that we make is for our user alone; one that is there has the rights its owner gave it.
  defp data_dir!(folder) do
    unless File.dir?(folder) do
      File.mkdir_p!(folder)
      File.chmod!(folder, 0o700)
    end
  end
end
