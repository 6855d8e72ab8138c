defmodule AwapBackendWeb.API.AuditController do
  @moduledoc "The audit log over HTTP: who did what to which row."

  use AwapBackendWeb, :controller

  alias AwapBackendWeb.API.{Lookup, QueryParams}

  @timeout_ms 15_000

  @doc "`GET /api/audit`: entries, newest first, filtered and in pages."
  @spec index(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def index(conn) do
    with {:ok, filters} <- QueryParams.audit(conn),
         data = Map.put(filters, "actor", actor(conn)),
         {:ok, page} <- Lookup.answer(conn.config.repo.call("list_audit", data, @timeout_ms), "entry") do
      json(conn, 200, Map.take(page, ["entries", "next_cursor"]))
    end
  end
end
