defmodule AwapBackendWeb.JWTHelpers do
  @moduledoc "Tokens as an attacker, a careless program or an identity provider would make them."

  alias AwapBackend.JSON

  @doc "A compact token of any header and claims, signed by `sign` (a function of the bytes to be signed)."
  def compact(header, claims, sign) do
    input = part(header) <> "." <> part(claims)
    input <> "." <> Base.url_encode64(sign.(input), padding: false)
  end

  @doc "HMAC-SHA-256 with a secret."
  def hs256(secret), do: &:crypto.mac(:hmac, :sha256, secret, &1)

  @doc "Signs claims with a private key of jose's."
  def signed(key, alg, claims, header \\ %{}) do
    header = Map.merge(%{"alg" => alg, "typ" => "JWT"}, header)
    payload = IO.iodata_to_binary(JSON.encode(claims))
    {_, token} = :jose_jws.compact(:jose_jws.sign(key, payload, header))
    token
  end

  @doc "A new private key: `:rsa`, `:small_rsa`, `:p256`, `:p384` or `:ed25519`."
  def key(:rsa), do: :jose_jwk.generate_key({:rsa, 2048})
  def key(:small_rsa), do: :jose_jwk.generate_key({:rsa, 1024})
  def key(:p256), do: :jose_jwk.generate_key({:ec, "P-256"})
  def key(:p384), do: :jose_jwk.generate_key({:ec, "P-384"})
  def key(:ed25519), do: :jose_jwk.generate_key({:okp, :Ed25519})

  @doc "The public half as a member of a JWK set."
  def public(key, more \\ %{}) do
    {_, map} = :jose_jwk.to_public_map(key)
    Map.merge(map, more)
  end

  @doc "The private key as a map: what has no business in a set."
  def private(key) do
    {_, map} = :jose_jwk.to_map(key)
    map
  end

  @doc "A JWK set as text."
  def set(keys), do: IO.iodata_to_binary(JSON.encode(%{"keys" => keys}))

  @doc "The claims of a token, unverified."
  def claims(token) do
    [_, payload, _] = String.split(token, ".")
    {:ok, claims} = payload |> Base.url_decode64!(padding: false) |> JSON.decode()
    claims
  end

  defp part(text) when is_binary(text), do: Base.url_encode64(text, padding: false)
  defp part(term), do: term |> JSON.encode() |> IO.iodata_to_binary() |> part()
end
