defmodule AwapBackendWeb.Pipeline do
  @moduledoc """
  What happens to every request: request id, CORS, route, authentication, handler; and around it telemetry and a log line.

  Whatever a handler raises, throws or exits with becomes a 500 whose body says nothing of it. The log gets the kind of
  error and where it arose, not its message or its arguments: those may hold what a student wrote.
  """

  require Logger

  alias AwapBackend.Redact
  alias AwapBackendWeb.Auth.Refusals
  alias AwapBackendWeb.{Auth, Conn, CORS, ErrorView, RequestId, Router, StaticFiles, Telemetry}

  @doc "Answers a request."
  @spec call(Conn.t()) :: Conn.t()
  def call(%Conn{} = conn) do
    started = System.monotonic_time()
    # The route is known before anything can fail, so that log and telemetry can name it.
    {conn, found} = conn |> RequestId.assign() |> find_route()

    {conn, outcome} =
      try do
        {conn |> answer(found) |> CORS.headers(), :answered}
      catch
        kind, reason ->
          failed(conn, kind, reason, __STACKTRACE__)
      end

    finish(conn, outcome, started)
  end

  @doc "Answers a request whose head could not be read."
  @spec refuse(Conn.t(), ErrorView.error()) :: Conn.t()
  def refuse(%Conn{} = conn, error) do
    started = System.monotonic_time()
    conn |> RequestId.assign() |> ErrorView.render(error) |> finish(:answered, started)
  end

  defp find_route(%Conn{method: "OPTIONS"} = conn), do: {conn, {:options, methods(conn)}}

  defp find_route(%Conn{} = conn) do
    with {:error, []} <- Router.match(conn.method, conn.path),
         route when route == nil or conn.method not in ["GET", "HEAD"] <- StaticFiles.route(conn) do
      {conn, {:other_methods, if(route, do: StaticFiles.methods(), else: [])}}
    else
      {:ok, route, params} -> {%{conn | route: route, params: params}, :route}
      {:error, methods} -> {conn, {:other_methods, methods}}
      file -> {%{conn | route: file}, :route}
    end
  end

  defp methods(conn) do
    case Router.methods(conn.path) do
      [] -> if StaticFiles.route(conn), do: StaticFiles.methods(), else: []
      methods -> methods
    end
  end

  defp answer(conn, :route) do
    {_, _, controller, action, who} = conn.route

    case Auth.check(conn, who) do
      {:ok, conn} -> handle(conn, apply(controller, action, [conn]))
      {:error, error, conn} -> refused(conn, error)
    end
  end

  defp answer(conn, {_, []}),
    do: ErrorView.render(conn, ErrorView.error(404, "There is nothing at this address."))

  defp answer(conn, {:options, methods}), do: CORS.preflight(conn, methods)

  defp answer(conn, {:other_methods, methods}) do
    allow = Enum.join(methods, ", ")

    error =
      ErrorView.error(405, "This address takes #{allow}.", %{"allow" => methods}, headers: [{"allow", allow}])

    ErrorView.render(conn, error)
  end

  defp handle(_conn, %Conn{status: status} = conn) when is_integer(status), do: conn
  defp handle(conn, {:error, error}), do: refused(conn, error)
  # A body that could not be read: the connection it broke comes with the error.
  defp handle(_conn, {:error, error, %Conn{} = conn}), do: refused(conn, error)

  defp refused(conn, error) do
    Refusals.note(conn, error)
    ErrorView.render(conn, error)
  end

  defp failed(conn, kind, reason, stack) do
    Logger.error(
      "A handler failed (#{kind}: #{Redact.reason(reason)}) in #{conn.method} #{Telemetry.route(conn)}\n" <>
        Redact.stacktrace(stack)
    )

    # What the handler left unread, sent half or still expects: none of it can be known now.
    conn = %{conn | close?: true, status: nil, resp_headers: RequestId.header(conn)}
    {ErrorView.render(conn, ErrorView.internal()), {:failed, kind}}
  end

  defp finish(conn, outcome, started) do
    Telemetry.request(conn, outcome, AwapBackend.Telemetry.since(started))
    conn
  end
end
