defmodule AwapBackend.Repo do
  @moduledoc """
  The store: `awap-store`, a process of its own over SQLite or PostgreSQL, asked for what the domain needs done.

  Commands and answers are those of `awap-store/PROTOCOL.md`. Where the store is gone, calls answer `unavailable` until
  it is back; nothing is half done, as each command is one transaction. A `timeout` or an `unavailable` whose
  `details.reason` is `process_exit` leaves open whether the command took effect: repeat what is safe to repeat.
  """

  alias AwapBackend.{Config, PortClient}

  require Logger

  # Bringing a large database up to date takes its time, and must not be cut short: it would begin anew each time.
  @start_ms 600_000
  # The store's exit status for a configuration or migration that cannot work (EX_CONFIG).
  @ex_config 78
  @pause_ms 100

  @type error :: PortClient.error()

  @doc false
  def child_spec(options) do
    %{id: __MODULE__, start: {__MODULE__, :start_link, [options]}, shutdown: 10_000}
  end

  # What the store takes as one request, unless told otherwise.
  @request_bytes 128 * 1_048_576

  @doc """
  Starts the store's process and its owner.

  Options: those of `AwapBackend.PortClient`, over what the configuration says.
  """
  @spec start_link(keyword) :: GenServer.on_start()
  def start_link(options \\ []) do
    [
      name: __MODULE__,
      component: :store,
      program: Config.get(:store_executable),
      env: environment(),
      max_in_flight: 2_000,
      max_request_bytes: @request_bytes,
      start_ms: @start_ms,
      telemetry: {[:awap_backend, :store, :call], %{}}
    ]
    |> Keyword.merge(options)
    |> PortClient.start_link()
  end

  @doc "Asks the store; waits for its answer at most `timeout` milliseconds."
  @spec call(String.t(), map, pos_integer) :: {:ok, map} | {:error, error}
  def call(command, data, timeout \\ 15_000), do: PortClient.call(__MODULE__, command, data, timeout)

  @doc "What state the store's process is in, as `AwapBackend.PortClient.status/1`."
  @spec status() :: map
  def status, do: PortClient.status(__MODULE__)

  @doc """
  Waits until the store answers, at most so many milliseconds; longer while it brings its database up to date.

  `{:refused, reason}` where it will not, as its configuration cannot be used or a migration failed, in its own words; `{:away,
  error}` where it may yet.
  """
  @spec await(non_neg_integer) :: :ok | {:refused, String.t()} | {:away, error}
  def await(milliseconds), do: await_until(System.monotonic_time(:millisecond) + milliseconds)

  defp await_until(until) do
    case {call("health_check", %{}, 5_000), status().last_exit} do
      {{:ok, _health}, _last_exit} ->
        :ok

      {_error, {:status, @ex_config}} ->
        {:refused, refusal()}

      {{:error, %{"details" => %{"reason" => "no_program"}} = error}, _last_exit} ->
        {:away, error}

      {{:error, %{"code" => code, "details" => %{"reason" => "starting"}}}, _last_exit} ->
        if code == "timeout",
          do:
            Logger.notice("The store does not answer yet: it brings its database up to date, or waits for it")

        Process.sleep(@pause_ms)
        await_until(until)

      {{:error, error}, _last_exit} ->
        if System.monotonic_time(:millisecond) < until do
          Process.sleep(@pause_ms)
          await_until(until)
        else
          {:away, error}
        end
    end
  end

  # What it says on its way out, heard once more from one that has nobody to serve.
  defp refusal do
    command = ~s(exec "$0" </dev/null 2>&1)
    environment = environment() ++ [{"AWAP_LOG", "off"}, {"AWAP_LOG_FORMAT", "text"}]
    {said, _status} = System.cmd("/bin/sh", ["-c", command, Config.get(:store_executable)], env: environment)

    case said |> String.trim() |> String.replace_prefix("awap-store: ", "") do
      "" -> "the store refused its configuration or a migration failed, and did not say why"
      reason -> reason
    end
  end

  # Only the secrets it needs.
  defp environment do
    Config.hidden_from_children() ++
      Config.child_log() ++
      [
        {"DATABASE_URL", Config.get(:database_url)},
        {"EVENT_STORE_URL", Config.get(:event_store_url)},
        {"AWAP_SEAL_KEY", Config.get(:seal_key)},
        {"AWAP_PSEUDONYM_KEY", Config.get(:pseudonym_key)},
        {"AWAP_SEAL_KEYS_OLD", Config.get(:seal_keys_old)},
        {"AWAP_KEEP_ORIGINALS", to_string(Config.get(:keep_originals))},
        {"MOODLE_UPLOAD", to_string(Config.get(:moodle_upload))},
        {"POOL_SIZE", Integer.to_string(Config.get(:pool_size))}
      ]
  end
end
