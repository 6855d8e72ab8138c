defmodule AwapBackendWeb.API.Lookup do
  @moduledoc "Finding what an address names, and saying so where there is none."

  alias AwapBackendWeb.{ErrorView, UUID}

  @doc "The id in an address. What is no UUID is the id of nothing: 404, as for an id that is not in use."
  @spec id(String.t(), String.t()) :: {:ok, String.t()} | {:error, ErrorView.error()}
  def id(text, what) do
    with :error <- UUID.cast(text), do: {:error, missing(what)}
  end

  @doc "What the backend answered; where it knows of no such `what`, the 404 that says so."
  @spec answer({:ok, term} | {:error, term}, String.t()) :: {:ok, term} | {:error, ErrorView.error()}
  def answer({:ok, answer}, _what), do: {:ok, answer}
  def answer({:error, %{"code" => "not_found"}}, what), do: {:error, missing(what)}
  def answer({:error, error}, _what), do: {:error, ErrorView.from_backend(error)}

  @doc "The 404 for an id of nothing."
  @spec missing(String.t()) :: ErrorView.error()
  def missing(what), do: ErrorView.error(404, "There is no #{what} of this id.")
end
