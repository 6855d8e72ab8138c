defmodule AwapBackend.Config.Moodle do
  @moduledoc "The variables that say which Moodle site there is, who we are there, and how it is reached."

  alias AwapBackend.Config.Variable

  @doc "These variables, in the order in which they are read."
  @spec variables() :: [Variable.t()]
  def variables, do: site() ++ oauth() ++ network()

  defp site do
    [
      var("MOODLE_BASE_URL", :moodle_base_url, :http_url, nil,
        doc: "Address of the Moodle site",
        required: [:prod]
      ),
      var("MOODLE_CLIENT_ID", :moodle_client_id, {:text, 1}, nil,
        doc: "OAuth 2.0 client, or service account",
        required: [:prod]
      ),
      var("MOODLE_CLIENT_SECRET", :moodle_client_secret, {:text, 1}, nil,
        doc: "Its secret",
        required: [:prod],
        secret: true
      ),
      var("MOODLE_TOKEN", :moodle_token, {:text, 1}, nil,
        doc: "A web-service token made in Moodle",
        secret: true
      ),
      var("MOODLE_AUTH", :moodle_auth, {:one_of, [:static, :login_token, :oauth2, :saml]}, &auth/1,
        doc:
          "How the account shows who it is: `static` (`MOODLE_TOKEN`), `login_token` (the service account's name and password), `oauth2`; `saml` is refused with advice. Unless set, `static` where there is a token"
      ),
      var("MOODLE_SERVICE", :moodle_service, {:text, 1}, "awap",
        doc: "Short name of the external service in Moodle, for `login_token`"
      ),
      var("MOODLE_SYNC_INTERVAL_SECONDS", :moodle_sync_seconds, {:integer, 60, 604_800}, 900,
        doc: "Time between syncs"
      ),
      var("MOODLE_COURSES", :moodle_courses, :list, [],
        doc:
          "Courses that are synced beside those that TMAs are kept of: short names or numbers, comma-separated; none, all that the account sees"
      ),
      var("MOODLE_UPLOAD", :moodle_upload, {:one_of, [:reviewed, :unreviewed, :off]}, :reviewed,
        doc:
          "Which grades go to Moodle: those that a person has `reviewed`, `unreviewed` ones too, or none (`off`)"
      )
    ]
  end

  defp oauth do
    [
      var(
        "MOODLE_OAUTH_GRANT",
        :moodle_oauth_grant,
        {:one_of, [:client_credentials, :password, :authorization_code]},
        :client_credentials,
        doc: "Grant of OAuth 2.0: `client_credentials`, `password` or `authorization_code`"
      ),
      var("MOODLE_OAUTH_TOKEN_URL", :moodle_oauth_token_url, :http_url, nil,
        doc: "Token endpoint; needed for `oauth2`"
      ),
      var("MOODLE_OAUTH_AUTHORIZE_URL", :moodle_oauth_authorize_url, :http_url, nil,
        doc: "Where a person signs in, for `authorization_code`"
      ),
      var("MOODLE_OAUTH_REDIRECT_URL", :moodle_oauth_redirect_url, :http_url, nil,
        doc: "Where they are led back to, as registered with the server"
      ),
      var("MOODLE_OAUTH_CODE", :moodle_oauth_code, {:text, 1}, nil,
        doc: "The code that they come back with. It works once; the refresh token got for it is kept, sealed",
        secret: true
      ),
      var("MOODLE_OAUTH_USERNAME", :moodle_oauth_username, {:text, 1}, nil,
        doc: "Service account, for `password`"
      ),
      var("MOODLE_OAUTH_PASSWORD", :moodle_oauth_password, {:text, 1}, nil,
        doc: "Its password",
        secret: true
      ),
      var("MOODLE_OAUTH_SCOPE", :moodle_oauth_scope, {:text, 1}, nil, doc: "Scope that is asked for"),
      var("MOODLE_OAUTH_SEND", :moodle_oauth_send, {:one_of, [:wstoken, :bearer, :both]}, :wstoken,
        doc: "How the site takes the token: as `wstoken`, as `bearer`, or `both`"
      )
    ]
  end

  defp network do
    [
      var("MOODLE_TIMEOUT_MS", :moodle_timeout_ms, {:integer, 1_000, 600_000}, 60_000,
        doc: "Time one call of Moodle may take; a file may take ten times that"
      ),
      var("MOODLE_CA_FILE", :moodle_ca_file, :file, nil,
        doc: "Certificates of authorities (PEM) to trust for Moodle instead of the system's"
      ),
      var("HTTPS_PROXY", :https_proxy, :http_url, nil,
        doc: "Proxy through which `https` addresses are reached: `http://user:password@proxy:3128`",
        secret: true
      ),
      var("NO_PROXY", :no_proxy, :list, [],
        doc: "Hosts that are reached without it, comma-separated; a name covers what ends in it, `*` all"
      )
    ]
  end

  @doc "What can only be judged with several of these in hand."
  @spec across(map) :: [String.t()]
  def across(%{moodle_auth: :oauth2, moodle_oauth_token_url: nil}),
    do: ["MOODLE_OAUTH_TOKEN_URL is not set, and goes with MOODLE_AUTH=oauth2."]

  def across(_settings), do: []

  # As it was before there was a choice.
  defp auth(%{moodle_token: nil, moodle_client_id: id}) when id != nil, do: :login_token
  defp auth(_settings), do: :static

  defp var(name, key, type, default, options) do
    struct!(Variable, [name: name, key: key, type: type, default: default] ++ options)
  end
end
