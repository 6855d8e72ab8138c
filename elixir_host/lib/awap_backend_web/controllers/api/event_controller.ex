defmodule AwapBackendWeb.API.EventController do
  @moduledoc "The event store over HTTP: every stream in one order, and whether its chain of hashes holds."

  use AwapBackendWeb, :controller

  alias AwapBackend.EventStore
  alias AwapBackendWeb.API.{Lookup, QueryParams}

  @read_ms 15_000

  @verification ["valid", "events", "fault_at", "fault", "head", "event_store"]

  @doc "`GET /api/events`: the events of every stream, oldest first unless asked for backward."
  @spec index(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def index(conn) do
    with {:ok, opts} <- QueryParams.events(conn, "from_position"),
         data = %{"stream_id" => "$all", "opts" => opts, "actor" => actor(conn)},
         {:ok, page} <- Lookup.answer(conn.config.repo.call("query_events", data, @read_ms), "event") do
      json(conn, 200, Map.take(page, ["events", "next"]))
    end
  end

  @doc """
  `GET /api/events/verify`: reads all events, or those after a place, and says whether each is as it was written, and none is
  missing.
  """
  @spec verify(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def verify(conn) do
    with {:ok, place} <- QueryParams.verified_after(conn),
         found = EventStore.verify(after: place, repo: conn.config.repo),
         {:ok, answer} <- Lookup.answer(found, "event") do
      json(conn, 200, Map.take(answer, @verification))
    end
  end
end
