defmodule AwapBackendWeb.Pseudonym do
  @moduledoc """
  Students in an address: pseudonyms, as `anonymize_student` makes them.

  What is none may be a student's real number, so it goes no further: not to the store, whose audit log would keep it,
  and not into the answer.
  """

  @doc "The pseudonym; `:error` for what is none."
  @spec cast(String.t()) :: {:ok, String.t()} | :error
  def cast("stu_" <> <<digits::binary-32>> = text) do
    if digits =~ ~r/\A[0-9a-f]{32}\z/, do: {:ok, text}, else: :error
  end

  def cast(_text), do: :error
end
