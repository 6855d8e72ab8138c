defmodule AwapBackendWeb.Endpoint do
  @moduledoc """
  The HTTP endpoint: a listener with its limits, and its drain on stop.

  Configured under `config :awap_backend, AwapBackendWeb.Endpoint`; what is given to `start_link/1` comes first:

  | option | meaning | default |
  | --- | --- | --- |
  | `:server` | false: nothing listens (in a task, in a test) | `true` |
  | `:ip`, `:port` | where to listen; port 0 takes a free one, see `port/1` | `{127, 0, 0, 1}`, `4000` |
  | `:max_connections` | sockets open at a time; the next wait in the backlog | `2048` |
  | `:max_sockets` | WebSockets of one key or user at a time; past it 429 | `100` |
  | `:max_body_bytes` | of one request; past it the answer is 413 | 48 MiB |
  | `:max_bodies_bytes` | of all requests together; past it the answer is 503 | 512 MiB |
  | `:max_header_bytes` | request line and headers; past it 431 or 414 | 16 KiB |
  | `:idle_timeout_ms` | how long an open connection may say nothing | `60_000` |
  | `:header_timeout_ms` | from the first byte of a request to the end of its headers; past it 408 | `10_000` |
  | `:body_timeout_ms`, `:min_body_rate` | a body may take so long, and longer while it comes at so many bytes/s; past it 408 | `30_000`, `16_384` |
  | `:send_timeout_ms` | how long a client may leave an answer unread | `30_000` |
  | `:drain_timeout_ms` | how long requests in progress may take to finish on stop | `20_000` |
  | `:cors_origins` | origins that browsers may call from; `["*"]` for any | `[]` |
  | `:static_root` | the folder of the static files, read at start | `priv/static` |
  | `:trusted_proxies` | networks whose `X-Forwarded-For` is believed, see `AwapBackendWeb.HTTP.ClientAddress` | `[]` |
  | `:rate_limit` | requests a minute for each API key, nil for any number; past it 429 | `nil` |
  | `:rate_limit_global` | requests a minute for all keys together, nil for any number; past it 429 | `nil` |
  | `:sign_in_limit` | failed sign-ins a minute for each address, nil for any number; past it 429 | `30` |
  | `:secret_key_base` | what the key that signs tokens is derived from | the host's own |
  | `:identity_provider` | whose tokens are taken too, see `AwapBackendWeb.Auth.IdentityProvider` | `nil` |
  | `:health_ttl_ms` | how long a health check is answered from memory | `1_000` |
  | `:key_ttl_ms` | how long an API key is believed without asking the store: the longest that a revoked key works on | `15_000` |
  """

  use Supervisor

  alias AwapBackendWeb.Auth.Refusals
  alias AwapBackendWeb.Endpoint.Listener
  alias AwapBackendWeb.HTTP.Budget

  @defaults [
    server: true,
    ip: {127, 0, 0, 1},
    port: 4000,
    max_connections: 2048,
    max_sockets: 100,
    max_body_bytes: 48 * 1_048_576,
    max_bodies_bytes: 512 * 1_048_576,
    max_header_bytes: 16_384,
    idle_timeout_ms: 60_000,
    header_timeout_ms: 10_000,
    body_timeout_ms: 30_000,
    min_body_rate: 16_384,
    send_timeout_ms: 30_000,
    drain_timeout_ms: 20_000,
    cors_origins: [],
    static_root: nil,
    trusted_proxies: [],
    rate_limit: nil,
    rate_limit_global: nil,
    sign_in_limit: 30,
    secret_key_base: nil,
    identity_provider: nil,
    health_ttl_ms: 1_000,
    key_ttl_ms: 15_000,
    # Who does the work behind the controllers; a test gives stand-ins to make faults that the real ones do not make.
    tma: AwapBackend.TMA,
    repo: AwapBackend.Repo,
    health: AwapBackend.Health,
    moodle: AwapBackend.Moodle.SyncScheduler
  ]

  @typedoc "The options of the module's table as a map, and what the running endpoint shares between its connections."
  @type config :: %{
          required(:connections) => :ets.table(),
          required(:cache) => :ets.table(),
          required(:budget) => Budget.t(),
          required(:draining) => :atomics.atomics_ref(),
          required(:counts) => :ets.table(),
          required(:refusals) => :ets.table(),
          required(:files) => :ets.table(),
          required(:signing_key) => AwapBackendWeb.Auth.Token.signing_key(),
          optional(atom) => term
        }

  @doc "Starts the endpoint; `:ignore` where `server: false`."
  @spec start_link(keyword) :: Supervisor.on_start()
  def start_link(options \\ []) do
    settings = settings(options)

    if settings[:server],
      do: Supervisor.start_link(__MODULE__, settings, name: settings[:name]),
      else: :ignore
  end

  @impl Supervisor
  def init(settings) do
    settings = Map.put(Map.new(settings), :refusals, Refusals.table())
    children = [{Refusals, table: settings.refusals, repo: settings.repo}, {Listener, settings}]

    # One connection too many killed must not take the listener along: the limits are on restarts of the listener.
    Supervisor.init(children, strategy: :one_for_one)
  end

  @doc "The port that the endpoint listens on."
  @spec port(Supervisor.supervisor()) :: :inet.port_number()
  def port(endpoint \\ __MODULE__), do: endpoint |> listener() |> Listener.port()

  @doc "The address that a client on this machine finds the endpoint at."
  @spec url(Supervisor.supervisor()) :: String.t()
  def url(endpoint \\ __MODULE__), do: endpoint |> listener() |> Listener.url()

  @doc "Whether the endpoint is stopping, and each connection is to be closed after its answer."
  @spec draining?(config) :: boolean
  def draining?(%{draining: flag}), do: :atomics.get(flag, 1) == 1

  @doc "What the endpoint is configured to, `options` before the application's environment before the defaults."
  @spec settings(keyword) :: keyword
  def settings(options \\ []) do
    [name: __MODULE__]
    |> Keyword.merge(@defaults)
    |> Keyword.merge(Application.get_env(:awap_backend, __MODULE__, []))
    |> Keyword.merge(options)
  end

  defp listener(endpoint) do
    {Listener, pid, _, _} = endpoint |> Supervisor.which_children() |> List.keyfind!(Listener, 0)
    pid
  end
end
