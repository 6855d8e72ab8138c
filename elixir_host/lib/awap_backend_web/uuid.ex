defmodule AwapBackendWeb.UUID do
  @moduledoc "Ids in an address: UUIDs in their hyphenated form."

  @doc "The id in lower case; `:error` for what is no UUID."
  @spec cast(String.t()) :: {:ok, String.t()} | :error
  def cast(<<a::binary-8, ?-, b::binary-4, ?-, c::binary-4, ?-, d::binary-4, ?-, e::binary-12>>) do
    case Base.decode16(a <> b <> c <> d <> e, case: :mixed) do
      {:ok, _} -> {:ok, String.downcase(Enum.join([a, b, c, d, e], "-"), :ascii)}
      :error -> :error
    end
  end

  def cast(_text), do: :error
end
