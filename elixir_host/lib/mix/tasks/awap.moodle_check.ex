defmodule Mix.Tasks.Awap.MoodleCheck do
  @shortdoc "Says what works with the configured Moodle site, changing nothing"

  @moduledoc """
  Says what works with the configured Moodle site, which functions and rights are missing, and what a sync would do; changes nothing: see
  `AwapBackend.Moodle.Check`.

      MOODLE_BASE_URL=https://moodle.example.ac.uk MOODLE_TOKEN=… mix awap.moodle_check
      mix awap.moodle_check --json

  The status is 1 where something is at fault, else 0. The host need not run.
  """

  use Mix.Task

  @impl Mix.Task
  def run(arguments), do: Mix.AwapCommand.run(["moodle-check" | arguments])
end
