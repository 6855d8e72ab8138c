# What holds in every environment. What a deployment sets is read from the environment, at start, by runtime.exs.
import Config

# The web endpoint starts with the host.
config :awap_backend, AwapBackendWeb.Endpoint, server: true

# Should a crash report get past AwapBackend.LogTranslator, it says nothing of what the process was working on.
config :logger,
  utc_log: true,
  translator_inspect_opts: [limit: 0, printable_limit: 0]

import_config "#{config_env()}.exs"
