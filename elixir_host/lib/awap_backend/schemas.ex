defmodule AwapBackend.Schemas do
  @moduledoc "Structs of the store's rows."

  @doc "The struct `module` of a row with string keys, the fields in `times` read as RFC 3339."
  @spec build(module, map, [atom]) :: struct
  def build(module, row, times) do
    fields =
      for key <- module.__struct__() |> Map.from_struct() |> Map.keys(),
          {:ok, value} <- [Map.fetch(row, Atom.to_string(key))],
          do: {key, if(key in times, do: time(value), else: value)}

    struct(module, fields)
  end

  defp time(nil), do: nil

  defp time(text) do
    case DateTime.from_iso8601(text) do
      {:ok, time, _offset} -> time
      {:error, _reason} -> nil
    end
  end
end
