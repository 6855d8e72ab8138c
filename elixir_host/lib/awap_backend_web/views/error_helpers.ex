defmodule AwapBackendWeb.ErrorHelpers do
  @moduledoc "Sentences about fields at fault."

  @doc "One message for a field: what the domain says of it may be several."
  @spec message(String.t() | [String.t()]) :: String.t()
  def message(messages), do: messages |> List.wrap() |> Enum.join("; ")

  @doc """
  One sentence that names the fields at fault. Their messages follow a field's name: `"is missing"` makes “content is
  missing”.
  """
  @spec summary(%{String.t() => String.t()}) :: String.t()
  def summary(fields) when map_size(fields) == 0, do: "This request cannot be taken as it is."

  def summary(fields) when map_size(fields) == 1 do
    [{name, message}] = Map.to_list(fields)
    "“#{name}” #{message}."
  end

  def summary(fields) do
    names = fields |> Map.keys() |> Enum.sort() |> Enum.take(5) |> Enum.map_join(", ", &"“#{&1}”")
    more = if map_size(fields) > 5, do: " and #{map_size(fields) - 5} more", else: ""
    "These fields are not right: #{names}#{more}."
  end
end
