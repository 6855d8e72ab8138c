defmodule AwapBackendWeb.API.FeedbackController do
  @moduledoc """
  Feedback over HTTP: reading it, editing and reviewing it, what it was before.

  An answer bears an `ETag`, which `If-Match` takes: so nobody overwrites what somebody else has written meanwhile. Who has
  no headers to hand sends the `updated_at` that they read as `expected_updated_at`.
  """

  use AwapBackendWeb, :controller

  alias AwapBackendWeb.API.{FeedbackParams, Lookup, QueryParams}
  alias AwapBackendWeb.ETag

  @doc """
  `GET /api/feedback/:tma_id`: the feedback row; while there is none, a 404 that says why. 304 where it is still as
  `If-None-Match` has it.
  """
  @spec show(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def show(conn) do
    with {:ok, _} <- QueryParams.none(conn),
         {:ok, id} <- id(conn),
         {:ok, row} <- find(conn, id, actor(conn)) do
      conn = put_etag(conn, row)
      if ETag.none_match?(conn, etag(row)), do: json(conn, 200, row), else: empty(conn, 304)
    end
  end

  @doc """
  `GET /api/feedback/:tma_id/document`: the feedback as a file for the student, who is named in it by the pseudonym alone.
  What is not approved yet says that it is a draft. 304 where it is still as `If-None-Match` has it.
  """
  @spec document(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def document(conn) do
    with {:ok, _format} <- QueryParams.document(conn),
         {:ok, id} <- id(conn),
         {:ok, row} <- found(conn, id, conn.config.tma.get_document(id, actor(conn))) do
      conn = put_etag(conn, row)
      if ETag.none_match?(conn, etag(row)), do: written(conn, row), else: empty(conn, 304)
    end
  end

  defp written(conn, row) do
    with {:ok, tma} <- Lookup.answer(conn.config.tma.get_tma(row["tma_id"], nil), "TMA"),
         {:ok, file} <- Lookup.answer(conn.config.tma.write_feedback(row, tma), "feedback") do
      file(conn, file["content_type"], file_name(tma, file["extension"]), Base.decode64!(file["data_base64"]))
    end
  end

  # As the page names what it saves.
  defp file_name(tma, extension) do
    name = String.replace("#{tma["assignment_id"]}-#{tma["student_id"]}", ~r/[^A-Za-z0-9._-]+/, "-")
    "#{name}.#{extension}"
  end

  @doc """
  `PATCH /api/feedback/:tma_id`: edits the fields that are given, and with `reviewed` or `reviewed_by` marks the feedback as
  reviewed. An edit without either takes an earlier review away.

  412 where it is not as `If-Match` has it, 409 where it is not as at `expected_updated_at`; both say how it is now.
  """
  @spec update(Conn.t()) :: Conn.t() | {:error, ErrorView.error()} | {:error, ErrorView.error(), Conn.t()}
  def update(conn) do
    with {:ok, _} <- QueryParams.none(conn),
         {:ok, id} <- id(conn),
         {:ok, request, conn} <- FeedbackParams.read(conn),
         {:ok, request} <- preconditions(conn, id, request) do
      case conn.config.tma.update_feedback(id, request, actor(conn)) do
        {:ok, row} -> conn |> put_etag(row) |> json(200, row)
        {:error, %{"code" => "conflict"}} -> {:error, changed(conn, id), conn}
        {:error, %{"code" => "not_found"}} -> {:error, no_feedback(conn, id), conn}
        {:error, error} -> {:error, ErrorView.from_backend(error), conn}
      end
    end
  end

  @doc "`GET /api/feedback/:tma_id/revisions`: the feedback as it was before each edit, oldest first."
  @spec revisions(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def revisions(conn) do
    with {:ok, _} <- QueryParams.none(conn),
         {:ok, id} <- id(conn),
         {:ok, _row} <- find(conn, id),
         {:ok, answer} <- Lookup.answer(conn.config.tma.list_feedback_revisions(id, actor(conn)), "TMA") do
      json(conn, 200, Map.take(answer, ["revisions"]))
    end
  end

  # If-Match may name several states: which of them holds is looked up, and that one is what the store is to expect.
  defp preconditions(conn, id, request) do
    if header(conn, "if-match") do
      with {:ok, row} <- find(conn, id),
           :ok <- if(ETag.match?(conn, etag(row)), do: :ok, else: {:error, precondition_failed(row)}),
           :ok <- expected(request["expected_updated_at"], row) do
        {:ok, Map.put(request, "expected_updated_at", row["updated_at"])}
      else
        # With the connection whose body is read: what comes next on it is another request.
        {:error, error} -> {:error, error, conn}
      end
    else
      {:ok, request}
    end
  end

  defp expected(nil, _row), do: :ok

  defp expected(expected, row) do
    {:ok, expected, _} = DateTime.from_iso8601(expected)
    {:ok, is, _} = DateTime.from_iso8601(row["updated_at"])
    if DateTime.compare(expected, is) == :eq, do: :ok, else: {:error, conflict(row)}
  end

  defp changed(conn, id) do
    case find(conn, id) do
      {:ok, row} -> if header(conn, "if-match"), do: precondition_failed(row), else: conflict(row)
      {:error, error} -> error
    end
  end

  @meanwhile "This feedback was changed meanwhile: read it again, then make the change to what is there now."

  defp conflict(row), do: ErrorView.error(409, @meanwhile, current(row), headers: [{"etag", etag(row)}])

  defp precondition_failed(row),
    do: ErrorView.error(412, @meanwhile, current(row), headers: [{"etag", etag(row)}])

  defp current(row), do: %{"current" => Map.take(row, ["updated_at", "reviewed_by", "reviewed_at"])}

  # Each change has an updated_at of its own, later than the one before.
  defp etag(row), do: ETag.of(row["updated_at"])

  defp put_etag(conn, row), do: put_header(conn, "etag", etag(row))

  defp id(conn), do: Lookup.id(conn.params["tma_id"], "TMA")

  # An edit is in the audit log itself: what it looks up on the way is no access of its own.
  defp find(conn, id, actor \\ nil) do
    found(conn, id, conn.config.tma.get_feedback(id, actor))
  end

  defp found(_conn, _id, {:ok, row}), do: {:ok, row}
  defp found(conn, id, {:error, %{"code" => "not_found"}}), do: {:error, no_feedback(conn, id)}
  defp found(_conn, _id, {:error, error}), do: {:error, ErrorView.from_backend(error)}

  defp no_feedback(conn, id) do
    case Lookup.answer(conn.config.tma.get_tma(id, nil), "TMA") do
      {:ok, %{"status" => status}} ->
        ErrorView.error(404, why(status), %{"tma_id" => id, "status" => status}, waiting(status))

      {:error, error} ->
        error
    end
  end

  defp why("pending"), do: "There is no feedback yet: this TMA waits for its turn."
  defp why("processing"), do: "There is no feedback yet: this TMA is being marked."
  defp why("failed"), do: "There is no feedback: this TMA could not be marked. GET /api/tmas/:id says why."
  defp why(_status), do: "There is no feedback for this TMA."

  defp waiting(status) when status in ["pending", "processing"],
    do: [code: "feedback_pending", retry_after: 1]

  defp waiting(_status), do: [code: "no_feedback"]
end
