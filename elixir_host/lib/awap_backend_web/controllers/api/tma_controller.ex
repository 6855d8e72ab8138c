defmodule AwapBackendWeb.API.TMAController do
  @moduledoc """
  TMAs over HTTP: handing one in, asking how it is doing, listing them, its feedback, its events.

  What is answered bears the student's pseudonym and no other trace of the student.
  """

  use AwapBackendWeb, :controller

  alias AwapBackendWeb.API.{ListParams, TMAParams}
  alias AwapBackendWeb.UUID

  @store_timeout_ms 10_000

  # A person who waits comes before what machines hand in by the hundred.
  @priorities %{"admin" => 10, "tutor" => 10, "service" => 0}

  @doc """
  `POST /api/tmas`: takes a TMA as JSON or as a form with the document itself. 201 once it is on disk, with its place in
  `Location`. With an `Idempotency-Key` sent before, the first answer again.
  """
  @spec create(Conn.t()) :: Conn.t() | {:error, ErrorView.error()} | {:error, ErrorView.error(), Conn.t()}
  def create(conn) do
    with {:ok, key} <- idempotency_key(conn),
         {:ok, tma, conn} <- TMAParams.read(conn) do
      options = [idempotency_key: key, priority: Map.get(@priorities, conn.api_key["role"], 0)]

      case conn.config.tma.create_tma(tma, actor(conn), options) do
        {:ok, %{"id" => id} = row} ->
          conn
          |> put_header("location", ["/api/tmas/", id])
          |> replayed(row)
          |> json(201, Map.take(row, ["id", "job_id", "status", "student_id", "submitted_at"]))

        {:error, error} ->
          {:error, ErrorView.from_backend(error), conn}
      end
    end
  end

  defp replayed(conn, %{"created" => false}), do: put_header(conn, "idempotency-replayed", "true")
  defp replayed(conn, _row), do: conn

  defp idempotency_key(conn) do
    case header(conn, "idempotency-key") do
      nil ->
        {:ok, nil}

      key ->
        if byte_size(key) in 1..255 and key =~ ~r/\A[\x21-\x7e]+\z/,
          do: {:ok, key},
          else: {:error, ErrorView.error(400, "An Idempotency-Key is 1 to 255 visible ASCII characters.")}
    end
  end

  @doc "`GET /api/tmas/:id`: the TMA's row; its content is null until it is anonymized."
  @spec show(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def show(conn) do
    with {:ok, _} <- ListParams.none(conn),
         {:ok, row} <- find(conn, conn.params["id"]) do
      json(conn, 200, row)
    end
  end

  @doc "`GET /api/tmas`: rows without content, newest first, filtered and in pages."
  @spec index(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def index(conn) do
    with {:ok, filters} <- ListParams.tmas(conn),
         {:ok, page} <- backend(conn.config.tma.list_tmas(filters)) do
      json(conn, 200, Map.take(page, ["tmas", "next_cursor"]))
    end
  end

  @doc "`GET /api/feedback/:tma_id`: the feedback row; while there is none, a 404 that says why."
  @spec feedback(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def feedback(conn) do
    with {:ok, _} <- ListParams.none(conn),
         {:ok, id} <- id(conn.params["tma_id"]) do
      case conn.config.tma.get_feedback(id) do
        {:ok, row} -> json(conn, 200, row)
        {:error, %{"code" => "not_found"}} -> no_feedback(conn, id)
        {:error, error} -> {:error, ErrorView.from_backend(error)}
      end
    end
  end

  defp no_feedback(conn, id) do
    with {:ok, tma} <- find(conn, id) do
      status = tma["status"]
      error = ErrorView.error(404, why(status), %{"tma_id" => id, "status" => status}, waiting(status))
      {:error, error}
    end
  end

  defp why("pending"), do: "There is no feedback yet: this TMA waits for its turn."
  defp why("processing"), do: "There is no feedback yet: this TMA is being marked."
  defp why("failed"), do: "There is no feedback: this TMA could not be marked. GET /api/tmas/:id says why."
  defp why(_status), do: "There is no feedback for this TMA."

  defp waiting(status) when status in ["pending", "processing"],
    do: [code: "feedback_pending", retry_after: 1]

  defp waiting(_status), do: [code: "no_feedback"]

  @doc "`GET /api/tmas/:id/events`: what has happened to the TMA, oldest first."
  @spec events(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def events(conn) do
    with {:ok, opts} <- ListParams.events(conn),
         {:ok, id} <- id(conn.params["id"]),
         {:ok, _row} <- find(conn, id),
         data = %{"stream_id" => "tma-" <> id, "opts" => opts},
         {:ok, page} <- backend(conn.config.repo.call("query_events", data, @store_timeout_ms)) do
      json(conn, 200, Map.take(page, ["events", "next"]))
    end
  end

  defp find(conn, id) do
    with {:ok, id} <- id(id), do: backend(conn.config.tma.get_tma(id))
  end

  # What is no UUID is the id of nothing: 404, as for an id that is not in use.
  defp id(text) do
    with :error <- UUID.cast(text), do: {:error, ErrorView.error(404, "There is no TMA of this id.")}
  end

  defp backend({:ok, answer}), do: {:ok, answer}

  defp backend({:error, %{"code" => "not_found"}}),
    do: {:error, ErrorView.error(404, "There is no TMA of this id.")}

  defp backend({:error, error}), do: {:error, ErrorView.from_backend(error)}
end
