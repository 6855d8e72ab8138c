defmodule AwapBackend.Moodle.TokenProvider do
  @moduledoc """
  Where the token comes from that Moodle's web service takes.

  | `MOODLE_AUTH` | |
  | --- | --- |
  | `static` | a token that an administrator made in Moodle: `MOODLE_TOKEN` |
  | `login_token` | a service account, `MOODLE_CLIENT_ID` and `MOODLE_CLIENT_SECRET`, for which Moodle makes one |
  | `oauth2` | an OAuth 2.0 server. Moodle itself is none; a plugin or an identity provider in front of it may be |
  | `saml` | not supported: a message says what to use |

  A provider is `{module, options}`; `AwapBackend.Moodle.Tokens` keeps what it gave until it ends or is refused.
  """

  alias AwapBackend.Moodle.{Error, Secret}
  alias AwapBackend.Moodle.TokenProvider.{LoginToken, OAuth2, Saml, Static}

  @typedoc "A token; for how many seconds it holds, nil for as long as it is taken; and how it is sent."
  @type token :: %{secret: Secret.t(), expires_in: pos_integer | nil, sent: :wstoken | :bearer | :both}

  @type t :: {module, keyword}

  @doc """
  Gets a token. `memo` is what the last call gave back, nil at first: what a provider needs to remember, such as a refresh token. `http`
  is for `AwapBackend.Moodle.HttpClient`.
  """
  @callback fetch(options :: keyword, memo :: term, http :: keyword) ::
              {:ok, token, memo :: term} | {:error, Error.t(), memo :: term}

  @doc "The provider that the settings ask for."
  @spec of(map) :: t
  def of(%{moodle_auth: :static} = settings), do: {Static, token: Secret.new(settings.moodle_token)}

  def of(%{moodle_auth: :login_token} = settings) do
    {LoginToken,
     base_url: settings.moodle_base_url,
     username: settings.moodle_client_id,
     password: Secret.new(settings.moodle_client_secret),
     service: settings.moodle_service}
  end

  def of(%{moodle_auth: :oauth2} = settings), do: {OAuth2, OAuth2.options(settings)}
  def of(%{moodle_auth: :saml}), do: {Saml, []}
end
