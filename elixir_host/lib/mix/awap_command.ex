defmodule Mix.AwapCommand do
  @moduledoc "Runs a command of `bin/awap` in a checkout. Neither the application nor its configuration is loaded: commands do without."

  @doc "Runs `AwapBackend.Release.run/2` on these arguments; where its status is not 0, Mix ends with it."
  @spec run([String.t()]) :: :ok
  def run(arguments) do
    Mix.Task.run("compile")
    # As config/runtime.exs has it: the folder above this project.
    root = Mix.Project.project_file() |> Path.dirname() |> Path.dirname()
    context = %{env: AwapBackend.Config.Environment.read(), env_name: Mix.env(), root: root}
    :io.setopts(:standard_io, encoding: :unicode)

    case AwapBackend.Release.run(arguments, context) do
      0 -> :ok
      status -> exit({:shutdown, status})
    end
  end
end
