defmodule AwapBackend.Moodle.TokenProvider.LoginToken do
  @moduledoc """
  A token that Moodle makes for a service account (`/login/token.php`), for the external service `MOODLE_SERVICE`.

  The account needs the right to make tokens (`moodle/webservice:createtoken`), must be an allowed user of the service, and signs in with
  a password of Moodle's own. Moodle makes none for administrators.
  """

  @behaviour AwapBackend.Moodle.TokenProvider

  alias AwapBackend.JSON
  alias AwapBackend.Moodle.{Error, HttpClient, Secret}

  @impl true
  def fetch(options, memo, http) do
    if options[:username] == nil or options[:password] == nil do
      message = "There is no service account: set MOODLE_CLIENT_ID and MOODLE_CLIENT_SECRET, or MOODLE_TOKEN."
      {:error, Error.new(:auth, "no_account", message), memo}
    else
      request = %{
        method: "POST",
        url: options[:base_url] <> "/login/token.php",
        form: [
          {"username", options[:username]},
          {"password", options[:password]},
          {"service", options[:service]}
        ]
      }

      case HttpClient.request(request, http, &token/1) do
        {:ok, token} -> {:ok, token, memo}
        {:error, error} -> {:error, error, memo}
      end
    end
  end

  defp token(answer) do
    with {:ok, answer} <- HttpClient.successful(answer) do
      case JSON.decode(answer.body) do
        {:ok, %{"token" => token}} when is_binary(token) and token != "" ->
          {:ok, %{secret: Secret.new(token), expires_in: nil, sent: :wstoken}}

        {:ok, %{"errorcode" => code}} when is_binary(code) ->
          {:error, Error.from_code(code)}

        _other ->
          {:error,
           Error.new(:protocol, "no_token", "Moodle answers no token and no error.", retryable?: true)}
      end
    end
  end
end
