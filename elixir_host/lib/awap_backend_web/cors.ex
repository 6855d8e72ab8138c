defmodule AwapBackendWeb.CORS do
  @moduledoc """
  Cross-origin calls from a browser: refused by saying nothing of them, unless the endpoint's `cors_origins` lists the
  origin (or `"*"`, for any). Answers bear no cookies, so credentials are never allowed.
  """

  import AwapBackendWeb.Conn

  alias AwapBackendWeb.Conn

  @allowed_headers "authorization, content-type, idempotency-key, if-match, if-none-match, x-request-id"
  @exposed_headers "x-request-id, location, retry-after, etag, idempotency-replayed, ratelimit, ratelimit-policy"

  @doc "Adds to an answer what lets a listed origin read it."
  @spec headers(Conn.t()) :: Conn.t()
  def headers(%Conn{config: %{cors_origins: []}} = conn), do: conn

  def headers(%Conn{} = conn) do
    conn = vary(conn, "origin")

    case allowed(conn) do
      nil ->
        conn

      origin ->
        conn
        |> put_header("access-control-allow-origin", origin)
        |> put_header("access-control-expose-headers", @exposed_headers)
    end
  end

  @doc "Answers OPTIONS, a browser's preflight among them, for a path that takes `methods`."
  @spec preflight(Conn.t(), [String.t()]) :: Conn.t()
  def preflight(%Conn{} = conn, methods) do
    list = Enum.join(methods, ", ")
    conn = conn |> empty(204) |> put_header("allow", list)

    if allowed(conn) && header(conn, "access-control-request-method") do
      conn
      |> put_header("access-control-allow-methods", list)
      |> put_header("access-control-allow-headers", @allowed_headers)
      |> put_header("access-control-max-age", "600")
    else
      conn
    end
  end

  defp allowed(%Conn{config: %{cors_origins: origins}} = conn) do
    case header(conn, "origin") do
      nil ->
        nil

      origin ->
        cond do:
               (
                 "*" in origins -> "*"
                 origin in origins -> origin
                 true -> nil
               )
    end
  end
end
