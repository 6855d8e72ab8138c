defmodule AwapBackend.FirstStart do
  @moduledoc """
  What has to be so before the host serves: the store is there, and an administrator's API key works.

  Waits for the store. A migration that fails ends the start with the reason; a database that is away does not: the host
  comes up, says so in its health, and this goes on trying until the key is stored.
  """

  use GenServer, restart: :transient

  alias AwapBackend.{Config, Repo, Secrets}

  require Logger

  @wait_ms 20_000
  @retry_ms 2_000

  def start_link(_options), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  @impl true
  def init(nil) do
    Logger.metadata(component: :first_start)

    case Repo.await(wait_ms()) do
      :ok ->
        ensure_key()

      {:refused, reason} ->
        {:stop, reason}

      {:away, %{"details" => %{"reason" => "no_program"}}} ->
        Logger.error(
          "awap-store was not found: build it (cargo build -p awap-store) or set AWAP_STORE_EXECUTABLE"
        )

        {:ok, nil, @retry_ms}

      {:away, _error} ->
        Logger.error("The database does not answer; the host starts without it and keeps trying")
        {:ok, nil, @retry_ms}
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
