defmodule AwapBackend.FirstStart do
  @moduledoc """
  What has to be so before the host serves: the store is there, and an administrator's API key works.

  Waits for the store. A migration that fails ends the start with the reason; a database that is away does not: the host
  comes up, says so in its health, and this goes on trying until the key is stored.
  """

  use GenServer, restart: :transient

  alias AwapBackend.{Config, Repo, Secrets}

  require Logger

  # The store's exit status for a configuration or migration that cannot work (EX_CONFIG).
  @ex_config 78
  @wait_ms 20_000
  @pause_ms 100
  @retry_ms 2_000

  def start_link(_options), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  @impl true
  def init(nil) do
    Logger.metadata(component: :first_start)

    case await(System.monotonic_time(:millisecond) + wait_ms()) do
      :ok -> ensure_key()
      {:halt, reason} -> {:stop, reason}
      :away -> {:ok, nil, @retry_ms}
    end
  end

  @impl true
  def handle_info(:timeout, state) do
    case store_key() do
      :ok -> {:stop, :normal, state}
      :error -> {:noreply, state, @retry_ms}
    end
  end

  defp ensure_key do
    case store_key() do
      :ok -> :ignore
      :error -> {:ok, nil, @retry_ms}
    end
  end

  defp await(until) do
    case {Repo.call("health_check", %{}, 5_000), Repo.status().last_exit} do
      {{:ok, _health}, _last_exit} ->
        :ok

      {_error, {:status, @ex_config}} ->
        {:halt,
         "the store refused its configuration or a migration failed: its reason is above, in its own words"}

      {{:error, %{"details" => %{"reason" => "no_program"}}}, _last_exit} ->
        Logger.error(
          "awap-store was not found: build it (cargo build -p awap-store) or set AWAP_STORE_EXECUTABLE"
        )

        :away

      _away ->
        if System.monotonic_time(:millisecond) < until do
          Process.sleep(@pause_ms)
          await(until)
        else
          Logger.error("The database does not answer; the host starts without it and keeps trying")
          :away
        end
    end
  end

  defp wait_ms, do: Application.get_env(:awap_backend, :first_start_wait_ms, @wait_ms)

  defp store_key do
    {key, path} = Secrets.api_key!(Config.get(:data_dir))

    request = %{
      "name" => "first administrator",
      "role" => "admin",
      "key" => key,
      "actor" => %{"type" => "system", "id" => "first_start"}
    }

    case Repo.call("ensure_api_key", request) do
      {:ok, %{"created" => true}} ->
        Logger.info("The first administrator's API key is in #{path}")
        :ok

      {:ok, _known} ->
        :ok

      {:error, %{"code" => code}} ->
        Logger.error("The first administrator's API key could not be stored", code: code)
        :error
    end
  end
end
