defmodule Mix.Tasks.Awap.Key do
  @shortdoc "Makes, lists and revokes API keys"

  @moduledoc """
  Makes, lists and revokes API keys, as `awap key` does in a release: on the configured database, whether a host runs or not.

      mix awap.key create "Tutors' front end" --role tutor
      mix awap.key list [--json]
      mix awap.key revoke ID

  A key is printed once, alone on stdout; what is told about it goes to stderr. A host that runs may believe a revoked key for
  15 seconds more.
  """

  use Mix.Task

  @impl Mix.Task
  def run(arguments), do: Mix.AwapCommand.run(["key" | arguments])
end
