defmodule AwapBackendWeb.ConnCase do
  @moduledoc """
  Tests over real HTTP: an endpoint of the test's own on a free port, and a client that sends exactly the bytes it is
  told to.

  `use AwapBackendWeb.ConnCase` gives `start_endpoint/1`, `request/4` and `raw/3`. The endpoint's backend is
  `AwapBackendWeb.StandIn` unless the test names another.
  """

  use ExUnit.CaseTemplate

  alias AwapBackendWeb.{Endpoint, StandIn}

  using do
    quote do
      import AwapBackendWeb.ConnCase
      alias AwapBackendWeb.{ConnCase, Endpoint, StandIn}
    end
  end

  defmodule Answer do
    @moduledoc "An answer: status, headers (names in lower case), body, and the body read as JSON where it is JSON."
    defstruct [:status, :headers, :body, :json, rest: ""]

    @doc "The value of a header, or nil."
    def header(%__MODULE__{headers: headers}, name) do
      with {_, value} <- List.keyfind(headers, name, 0), do: value
    end
  end

  @doc "Starts an endpoint for this test; answers its port."
  def start_endpoint(options \\ []) do
    name = :"endpoint_#{System.unique_integer([:positive])}"

    defaults = [
      name: name,
      server: true,
      port: 0,
      cors_origins: [],
      rate_limit: nil,
      max_body_bytes: 1_000_000,
      drain_timeout_ms: 2_000,
      tma: StandIn,
      repo: StandIn,
      health: StandIn,
      moodle: StandIn
    ]

    {:ok, _} =
      start_supervised(%{
        id: name,
        type: :supervisor,
        start: {Endpoint, :start_link, [Keyword.merge(defaults, options)]}
      })

    Process.put(:endpoint, name)
    Endpoint.port(name)
  end

  @doc "Stops the endpoint that this test started last."
  def stop_endpoint, do: stop_supervised(Process.get(:endpoint))

  @doc """
  Sends one request and reads its answer. Options: `:key` (an API key; nil for none), `:headers`, `:body`, `:timeout`.
  """
  def request(port, method, path, options \\ []) do
    body = IO.iodata_to_binary(Keyword.get(options, :body, ""))
    key = Keyword.get(options, :key, StandIn.key())

    headers =
      [{"host", "localhost"}, {"connection", "close"}] ++
        if(key, do: [{"authorization", "Bearer " <> key}], else: []) ++
        if(body == "", do: [], else: [{"content-length", Integer.to_string(byte_size(body))}]) ++
        Keyword.get(options, :headers, [])

    lines = for {name, value} <- headers, do: [name, ": ", value, "\r\n"]
    raw(port, [method, " ", path, " HTTP/1.1\r\n", lines, "\r\n", body], options)
  end

  @doc "POSTs `term` as JSON."
  def post_json(port, path, term, options \\ []), do: send_json(port, "POST", path, term, options)

  @doc "Sends `term` as JSON, by this method."
  def send_json(port, method, path, term, options \\ []) do
    headers = [{"content-type", "application/json"} | Keyword.get(options, :headers, [])]
    body = AwapBackend.JSON.encode(term)
    request(port, method, path, Keyword.merge(options, headers: headers, body: body))
  end

  @doc "POSTs a form. A part is `{headers, data}`, the headers being lines, or `{name, data}` for a plain field."
  def post_form(port, path, parts, options \\ []) do
    boundary = Keyword.get(options, :boundary, "----boundary7MA4YWxk")

    headers = [
      {"content-type", "multipart/form-data; boundary=#{boundary}"} | Keyword.get(options, :headers, [])
    ]

    request(port, "POST", path, Keyword.merge(options, headers: headers, body: form(parts, boundary)))
  end

  @doc "The body of a form."
  def form(parts, boundary) do
    [
      for {head, data} <- parts do
        head = if is_list(head), do: head, else: [~s(Content-Disposition: form-data; name="#{head}")]
        ["--", boundary, "\r\n", Enum.map(head, &[&1, "\r\n"]), "\r\n", data, "\r\n"]
      end,
      "--",
      boundary,
      "--\r\n"
    ]
  end

  @doc "The headers of a part that is a file."
  def file(name, filename, type \\ "application/octet-stream") do
    [~s(Content-Disposition: form-data; name="#{name}"; filename="#{filename}"), "Content-Type: " <> type]
  end

  @doc """
  Sends bytes and reads one answer; `:closed` where the connection closes without one. Options: `:timeout`, `:then` (a
  function of the socket, called once the bytes are sent).
  """
  def raw(port, bytes, options \\ []) do
    socket = connect(port)

    try do
      _ = :gen_tcp.send(socket, bytes)
      if then = options[:then], do: then.(socket)
      receive_answer(socket, "", Keyword.get(options, :timeout, 10_000))
    after
      :gen_tcp.close(socket)
    end
  end

  @doc "Opens a connection."
  def connect(port) do
    {:ok, socket} = :gen_tcp.connect({127, 0, 0, 1}, port, [:binary, active: false, packet: :raw])
    socket
  end

  @doc "Reads one answer from a socket; what came after it is in `rest`."
  def receive_answer(socket, buffer \\ "", timeout \\ 10_000) do
    case :binary.split(buffer, "\r\n\r\n") do
      [head, rest] ->
        ["HTTP/1.1 " <> <<status::binary-3, _::binary>> | lines] = String.split(head, "\r\n")

        headers =
          for line <- lines,
              [name, value] = String.split(line, ": ", parts: 2),
              do: {String.downcase(name), value}

        answer = %Answer{status: String.to_integer(status), headers: headers}

        if answer.status == 100,
          do: receive_answer(socket, rest, timeout),
          else: receive_body(socket, rest, answer, timeout)

      [_] ->
        case :gen_tcp.recv(socket, 0, timeout) do
          {:ok, data} -> receive_answer(socket, buffer <> data, timeout)
          {:error, :timeout} -> :timeout
          {:error, _} -> :closed
        end
    end
  end

  defp receive_body(socket, buffer, answer, timeout) do
    length = String.to_integer(Answer.header(answer, "content-length") || "0")

    case buffer do
      <<body::binary-size(length), rest::binary>> ->
        json =
          case AwapBackend.JSON.decode(body) do
            {:ok, json} -> json
            {:error, _} -> nil
          end

        %{answer | body: body, json: json, rest: rest}

      _ ->
        case :gen_tcp.recv(socket, 0, timeout) do
          {:ok, data} -> receive_body(socket, buffer <> data, answer, timeout)
          # A HEAD has the length of a body it does not send.
          {:error, _} -> %{answer | body: buffer}
        end
    end
  end
end
