defmodule AwapBackendWeb.API.OpenAPIController do
  @moduledoc "`GET /api/openapi.json`: the description of the API, for programs that make clients, tests and pages of it."

  use AwapBackendWeb, :controller

  alias AwapBackendWeb.{ETag, OpenAPI}

  # The same for everyone until the host is upgraded, so it is made once.
  @json OpenAPI.document() |> AwapBackend.JSON.encode() |> IO.iodata_to_binary()
  @etag ETag.of(:crypto.hash(:sha256, @json) |> binary_part(0, 16) |> Base.url_encode64(padding: false))

  @doc "200 with the document; 304 where it is as `If-None-Match` has it."
  @spec show(Conn.t()) :: Conn.t()
  def show(conn) do
    conn =
      conn
      |> put_header("etag", @etag)
      |> put_header("cache-control", "public, max-age=300, must-revalidate")

    if ETag.none_match?(conn, @etag), do: json_iodata(conn, 200, @json), else: empty(conn, 304)
  end
end
