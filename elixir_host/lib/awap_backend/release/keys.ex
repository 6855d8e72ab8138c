defmodule AwapBackend.Release.Keys do
  @moduledoc "`awap key create`, `awap key list`, `awap key revoke`."

  import AwapBackend.Release, only: [usage: 1]
  import AwapBackend.Release.Store, only: [with_store: 2, call: 2]

  alias AwapBackend.{JSON, Release}

  @roles ~w(admin tutor service)

  @doc "Makes a key and prints it, the only time that it can be read."
  @spec create(map, [String.t()]) :: Release.outcome()
  def create(settings, options) do
    case OptionParser.parse(options, strict: [name: :string, role: :string]) do
      {options, [], []} -> create(settings, options[:name], options[:role] || "tutor")
      {[], [name], []} -> create(settings, name, "tutor")
      {[role: role], [name], []} -> create(settings, name, role)
      _other -> usage("key create takes a NAME, which may follow --name, and --role ROLE.")
    end
  end

  defp create(_settings, nil, _role), do: usage("key create needs --name: who or what is to use the key.")

  defp create(_settings, _name, role) when role not in @roles,
    do: usage("A role is one of: #{Enum.join(@roles, ", ")}.")

  defp create(settings, name, role) do
    with_store(settings, fn ->
      case call("create_api_key", %{"name" => name, "role" => role}) do
        {:ok, made} ->
          IO.puts(made["key"])
          {0, "key #{made["id"]} for “#{name}” (#{role}) is made. It is not shown again."}

        {:error, sentence} ->
          {1, sentence}
      end
    end)
  end

  @doc "Prints all keys, newest first: a table, or one JSON array."
  @spec list(map, [String.t()]) :: Release.outcome()
  def list(settings, []), do: with_store(settings, fn -> listed(&table/1) end)

  def list(settings, ["--json"]),
    do: with_store(settings, fn -> listed(&IO.puts(JSON.encode(&1))) end)

  def list(_settings, _options), do: usage("key list takes --json, and nothing else.")

  defp listed(print) do
    case pages(nil, []) do
      {:ok, keys} ->
        print.(keys)
        {0, nil}

      {:error, sentence} ->
        {1, sentence}
    end
  end

  defp pages(cursor, keys) do
    case call("list_api_keys", %{"limit" => 500, "cursor" => cursor}) do
      {:ok, %{"api_keys" => page, "next_cursor" => nil}} -> {:ok, keys ++ page}
      {:ok, %{"api_keys" => page, "next_cursor" => next}} -> pages(next, keys ++ page)
      {:error, sentence} -> {:error, sentence}
    end
  end

  defp table([]), do: IO.puts(:stderr, "awap: there is no key yet")

  defp table(keys) do
    heads = ["ID", "ROLE", "NAME", "MADE", "LAST USED", "STATE"]

    rows =
      for key <- keys do
        state = if key["revoked_at"], do: "revoked " <> day(key["revoked_at"]), else: "valid"

        [
          key["id"],
          key["role"],
          key["name"],
          day(key["inserted_at"]),
          day(key["last_used_at"]) || "never",
          state
        ]
      end

    widths =
      for column <- Enum.zip_with([heads | rows], & &1),
          do: column |> Enum.map(&String.length/1) |> Enum.max()

    for row <- [heads | rows] do
      row
      |> Enum.zip_with(widths, &String.pad_trailing/2)
      |> Enum.join("  ")
      |> String.trim_trailing()
      |> IO.puts()
    end
  end

  defp day(nil), do: nil
  defp day(time), do: String.slice(time, 0, 10)

  @doc "Revokes a key."
  @spec revoke(map, String.t()) :: Release.outcome()
  def revoke(settings, id) do
    with_store(settings, fn ->
      case call("revoke_api_key", %{"id" => id}) do
        {:ok, %{"revoked_at" => at}} ->
          {0, "key #{id} is revoked (#{at}). A running host may believe it for some seconds more."}

        {:error, sentence} ->
          {1, sentence}
      end
    end)
  end
end
