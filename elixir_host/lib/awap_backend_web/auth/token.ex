defmodule AwapBackendWeb.Auth.Token do
  @moduledoc """
  The host's own tokens: what an API key is exchanged for, so that the key itself need not go where a token will do (a
  browser above all).

  A token is a JWT signed with HS256. Its claims: `iss` and `aud` (both `awap`), `sub` (the id of the API key), `role`,
  `iat`, `nbf`, `exp` (an hour later at most) and `jti`. It ends with its key: whoever takes a token asks whether the key still
  holds. The signing key is derived from `SECRET_KEY_BASE`, so all hosts that share it take each other's tokens, and another
  `SECRET_KEY_BASE` ends them all.
  """

  alias AwapBackendWeb.Auth.JWT

  @name "awap"
  @purpose "awap: signing API tokens with HS256, 1"
  @max_seconds 3_600
  @roles ["admin", "tutor", "service"]

  @typedoc "The signing key, within a function so that no dump of the configuration shows it."
  @type signing_key :: (() -> tuple)

  @doc "How long a token lasts where nothing shorter is asked for, and at most, in seconds."
  @spec max_seconds() :: pos_integer
  def max_seconds, do: @max_seconds

  @doc "The signing key that goes with a secret: never the secret itself, which may serve other purposes too."
  @spec signing_key(String.t()) :: signing_key
  def signing_key(secret_key_base) do
    jwk = :jose_jwk.from_oct(:crypto.mac(:hmac, :sha256, secret_key_base, @purpose))
    fn -> jwk end
  end

  @doc "A token for the holder of a key, and its claims."
  @spec issue(signing_key, String.t(), String.t(), pos_integer) :: {String.t(), map}
  def issue(signing_key, key_id, role, seconds) when role in @roles and seconds in 1..@max_seconds do
    now = System.os_time(:second)

    claims = %{
      "iss" => @name,
      "aud" => @name,
      "sub" => key_id,
      "role" => role,
      "iat" => now,
      "nbf" => now,
      "exp" => now + seconds,
      "jti" => Base.url_encode64(:crypto.strong_rand_bytes(16), padding: false)
    }

    {JWT.sign(claims, signing_key.()), claims}
  end

  @doc "The claims of a token that this host, or one with the same secret, has issued."
  @spec verify(signing_key, String.t()) :: {:ok, map} | {:error, JWT.fault()}
  def verify(signing_key, token) do
    with {:ok, %{"role" => role} = claims} when role in @roles <- JWT.claims(token, "HS256", signing_key.()),
         :ok <- JWT.check(claims, %{issuer: @name, audience: @name, lifetime: @max_seconds}) do
      {:ok, claims}
    else
      {:ok, _claims} -> {:error, :token_role}
      {:error, fault} -> {:error, fault}
    end
  end

  @doc """
  Whether one who has `role` may also act as `wanted`: as itself, and an administrator as anyone. A token never has more
  rights than its key.
  """
  @spec may_act_as?(String.t(), String.t()) :: boolean
  def may_act_as?("admin", wanted), do: wanted in @roles
  def may_act_as?(role, wanted), do: role == wanted
end
