defmodule AwapBackend.Config do
  @moduledoc """
  The host's configuration: read once from environment variables, each checked, with errors that name the variable.

  `config/runtime.exs` calls `load!/2`; the rest of the host asks `get/1`. The variables are one table, `variables/0`,
  which the README's table follows.
  """

  alias AwapBackend.Config
  alias AwapBackend.Config.{Environment, Variable}

  defmodule Error do
    @moduledoc "The environment does not make a configuration: the message has a line for each variable at fault."
    defexception [:message, problems: []]
  end

  @type settings :: %{required(atom) => term}

  @doc """
  Every variable the host reads.

  `default` is what holds when it is unset: a value, or a function of the settings known so far (they are read in this
  order). `required` lists the environments in which it must be set.
  """
  @spec variables() :: [Variable.t()]
  def variables do
    [
      var("AWAP_DATA_DIR", :data_dir, :path, &default_data_dir/1, "Folder of the database and the secrets"),
      var("DATABASE_URL", :database_url, :database_url, &default_database_url/1,
        doc: "`sqlite:/path/file.db` or `postgres://user:password@host/database`",
        required: [:prod],
        secret: true
      ),
      var("SECRET_KEY_BASE", :secret_key_base, {:text, 64}, nil,
        doc: "Signs tokens; at least 64 characters. Elsewhere than in production made on first start",
        required: [:prod],
        secret: true
      ),
      Config.Moodle.variables(),
      var("PORT", :port, {:integer, 0, 65_535}, &default_port/1, "TCP port of the HTTP API"),
      var("AWAP_BIND", :bind, :ip_address, {127, 0, 0, 1}, "Address the HTTP API listens on"),
      var(
        "AWAP_CORS_ORIGINS",
        :cors_origins,
        :list,
        [],
        "Origins allowed to call the API from a browser, comma-separated"
      ),
      var(
        "AWAP_MAX_BODY_BYTES",
        :max_body_bytes,
        {:integer, 1_024, 1_073_741_824},
        67_108_864,
        "Largest request body"
      ),
      var(
        "AWAP_RATE_LIMIT",
        :rate_limit,
        {:integer, 1, 100_000_000},
        6_000,
        "Requests a minute for each API key"
      ),
      var(
        "AWAP_RATE_LIMIT_GLOBAL",
        :rate_limit_global,
        {:integer, 1, 100_000_000},
        nil,
        "Requests a minute for all API keys together"
      ),
      var(
        "AWAP_SIGN_IN_LIMIT",
        :sign_in_limit,
        {:integer, 1, 1_000_000},
        30,
        "Failed sign-ins a minute for each address; past it they are answered 429"
      ),
      var(
        "AWAP_TRUSTED_PROXIES",
        :trusted_proxies,
        :networks,
        [],
        "Proxies whose `X-Forwarded-For` is believed: addresses, or networks such as `10.0.0.0/8`, comma-separated"
      ),
      var(
        "AWAP_JWT_JWKS",
        :jwt_jwks,
        :file,
        nil,
        "File with the public keys (a JWK set) of an identity provider whose tokens are taken too"
      ),
      var("AWAP_JWT_ISSUER", :jwt_issuer, {:text, 1}, nil, "The `iss` that its tokens must have"),
      var("AWAP_JWT_AUDIENCE", :jwt_audience, {:text, 1}, nil, "The `aud` that its tokens must have"),
      var(
        "AWAP_JWT_ROLE_CLAIM",
        :jwt_role_claim,
        {:text, 1},
        "role",
        "The claim that says `admin`, `tutor` or `service`; dots lead into objects"
      ),
      var(
        "AWAP_WORKERS",
        :workers,
        {:integer, 1, 256},
        System.schedulers_online(),
        "TMAs marked at the same time"
      ),
      var("AWAP_CORE_MODE", :core_mode, {:one_of, [:port, :nif]}, :port, "How the core is called"),
      var(
        "CORE_EXECUTABLE",
        :core_executable,
        :executable,
        &find_program(&1, "awap-port"),
        "The core's program, `awap-port`"
      ),
      var(
        "AWAP_CORE_PROCESSES",
        :core_processes,
        {:integer, 1, 256},
        &workers/1,
        "Core processes kept in port mode"
      ),
      var(
        "AWAP_CORE_TIMEOUT_MS",
        :core_timeout_ms,
        {:integer, 100, 600_000},
        60_000,
        "Time one call of the core may take"
      ),
      var(
        "AWAP_STORE_EXECUTABLE",
        :store_executable,
        :executable,
        &find_program(&1, "awap-store"),
        "The store's program, `awap-store`"
      ),
      var("POOL_SIZE", :pool_size, {:integer, 1, 1_000}, 10, "Database connections"),
      var("EVENT_STORE_URL", :event_store_url, :database_url, nil,
        doc: "Where events are kept, if not beside the TMAs: another database, to which they are copied",
        secret: true
      ),
      var(
        "AWAP_QUEUE_LIMIT",
        :queue_limit,
        {:integer, 1, 10_000_000},
        10_000,
        "TMAs that may wait; past it a submission is answered 503"
      ),
      var(
        "AWAP_LEASE_MS",
        :lease_ms,
        {:integer, 1_000, 3_600_000},
        30_000,
        "Time after which a job whose host fell silent is given to another worker"
      ),
      var(
        "AWAP_POLL_MS",
        :poll_ms,
        {:integer, 50, 600_000},
        &default_poll/1,
        "How often an idle worker looks for jobs left by others"
      ),
      var("AWAP_PSEUDONYM_KEY", :pseudonym_key, :key, nil,
        doc: "Hex, 32 bytes or more: makes pseudonyms. Made on first start if unset",
        secret: true
      ),
      var("AWAP_SEAL_KEY", :seal_key, :seal_key, nil,
        doc: "Hex, 32 bytes: seals what identifies a student. Made on first start if unset",
        secret: true
      ),
      var("AWAP_SEAL_KEYS_OLD", :seal_keys_old, :seal_keys, nil,
        doc: "Earlier seal keys that still open, comma-separated",
        secret: true
      ),
      var(
        "AWAP_KEEP_ORIGINALS",
        :keep_originals,
        {:one_of, [true, false]},
        true,
        "Whether sealed originals are kept once a TMA is completed"
      ),
      var(
        "AWAP_RETAIN_ORIGINALS_DAYS",
        :retain_originals_days,
        {:integer, 1, 36_525},
        nil,
        "Days after which the sealed original of a completed or failed TMA is purged; none, never"
      ),
      var(
        "AWAP_RETAIN_TMAS_DAYS",
        :retain_tmas_days,
        {:integer, 1, 36_525},
        nil,
        "Days after which such a TMA is purged whole, and its student's identity with their last; none, never"
      ),
      var(
        "AWAP_RETAIN_IDEMPOTENCY_DAYS",
        :retain_idempotency_days,
        {:integer, 1, 36_525},
        30,
        "Days for which a submission that is sent again under its idempotency key is known"
      ),
      var(
        "AI_CONTAINER_IMAGE",
        :ai_container_image,
        {:text, 1},
        nil,
        "Image of the AI container; none, no AI"
      ),
      var("MAX_AI_CONTAINERS", :max_ai_containers, {:integer, 0, 1_000}, 2, "AI containers at most"),
      var(
        "AI_PODMAN_RUNTIME",
        :ai_podman_runtime,
        {:text, 1},
        nil,
        "OCI runtime given to Podman, such as `runc`"
      ),
      var(
        "AI_PODMAN_ARGS",
        :ai_podman_args,
        :words,
        [],
        "Further arguments of `podman run`, separated by spaces, such as `--ulimit nofile=1024:1024`"
      ),
      var("AI_PODMAN", :ai_podman, :executable, &find_podman/1, "The program `podman`"),
      var("AI_MODEL", :ai_model, :file, nil, "Model file (GGUF) that the containers see, read-only"),
      var(
        "AI_TIMEOUT_MS",
        :ai_timeout_ms,
        {:integer, 100, 600_000},
        30_000,
        "Time that suggestions for one TMA may take; past it the feedback goes without"
      ),
      var(
        "AI_QUEUE_LIMIT",
        :ai_queue_limit,
        {:integer, 1, 100_000},
        64,
        "Requests that may wait for an AI container"
      ),
      var(
        "AWAP_LOG_LEVEL",
        :log_level,
        {:one_of, [:debug, :info, :warning, :error]},
        &default_log_level/1,
        "Least level that is logged"
      ),
      var(
        "AWAP_LOG_FORMAT",
        :log_format,
        {:one_of, [:text, :json]},
        :text,
        "Log lines for people or for programs"
      )
    ]
    |> List.flatten()
  end

  @doc """
  Reads the settings from `env` (a map of variables).

  `root` is the folder of the repository: in development and tests the data folder and the built programs are found
  under it.
  """
  @spec load(%{String.t() => String.t()}, atom, Path.t()) :: {:ok, settings} | {:error, [String.t()]}
  def load(env, env_name, root) do
    case examine(env, env_name, root) do
      {settings, []} -> {:ok, settings}
      {_settings, problems} -> {:error, problems}
    end
  end

  @doc "As `load/3`, for whoever goes on with what there is: the settings, nil where one cannot be used, and every problem."
  @spec examine(%{String.t() => String.t()}, atom, Path.t()) :: {settings, [String.t()]}
  def examine(env, env_name, root) do
    env = if env_name == :test, do: test_database(env), else: env
    start = %{env: env_name, root: root, target: env["AWAP_TARGET_DIR"], profile: env["AWAP_PROFILE"]}

    {settings, problems} =
      Enum.reduce(variables(), {start, []}, fn variable, {settings, problems} ->
        case Variable.read(variable, env, env_name, settings) do
          {:ok, value} -> {Map.put(settings, variable.key, value), problems}
          {:error, problem} -> {Map.put(settings, variable.key, nil), [problem | problems]}
        end
      end)

    # A value that is at fault reads as nil: what it says of others would mislead.
    problems =
      if problems == [],
        do: across(settings) ++ Config.Moodle.across(settings),
        else: Enum.reverse(problems)

    settings = settings |> Map.drop([:target, :profile]) |> Map.put(:identity_provider, provider(settings))
    {settings, problems}
  end

  @doc """
  The settings of this process's own environment, as `load!/3`.

  The environment is not an argument: an error's stack trace shows arguments, and these hold secrets.
  """
  @spec load!(atom, Path.t()) :: settings
  def load!(env_name, root), do: load!(Environment.read(), env_name, root)

  @doc "As `load/3`, raising `AwapBackend.Config.Error` with every problem found."
  @spec load!(%{String.t() => String.t()}, atom, Path.t()) :: settings
  def load!(env, env_name, root) do
    case load(env, env_name, root) do
      {:ok, settings} ->
        settings

      {:error, problems} ->
        message = "The configuration cannot be used:\n" <> Enum.map_join(problems, "\n", &("  - " <> &1))
        raise Error, message: message, problems: problems
    end
  end

  @doc "One setting of the running host, such as `:port` or `:queue_limit`."
  @spec get(atom) :: term
  def get(key) do
    # An error that showed the map would show the secrets.
    case all() do
      %{^key => value} -> value
      _other -> raise ArgumentError, "there is no setting #{inspect(key)}"
    end
  end

  @doc "Where events are read: `EVENT_STORE_URL`, or beside the TMAs."
  @spec events_url() :: String.t()
  def events_url, do: get(:event_store_url) || get(:database_url)

  @doc "Whether events are kept in another database than the TMAs."
  @spec events_elsewhere?() :: boolean
  def events_elsewhere?, do: events_url() != get(:database_url)

  @doc "All settings of the running host. They hold secrets: not to be logged or inspected."
  @spec all() :: settings
  def all, do: Application.fetch_env!(:awap_backend, :settings)

  # Tests never touch the database that the shell they run in may name.
  defp test_database(env) do
    env
    |> Map.put("DATABASE_URL", Map.get(env, "AWAP_TEST_DATABASE_URL", ""))
    |> Map.put("EVENT_STORE_URL", Map.get(env, "AWAP_TEST_EVENT_STORE_URL", ""))
  end

  @doc """
  How the processes that we start log, to the same stderr: as much as we do, unless `AWAP_LOG` says otherwise, and in the same
  format.
  """
  @spec child_log() :: [{String.t(), String.t()}]
  def child_log do
    level = %{debug: "debug", info: "info", warning: "warn", error: "error"}[get(:log_level)]

    [
      {"AWAP_LOG", System.get_env("AWAP_LOG", level <> ",sqlx=error")},
      {"AWAP_LOG_FORMAT", to_string(get(:log_format))}
    ]
  end

  @doc "The secrets among the variables, unset: what a process we start has no need of, it does not see."
  @spec hidden_from_children() :: [{String.t(), nil}]
  def hidden_from_children, do: for(%Variable{secret: true, name: name} <- variables(), do: {name, nil})

  # What can only be judged with two settings in hand.
  @provider [jwt_jwks: "AWAP_JWT_JWKS", jwt_issuer: "AWAP_JWT_ISSUER", jwt_audience: "AWAP_JWT_AUDIENCE"]

  # A token that anyone may have issued, or that is for someone else, is no token.
  defp across(settings) do
    case Enum.split_with(@provider, fn {key, _name} -> settings[key] end) do
      {[], _missing} ->
        []

      {set, missing} ->
        set = Enum.map_join(set, " and ", &elem(&1, 1))
        for {_key, name} <- missing, do: "#{name} is not set, and goes with #{set}."
    end
  end

  defp provider(%{jwt_jwks: nil}), do: nil

  defp provider(settings) do
    %{
      jwks: settings.jwt_jwks,
      issuer: settings.jwt_issuer,
      audience: settings.jwt_audience,
      role_claim: settings.jwt_role_claim
    }
  end

  defp var(name, key, type, default, doc) when is_binary(doc), do: var(name, key, type, default, doc: doc)

  defp var(name, key, type, default, options) do
    struct!(Variable, [name: name, key: key, type: type, default: default] ++ options)
  end

  defp workers(settings), do: settings.workers || 1

  defp default_poll(%{env: :test}), do: 100
  defp default_poll(_settings), do: 1_000

  # Tests run beside a host that may be up: any free port.
  defp default_port(%{env: :test}), do: 0
  defp default_port(_settings), do: 4000

  defp default_data_dir(%{env: :prod}), do: "/var/lib/awap"

  # Each run of the tests has a folder of its own, named after its process.
  defp default_data_dir(%{env: :test}), do: Path.join(System.tmp_dir!(), "awap-test-#{System.pid()}")
  defp default_data_dir(%{root: root}), do: Path.join(root, "var")

  defp default_database_url(%{data_dir: nil}), do: nil
  defp default_database_url(%{data_dir: folder}), do: "sqlite:" <> Path.join(folder, "awap.db")

  defp default_log_level(%{env: :test}), do: :warning
  defp default_log_level(_settings), do: :info

  # The program of this name: in the build folder that was named, in the release, in the repository's build folder,
  # in PATH. Where there is none, the host starts and says so in its health.
  defp find_program(%{root: root, target: target, profile: profile}, name) do
    target = target || Path.join(root, "target")
    built = for folder <- folders(profile), do: Path.join([target, folder, name])
    released = Path.join([to_string(:code.lib_dir(:awap_backend)), "priv", "bin", name])

    Enum.find([released | built], &Variable.executable?/1) || System.find_executable(name)
  end

  defp find_podman(_settings), do: System.find_executable("podman")

  # Cargo's profile `dev` builds into `debug`.
  defp folders(nil), do: ["release", "debug"]
  defp folders("dev"), do: ["debug"]
  defp folders(profile), do: [profile]
end
