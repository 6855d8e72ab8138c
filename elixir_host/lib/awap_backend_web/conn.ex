defmodule AwapBackendWeb.Conn do
  @moduledoc """
  One request and the answer to it, as they pass through the pipeline.

  `headers` are those of the request, names in lower case, in the order in which they came. `params` are the variables
  of the route. The body is not read until `read_body/1` asks for it, so a request that is refused costs none of it.
  """

  alias AwapBackendWeb.HTTP.{Body, Head}

  @enforce_keys [:method, :path, :query, :headers, :version, :framing, :config]
  defstruct [
    :method,
    :path,
    :query,
    :headers,
    :version,
    :framing,
    :config,
    :socket,
    :peer,
    :request_id,
    :route,
    :caller,
    :status,
    :upgrade,
    buffer: "",
    params: %{},
    body_read?: false,
    resp_headers: [],
    resp_body: "",
    close?: false
  ]

  @type t :: %__MODULE__{
          method: String.t(),
          path: [String.t()],
          query: String.t(),
          headers: [{String.t(), String.t()}],
          version: {1, 0 | 1},
          framing: Head.framing(),
          config: AwapBackendWeb.Endpoint.config(),
          socket: :gen_tcp.socket() | nil,
          peer: String.t() | nil,
          request_id: String.t() | nil,
          route: AwapBackendWeb.Router.route() | nil,
          caller: AwapBackendWeb.Auth.caller() | nil,
          status: 100..599 | nil,
          upgrade: (t -> any) | nil,
          buffer: binary,
          params: %{String.t() => String.t()},
          body_read?: boolean,
          resp_headers: [{String.t(), iodata}],
          resp_body: iodata,
          close?: boolean
        }

  @doc "The first value of a request header (`name` in lower case), or nil."
  @spec header(t, String.t()) :: String.t() | nil
  def header(%__MODULE__{headers: headers}, name) do
    case List.keyfind(headers, name, 0) do
      {_, value} -> value
      nil -> nil
    end
  end

  @doc "Sets a header of the answer, in place of an earlier one of that name."
  @spec put_header(t, String.t(), iodata) :: t
  def put_header(%__MODULE__{} = conn, name, value) do
    %{conn | resp_headers: List.keystore(conn.resp_headers, name, 0, {name, value})}
  end

  @doc "Says that the answer depends on a header of the request (`name` in lower case)."
  @spec vary(t, String.t()) :: t
  def vary(%__MODULE__{} = conn, name) do
    case List.keyfind(conn.resp_headers, "vary", 0) do
      nil -> put_header(conn, "vary", name)
      {_, names} -> put_header(conn, "vary", [names, ", ", name])
    end
  end

  @doc "Answers with `status` and `term` as JSON."
  @spec json(t, 100..599, term) :: t
  def json(%__MODULE__{} = conn, status, term),
    do: json_iodata(conn, status, AwapBackend.JSON.encode(term))

  @doc "Answers with `status` and a body that is JSON already."
  @spec json_iodata(t, 100..599, iodata) :: t
  def json_iodata(%__MODULE__{} = conn, status, body) do
    put_header(%{conn | status: status, resp_body: body}, "content-type", "application/json; charset=utf-8")
  end

  @doc "Answers 200 with a file to be saved under `name`, which is letters, digits and `._-` alone."
  @spec file(t, String.t(), String.t(), binary) :: t
  def file(%__MODULE__{} = conn, content_type, name, body) do
    %{conn | status: 200, resp_body: body}
    |> put_header("content-type", content_type)
    |> put_header("content-disposition", ["attachment; filename=\"", name, "\""])
  end

  @doc "Answers with `status` and no body."
  @spec empty(t, 100..599) :: t
  def empty(%__MODULE__{} = conn, status), do: %{conn | status: status, resp_body: ""}

  @doc """
  Reads the whole body, at most `max_body_bytes` of the endpoint's configuration.

  `{:error, error, conn}` carries what `AwapBackendWeb.ErrorView` renders: too large, too slow, malformed, or no room for
  it now. The connection closes after such an answer, since what remains of the body cannot be told from a next request.
  """
  @spec read_body(t) :: {:ok, binary, t} | {:error, AwapBackendWeb.ErrorView.error(), t}
  def read_body(%__MODULE__{} = conn), do: read_body(conn, conn.config.max_body_bytes)

  @doc "As `read_body/1`, and at most `max_bytes`."
  @spec read_body(t, pos_integer) :: {:ok, binary, t} | {:error, AwapBackendWeb.ErrorView.error(), t}
  def read_body(%__MODULE__{} = conn, max_bytes) do
    config = Map.update!(conn.config, :max_body_bytes, &min(&1, max_bytes))

    case Body.read(%{conn | config: config}) do
      {:ok, body, rest} -> {:ok, body, %{conn | buffer: rest, body_read?: true}}
      {:error, error} -> {:error, error, %{conn | close?: true, body_read?: true}}
    end
  end

  @doc """
  The media type of the request, in lower case, and its parameters: `{"multipart/form-data", %{"boundary" => "…"}}`;
  nil where there is none or it cannot be read.
  """
  @spec content_type(t) :: {String.t(), %{String.t() => String.t()}} | nil
  def content_type(%__MODULE__{} = conn) do
    with value when is_binary(value) <- header(conn, "content-type"),
         {:ok, type, params} <- AwapBackendWeb.HTTP.HeaderValue.parse(value) do
      {String.downcase(type, :ascii), params}
    else
      _ -> nil
    end
  end

  @doc """
  The query's parameters as a map of strings.

  `{:error, fields}` names what is wrong: a parameter given twice, or one that is not percent-encoded UTF-8 or has a
  control character.
  """
  @spec query_params(t) :: {:ok, %{String.t() => String.t()}} | {:error, %{String.t() => String.t()}}
  def query_params(%__MODULE__{query: ""}), do: {:ok, %{}}

  def query_params(%__MODULE__{query: query}) do
    query
    |> String.split("&", trim: true)
    |> Enum.reduce_while({:ok, %{}}, fn pair, {:ok, acc} ->
      [name | rest] = String.split(pair, "=", parts: 2)
      value = List.first(rest) || ""

      with {:ok, name} <- Head.percent_decode(String.replace(name, "+", " ")),
           {:ok, value} <- Head.percent_decode(String.replace(value, "+", " ")) do
        if is_map_key(acc, name),
          do: {:halt, {:error, %{name => "is given more than once"}}},
          else: {:cont, {:ok, Map.put(acc, name, value)}}
      else
        :error -> {:halt, {:error, %{"query" => "is not percent-encoded UTF-8 without control characters"}}}
      end
    end)
  end

  @doc "Who asks, as the store's commands take it for the audit log."
  @spec actor(t) :: %{String.t() => String.t() | nil}
  def actor(%__MODULE__{} = conn) do
    %{
      "id" => conn.caller && conn.caller["id"],
      "type" => conn.caller && conn.caller["type"],
      "ip_address" => conn.peer,
      "user_agent" => user_agent(conn),
      "request_id" => conn.request_id
    }
  end

  defp user_agent(conn) do
    case header(conn, "user-agent") do
      nil -> nil
      agent -> if String.printable?(agent), do: String.slice(agent, 0, 200)
    end
  end
end
