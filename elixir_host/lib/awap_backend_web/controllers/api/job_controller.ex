defmodule AwapBackendWeb.API.JobController do
  @moduledoc "Jobs over HTTP: those that were given up, and trying one again."

  use AwapBackendWeb, :controller

  alias AwapBackendWeb.API.{Lookup, QueryParams}

  @doc "`GET /api/jobs/failed`: jobs that were given up, with the reason, newest first and in pages."
  @spec failed(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def failed(conn) do
    with {:ok, page} <- QueryParams.page(conn),
         {:ok, answer} <- Lookup.answer(conn.config.tma.list_failed(page, actor(conn)), "job") do
      json(conn, 200, Map.take(answer, ["jobs", "next_cursor"]))
    end
  end

  @doc """
  `POST /api/jobs/:id/retry`: gives a job that was given up all its attempts anew. 409 where it was not given up, or its
  original is no longer kept.
  """
  @spec retry(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def retry(conn) do
    with {:ok, _} <- QueryParams.none(conn),
         {:ok, id} <- Lookup.id(conn.params["id"], "job"),
         {:ok, %{"tma_id" => tma_id, "status" => status}} <-
           Lookup.answer(conn.config.tma.retry_job(id, actor(conn)), "job") do
      conn
      |> put_header("location", ["/api/tmas/", tma_id])
      |> json(202, %{"job_id" => id, "tma_id" => tma_id, "status" => status})
    end
  end
end
