defmodule AwapBackendWeb.Auth do
  @moduledoc """
  Who asks: `Authorization: Bearer <API key>`, and whether that key's role may use the route.

  The store knows keys by their SHA-256. What it said of a key is believed for `key_ttl_ms`, in memory and by hash too, so
  a busy key does not cost a round trip for each request; a refusal is never remembered. Looking a key up by its hash
  gives nothing away by its timing: a guess that shares a prefix with a key shares none with the key's hash.
  """

  alias AwapBackendWeb.{Conn, ErrorView, RateLimit}

  @max_cached 10_000
  @timeout_ms 5_000

  @doc "Lets a request through where `who` may use the route: the roles, or `:open` for anyone."
  @spec check(Conn.t(), :open | [String.t()]) :: {:ok, Conn.t()} | {:error, ErrorView.error()}
  def check(conn, :open), do: {:ok, conn}

  def check(conn, roles) do
    with {:ok, token} <- token(conn),
         {:ok, key} <- verify(conn, token),
         :ok <- role(key, roles),
         conn = %{conn | api_key: key},
         :ok <- RateLimit.check(conn) do
      {:ok, conn}
    end
  end

  @doc """
  Whether the key that a request was let in with would let it in now: for connections that stay. A store that is gone
  ends none.
  """
  @spec still_valid?(Conn.t()) :: boolean
  def still_valid?(%Conn{api_key: %{"id" => id}} = conn) do
    with {:ok, token} <- token(conn) do
      case verify(conn, token) do
        {:ok, key} -> key["id"] == id
        {:error, %{status: status}} -> status != 401
      end
    else
      _ -> false
    end
  end

  @doc """
  Refuses an API key from now on, on this host: for when it was revoked. (What is verified while it is being revoked is
  forgotten too: who remembers a key looks whether it is to be forgotten afterwards, and this says so first.)
  """
  @spec forget(AwapBackendWeb.Endpoint.config(), String.t()) :: :ok
  def forget(config, id) do
    :ets.insert(config.cache, {{:revoked, id}})
    :ets.match_delete(config.cache, {{:api_key, :_}, %{"id" => id}, :_})
    :ok
  end

  defp role(key, roles) do
    if key["role"] in roles,
      do: :ok,
      else: {:error, ErrorView.error(403, "This API key's role may not do this.", %{"roles" => roles})}
  end

  defp token(conn) do
    case for({"authorization", value} <- conn.headers, do: value) do
      [] -> {:error, unauthorized("This address needs an API key: send “Authorization: Bearer …”.")}
      [value] -> bearer(value)
      _ -> {:error, unauthorized("This request has more than one Authorization header.")}
    end
  end

  defp bearer(value) do
    with [scheme, token] <- :binary.split(value, " "),
         "bearer" <- String.downcase(scheme, :ascii),
         token = String.trim(token),
         true <- byte_size(token) in 16..256 and token68?(token) do
      {:ok, token}
    else
      _ -> {:error, unauthorized("The Authorization header is not of the form “Bearer <API key>”.")}
    end
  end

  defp verify(%Conn{config: config}, token) do
    hash = {:api_key, :crypto.hash(:sha256, token)}

    case :ets.lookup(config.cache, hash) do
      [{_, key, until}] -> if now() < until, do: {:ok, key}, else: ask(config, token, hash)
      [] -> ask(config, token, hash)
    end
  end

  defp ask(config, token, hash) do
    case config.repo.call("verify_api_key", %{"key" => token}, @timeout_ms) do
      {:ok, %{"id" => _, "role" => _} = key} ->
        remember(config, hash, key)
        {:ok, key}

      {:error, %{"code" => code}} when code in ["not_found", "invalid_input", "unauthorized"] ->
        :ets.delete(config.cache, hash)
        {:error, unauthorized("This API key is not known here.")}

      {:error, error} ->
        {:error, ErrorView.from_backend(error)}
    end
  end

  # Only keys that the store knows get here, so the bound is passed by no attack, only by a very large site.
  defp remember(config, hash, key) do
    if :ets.info(config.cache, :size) >= @max_cached,
      do: :ets.match_delete(config.cache, {{:api_key, :_}, :_, :_})

    :ets.insert(config.cache, {hash, key, now() + config.key_ttl_ms})
    if :ets.member(config.cache, {:revoked, key["id"]}), do: :ets.delete(config.cache, hash)
  end

  defp unauthorized(message),
    do: ErrorView.error(401, message, %{}, headers: [{"www-authenticate", ~s(Bearer realm="awap")}])

  defp token68?(<<c, rest::binary>>) when c in ?a..?z or c in ?A..?Z or c in ?0..?9 or c in '-._~+/=',
    do: token68?(rest)

  defp token68?(rest), do: rest == ""

  defp now, do: System.monotonic_time(:millisecond)
end
