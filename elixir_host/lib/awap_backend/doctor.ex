defmodule AwapBackend.Doctor do
  @moduledoc """
  Says what is missing or wrong on this machine, each with what to do about it: `bin/awap doctor` in a release,
  `mix awap.doctor` elsewhere.

  It looks and changes nothing: no key is made, no table migrated, no file left behind. It works with and without a running host.
  No secret is shown.

  Each finding is `ok`, `skipped` (not set up, and not needed), `warning` (AWAP works, but something is risked or will not
  go well for long) or `fault` (AWAP does not start, or refuses what it is for). The status is 1 where there is a fault, else 0.

  As JSON: `{"version", "status": "ok" | "warning" | "fault", "findings": [{"area", "name", "state", "message", "advice"}]}`,
  `advice` null where nothing is to be done.
  """

  alias AwapBackend.Config

  alias AwapBackend.Doctor.{
    Data,
    Database,
    Finding,
    Jail,
    Machine,
    Moodle,
    Network,
    Programs,
    Report,
    Settings
  }

  @areas [
    {"Machine", Machine},
    {"Configuration", Settings},
    {"Programs", Programs},
    {"Data", Data},
    {"Database", Database},
    {"Network", Network},
    {"Moodle", Moodle},
    {"AI jail", Jail}
  ]

  @typedoc """
  What a check looks at: the variables, the environment's name, the folder of the release or repository, the settings (nil
  where one cannot be used), and what is wrong with them.
  """
  @type context :: %{
          env: %{String.t() => String.t()},
          env_name: atom,
          root: Path.t(),
          settings: map,
          problems: [String.t()]
        }

  @doc "Looks at everything, prints it as `:text` or `:json`, and returns the exit status."
  @spec run(AwapBackend.Release.context(), :text | :json) :: 0 | 1
  def run(context, format), do: context |> findings() |> Report.print(format)

  @doc "The areas that are looked at, in order."
  @spec areas() :: [String.t()]
  def areas, do: Enum.map(@areas, &elem(&1, 0))

  @doc "Looks at everything, or at the areas named."
  @spec findings(AwapBackend.Release.context(), [String.t()]) :: [Finding.t()]
  def findings(context, areas \\ areas()) do
    {settings, problems} = Config.examine(context.env, context.env_name, context.root)
    context = Map.merge(context, %{settings: settings, problems: problems})

    for {area, module} <- @areas,
        area in areas,
        finding <- looked_at(module, context),
        do: %{finding | area: area}
  end

  # One check that fails must not hide what the others find.
  defp looked_at(module, context) do
    module.check(context)
  catch
    kind, reason ->
      what = "#{kind}, #{AwapBackend.Redact.reason(reason)}"
      [Finding.warning("check", "This could not be looked at (#{what}).", "Please report this.")]
  end
end
