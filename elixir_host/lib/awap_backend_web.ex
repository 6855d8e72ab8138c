defmodule AwapBackendWeb do
  @moduledoc """
  The HTTP face of the host: everything between a socket and the domain.

  A request goes through these, in this order:

    1. `AwapBackendWeb.Endpoint`: the listener, its limits, its drain on stop;
    2. `AwapBackendWeb.HTTP.Connection`: HTTP/1.1 on one socket, with deadlines of its own;
    3. `AwapBackendWeb.Pipeline`: request id, CORS, route, authentication, handler; whatever a handler raises is a 500;
    4. `AwapBackendWeb.Router`: the table of routes;
    5. a controller, which takes an `AwapBackendWeb.Conn` and answers one, or `{:error, error}`, which
       `AwapBackendWeb.ErrorView` turns into an answer.

  `use AwapBackendWeb, :controller` brings into a module what a controller needs.
  """

  @doc "What a controller needs: the connection's functions and the error view."
  def controller do
    quote do
      import AwapBackendWeb.Conn
      alias AwapBackendWeb.{Conn, ErrorView}
    end
  end

  @doc false
  defmacro __using__(which) when is_atom(which), do: apply(__MODULE__, which, [])
end
