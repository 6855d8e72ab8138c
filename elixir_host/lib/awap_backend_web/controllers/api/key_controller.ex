defmodule AwapBackendWeb.API.KeyController do
  @moduledoc "API keys over HTTP: listing, making and revoking them."

  use AwapBackendWeb, :controller

  alias AwapBackendWeb.API.{BodyParams, Lookup, QueryParams}
  alias AwapBackendWeb.Auth

  @timeout_ms 15_000
  @max_bytes 65_536
  @roles ["admin", "tutor", "service"]

  @doc "`GET /api/keys`: keys, newest first and in pages, those that were revoked among them. None is in clear."
  @spec index(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def index(conn) do
    with {:ok, page} <- QueryParams.page(conn),
         {:ok, answer} <- Lookup.answer(conn.config.repo.call("list_api_keys", page, @timeout_ms), "API key") do
      json(conn, 200, Map.take(answer, ["api_keys", "next_cursor"]))
    end
  end

  @doc "`POST /api/keys`: makes a key. The answer has it in clear, this once."
  @spec create(Conn.t()) :: Conn.t() | {:error, ErrorView.error()} | {:error, ErrorView.error(), Conn.t()}
  def create(conn) do
    with {:ok, _} <- QueryParams.none(conn),
         {:ok, fields, conn} <-
           BodyParams.read(conn, %{"name" => &BodyParams.name/1, "role" => &BodyParams.one_of(&1, @roles)},
             required: ["name", "role"],
             max_bytes: @max_bytes
           ) do
      case conn.config.repo.call("create_api_key", Map.put(fields, "actor", actor(conn)), @timeout_ms) do
        {:ok, key} -> json(conn, 201, Map.take(key, ["id", "name", "role", "key"]))
        {:error, error} -> {:error, ErrorView.from_backend(error), conn}
      end
    end
  end

  @doc """
  `DELETE /api/keys/:id`: revokes a key, for good. On this host it is refused from now on, on others that share the
  database within the endpoint's `key_ttl_ms`.
  """
  @spec delete(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def delete(conn) do
    with {:ok, _} <- QueryParams.none(conn),
         {:ok, id} <- Lookup.id(conn.params["id"], "API key"),
         data = %{"id" => id, "actor" => actor(conn)},
         {:ok, answer} <- Lookup.answer(conn.config.repo.call("revoke_api_key", data, @timeout_ms), "API key") do
      Auth.forget(conn.config, id)
      json(conn, 200, Map.take(answer, ["id", "revoked_at"]))
    end
  end
end
