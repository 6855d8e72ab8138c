defmodule AwapBackendWeb.API.MoodleController do
  @moduledoc "Moodle over HTTP: having new submissions fetched now, and the outbox of grades that go there."

  use AwapBackendWeb, :controller

  alias AwapBackendWeb.API.{Lookup, QueryParams}

  @timeout_ms 15_000

  @doc "`GET /api/moodle/sync`: whether a sync runs and how the last one went; 503 where no Moodle site is configured."
  @spec show(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def show(conn) do
    with {:ok, _} <- QueryParams.none(conn) do
      case conn.config.moodle.state() do
        {:ok, state} -> json(conn, 200, state)
        {:error, reason} -> {:error, refusal(reason)}
      end
    end
  end

  @doc "`GET /api/moodle/outbox`: grades on their way to Moodle, newest first, filtered and in pages."
  @spec outbox(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def outbox(conn) do
    with {:ok, filters} <- QueryParams.outbox(conn),
         data = Map.put(filters, "actor", actor(conn)),
         {:ok, page} <- Lookup.answer(conn.config.repo.call("list_uploads", data, @timeout_ms), "upload") do
      json(conn, 200, Map.take(page, ["uploads", "next_cursor"]))
    end
  end

  @doc """
  `POST /api/moodle/outbox/:id/retry`: sends a grade again; `?overwrite=true` decides a conflict in its favour. 409 where it
  was sent, or what it is about has changed since.
  """
  @spec retry(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def retry(conn) do
    with {:ok, params} <- QueryParams.overwrite(conn),
         {:ok, id} <- Lookup.id(conn.params["id"], "upload"),
         data = Map.merge(params, %{"upload_id" => id, "actor" => actor(conn)}),
         {:ok, upload} <- Lookup.answer(conn.config.repo.call("retry_upload", data, @timeout_ms), "upload") do
      conn.config.moodle.grade_waits()
      json(conn, 202, upload)
    end
  end

  @doc "`POST /api/moodle/sync`: 202 once it has begun, 409 where one runs already; 503 where no Moodle site is configured."
  @spec sync(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def sync(conn) do
    with {:ok, _} <- QueryParams.none(conn) do
      case conn.config.moodle.sync_now() do
        :ok -> json(conn, 202, %{"status" => "started"})
        {:ok, %{} = sync} -> json(conn, 202, %{"status" => "started", "sync" => sync})
        {:error, reason} -> {:error, refusal(reason)}
      end
    end
  end

  defp refusal(:not_configured) do
    ErrorView.error(
      503,
      "No Moodle site is configured: set MOODLE_BASE_URL, MOODLE_CLIENT_ID and MOODLE_CLIENT_SECRET, and start the host anew.",
      %{},
      code: "not_configured"
    )
  end

  defp refusal(:running),
    do:
      ErrorView.error(409, "A sync with Moodle is running already. GET /api/moodle/sync says how far it is.")

  defp refusal(:not_supported),
    do: ErrorView.error(501, "This version of the host does not sync with Moodle.")

  defp refusal(%{"code" => _} = error), do: ErrorView.from_backend(error)

  defp refusal(_reason),
    do: ErrorView.error(503, "The sync with Moodle could not begin. The log says why.", %{}, retry_after: 60)
end
