defmodule AwapBackend.Moodle.TokenProvider.OAuth2 do
  @moduledoc """
  A token of an OAuth 2.0 server (RFC 6749), with one of three grants, and refreshed where the server gives a refresh token.

  Moodle's own web service does not take such tokens: something in front of it or a plugin has to. How the site wants the token, `MOODLE_OAUTH_SEND` says: as
  `wstoken`, as `Authorization: Bearer`, or both.

  With `authorization_code` a person signs in once as the service account: `make moodle-check` prints the address, the server leads back to
  `MOODLE_OAUTH_REDIRECT_URL` with a `code`, and that goes into `MOODLE_OAUTH_CODE`. A code works once; what lasts is the refresh token, which is kept
  sealed (`AwapBackend.Moodle.TokenVault`) so that a restart needs no person. Other tokens are in memory only.

  The client's secret is sent in the form; a server that wants it in `Authorization: Basic` gets it there.
  """

  @behaviour AwapBackend.Moodle.TokenProvider

  alias AwapBackend.JSON
  alias AwapBackend.Moodle.{Error, HttpClient, Secret, TokenVault}
  alias AwapBackend.Moodle.HTTP.Failure

  # Renewed a little before it ends.
  @margin_s 30

  @doc "This provider's options from the settings."
  @spec options(map) :: keyword
  def options(settings) do
    [
      grant: settings.moodle_oauth_grant,
      token_url: settings.moodle_oauth_token_url,
      authorize_url: settings.moodle_oauth_authorize_url,
      redirect_url: settings.moodle_oauth_redirect_url,
      scope: settings.moodle_oauth_scope,
      client_id: settings.moodle_client_id,
      client_secret: Secret.new(settings.moodle_client_secret),
      username: settings.moodle_oauth_username,
      password: Secret.new(settings.moodle_oauth_password),
      code: Secret.new(settings.moodle_oauth_code),
      send: settings.moodle_oauth_send,
      vault: TokenVault.of(settings)
    ]
  end

  @doc "Where a person signs in as the service account, to get a code."
  @spec authorization_url(keyword, String.t()) :: String.t() | nil
  def authorization_url(options, state) do
    if options[:authorize_url] do
      query = [
        response_type: "code",
        client_id: options[:client_id],
        redirect_uri: options[:redirect_url],
        scope: options[:scope],
        state: state
      ]

      options[:authorize_url] <> "?" <> URI.encode_query(for {name, value} <- query, value, do: {name, value})
    end
  end

  @impl true
  def fetch(options, memo, http) do
    case memo || kept(options) do
      %Secret{} = refresh -> refreshed(options, refresh, http)
      nil -> granted(options, nil, http)
    end
  end

  defp kept(options) do
    if options[:grant] == :authorization_code, do: vault(options, &TokenVault.read/1)
  end

  defp refreshed(options, refresh, http) do
    fields = [{"grant_type", "refresh_token"}, {"refresh_token", refresh}]

    case ask(options, fields, http, true) do
      {:ok, answer} -> taken(options, answer, refresh)
      {:error, %Error{code: "oauth_invalid_grant"}} -> ended(options, refresh, http)
      {:error, error} -> {:error, error, refresh}
    end
  end

  # Another process may have used it and kept the next. Else it has ended, or was taken back: the grant begins anew, if it can do so without a
  # person.
  defp ended(options, refresh, http) do
    case kept(options) do
      %Secret{} = another when another != refresh -> refreshed(options, another, http)
      _same -> granted(options, nil, http)
    end
  end

  defp granted(options, memo, http) do
    with {:ok, fields} <- fields(options),
         {:ok, answer} <- ask(options, fields, http, options[:grant] == :authorization_code) do
      taken(options, answer, memo)
    else
      {:error, error} -> {:error, error, memo}
    end
  end

  defp fields(options) do
    case options[:grant] do
      :client_credentials ->
        {:ok, [{"grant_type", "client_credentials"} | scope(options)]}

      :password ->
        required(options, [:username, :password], "MOODLE_OAUTH_USERNAME and MOODLE_OAUTH_PASSWORD", [
          {"grant_type", "password"},
          {"username", options[:username]},
          {"password", options[:password]} | scope(options)
        ])

      :authorization_code ->
        required(options, [:code, :redirect_url], "MOODLE_OAUTH_CODE and MOODLE_OAUTH_REDIRECT_URL", [
          {"grant_type", "authorization_code"},
          {"code", options[:code]},
          {"redirect_uri", options[:redirect_url]}
        ])
    end
  end

  defp required(options, keys, names, fields) do
    if Enum.all?(keys, &options[&1]),
      do: {:ok, fields},
      else: {:error, Error.new(:auth, "oauth_incomplete", "For this grant set #{names}.")}
  end

  defp scope(options), do: if(options[:scope], do: [{"scope", options[:scope]}], else: [])

  # Codes and refresh tokens work once, so that a request with one must not go out twice.
  defp ask(%{} = request, http), do: HttpClient.request(request, http, &answer/1)

  defp ask(options, fields, http, once?) do
    client = [{"client_id", options[:client_id]}, {"client_secret", options[:client_secret]}]

    request = %{
      method: "POST",
      url: options[:token_url],
      form: fields ++ for({name, value} <- client, value, do: {name, value}),
      headers: [{"Accept", "application/json"}],
      write?: once?
    }

    case ask(request, http) do
      {:error, %Error{code: "oauth_invalid_client"}} -> ask(basic(request, fields, options), http)
      outcome -> outcome
    end
  end

  defp basic(request, fields, options) do
    secret = if options[:client_secret], do: Secret.reveal(options[:client_secret]), else: ""
    pair = URI.encode_www_form(options[:client_id] || "") <> ":" <> URI.encode_www_form(secret)
    header = Secret.new("Basic " <> Base.encode64(pair))
    %{request | form: fields, headers: [{"Authorization", header} | request.headers]}
  end

  defp answer(%{status: status} = answer) when status in [200, 400, 401] do
    case JSON.decode(answer.body) do
      {:ok, %{"access_token" => token} = answer} when is_binary(token) and token != "" ->
        {:ok, answer}

      {:ok, %{"error" => error}} when is_binary(error) ->
        {:error, refused(error)}

      _other ->
        {:error,
         Error.new(:protocol, "oauth_no_token", "The OAuth 2.0 server answers no token and no error.")}
    end
  end

  defp answer(answer) do
    {:error,
     Failure.of_status(answer) ||
       Error.new(:protocol, "oauth_status", "The OAuth 2.0 server's answer is not known here.")}
  end

  @refusals %{
    "invalid_client" => "The OAuth 2.0 server does not accept MOODLE_CLIENT_ID and MOODLE_CLIENT_SECRET.",
    "invalid_grant" =>
      "The OAuth 2.0 server does not accept the name and password, code or refresh token; a code works once: get a new one.",
    "unauthorized_client" => "The OAuth 2.0 server does not allow this client this grant.",
    "unsupported_grant_type" =>
      "The OAuth 2.0 server does not support the grant that MOODLE_OAUTH_GRANT names.",
    "invalid_scope" => "The OAuth 2.0 server does not know the scope that MOODLE_OAUTH_SCOPE names.",
    "access_denied" => "The OAuth 2.0 server denies access."
  }

  defp refused(error) do
    case @refusals do
      %{^error => message} ->
        Error.new(:auth, "oauth_" <> error, message)

      _unknown ->
        Error.new(:auth, "oauth_error", "The OAuth 2.0 server refuses, for a reason not known here.")
    end
  end

  defp taken(options, answer, refresh) do
    memo = renewed(options, answer["refresh_token"], refresh)
    token = %{secret: Secret.new(answer["access_token"]), expires_in: lifetime(answer), sent: options[:send]}
    {:ok, token, memo}
  end

  defp renewed(options, token, _refresh) when is_binary(token) and token != "" do
    secret = Secret.new(token)
    if options[:grant] == :authorization_code, do: vault(options, &TokenVault.write(&1, secret))
    # Client credentials are asked for again; a refresh token would be one more thing to keep.
    if options[:grant] == :client_credentials, do: nil, else: secret
  end

  defp renewed(_options, _none, refresh), do: refresh

  defp lifetime(%{"expires_in" => seconds}) when is_integer(seconds) and seconds > 0,
    do: max(seconds - @margin_s, 1)

  defp lifetime(_answer), do: nil

  defp vault(options, fun), do: options[:vault] && fun.(options[:vault])
end
