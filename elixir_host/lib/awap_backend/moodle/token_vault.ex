defmodule AwapBackend.Moodle.TokenVault do
  @moduledoc """
  The one token that has to outlive a restart, an OAuth 2.0 refresh token, in a file: sealed (AES-256-GCM) with a key derived from
  `AWAP_SEAL_KEY`, readable by the host's user alone.

  A file that was sealed with a key no longer known, or changed, is as none: a person signs in anew. After a change of key the token is
  sealed with the new one when it is next read, which `awap reseal` does too.
  """

  alias AwapBackend.Moodle.Secret

  @enforce_keys [:path, :keys]
  defstruct [:path, :keys]

  @type t :: %__MODULE__{path: Path.t(), keys: [Secret.t()]}

  @purpose "awap moodle refresh token 1"

  @doc "The vault of a host: the current key first, then those that still open. Nil where there is no key yet."
  @spec of(map) :: t | nil
  def of(%{seal_key: nil}), do: nil

  def of(settings) do
    older = String.split(settings[:seal_keys_old] || "", ",", trim: true)
    keys = for hex <- [settings.seal_key | older], do: Secret.new(derived(String.trim(hex)))
    %__MODULE__{path: Path.join([settings.data_dir, "secrets", "moodle_refresh_token"]), keys: keys}
  end

  defp derived(hex) do
    key = Base.decode16!(hex, case: :mixed)
    :crypto.mac(:hmac, :sha256, key, @purpose)
  end

  @doc "The token that is kept, or nil."
  @spec read(t) :: Secret.t() | nil
  def read(%__MODULE__{} = vault) do
    with {:ok, <<1, nonce::binary-size(12), tag::binary-size(16), sealed::binary>>} <- File.read(vault.path) do
      vault.keys |> Enum.find_value(&opened(&1, nonce, tag, sealed)) |> sealed_anew(vault, nonce, tag, sealed)
    else
      _none -> nil
    end
  end

  # One that an older key opened is not left to it: that key is to go.
  defp sealed_anew(token, %{keys: [key | _older]} = vault, nonce, tag, sealed) do
    if token != nil and opened(key, nonce, tag, sealed) == nil, do: write(vault, token)
    token
  end

  defp opened(key, nonce, tag, sealed) do
    case :crypto.crypto_one_time_aead(:aes_256_gcm, Secret.reveal(key), nonce, sealed, @purpose, tag, false) do
      :error -> nil
      token -> Secret.new(token)
    end
  end

  @doc "Keeps a token in place of the last."
  @spec write(t, Secret.t()) :: :ok | {:error, File.posix()}
  def write(%__MODULE__{keys: [key | _older]} = vault, %Secret{} = token) do
    nonce = :crypto.strong_rand_bytes(12)

    {sealed, tag} =
      :crypto.crypto_one_time_aead(
        :aes_256_gcm,
        Secret.reveal(key),
        nonce,
        Secret.reveal(token),
        @purpose,
        true
      )

    draft = "#{vault.path}.#{System.pid()}.#{System.unique_integer([:positive])}"

    with :ok <- File.mkdir_p(Path.dirname(vault.path)),
         :ok <- File.touch(draft),
         :ok <- File.chmod(draft, 0o600),
         :ok <- File.write(draft, <<1, nonce::binary, tag::binary, sealed::binary>>, [:sync]) do
      File.rename(draft, vault.path)
    end
  end
end
