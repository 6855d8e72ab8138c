defmodule AwapBackend.Application do
  @moduledoc """
  The host's supervision tree.

  Who depends on another starts after it, and is stopped before it: on shutdown the endpoint stops taking requests first,
  then the workers finish what they have in hand, and the store goes last.
  """

  use Application

  alias AwapBackend.{Config, LogTranslator, Secrets}

  @impl true
  def start(_type, _args) do
    LogTranslator.install()
    complete_settings()

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
    Application.put_env(:awap_backend, :settings, Secrets.complete!(settings))
  end

  # A folder that we make is for our user alone; one that is there has the rights its owner gave it.
  defp data_dir!(folder) do
    unless File.dir?(folder) do
      File.mkdir_p!(folder)
      File.chmod!(folder, 0o700)
    end
  end
end
