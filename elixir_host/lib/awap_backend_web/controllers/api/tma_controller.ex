defmodule AwapBackendWeb.API.TMAController do
  @moduledoc """
  TMAs over HTTP: handing one in, asking how it is doing, listing them, its events.

  What is answered bears the student's pseudonym and no other trace of the student.
  """

  use AwapBackendWeb, :controller

  alias AwapBackendWeb.API.{Lookup, QueryParams, TMAParams}

  @store_timeout_ms 10_000
  @rubric_timeout_ms 5_000

  # A person who waits comes before what machines hand in by the hundred.
  @priorities %{"admin" => 10, "tutor" => 10, "service" => 0}

  @doc """
  `POST /api/tmas`: takes a TMA as JSON or as a form with the document itself. 201 once it is on disk, with its place in
  `Location`. 422 where a field is at fault or the rubric does not hold together, with the path of each fault. With an
  `Idempotency-Key` sent before, the first answer again.
  """
  @spec create(Conn.t()) :: Conn.t() | {:error, ErrorView.error()} | {:error, ErrorView.error(), Conn.t()}
  def create(conn) do
    with {:ok, _} <- QueryParams.none(conn),
         {:ok, key} <- idempotency_key(conn),
         {:ok, tma, conn} <- TMAParams.read(conn),
         {:ok, conn} <- sound_rubric(conn, tma["rubric"]) do
      options = [idempotency_key: key, priority: Map.get(@priorities, conn.caller["role"], 0)]

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

  # A rubric that does not hold together would fail the TMA later, when no one waits for the answer. A core that is away or busy
  # is no reason to turn work away: then marking says it.
  defp sound_rubric(conn, nil), do: {:ok, conn}

  defp sound_rubric(conn, rubric) do
    case conn.config.tma.check_rubric(rubric, @rubric_timeout_ms) do
      {:error, %{"code" => code} = error} when code in ["invalid_input", "limit_exceeded"] ->
        {:error, ErrorView.from_backend(error), conn}

      _sound_or_not_known ->
        {:ok, conn}
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
    with {:ok, _} <- QueryParams.none(conn),
         {:ok, row} <- find(conn, actor(conn)) do
      json(conn, 200, row)
    end
  end

  @doc "`GET /api/tmas`: rows without content, newest first, filtered and in pages."
  @spec index(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def index(conn) do
    with {:ok, filters} <- QueryParams.tmas(conn),
         {:ok, page} <- Lookup.answer(conn.config.tma.list_tmas(filters, actor(conn)), "TMA") do
      json(conn, 200, Map.take(page, ["tmas", "next_cursor"]))
    end
  end

  @doc "`GET /api/tmas/:id/events`: what has happened to the TMA, oldest first unless asked for backward."
  @spec events(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def events(conn) do
    with {:ok, opts} <- QueryParams.events(conn, "from_version"),
         {:ok, %{"id" => id}} <- find(conn, nil),
         data = %{"stream_id" => "tma-" <> id, "opts" => opts, "actor" => actor(conn)},
         {:ok, page} <- Lookup.answer(conn.config.repo.call("query_events", data, @store_timeout_ms), "TMA") do
      json(conn, 200, Map.take(page, ["events", "next"]))
    end
  end

  @doc "`GET /api/tmas/:id/near-duplicates`: TMAs of its cohort that have text in common with it, and where."
  @spec near_duplicates(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def near_duplicates(conn) do
    with {:ok, _} <- QueryParams.none(conn),
         {:ok, %{"id" => id}} <- find(conn, nil),
         data = %{"tma_id" => id, "actor" => actor(conn)},
         answer = conn.config.repo.call("list_near_duplicates", data, @store_timeout_ms),
         {:ok, found} <- Lookup.answer(answer, "TMA") do
      json(conn, 200, Map.take(found, ["near_duplicates"]))
    end
  end

  # Whoever only needs to know that it is there reads nothing of it, and gives no actor.
  defp find(conn, actor) do
    with {:ok, id} <- Lookup.id(conn.params["id"], "TMA"),
         do: Lookup.answer(conn.config.tma.get_tma(id, actor), "TMA")
  end
end
