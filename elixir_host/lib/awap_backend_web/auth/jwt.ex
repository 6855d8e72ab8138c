defmodule AwapBackendWeb.Auth.JWT do
  @moduledoc """
  Reads and checks a signed token (JWT, RFC 7519; as RFC 8725 would have it). Keys and signatures are `jose`'s.

  Who verifies says which algorithm the key is for; what the token's header says can only agree. A key, or the address of
  one, in the header is never looked at. `none`, extensions that must be understood (`crit`) and unencoded payloads (`b64`)
  are refused.
  """

  @leeway_seconds 30
  @types ["jwt", "at+jwt", "application/at+jwt"]

  @typedoc "What is wrong with a token, for the audit log."
  @type fault ::
          :token_malformed
          | :token_algorithm
          | :token_key
          | :token_signature
          | :token_expired
          | :token_not_yet_valid
          | :token_lifetime
          | :token_issuer
          | :token_audience
          | :token_subject
          | :token_role

  @typedoc "Whom a token must come from, whom it must be for, and how far off (in seconds) its end may be."
  @type expected :: %{issuer: String.t(), audience: String.t(), lifetime: pos_integer}

  @doc "What the header says of algorithm and key. Nothing of it is verified yet."
  @spec header(String.t()) :: {:ok, %{alg: String.t(), kid: String.t() | nil}} | {:error, fault}
  def header(token) do
    with [header, _, _] <- :binary.split(token, ".", [:global]),
         {:ok, header} <- object(header),
         {:ok, alg} when is_binary(alg) <- Map.fetch(header, "alg"),
         true <- plain?(header) and text_or_nil?(header["kid"]) do
      {:ok, %{alg: alg, kid: header["kid"]}}
    else
      _ -> {:error, :token_malformed}
    end
  end

  @doc "The claims of a token that `jwk` has signed with `alg`."
  @spec claims(String.t(), String.t(), tuple) :: {:ok, map} | {:error, fault}
  def claims(token, alg, jwk) do
    if signed?(token, alg, jwk) do
      [_, payload, _] = :binary.split(token, ".", [:global])
      with {:error, _} <- object(payload), do: {:error, :token_malformed}
    else
      {:error, :token_signature}
    end
  end

  # jose compares signatures in constant time, and raises on some of what is malformed.
  defp signed?(token, alg, jwk) do
    match?({true, _payload, _jws}, :jose_jws.verify_strict(jwk, [alg], token))
  catch
    _kind, _reason -> false
  end

  @doc "Checks who the claims are from, whom they are for, and when they hold."
  @spec check(map, expected) :: :ok | {:error, fault}
  def check(claims, expected) do
    now = System.os_time(:second)

    cond do
      claims["iss"] != expected.issuer -> {:error, :token_issuer}
      not for?(claims["aud"], expected.audience) -> {:error, :token_audience}
      not text?(claims["sub"]) -> {:error, :token_subject}
      not is_number(claims["exp"]) -> {:error, :token_lifetime}
      claims["exp"] + @leeway_seconds <= now -> {:error, :token_expired}
      claims["exp"] - @leeway_seconds > now + expected.lifetime -> {:error, :token_lifetime}
      later?(claims["nbf"], now) or later?(claims["iat"], now) -> {:error, :token_not_yet_valid}
      true -> :ok
    end
  end

  @doc "Signs claims with a symmetric key (HS256)."
  @spec sign(map, tuple) :: String.t()
  def sign(claims, jwk) do
    payload = IO.iodata_to_binary(AwapBackend.JSON.encode(claims))
    {_, token} = :jose_jws.compact(:jose_jws.sign(jwk, payload, %{"alg" => "HS256", "typ" => "JWT"}))
    token
  end

  defp object(part) do
    with {:ok, bytes} <- Base.url_decode64(part, padding: false),
         {:ok, %{} = object} <- AwapBackend.JSON.decode(bytes) do
      {:ok, object}
    else
      _ -> {:error, :token_malformed}
    end
  end

  defp plain?(header) do
    not is_map_key(header, "crit") and not is_map_key(header, "b64") and
      (not is_map_key(header, "typ") or
         (is_binary(header["typ"]) and String.downcase(header["typ"], :ascii) in @types))
  end

  defp for?(audience, expected) when is_list(audience), do: expected in audience
  defp for?(audience, expected), do: audience == expected

  defp later?(nil, _now), do: false
  defp later?(time, now) when is_number(time), do: time > now + @leeway_seconds
  defp later?(_time, _now), do: true

  defp text_or_nil?(nil), do: true
  defp text_or_nil?(text), do: text?(text)

  defp text?(text), do: is_binary(text) and byte_size(text) in 1..255 and String.printable?(text)
end
