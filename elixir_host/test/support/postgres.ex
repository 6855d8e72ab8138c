defmodule AwapBackend.Postgres do
  @moduledoc """
  The PostgreSQL that `scripts/with-postgres` brings: databases of a test's own on it, and its end and return.
  """

  @doc "Whether there is one."
  @spec available?() :: boolean
  def available?, do: server() != nil

  defp server, do: System.get_env("AWAP_TEST_POSTGRES_URL")

  @doc "The databases that a test can run on: `:sqlite` always, `:postgres` where there is one."
  @spec databases() :: [:sqlite | :postgres]
  def databases, do: if(available?(), do: [:sqlite, :postgres], else: [:sqlite])

  @doc """
  Makes an empty database; its URL.

  Its commits are on disk once they are answered, whatever the server does with others: it may be killed.
  """
  @spec create_database() :: String.t()
  def create_database do
    server = URI.parse(server())
    name = "awap_host_#{System.pid()}_#{System.unique_integer([:positive])}"

    for statement <- ["CREATE DATABASE #{name}", "ALTER DATABASE #{name} SET synchronous_commit = on"],
        do: psql(statement)

    URI.to_string(%{server | path: "/" <> name})
  end

  @doc "Drops a database that `create_database/0` made, whoever is still connected to it."
  @spec drop_database(String.t()) :: :ok
  def drop_database(url) do
    "/" <> name = URI.parse(url).path
    psql("DROP DATABASE IF EXISTS #{name} WITH (FORCE)")
  end

  @doc "Everything in a database, as text."
  @spec dump(String.t()) :: String.t()
  def dump(url) do
    {text, 0} = System.cmd(program("pg_dump"), ["--inserts", url], stderr_to_stdout: true)
    text
  end

  @doc "Ends the server as a power cut would: its first process is killed, and the others go with it."
  @spec kill() :: :ok
  def kill do
    [pid | _] = data() |> Path.join("postmaster.pid") |> File.read!() |> String.split("\n")
    {_, 0} = System.cmd("kill", ["-KILL", pid])
    :ok
  end

  @doc "Starts the server again, once what is left of the one that was killed is gone."
  @spec start(pos_integer) :: :ok
  def start(tries \\ 30) do
    arguments = ["-D", data(), "-l", Path.join(data(), "server.log"), "-w", "-t", "60", "start"]

    case as_server("pg_ctl", arguments) do
      {_, 0} ->
        :ok

      # The memory of the old one may still be in use for a moment.
      {_said, _} when tries > 1 ->
        Process.sleep(500)
        start(tries - 1)

      {said, _} ->
        raise "PostgreSQL did not start again: " <> said
    end
  end

  @doc "Starts the server if it does not run."
  @spec ensure_started() :: :ok
  def ensure_started do
    case as_server("pg_ctl", ["-D", data(), "status"]) do
      {_, 0} -> :ok
      _ -> start()
    end
  end

  @doc "Runs a statement on a database."
  @spec execute(String.t(), String.t()) :: :ok
  def execute(url, statement) do
    {_, 0} = System.cmd(program("psql"), [url, "-qc", statement], stderr_to_stdout: true)
    :ok
  end

  defp psql(statement), do: execute(server(), statement)

  # PostgreSQL does not run as root; and its server must not hold a pipe of ours, which would wait for its end.
  defp as_server(program, arguments) do
    words = [program(program) | arguments]

    words =
      if match?({"0\n", 0}, System.cmd("id", ["-u"])),
        do: ["runuser", "-u", "postgres", "--" | words],
        else: words

    System.cmd("/bin/sh", ["-c", "\"$@\" </dev/null >/dev/null 2>&1", "sh" | words], cd: Path.dirname(data()))
  end

  defp program(name), do: Path.join(System.get_env("AWAP_TEST_POSTGRES_BIN", ""), name)
  defp data, do: System.fetch_env!("AWAP_TEST_POSTGRES_DATA")
end
