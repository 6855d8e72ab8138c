defmodule AwapBackend.Doctor.Moodle do
  @moduledoc "Whether Moodle is set up. It is not called: `awap moodle-check` does that."

  import AwapBackend.Doctor.Finding

  @doc false
  def check(%{settings: %{moodle_base_url: nil}}),
    do: [skipped("address", "MOODLE_BASE_URL is not set: TMAs come over the API alone")]

  def check(%{settings: %{moodle_base_url: "http:" <> _ = url}}) do
    advice = "Use its https:// address."
    [warning("address", "#{url} is reached without TLS: tokens and students' work go in the clear.", advice)]
  end

  def check(%{settings: settings}), do: [ok("address", settings.moodle_base_url) | credentials(settings)]

  defp credentials(%{moodle_auth: :saml}) do
    [fault("credentials", "MOODLE_AUTH=saml is not supported.", "Use static with a MOODLE_TOKEN, or oauth2.")]
  end

  defp credentials(%{moodle_auth: :static, moodle_token: nil}) do
    [
      fault(
        "credentials",
        "there are none.",
        "Set MOODLE_CLIENT_ID and MOODLE_CLIENT_SECRET, or MOODLE_TOKEN."
      )
    ]
  end

  defp credentials(%{moodle_auth: :login_token, moodle_client_secret: nil}),
    do: [fault("credentials", "MOODLE_CLIENT_SECRET is not set.", "Set it, or MOODLE_TOKEN.")]

  defp credentials(_settings), do: []
end
