defmodule AwapBackendWeb.API.StudentController do
  @moduledoc """
  A student's rights over their data: all that is kept about them, and its erasure.

  The one place of the API whose answer names a student. Both need a `reason`, which the audit log keeps for good.
  """

  use AwapBackendWeb, :controller

  alias AwapBackendWeb.API.{Lookup, QueryParams}
  alias AwapBackendWeb.Pseudonym

  @export_ms 60_000
  @erase_ms 30_000

  @exported ["pseudonym", "identity", "tmas", "audit", "next_cursor"]

  @doc "`GET /api/students/:pseudonym`: all that is kept about a student, a page of their TMAs at a time."
  @spec show(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def show(conn) do
    with {:ok, page} <- QueryParams.export(conn),
         {:ok, answer} <- ask(conn, "export_student", page, @export_ms) do
      json(conn, 200, Map.take(answer, @exported))
    end
  end

  @doc "`DELETE /api/students/:pseudonym`: erases all that is kept about a student; how many rows of what."
  @spec delete(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def delete(conn) do
    with {:ok, reason} <- QueryParams.erasure(conn),
         {:ok, answer} <- ask(conn, "erase_student", reason, @erase_ms) do
      json(conn, 200, Map.take(answer, ["erased"]))
    end
  end

  defp ask(conn, command, data, timeout) do
    case Pseudonym.cast(conn.params["pseudonym"]) do
      {:ok, pseudonym} ->
        data = Map.merge(data, %{"pseudonym" => pseudonym, "actor" => actor(conn)})
        conn.config.repo.call(command, data, timeout) |> known()

      :error ->
        known({:error, %{"code" => "not_found"}})
    end
  end

  defp known({:error, %{"code" => "not_found"}}),
    do: {:error, ErrorView.error(404, "Nothing is kept about a student of this pseudonym.")}

  defp known(answer), do: Lookup.answer(answer, "student")
end
