defmodule AwapBackend.Release.Backup do
  @moduledoc """
  `awap backup` and `awap restore`: the whole database, out of use and into use again.

  SQLite is copied by the store, PostgreSQL by its own `pg_dump` and `pg_restore`. A backup holds no key. Nothing that is
  there is ever written over: neither a file by a backup nor a database by a restore.
  """

  import AwapBackend.Release.Store, only: [with_store: 2, call: 2, check: 1, check: 2, refusal: 2]

  alias AwapBackend.{Config, Release}
  alias AwapBackend.Release.{DatabaseURL, Maintenance}

  @doc "Copies the database to a new file that only its user can read."
  @spec run(map, Path.t()) :: Release.outcome()
  def run(settings, path) do
    path = Path.expand(path)

    with_store(settings, fn ->
      case copy(settings.database_url, path) do
        :ok ->
          {0,
           "#{path} holds the database (#{size(path)}). Keep the keys elsewhere: without them it opens for no one."}

        {:error, sentence} ->
          {1, sentence}
      end
    end)
  end

  defp copy("sqlite:" <> _path, path) do
    with {:ok, _done} <- call("backup", %{"path" => path}), do: :ok
  end

  # Written beside and given its name once it is whole, as the store does for SQLite.
  defp copy(url, path) do
    partial = "#{path}.#{System.pid()}.partial"

    try do
      with :ok <- free(path),
           :ok <- private_file(partial),
           :ok <- pg("pg_dump", ["--format=custom", "--file", partial], url),
           # A dump whose table of contents can be read was written to its end.
           :ok <- pg("pg_restore", ["--list", partial], url),
           :ok <- rename(partial, path) do
        record(path)
      end
    after
      File.rm(partial)
    end
  end

  defp record(path) do
    entry = %{
      "action" => "store.backup",
      "resource_type" => "store",
      "result" => "ok",
      "metadata" => %{"path" => path, "bytes" => File.stat!(path).size}
    }

    with {:ok, _entry} <- call("record_audit", entry), do: :ok
  end

  @doc "Puts a backup in the place of a database that is not there, or is empty, and checks what it put there."
  @spec restore(map, Path.t()) :: Release.outcome()
  def restore(settings, path) do
    path = Path.expand(path)

    with :ok <- readable(path),
         :ok <- vacant(settings),
         :ok <- put_back(settings, path),
         :ok <- usable(settings) do
      {0,
       "the backup of #{path} is in place. Start the host, which brings it up to date if it is older; then: awap verify. Students who were " <>
         "erased since it was made are in it again, and so are API keys that were revoked: erase and revoke them anew."}
      |> verified(settings)
    else
      {:error, sentence} -> {1, sentence}
    end
  end

  defp vacant(settings) do
    case check(settings) do
      {:ok, %{"state" => "empty"}} ->
        leftovers(settings.database_url)

      {:ok, %{"state" => state}} when state in ~w(current older newer foreign) ->
        {:error,
         "there is a database already, and it is left as it is. Stop the host, then move its files away (SQLite) or make an " <>
           "empty database (PostgreSQL), and try again."}

      {:ok, %{"message" => message}} ->
        {:error, message}

      {:error, sentence} ->
        {:error, sentence}
    end
  end

  # SQLite would take the log of another database for this one's.
  defp leftovers("sqlite:" <> _rest = url) do
    case Enum.filter(["-wal", "-shm", "-journal"], &File.exists?(DatabaseURL.sqlite_file(url) <> &1)) do
      [] ->
        :ok

      left ->
        {:error,
         "#{DatabaseURL.sqlite_file(url)}#{hd(left)} is left of another database: move it away first."}
    end
  end

  defp leftovers(_postgres), do: :ok

  defp put_back(%{database_url: "sqlite:" <> _path = url} = settings, path) do
    target = DatabaseURL.sqlite_file(url)
    partial = "#{target}.#{System.pid()}.partial"

    try do
      with :ok <- private_file(partial),
           {:ok, _bytes} <- File.copy(path, partial),
           {:ok, %{"state" => state}} when state in ["current", "older"] <-
             check(settings, "sqlite:" <> partial) do
        rename(partial, target)
      else
        {:ok, %{"state" => "empty"}} ->
          {:error, "#{path} is no backup of AWAP."}

        {:ok, %{"state" => state} = found} ->
          {:error, refusal(state, found)}

        {:error, reason} when is_atom(reason) ->
          {:error, "#{target} cannot be written: #{:file.format_error(reason)}."}

        {:error, sentence} ->
          {:error, sentence}
      end
    after
      for rest <- ["", "-wal", "-shm"], do: File.rm(partial <> rest)
    end
  end

  # In one transaction: a restore that fails leaves the database empty.
  defp put_back(%{database_url: url}, path) do
    arguments = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
    pg("pg_restore", arguments ++ ["--dbname", DatabaseURL.database(url), path], url)
  end

  defp usable(settings) do
    case check(settings) do
      {:ok, %{"state" => state}} when state in ["current", "older"] -> :ok
      {:ok, %{"state" => state} = found} -> {:error, refusal(state, found)}
      {:error, sentence} -> {:error, sentence}
    end
  end

  # An older one is not opened by this version before the host has brought it up to date.
  defp verified({0, _sentence} = done, settings) do
    case check(settings) do
      {:ok, %{"state" => "current"}} ->
        settings |> with_store(&Maintenance.verify_database/0) |> copied(settings)

      _older ->
        copied(done, settings)
    end
  end

  # The copy may hold what came after the backup: the two would not go together.
  defp copied({status, sentence}, %{database_url: url, event_store_url: events})
       when events not in [nil, url] do
    {status,
     sentence <>
       "\nBefore the host is started, set EVENT_STORE_URL to an empty database, and keep the one it names."}
  end

  defp copied(outcome, _settings), do: outcome

  defp pg(program, arguments, url) do
    case System.find_executable(program) do
      nil ->
        {:error,
         "#{program} was not found: install PostgreSQL's client (Debian: apt install postgresql-client)."}

      path ->
        environment = Config.hidden_from_children() ++ DatabaseURL.libpq(url)

        case System.cmd(path, ["--no-password" | arguments], env: environment, stderr_to_stdout: true) do
          {_said, 0} -> :ok
          {said, status} -> {:error, "#{program} ended with status #{status}: #{String.trim(said)}"}
        end
    end
  end

  defp readable(path) do
    case File.open(path, [:read]) do
      {:ok, file} -> File.close(file)
      {:error, reason} -> {:error, "#{path} cannot be read: #{:file.format_error(reason)}."}
    end
  end

  defp free(path) do
    case File.lstat(path) do
      {:error, :enoent} -> :ok
      _there -> {:error, "there is a file at #{path} already: it is left as it is."}
    end
  end

  defp private_file(path) do
    with :ok <- File.write(path, "", [:exclusive]), :ok <- File.chmod(path, 0o600) do
      :ok
    else
      {:error, reason} -> {:error, "#{path} cannot be made: #{:file.format_error(reason)}."}
    end
  end

  # A link, unlike renaming, does not replace a file that came to be there meanwhile.
  defp rename(partial, path) do
    with {:ok, file} <- File.open(partial, [:read, :append]),
         :ok <- :file.sync(file),
         :ok <- File.close(file),
         :ok <- File.ln(partial, path) do
      :ok
    else
      {:error, :eexist} -> free(path)
      {:error, reason} -> {:error, "#{path} cannot be made: #{:file.format_error(reason)}."}
    end
  end

  defp size(path) do
    case File.stat!(path).size do
      bytes when bytes >= 1_048_576 -> "#{Float.round(bytes / 1_048_576, 1)} MiB"
      bytes -> "#{div(bytes + 1023, 1024)} KiB"
    end
  end
end
