# Reads the environment once, at start. Every variable is described, checked and defaulted in AwapBackend.Config.
import Config

settings =
  try do
    AwapBackend.Config.load!(config_env(), Path.expand("../..", __DIR__))
  rescue
    error in AwapBackend.Config.Error ->
      if config_env() != :prod, do: reraise(error, __STACKTRACE__)

      # Who runs a release wants the sentences, not a stack trace. EX_CONFIG says that starting again is of no use.
      IO.puts(:stderr, error.message)
      System.halt(78)
  end

config :awap_backend, :settings, settings

config :awap_backend, AwapBackendWeb.Endpoint,
  ip: settings.bind,
  port: settings.port,
  max_body_bytes: settings.max_body_bytes,
  cors_origins: settings.cors_origins,
  trusted_proxies: settings.trusted_proxies,
  rate_limit: settings.rate_limit,
  rate_limit_global: settings.rate_limit_global,
  sign_in_limit: settings.sign_in_limit,
  identity_provider: settings.identity_provider

config :logger, level: settings.log_level

config :logger, :console,
  format: {AwapBackend.LogFormatter, settings.log_format},
  metadata: AwapBackend.LogFormatter.metadata_keys()
