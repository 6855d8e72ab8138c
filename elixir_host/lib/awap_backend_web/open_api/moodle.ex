defmodule AwapBackendWeb.OpenAPI.Moodle do
  @moduledoc "The sync with Moodle."

  import AwapBackendWeb.OpenAPI.Parts

  def paths do
    %{
      "/api/moodle/sync" => %{
        post:
          operation(
            "syncMoodle",
            "moodle",
            ["admin", "tutor", "service"],
            "Fetches new submissions from Moodle now",
            description: "503 with the code `not_configured` where no site is configured.",
            errors: [422, 501],
            answers: %{202 => answer("The sync has begun.", "MoodleSync", %{status: "started"})}
          )
      }
    }
  end

  def schemas do
    %{
      "MoodleSync" =>
        object(
          %{
            status: string(const: "started"),
            sync: any_object(description: "What the sync says of itself.")
          },
          optional: [:sync]
        )
    }
  end
end
