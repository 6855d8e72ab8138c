defmodule AwapBackendWeb.Auth.IdentityProvider do
  @moduledoc """
  Tokens of the university's own identity provider: JWTs signed with a key of its JWK set (`AWAP_JWT_JWKS`), issued by
  `AWAP_JWT_ISSUER` for `AWAP_JWT_AUDIENCE`.

  What a user may do is in the claim that `AWAP_JWT_ROLE_CLAIM` names: `admin`, `tutor` or `service`, or a list in which one of
  them is (of several the first of these). A name with dots that is no claim itself is a path: `realm_access.roles`.

  The file is looked at, at most once a second, when a token comes: new keys work and old ones do not from then on. A file
  that cannot be used leaves the keys as they were, with a line in the log.
  """

  require Logger

  alias AwapBackendWeb.Auth.{JWT, KeySet}

  @look_ms 1_000
  # A day: whoever leaves the university keeps a way in for no longer.
  @lifetime 86_400
  # Of several roles the first of these.
  @roles ["admin", "tutor", "service"]

  @typedoc "Which provider; nil where none is configured."
  @type settings ::
          %{jwks: Path.t(), issuer: String.t(), audience: String.t(), role_claim: String.t()} | nil

  @doc "Reads the provider's keys for the first time; the error names the variable."
  @spec prepare(settings, :ets.table()) :: :ok | {:error, String.t()}
  def prepare(nil, _cache), do: :ok

  def prepare(provider, cache) do
    case KeySet.read(provider.jwks) do
      {:ok, keys, digest} -> keep(cache, keys, digest)
      {:error, what} -> {:error, "AWAP_JWT_JWKS: #{provider.jwks} #{what}."}
    end
  end

  @doc "Whom a token of the provider's stands for: `sub`, role and the time of its end."
  @spec verify(settings, :ets.table(), String.t(), %{alg: String.t(), kid: String.t() | nil}) ::
          {:ok, %{sub: String.t(), role: String.t(), exp: number}} | {:error, JWT.fault()}
  def verify(nil, _cache, _token, _header), do: {:error, :token_algorithm}

  def verify(provider, cache, token, header) do
    with {:ok, key} <- key(provider, cache, header),
         {:ok, claims} <- JWT.claims(token, key.alg, key.jwk),
         expected = %{issuer: provider.issuer, audience: provider.audience, lifetime: @lifetime},
         :ok <- JWT.check(claims, expected),
         {:ok, role} <- role(claims, provider.role_claim) do
      {:ok, %{sub: claims["sub"], role: role, exp: claims["exp"]}}
    end
  end

  defp key(provider, cache, header) do
    case KeySet.find(keys(provider, cache), header.kid) do
      {:ok, %{alg: alg} = key} when alg == header.alg -> {:ok, key}
      {:ok, _other} -> {:error, :token_algorithm}
      :error -> {:error, :token_key}
    end
  end

  defp role(claims, name) do
    held = claims |> Map.get_lazy(name, fn -> nested(claims, String.split(name, ".")) end) |> List.wrap()

    case Enum.find(@roles, &(&1 in held)) do
      nil -> {:error, :token_role}
      role -> {:ok, role}
    end
  end

  defp nested(value, []), do: value
  defp nested(%{} = map, [name | rest]), do: nested(map[name], rest)
  defp nested(_other, _path), do: nil

  defp keys(provider, cache) do
    [{_, looked, digest, keys}] = :ets.lookup(cache, __MODULE__)
    if now() - looked < @look_ms, do: keys, else: look(provider, cache, digest, keys)
  end

  defp look(provider, cache, digest, keys) do
    case KeySet.read(provider.jwks) do
      {:ok, _same, ^digest} ->
        :ets.update_element(cache, __MODULE__, {2, now()})
        keys

      {:ok, keys, digest} ->
        Logger.info("AWAP_JWT_JWKS has changed: #{length(keys)} keys of the identity provider are in use")
        keep(cache, keys, digest)
        keys

      {:error, what} ->
        if digest != what, do: Logger.error("AWAP_JWT_JWKS #{what}. The keys stay as they were.")
        # The fault stands in the digest's place: said once, and what mends it is a change.
        keep(cache, keys, what)
        keys
    end
  end

  defp keep(cache, keys, digest) do
    :ets.insert(cache, {__MODULE__, now(), digest, keys})
    :ok
  end

  defp now, do: System.monotonic_time(:millisecond)
end
