defmodule Mix.Tasks.Awap.Doctor do
  @shortdoc "Says what is missing or wrong on this machine"

  @moduledoc """
  Says what is missing or wrong on this machine, and what to do: see `AwapBackend.Doctor`.

      mix awap.doctor
      mix awap.doctor --json

  The status is 1 where something is at fault, else 0. Neither the application nor its configuration is loaded, as these may be
  what is at fault.
  """

  use Mix.Task

  @impl Mix.Task
  def run(arguments), do: Mix.AwapCommand.run(["doctor" | arguments])
end
