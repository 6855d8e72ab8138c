defmodule AwapBackend.Config.Variable do
  @moduledoc "One environment variable: its name, its type, and how its value is read and checked."

  alias AwapBackendWeb.HTTP.ClientAddress

  @enforce_keys [:name, :key, :type]
  defstruct [:name, :key, :type, :default, doc: "", required: [], secret: false]

  @type t :: %__MODULE__{
          name: String.t(),
          key: atom,
          type: term,
          default: term | (map -> term),
          doc: String.t(),
          required: [atom],
          secret: boolean
        }

  @doc """
  Reads the variable from `env`. An empty value counts as unset, as shells and unit files leave such behind.

  The error is a sentence that names the variable and never quotes its value, which may be a secret.
  """
  @spec read(t, %{String.t() => String.t()}, atom, map) :: {:ok, term} | {:error, String.t()}
  def read(%__MODULE__{} = variable, env, env_name, settings) do
    case env |> Map.get(variable.name, "") |> String.trim() do
      "" -> unset(variable, env_name, settings)
      value -> variable.type |> parse(value) |> named(variable)
    end
  end

  defp unset(variable, env_name, settings) do
    cond do
      env_name in variable.required ->
        {:error, "#{variable.name} is not set, and is required in #{env_name}."}

      is_function(variable.default, 1) ->
        {:ok, variable.default.(settings)}

      true ->
        {:ok, variable.default}
    end
  end

  defp named({:ok, value}, _variable), do: {:ok, value}
  defp named({:error, problem}, variable), do: {:error, "#{variable.name} #{problem}"}

  defp parse({:text, least}, value) do
    if String.length(value) >= least, do: {:ok, value}, else: {:error, "needs at least #{least} characters."}
  end

  defp parse({:integer, least, most}, value) do
    case Integer.parse(value) do
      {number, ""} when number in least..most -> {:ok, number}
      _other -> {:error, "has to be a whole number from #{least} to #{most}."}
    end
  end

  defp parse({:one_of, allowed}, value) do
    case Enum.find(allowed, &(Atom.to_string(&1) == value)) do
      nil -> {:error, "has to be one of: #{Enum.join(allowed, ", ")}."}
      found -> {:ok, found}
    end
  end

  defp parse(:path, value), do: {:ok, Path.expand(value)}

  defp parse(:list, value) do
    {:ok, value |> String.split(",") |> Enum.map(&String.trim/1) |> Enum.reject(&(&1 == ""))}
  end

  defp parse(:words, value), do: {:ok, String.split(value)}

  defp parse(:file, value) do
    path = Path.expand(value)
    if File.regular?(path), do: {:ok, path}, else: {:error, "does not name a file."}
  end

  defp parse(:networks, value) do
    {:ok, members} = parse(:list, value)
    networks = Enum.map(members, &ClientAddress.network/1)

    if Enum.all?(networks, &match?({:ok, _}, &1)),
      do: {:ok, Enum.map(networks, &elem(&1, 1))},
      else:
        {:error, "has to be IP addresses or networks, such as 127.0.0.1 or 10.0.0.0/8, separated by commas."}
  end

  defp parse(:executable, value) do
    path = Path.expand(value)
    if executable?(path), do: {:ok, path}, else: {:error, "does not name a program that can be run."}
  end

  defp parse(:ip_address, value) do
    case :inet.parse_strict_address(String.to_charlist(value)) do
      {:ok, address} -> {:ok, address}
      {:error, :einval} -> {:error, "has to be an IP address, such as 127.0.0.1, 0.0.0.0 or ::1."}
    end
  end

  defp parse(:http_url, value) do
    case URI.new(value) do
      {:ok, %URI{scheme: scheme, host: host}} when scheme in ["http", "https"] and host not in [nil, ""] ->
        {:ok, String.trim_trailing(value, "/")}

      _other ->
        {:error, "has to be an address such as https://moodle.example.ac.uk."}
    end
  end

  defp parse(:database_url, "sqlite:" <> path) when path not in ["", "//"], do: {:ok, "sqlite:" <> path}

  defp parse(:database_url, value) do
    case URI.new(value) do
      {:ok, %URI{scheme: scheme, path: "/" <> database}}
      when scheme in ["postgres", "postgresql"] and database != "" ->
        {:ok, value}

      _other ->
        {:error, "has to be sqlite:/path/to/file.db or postgres://user:password@host/database."}
    end
  end

  defp parse(:key, value), do: key(value, &(&1 >= 32), "32 bytes or more in hexadecimal")
  defp parse(:seal_key, value), do: key(value, &(&1 == 32), "exactly 32 bytes in hexadecimal (64 characters)")

  defp parse(:seal_keys, value) do
    keys = value |> String.split(",") |> Enum.map(&String.trim/1) |> Enum.reject(&(&1 == ""))

    if Enum.all?(keys, &match?({:ok, _key}, parse(:seal_key, &1))),
      do: {:ok, value},
      else: {:error, "has to be keys of 32 bytes in hexadecimal, with commas between them."}
  end

  defp key(value, fits?, expected) do
    case Base.decode16(value, case: :mixed) do
      {:ok, bytes} -> if fits?.(byte_size(bytes)), do: {:ok, value}, else: {:error, "has to be #{expected}."}
      :error -> {:error, "has to be #{expected}."}
    end
  end

  @doc "Whether `path` is a file that someone may execute."
  @spec executable?(Path.t()) :: boolean
  def executable?(path) do
    case File.stat(path) do
      {:ok, %File.Stat{type: :regular, mode: mode}} -> Bitwise.band(mode, 0o111) != 0
      _other -> false
    end
  end
end
