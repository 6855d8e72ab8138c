import Config

config :logger, level: :warning

# A test that wants an endpoint starts its own.
config :awap_backend, AwapBackendWeb.Endpoint, server: false
