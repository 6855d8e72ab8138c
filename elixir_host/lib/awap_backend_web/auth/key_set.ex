defmodule AwapBackendWeb.Auth.KeySet do
  @moduledoc """
  A JWK set (RFC 7517): the public keys that an identity provider signs with.

  Taken are RSA keys of 2,048 bits and more (RS256), P-256 (ES256) and Ed25519 (EdDSA); each serves its one algorithm. Keys
  for other uses or algorithms, of which a provider's set has some, are passed over. A private or symmetric key does not
  belong into the file, and it is refused.
  """

  @max_bytes 1_048_576
  @min_rsa_bits 2_048

  @type key :: %{kid: String.t() | nil, alg: String.t(), jwk: tuple}

  @doc "Reads a file; the error is the rest of a sentence about it."
  @spec read(Path.t()) :: {:ok, [key], digest :: binary} | {:error, String.t()}
  def read(path) do
    with {:ok, %File.Stat{type: :regular, size: size}} when size <= @max_bytes <- File.stat(path),
         {:ok, bytes} <- File.read(path),
         {:ok, keys} <- parse(bytes) do
      {:ok, keys, :crypto.hash(:sha256, bytes)}
    else
      {:ok, %File.Stat{type: :regular}} -> {:error, "is larger than the #{@max_bytes} bytes of any JWK set"}
      {:ok, %File.Stat{}} -> {:error, "is not a file"}
      {:error, reason} when is_atom(reason) -> {:error, "cannot be read: #{:file.format_error(reason)}"}
      {:error, sentence} -> {:error, sentence}
    end
  end

  @doc "Reads the text of a set."
  @spec parse(binary) :: {:ok, [key]} | {:error, String.t()}
  def parse(bytes) do
    with {:ok, %{"keys" => keys}} when is_list(keys) <- AwapBackend.JSON.decode(bytes),
         {:ok, usable} <- usable(keys),
         :ok <- told_apart(usable) do
      {:ok, usable}
    else
      {:error, sentence} when is_binary(sentence) -> {:error, sentence}
      _ -> {:error, "is not a JWK set, which looks like {\"keys\": […]}"}
    end
  end

  @doc "The key that a token names; where it names none, the one key of the set."
  @spec find([key], String.t() | nil) :: {:ok, key} | :error
  def find([key], nil), do: {:ok, key}
  def find(_keys, nil), do: :error

  def find(keys, kid) do
    case Enum.find(keys, &(&1.kid == kid)) do
      nil -> :error
      key -> {:ok, key}
    end
  end

  defp usable(keys) do
    cond do
      Enum.any?(keys, &secret?/1) ->
        {:error, "has a private or symmetric key in it; only the provider's public keys belong there"}

      Enum.flat_map(keys, &key/1) == [] ->
        {:error,
         "has no key that signs with RS256 (RSA, 2048 bits or more), ES256 (P-256) or EdDSA (Ed25519)"}

      true ->
        {:ok, Enum.flat_map(keys, &key/1)}
    end
  end

  defp told_apart([_only]), do: :ok

  defp told_apart(keys) do
    kids = Enum.map(keys, & &1.kid)

    if Enum.all?(kids, &is_binary/1) and Enum.uniq(kids) == kids,
      do: :ok,
      else: {:error, "has several keys and not for each a “kid” of its own"}
  end

  defp secret?(%{"kty" => "oct"}), do: true
  defp secret?(%{"d" => _}), do: true
  defp secret?(_key), do: false

  defp key(%{"use" => use}) when use != "sig", do: []

  defp key(%{"kty" => _} = map) do
    with {alg, parts} <- form(map),
         true <- Map.get(map, "alg", alg) == alg,
         {:ok, jwk} <- jwk(parts) do
      [%{kid: if(is_binary(map["kid"]), do: map["kid"]), alg: alg, jwk: jwk}]
    else
      _ -> []
    end
  end

  defp key(_other), do: []

  defp form(%{"kty" => "RSA", "n" => n} = map) do
    with {:ok, bytes} <- decode(n),
         bits = bytes |> :binary.decode_unsigned() |> Integer.digits(2) |> length(),
         true <- bits >= @min_rsa_bits do
      {"RS256", Map.take(map, ["kty", "n", "e"])}
    end
  end

  defp form(%{"kty" => "EC", "crv" => "P-256", "x" => x, "y" => y} = map) do
    with {:ok, <<_::binary-32>>} <- decode(x),
         {:ok, <<_::binary-32>>} <- decode(y),
         do: {"ES256", Map.take(map, ["kty", "crv", "x", "y"])}
  end

  defp form(%{"kty" => "OKP", "crv" => "Ed25519", "x" => x} = map) do
    with {:ok, <<_::binary-32>>} <- decode(x), do: {"EdDSA", Map.take(map, ["kty", "crv", "x"])}
  end

  defp form(_map), do: :error

  defp decode(text) when is_binary(text), do: Base.url_decode64(text, padding: false)
  defp decode(_other), do: :error

  defp jwk(map) do
    {:ok, :jose_jwk.from_map(map)}
  catch
    _kind, _reason -> :error
  end
end
