defmodule AwapBackend.Moodle.TokenProvider.Static do
  @moduledoc "A token that an administrator made in Moodle, and that holds until one ends it there."

  @behaviour AwapBackend.Moodle.TokenProvider

  alias AwapBackend.Moodle.{Error, Secret}

  @impl true
  def fetch(options, memo, _http) do
    case options[:token] do
      nil ->
        {:error, Error.new(:auth, "no_token", "There is no web-service token: set MOODLE_TOKEN."), memo}

      %Secret{} = secret ->
        {:ok, %{secret: secret, expires_in: nil, sent: :wstoken}, memo}

      token when is_binary(token) ->
        {:ok, %{secret: Secret.new(token), expires_in: nil, sent: :wstoken}, memo}
    end
  end
end
