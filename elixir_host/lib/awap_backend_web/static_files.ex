defmodule AwapBackendWeb.StaticFiles do
  @moduledoc """
  The files of `priv/static`, for a browser: `GET /` is `index.html`, anything else is under its own path.

  They are read when the endpoint starts (`AwapBackendWeb.StaticFiles.Index`); a request looks its path up among them and
  touches no disk, so there is no path to escape from. Whoever changes a file restarts the host.

  Each has a strong `ETag` of its content. A name with a fingerprint in it (`app-3f2a9c1d.js`) is kept for good by whoever asks
  for it; anything else is asked for anew each time, at the cost of a 304. A page may load what this host serves and nothing
  else, and runs no script that stands in it.
  """

  use AwapBackendWeb, :controller

  alias AwapBackendWeb.ETag
  alias AwapBackendWeb.HTTP.HeaderValue
  alias AwapBackendWeb.StaticFiles.Index

  @page_policy "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " <>
                 "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

  @methods ["GET", "HEAD", "OPTIONS"]

  @doc "The route that a file is answered on, as the router's are; nil where there is no such file."
  @spec route(Conn.t()) :: AwapBackendWeb.Router.route() | nil
  def route(conn) do
    if Index.member?(conn.config.files, conn.path), do: {"GET", "(file)", __MODULE__, :show, :open}
  end

  @doc "The methods that a file takes."
  @spec methods() :: [String.t()]
  def methods, do: @methods

  @doc "200 with the file, gzipped where the client takes that; 304 where it is as `If-None-Match` has it."
  @spec show(Conn.t()) :: Conn.t()
  def show(conn) do
    file = Index.fetch!(conn.config.files, conn.path)
    gzip? = file.gzip != nil and takes_gzip?(conn)
    variant = if gzip?, do: file.gzip, else: file.plain

    conn =
      conn
      |> put_header("etag", variant.etag)
      |> put_header("cache-control", file.cache_control)
      |> policy(file.type)
      |> encoding(file, gzip?)

    if ETag.none_match?(conn, variant.etag) do
      put_header(%{conn | status: 200, resp_body: variant.bytes}, "content-type", file.type)
    else
      empty(conn, 304)
    end
  end

  defp policy(conn, "text/html" <> _) do
    conn
    |> put_header("content-security-policy", @page_policy)
    |> put_header("cross-origin-opener-policy", "same-origin")
  end

  defp policy(conn, _type), do: conn

  defp encoding(conn, %{gzip: nil}, _gzip?), do: conn
  defp encoding(conn, _file, false), do: vary(conn, "accept-encoding")

  defp encoding(conn, _file, true),
    do: conn |> vary("accept-encoding") |> put_header("content-encoding", "gzip")

  # `gzip`, or `*` where gzip is not named, unless its weight is 0 (RFC 9110, section 12.5.3).
  defp takes_gzip?(conn) do
    weights =
      for member <- HeaderValue.list(conn.headers, "accept-encoding"),
          {:ok, coding, params} <- [HeaderValue.parse(member)],
          into: %{},
          do: {String.downcase(coding, :ascii), Map.get(params, "q", "1")}

    case weights["gzip"] || weights["x-gzip"] || weights["*"] do
      nil -> false
      weight -> not (weight =~ ~r/\A0(\.0*)?\z/)
    end
  end
end
