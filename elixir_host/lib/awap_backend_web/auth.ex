defmodule AwapBackendWeb.Auth do
  @moduledoc """
  Who asks, and whether that one's role may use the route.

  A credential (`AwapBackendWeb.Auth.Credential`) is one of three:

  | credential | holds while |
  | --- | --- |
  | an API key | it is not revoked |
  | a token of the host's own (`AwapBackendWeb.Auth.Token`), for which a key was exchanged | it has not expired and its key is not revoked |
  | a token of the identity provider (`AwapBackendWeb.Auth.IdentityProvider`), where one is configured | it has not expired and its key is in the provider's set |

  What the store said of a key is believed for `key_ttl_ms`, in memory, so a busy key does not cost a round trip for each
  request; a refusal is never remembered. Keys are known by their SHA-256, here and in the store, so no secret is compared
  byte by byte: a guess that shares a prefix with a key shares none with the key's hash. Signatures are compared in constant
  time.
  """

  alias AwapBackend.PubSub
  alias AwapBackendWeb.Auth.{Credential, IdentityProvider, JWT, SignIns, Token}
  alias AwapBackendWeb.{Conn, ErrorView, RateLimit}

  @max_cached 10_000
  @timeout_ms 5_000

  @typedoc """
  Whom a credential stands for: `"id"` (of the API key, or the user's `sub`), `"role"`, `"type"` (`api_key` or `user`, as the
  audit log has it), `"credential"` (`key`, `token` or `identity`), of a token its end (`"expires_at"`, a Unix time).
  """
  @type caller :: %{String.t() => term}

  @doc "What the endpoint shares between its connections for this; an error is a sentence that names the variable."
  @spec prepare(map, :ets.table()) :: {:ok, %{signing_key: Token.signing_key()}} | {:error, String.t()}
  def prepare(settings, cache) do
    with :ok <- IdentityProvider.prepare(settings.identity_provider, cache) do
      secret = settings.secret_key_base || AwapBackend.Config.get(:secret_key_base)
      {:ok, %{signing_key: Token.signing_key(secret)}}
    end
  end

  @doc """
  Lets a request through where `who` may use the route: the roles, or `:open` for anyone. A refusal comes with the
  connection, which knows by then who was refused.
  """
  @spec check(Conn.t(), :open | [String.t()]) :: {:ok, Conn.t()} | {:error, ErrorView.error(), Conn.t()}
  def check(conn, :open), do: {:ok, conn}

  def check(conn, roles) do
    case identify(conn) do
      {:ok, caller} -> allow(%{conn | caller: caller}, roles)
      {:error, error} -> {:error, error, conn}
    end
  end

  defp allow(conn, roles) do
    with :ok <- role(conn.caller, roles),
         {:ok, conn} <- RateLimit.check(conn) do
      {:ok, conn}
    else
      {:error, error} -> {:error, error, conn}
    end
  end

  @doc """
  Whether the credential that a request was let in with would let it in now: for connections that stay. A store that is gone
  ends none.
  """
  @spec still_valid?(Conn.t()) :: boolean
  def still_valid?(%Conn{caller: %{"id" => id, "role" => role}} = conn) do
    with {:ok, credential} <- Credential.read(conn) do
      case verify(conn.config, credential) do
        {:ok, caller} -> caller["id"] == id and caller["role"] == role
        {:error, {:store, _error}} -> true
        {:error, _fault} -> false
      end
    else
      _ -> false
    end
  end

  @doc """
  Refuses an API key from now on, on this host: for when it was revoked. Its open sockets are closed, and those of tokens that
  were made of it. (What is verified while it is being revoked is forgotten too: who remembers a key looks
  afterwards whether it is to be forgotten, and this says so first.)
  """
  @spec forget(AwapBackendWeb.Endpoint.config(), String.t()) :: :ok
  def forget(config, id) do
    :ets.insert(config.cache, {{:revoked, id}})
    :ets.match_delete(config.cache, {{:api_key, :_, :_}, %{"id" => id}, :_})
    PubSub.broadcast("key:" <> id, {:key_revoked, id})
  end

  defp identify(conn) do
    with {:ok, credential} <- Credential.read(conn),
         :ok <- undamped(conn, credential),
         {:ok, caller} <- verify(conn.config, credential) do
      {:ok, caller}
    else
      {:error, {:store, error}} -> {:error, ErrorView.from_backend(error)}
      {:error, fault} -> {:error, refused(conn, fault)}
    end
  end

  # A key that was let in before is looked up all the same, and a token costs no round trip to find false.
  defp undamped(conn, {:api_key, key}) do
    if SignIns.too_many?(conn) and not :ets.member(conn.config.cache, cached(key)),
      do: {:error, :sign_in_limit},
      else: :ok
  end

  defp undamped(_conn, {:token, _token}), do: :ok

  defp verify(config, {:api_key, key}) do
    with {:ok, holder} <- holder(config, cached(key), %{"key" => key}), do: {:ok, caller(holder, "key", nil)}
  end

  defp verify(config, {:token, token}) do
    case JWT.header(token) do
      {:ok, %{alg: "HS256"}} -> own_token(config, token)
      {:ok, header} -> identity(config, token, header)
      {:error, fault} -> {:error, fault}
    end
  end

  defp own_token(config, token) do
    with {:ok, %{"sub" => id, "role" => role, "exp" => exp}} <- Token.verify(config.signing_key, token),
         {:ok, holder} <- holder(config, {:api_key, :id, id}, %{"id" => id}),
         true <- Token.may_act_as?(holder["role"], role) do
      {:ok, caller(%{holder | "role" => role}, "token", exp)}
    else
      false -> {:error, :token_role}
      {:error, :unknown_key} -> {:error, :token_key}
      {:error, fault} -> {:error, fault}
    end
  end

  defp identity(config, token, header) do
    with {:ok, user} <- IdentityProvider.verify(config.identity_provider, config.cache, token, header) do
      {:ok,
       %{
         "id" => user.sub,
         "role" => user.role,
         "type" => "user",
         "credential" => "identity",
         "expires_at" => user.exp
       }}
    end
  end

  defp caller(holder, credential, expires_at) do
    holder
    |> Map.merge(%{"type" => "api_key", "credential" => credential, "expires_at" => expires_at})
  end

  defp holder(config, row, question) do
    case :ets.lookup(config.cache, row) do
      [{_, holder, until}] -> if now() < until, do: {:ok, holder}, else: ask(config, row, question)
      [] -> ask(config, row, question)
    end
  end

  defp ask(config, row, question) do
    case config.repo.call("verify_api_key", question, @timeout_ms) do
      {:ok, %{"id" => _, "role" => _} = holder} ->
        remember(config, row, holder)
        {:ok, holder}

      {:error, %{"code" => code}} when code in ["not_found", "invalid_input", "unauthorized"] ->
        :ets.delete(config.cache, row)
        {:error, :unknown_key}

      {:error, error} ->
        {:error, {:store, error}}
    end
  end

  # Only keys that the store knows get here, so the bound is passed by no attack, only by a very large site.
  defp remember(config, row, holder) do
    if :ets.info(config.cache, :size) >= @max_cached,
      do: :ets.match_delete(config.cache, {{:api_key, :_, :_}, :_, :_})

    :ets.insert(config.cache, {row, holder, now() + config.key_ttl_ms})
    if :ets.member(config.cache, {:revoked, holder["id"]}), do: :ets.delete(config.cache, row)
  end

  defp cached(key), do: {:api_key, :hash, :crypto.hash(:sha256, key)}

  defp role(caller, roles) do
    if caller["role"] in roles,
      do: :ok,
      else: {:error, ErrorView.error(403, "Your role may not do this.", %{"roles" => roles}, reason: :role)}
  end

  # No credential, and a token that has run its time, are no guesses.
  defp refused(_conn, fault) when fault in [:none, :token_expired], do: unauthorized(fault)
  defp refused(conn, :sign_in_limit), do: SignIns.refusal(conn)

  defp refused(conn, fault) do
    SignIns.failed(conn)
    if SignIns.too_many?(conn), do: SignIns.refusal(conn), else: unauthorized(fault)
  end

  defp unauthorized(fault) do
    challenge = if fault == :none, do: "", else: ~s(, error="invalid_token")
    headers = [{"www-authenticate", ~s(Bearer realm="awap") <> challenge}]
    ErrorView.error(401, sentence(fault), %{}, headers: headers, reason: reason(fault))
  end

  defp sentence(:none),
    do: "This address needs an API key or a token: send “Authorization: Bearer …”."

  defp sentence(:many), do: "This request has more than one credential."

  defp sentence(:malformed),
    do: "The credential is not of the form “Authorization: Bearer <API key or token>”."

  defp sentence(:unknown_key), do: "This API key is not known here."
  defp sentence(:token_expired), do: "This token has expired. Get a new one."
  defp sentence(:token_role), do: "This token gives no role here."
  defp sentence(_fault), do: "This token is not valid here."

  defp reason(:none), do: :no_credential
  defp reason(:many), do: :many_credentials
  defp reason(:malformed), do: :malformed_credential
  defp reason(fault), do: fault

  defp now, do: System.monotonic_time(:millisecond)
end
