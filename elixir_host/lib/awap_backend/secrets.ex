defmodule AwapBackend.Secrets do
  @moduledoc """
  Secrets that nobody set: made on first start, and kept in files that only the host's user can read.

  They lie in `secrets/` under the data folder (folder 0700, files 0600): `secret_key_base`, `pseudonym_key`, `seal_key`
  and `api_key`, the first administrator's. A file that others could read is refused. Whoever loses `seal_key` loses the
  sealed identities; whoever loses `pseudonym_key` gets other pseudonyms for the same students. Back them up, apart from
  the database.
  """

  defmodule Error do
    @moduledoc "A secret's file cannot be made or must not be used as it is; `passing?` where that may be otherwise the next time."
    defexception [:message, passing?: false]
  end

  @doc "The settings with each secret that is unset filled in from its file, made where there is none."
  @spec complete!(map) :: map
  def complete!(settings) do
    folder = folder!(settings.data_dir)

    Enum.reduce([:secret_key_base, :pseudonym_key, :seal_key], settings, fn key, settings ->
      Map.update!(settings, key, fn value -> value || read_or_make!(folder, key) end)
    end)
  end

  @doc """
  Which of the keys that a database depends on are neither in the settings nor in files: where there is a database, these
  are lost, and a new one would not do.
  """
  @spec missing(map) :: [atom]
  def missing(settings) do
    for key <- [:seal_key, :pseudonym_key],
        settings[key] == nil,
        not File.exists?(path(settings.data_dir, key)),
        do: key
  end

  @doc "The file that a secret is kept in where the environment does not set it."
  @spec path(Path.t(), atom) :: Path.t()
  def path(data_dir, key), do: Path.join([data_dir, "secrets", Atom.to_string(key)])

  @doc "The first administrator's API key, made where there is none, and the path of its file."
  @spec api_key!(Path.t()) :: {String.t(), Path.t()}
  def api_key!(data_dir) do
    folder = folder!(data_dir)
    {read_or_make!(folder, :api_key), Path.join(folder, "api_key")}
  end

  defp make(:secret_key_base), do: Base.url_encode64(:crypto.strong_rand_bytes(48))
  defp make(:api_key), do: "awap_" <> Base.url_encode64(:crypto.strong_rand_bytes(32), padding: false)
  defp make(_key), do: Base.encode16(:crypto.strong_rand_bytes(32), case: :lower)

  # The folder is closed to others before anything lies in it.
  defp folder!(data_dir) do
    folder = Path.join(data_dir, "secrets")

    with :ok <- File.mkdir_p(folder),
         :ok <- File.chmod(folder, 0o700) do
      folder
    else
      {:error, reason} ->
        raise Error, message: "#{folder} cannot be made private: #{:file.format_error(reason)}."
    end
  end

  defp read_or_make!(folder, key) do
    path = Path.join(folder, Atom.to_string(key))

    case File.read(path) do
      {:ok, content} -> checked!(path, String.trim(content))
      {:error, :enoent} -> make!(folder, path, key)
      {:error, reason} -> raise Error, message: "#{path} cannot be read: #{:file.format_error(reason)}."
    end
  end

  defp checked!(path, "") do
    raise Error,
      message:
        "#{path} is empty. Restore it from a backup; if there is none and nothing depends on it, delete it."
  end

  defp checked!(path, content) do
    if Bitwise.band(File.stat!(path).mode, 0o077) == 0 do
      content
    else
      raise Error, message: "#{path} can be read by others: chmod 600 it, and consider the secret known."
    end
  end

  # Written beside and linked into place: another host starting at this moment never reads half of it, and of two only one
  # secret stands.
  defp make!(folder, path, key) do
    draft = Path.join(folder, ".#{key}.#{System.pid()}.#{System.unique_integer([:positive])}")

    with :ok <- File.write(draft, [make(key), "\n"], [:exclusive, :sync]),
         :ok <- File.chmod(draft, 0o600),
         linked when linked in [:ok, {:error, :eexist}] <- File.ln(draft, path) do
      File.rm(draft)
      checked!(path, path |> File.read!() |> String.trim())
    else
      {:error, reason} -> raise Error, message: "#{path} cannot be written: #{:file.format_error(reason)}."
    end
  end
end
