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
  def run(arguments) do
    Mix.Task.run("compile")
    # As config/runtime.exs has it: the folder above this project.
    root = Mix.Project.project_file() |> Path.dirname() |> Path.dirname()
    context = %{env: AwapBackend.Config.Environment.read(), env_name: Mix.env(), root: root}
    :io.setopts(:standard_io, encoding: :unicode)

    case AwapBackend.Release.run(["doctor" | arguments], context) do
      0 -> :ok
      status -> exit({:shutdown, status})
    end
  end
end
