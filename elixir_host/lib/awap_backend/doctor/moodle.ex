defmodule AwapBackend.Doctor.Moodle do
  @moduledoc "Whether Moodle is set up. It is not called: whether it answers, the host's health says."

  import AwapBackend.Doctor.Finding

  @doc false
  def check(%{settings: %{moodle_base_url: nil}}),
    do: [skipped("address", "MOODLE_BASE_URL is not set: TMAs come over the API alone")]

  def check(%{settings: %{moodle_base_url: "http:" <> _ = url}}) do
    advice = "Use its https:// address."
    [warning("address", "#{url} is reached without TLS: tokens and students' work go in the clear.", advice)]
  end

  def check(%{settings: settings}), do: [ok("address", settings.moodle_base_url) | credentials(settings)]

  defp credentials(%{moodle_token: nil, moodle_client_id: id, moodle_client_secret: secret})
       when nil in [id, secret] do
    [
      fault(
        "credentials",
        "there are none.",
        "Set MOODLE_CLIENT_ID and MOODLE_CLIENT_SECRET, or MOODLE_TOKEN."
      )
    ]
  end

  defp credentials(_settings), do: []
end
