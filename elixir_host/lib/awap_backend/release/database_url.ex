defmodule AwapBackend.Release.DatabaseURL do
  @moduledoc "What a `DATABASE_URL` says, for those who need its parts: SQLite's file, PostgreSQL's connection."

  # Parameters of a URL, by the names that the store knows; libpq knows some of them.
  @parameters %{
    "host" => "PGHOST",
    "port" => "PGPORT",
    "user" => "PGUSER",
    "password" => "PGPASSWORD",
    "dbname" => "PGDATABASE",
    "sslmode" => "PGSSLMODE",
    "sslrootcert" => "PGSSLROOTCERT",
    "sslcert" => "PGSSLCERT",
    "sslkey" => "PGSSLKEY",
    "ssl-mode" => "PGSSLMODE",
    "ssl-root-cert" => "PGSSLROOTCERT",
    "ssl-ca" => "PGSSLROOTCERT",
    "ssl-cert" => "PGSSLCERT",
    "ssl-key" => "PGSSLKEY",
    "options" => "PGOPTIONS"
  }

  # The system's authorities, which the store trusts where a URL names none; libpq before version 16 knows no word for them. Debian, Red Hat, SUSE.
  @authorities [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem"
  ]

  @doc "The file of an SQLite database."
  @spec sqlite_file(String.t()) :: Path.t()
  def sqlite_file("sqlite:" <> rest) do
    rest |> String.replace_prefix("//", "") |> String.split("?") |> hd() |> URI.decode()
  end

  @doc """
  PostgreSQL's connection as the variables that its own programs (`pg_dump`, `pg_restore`) read. Not as an argument: these
  are shown to every user of the machine, and the URL holds a password.
  """
  @spec libpq(String.t()) :: [{String.t(), String.t()}]
  def libpq(url) do
    uri = URI.parse(url)
    {user, password} = userinfo(uri.userinfo)

    address = [
      {"PGHOST", if(uri.host != "", do: uri.host)},
      {"PGPORT", uri.port && Integer.to_string(uri.port)},
      {"PGUSER", user},
      {"PGPASSWORD", password},
      {"PGDATABASE", database(url)}
    ]

    parameters =
      for {name, value} <- URI.decode_query(uri.query || ""),
          variable = @parameters[name],
          do: {variable, value}

    given = for {name, value} when is_binary(value) <- address, do: {name, URI.decode(value)}
    Map.new(given) |> Map.merge(Map.new(parameters)) |> trusting() |> Map.to_list()
  end

  defp trusting(%{"PGSSLMODE" => "verify-" <> _what} = connection)
       when not is_map_key(connection, "PGSSLROOTCERT") do
    file = unless System.get_env("PGSSLROOTCERT"), do: Enum.find(@authorities, &File.exists?/1)
    if file, do: Map.put(connection, "PGSSLROOTCERT", file), else: connection
  end

  defp trusting(connection), do: connection

  @doc "The name of a PostgreSQL database."
  @spec database(String.t()) :: String.t()
  def database(url) do
    uri = URI.parse(url)
    parameters = URI.decode_query(uri.query || "")
    Map.get_lazy(parameters, "dbname", fn -> uri.path |> String.trim_leading("/") |> URI.decode() end)
  end

  defp userinfo(nil), do: {nil, nil}

  defp userinfo(text) do
    case String.split(text, ":", parts: 2) do
      [user, password] -> {user, password}
      [user] -> {user, nil}
    end
  end
end
