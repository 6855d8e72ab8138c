defmodule AwapBackend.Doctor.Settings do
  @moduledoc "Whether the environment makes a configuration, and whether a variable is misspelt."

  import AwapBackend.Doctor.Finding

  alias AwapBackend.Config

  # Read elsewhere than in the host's configuration: by bin/awap, the build, the programs, the sample, the tests.
  @others ~w(AWAP_ENV_FILE AWAP_API_KEY AWAP_LOG AWAP_PROFILE AWAP_TARGET_DIR AWAP_NIF_PATH)

  @doc false
  def check(%{problems: [], env: env} = context) do
    set = for variable <- Config.variables(), Map.get(env, variable.name, "") != "", do: variable.name

    message =
      case length(set) do
        0 -> "no variable is set; every one has its default"
        count -> "#{count} variables are set and can be used; the others have their defaults"
      end

    [ok("variables", message) | misspelt(context)]
  end

  def check(%{problems: problems} = context) do
    advice =
      "Correct it where the host's variables are set (/etc/awap/awap.env); the table in the guide says what each means."

    Enum.map(problems, &fault("variables", &1, advice)) ++ misspelt(context)
  end

  # A name that is almost right sets nothing, and says so nowhere else.
  defp misspelt(%{env: env}) do
    known = Enum.map(Config.variables(), & &1.name)

    for {name, _value} <- Enum.sort(env),
        String.starts_with?(name, ["AWAP_", "MOODLE_", "AI_"]),
        name not in known,
        name not in @others,
        not String.starts_with?(name, "AWAP_TEST_") do
      near = Enum.max_by(known, &String.jaro_distance(&1, name))

      warning(
        "variables",
        "#{name} is set, and AWAP has no such variable.",
        "Is #{near} meant? Else unset it."
      )
    end
  end
end
