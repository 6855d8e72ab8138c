defmodule AwapBackend.Moodle.TokenProvider.Saml do
  @moduledoc """
  SAML signs people in with a browser and gives no token that a program could use, so it is not supported; a module of the same
  behaviour could stand in its place where a site has such a thing.
  """

  @behaviour AwapBackend.Moodle.TokenProvider

  alias AwapBackend.Moodle.Error

  @impl true
  def fetch(_options, memo, _http) do
    message =
      "SAML is not supported: it signs in people, not programs. Have an administrator make a web-service token " <>
        "for the service account (MOODLE_AUTH=static, MOODLE_TOKEN), or use MOODLE_AUTH=oauth2."

    {:error, Error.new(:not_supported, "not_supported", message), memo}
  end
end
