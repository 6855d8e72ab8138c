defmodule AwapBackendWeb.HTTP.WebSocket do
  @moduledoc """
  WebSocket (RFC 6455) on a connection that began as HTTP: handshake, frames, pings, close. Frames are cowlib's `cow_ws`.

  The module that uses it answers `c:handle_text/2` for a client's message and `c:handle_info/2` for an Erlang message,
  each with the texts to send.

  Limits: 65,536 bytes a message, in at most 64 fragments. A client that is not heard of for two ping intervals (25 seconds
  each) is gone. So is one that takes nothing for ten seconds; one that takes it more slowly than news comes, so that more
  than 1,000 Erlang messages wait, is closed with 1008.
  """

  alias AwapBackendWeb.{Conn, ErrorView}
  alias AwapBackendWeb.HTTP.HeaderValue

  @type state :: term
  @type reply :: {:ok, [iodata], state} | {:close, code :: 1000..4999, reason :: String.t()}

  @callback handle_text(String.t(), state) :: reply
  @callback handle_info(term, state) :: reply
  @doc "Called at each ping: whether the client may stay."
  @callback handle_ping(state) :: reply

  @max_message 65_536
  @max_fragments 64
  @ping_ms 25_000
  @send_ms 10_000
  @max_waiting 1_000

  @doc """
  Answers the handshake; `module` takes over the connection with `state` once the answer is sent. Of the subprotocols that
  the client offers `protocol` is taken, and no other.
  """
  @spec upgrade(Conn.t(), module, state, String.t()) :: Conn.t() | {:error, ErrorView.error()}
  def upgrade(%Conn{} = conn, module, state, protocol) do
    with :ok <- handshake(conn),
         :ok <- origin(conn) do
      accept = :cow_ws.encode_key(Conn.header(conn, "sec-websocket-key"))
      # Before the answer is sent: whoever has it must find the socket counted.
      :ets.update_element(conn.config.connections, self(), {3, {:upgraded, caller(conn)}})

      %{conn | status: 101, upgrade: &run(&1, module, state)}
      |> Conn.put_header("upgrade", "websocket")
      |> Conn.put_header("connection", "upgrade")
      |> Conn.put_header("sec-websocket-accept", accept)
      |> subprotocol(protocol)
    end
  end

  defp subprotocol(conn, protocol) do
    if protocol in HeaderValue.list(conn.headers, "sec-websocket-protocol"),
      do: Conn.put_header(conn, "sec-websocket-protocol", protocol),
      else: conn
  end

  # Who a WebSocket belongs to, as the endpoint's table of connections has it.
  defp caller(%Conn{caller: caller}), do: {caller["type"], caller["id"]}

  @doc "How many WebSockets the caller has open on this endpoint."
  @spec open(Conn.t()) :: non_neg_integer
  def open(%Conn{config: %{connections: connections}} = conn) do
    :ets.select_count(connections, [{{:_, :_, {:upgraded, caller(conn)}}, [], [true]}])
  end

  defp handshake(conn) do
    cond do
      not has_token?(conn, "upgrade", "websocket") or not has_token?(conn, "connection", "upgrade") ->
        {:error,
         ErrorView.error(426, "This address speaks WebSocket.", %{}, headers: [{"upgrade", "websocket"}])}

      Conn.header(conn, "sec-websocket-version") != "13" ->
        headers = [{"sec-websocket-version", "13"}]

        {:error,
         ErrorView.error(426, "The version of WebSocket that is spoken here is 13.", %{}, headers: headers)}

      conn.version != {1, 1} or conn.framing != :none or not key?(Conn.header(conn, "sec-websocket-key")) ->
        {:error, ErrorView.error(400, "The WebSocket handshake of this request is not complete.")}

      true ->
        :ok
    end
  end

  defp has_token?(conn, name, token) do
    case Conn.header(conn, name) do
      nil -> false
      value -> token in (value |> String.downcase(:ascii) |> String.split([",", " "], trim: true))
    end
  end

  defp key?(nil), do: false
  defp key?(key), do: match?({:ok, <<_::binary-16>>}, Base.decode64(key))

  # Browsers let any page open a socket anywhere and say which page it was.
  defp origin(%Conn{config: %{cors_origins: origins}} = conn) do
    case Conn.header(conn, "origin") do
      nil ->
        :ok

      origin ->
        host = Conn.header(conn, "host")

        if origin in ["http://#{host}", "https://#{host}" | origins] or "*" in origins,
          do: :ok,
          else:
            {:error, ErrorView.error(403, "This origin may not open a socket here.", %{}, reason: :origin)}
    end
  end

  defp run(%Conn{socket: socket} = conn, module, state) do
    Process.send_after(self(), {__MODULE__, :ping}, @ping_ms)
    :inet.setopts(socket, send_timeout: min(conn.config.send_timeout_ms, @send_ms))

    read(
      %{socket: socket, module: module, state: state, fragments: [], frag: :undefined, heard?: true},
      conn.buffer
    )

    # Whoever closes the connection reads what is still to come.
    :inet.setopts(socket, active: false)
  end

  defp read(ws, buffer) do
    case :cow_ws.parse_header(buffer, %{}, ws.frag) do
      :more -> wait(ws, buffer)
      :error -> close(ws, 1002, "protocol error")
      {_, _, _, length, _, _} when length > @max_message -> close(ws, 1009, "message too large")
      {_, _, _, _, :undefined, _} -> close(ws, 1002, "frames of a client are masked")
      {_, _, _, length, _, rest} when byte_size(rest) < length -> wait(ws, buffer)
      header -> payload(ws, header)
    end
  end

  # The frame is whole: cow_ws gives all of it or an error.
  defp payload(ws, {type, frag, rsv, length, mask, rest}) do
    case :cow_ws.parse_payload(rest, mask, 0, 0, utf8_later(type), length, frag, %{}, rsv) do
      {:ok, data, _, rest} -> frame(%{ws | frag: frag, heard?: true}, type, data, rest)
      # A client that says goodbye is told its own code, as RFC 6455 has it.
      {:ok, code, _reason, _, _rest} -> close(ws, code, "")
      {:error, :badframe} -> close(ws, 1002, "protocol error")
      {:error, :badencoding} -> close(ws, 1007, "not UTF-8")
    end
  end

  # A character may be cut between two fragments: the message is looked at when it is whole.
  defp utf8_later(:fragment), do: :binary
  defp utf8_later(type), do: type

  defp frame(ws, :text, text, rest), do: act(ws, ws.module.handle_text(text, ws.state), rest)
  defp frame(ws, :binary, _data, _rest), do: close(ws, 1003, "messages are text")
  defp frame(ws, :close, _data, _rest), do: close(ws, 1000, "")
  defp frame(ws, :pong, _data, rest), do: read(ws, rest)

  defp frame(ws, :ping, data, rest) do
    with :ok <- send_frame(ws, {:pong, data}), do: read(ws, rest)
  end

  defp frame(%{frag: {_, :binary, _}} = ws, :fragment, _data, _rest), do: close(ws, 1003, "messages are text")

  defp frame(%{frag: {state, :text, _}} = ws, :fragment, data, rest) do
    fragments = [data | ws.fragments]

    cond do
      length(fragments) > @max_fragments or IO.iodata_length(fragments) > @max_message ->
        close(ws, 1009, "message too large")

      state == :nofin ->
        read(%{ws | fragments: fragments}, rest)

      true ->
        text = fragments |> Enum.reverse() |> IO.iodata_to_binary()
        ws = %{ws | fragments: [], frag: :undefined}
        if String.valid?(text), do: frame(ws, :text, text, rest), else: close(ws, 1007, "not UTF-8")
    end
  end

  defp wait(%{socket: socket} = ws, buffer) do
    with :ok <- :inet.setopts(socket, active: :once) do
      receive do
        {:tcp, ^socket, data} -> read(ws, buffer <> data)
        {:tcp_closed, ^socket} -> :gone
        {:tcp_error, ^socket, _} -> :gone
        {__MODULE__, :ping} -> ping(ws, buffer)
        {__MODULE__, :drain} -> close(ws, 1001, "the server is stopping")
        message -> news(ws, message, buffer)
      end
    end
  end

  # What waits while an answer is written waits for a client that reads too slowly.
  defp news(ws, message, buffer) do
    case Process.info(self(), :message_queue_len) do
      {_, waiting} when waiting > @max_waiting -> close(ws, 1008, "this client reads too slowly")
      _ -> act(ws, ws.module.handle_info(message, ws.state), buffer)
    end
  end

  defp ping(%{heard?: false} = ws, _buffer), do: close(ws, 1001, "nothing was heard")

  defp ping(ws, buffer) do
    with :ok <- send_frame(ws, :ping) do
      Process.send_after(self(), {__MODULE__, :ping}, @ping_ms)
      act(%{ws | heard?: false}, ws.module.handle_ping(ws.state), buffer)
    end
  end

  @doc "Has the process of a connection close its socket with 1001, if it is a WebSocket."
  @spec drain(pid) :: :ok
  def drain(pid) do
    send(pid, {__MODULE__, :drain})
    :ok
  end

  defp act(ws, {:ok, [text | texts], state}, buffer) do
    with :ok <- send_frame(ws, {:text, text}), do: act(ws, {:ok, texts, state}, buffer)
  end

  defp act(ws, {:ok, [], state}, buffer), do: read(%{ws | state: state}, buffer)

  defp act(ws, {:close, code, reason}, _buffer), do: close(ws, code, reason)

  defp close(ws, code, reason), do: send_frame(ws, {:close, code, reason})

  # A socket that cannot be written to in time is closed (`send_timeout_close`), and this is the end of it.
  defp send_frame(ws, frame), do: :gen_tcp.send(ws.socket, :cow_ws.frame(frame, %{}))
end
