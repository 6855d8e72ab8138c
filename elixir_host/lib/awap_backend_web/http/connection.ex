defmodule AwapBackendWeb.HTTP.Connection do
  @moduledoc """
  HTTP/1.1 on one accepted socket: reads a request, has it answered by the pipeline, writes the answer, and goes on to the
  next until one side has enough.

  mochiweb accepts and counts the sockets. Its own HTTP loop is not used: it waits five minutes on a request line that is
  not HTTP, half a minute on each of a thousand headers, and answers a malformed request with an empty 400. Here the
  socket is passive, every wait has a deadline, and every refusal is the same JSON as any other error.
  """

  alias AwapBackendWeb.{Conn, ErrorView, Pipeline}
  alias AwapBackendWeb.HTTP.{Budget, ClientAddress, Head, Response}

  # What is read and thrown away, so that a client that is still sending sees the answer and not a reset.
  @linger_bytes 4_194_304
  @linger_ms 2_000
  # A small body that no one asked for is read over rather than paid for with a new connection.
  @skip_bytes 65_536
  @collect_above 65_536

  @doc """
  Serves a socket until it is closed; called by mochiweb's acceptor in a process of its own. `key` is where the endpoint's
  configuration is, as a persistent term.
  """
  @spec serve(:gen_tcp.socket(), keyword, term) :: :ok
  def serve(socket, _options, key) do
    config = :persistent_term.get(key)
    :inet.setopts(socket, send_timeout: config.send_timeout_ms, send_timeout_close: true)
    :ets.insert(config.connections, {self(), socket, :idle})

    try do
      loop(socket, "", config, ClientAddress.peer(socket))
    after
      :ets.delete(config.connections, self())
      :gen_tcp.close(socket)
    end

    :ok
  end

  defp loop(socket, buffer, config, peer) do
    case read_head(socket, buffer, config) do
      {:ok, head, rest} ->
        :ets.update_element(config.connections, self(), {3, :busy})
        conn = answer(socket, conn(head, socket, rest, config, peer))

        case after_answer(conn) do
          {:upgrade, run} ->
            run.(conn)
            linger(socket)

          {:next, buffer} ->
            :ets.update_element(config.connections, self(), {3, :idle})
            if Budget.give_back(config.budget) > @collect_above, do: :erlang.garbage_collect()
            loop(socket, buffer, config, peer)

          :close ->
            Budget.give_back(config.budget)
            linger(socket)
        end

      {:refuse, {status, sentence}} ->
        refuse(socket, config, peer, ErrorView.error(status, sentence))

      :close ->
        :ok
    end
  end

  defp conn(head, socket, rest, config, peer) do
    %Conn{
      method: head.method,
      path: head.path,
      query: head.query,
      headers: head.headers,
      version: head.version,
      framing: head.framing,
      socket: socket,
      buffer: rest,
      config: config,
      peer: ClientAddress.of(peer, head.headers, config.trusted_proxies)
    }
  end

  defp answer(socket, conn) do
    conn = conn |> Pipeline.call() |> decide_close()

    case :gen_tcp.send(socket, Response.encode(conn)) do
      :ok -> conn
      {:error, _} -> %{conn | close?: true}
    end
  end

  # A head that cannot be read has no route, and still gets an answer, a log line and a request id.
  defp refuse(socket, config, peer, error) do
    head = %{method: "GET", path: [], query: "", headers: [], version: {1, 1}, framing: :none}
    conn = Pipeline.refuse(%{conn(head, socket, "", config, peer) | close?: true}, error)
    :gen_tcp.send(socket, Response.encode(conn))
    linger(socket)
  end

  defp decide_close(%Conn{close?: true} = conn), do: conn
  defp decide_close(%Conn{upgrade: run} = conn) when run != nil, do: conn

  defp decide_close(%Conn{} = conn) do
    wish = conn |> Conn.header("connection") |> tokens()

    close =
      "close" in wish or (conn.version == {1, 0} and "keep-alive" not in wish) or unread_body?(conn) or
        AwapBackendWeb.Endpoint.draining?(conn.config)

    %{conn | close?: close}
  end

  defp tokens(nil), do: []
  defp tokens("keep-alive"), do: ["keep-alive"]
  defp tokens(value), do: value |> String.downcase(:ascii) |> String.split([",", " ", "\t"], trim: true)

  defp unread_body?(%Conn{body_read?: true}), do: false
  defp unread_body?(%Conn{framing: :none}), do: false
  defp unread_body?(%Conn{framing: :chunked}), do: true

  # A client that waits for `100 Continue` and was refused sends its body or does not: only a new connection is safe.
  defp unread_body?(%Conn{framing: {:length, length}} = conn),
    do: length > @skip_bytes or Conn.header(conn, "expect") != nil

  defp after_answer(%Conn{close?: true}), do: :close
  defp after_answer(%Conn{upgrade: run}) when run != nil, do: {:upgrade, run}
  defp after_answer(%Conn{body_read?: true} = conn), do: {:next, conn.buffer}
  defp after_answer(%Conn{framing: :none} = conn), do: {:next, conn.buffer}

  defp after_answer(%Conn{framing: {:length, _}} = conn) do
    case Conn.read_body(conn) do
      {:ok, _skipped, conn} -> {:next, conn.buffer}
      {:error, _, _} -> :close
    end
  end

  defp read_head(socket, "", config) do
    case :gen_tcp.recv(socket, 0, config.idle_timeout_ms) do
      {:ok, data} -> read_head(socket, data, config)
      {:error, _} -> :close
    end
  end

  # Empty lines before a request are left over from clients that end a body with one (RFC 9112, section 2.2).
  defp read_head(socket, <<"\r\n", rest::binary>>, config), do: read_head(socket, rest, config)

  defp read_head(socket, buffer, config) do
    read_head(socket, buffer, 0, config, now() + config.header_timeout_ms)
  end

  defp read_head(socket, buffer, from, config, deadline) do
    case Head.find_end(buffer, from) do
      {:ok, size} when size <= config.max_header_bytes ->
        <<bytes::binary-size(size), rest::binary>> = buffer

        case Head.parse(bytes) do
          {:ok, head} -> {:ok, head, rest}
          {:error, refusal} -> {:refuse, refusal}
        end

      {:ok, _size} ->
        {:refuse, Head.too_large(buffer)}

      :more when byte_size(buffer) > config.max_header_bytes ->
        {:refuse, Head.too_large(buffer)}

      :more ->
        case :gen_tcp.recv(socket, 0, max(deadline - now(), 0)) do
          {:ok, data} ->
            read_head(socket, buffer <> data, max(byte_size(buffer) - 2, 0), config, deadline)

          {:error, :timeout} ->
            {:refuse, {408, "The headers of this request came too slowly."}}

          {:error, _} ->
            :close
        end
    end
  end

  defp linger(socket) do
    with :ok <- :gen_tcp.shutdown(socket, :write), do: discard(socket, @linger_bytes, now() + @linger_ms)
    :ok
  end

  defp discard(socket, bytes, deadline) do
    with true <- bytes > 0 and now() < deadline,
         {:ok, data} <- :gen_tcp.recv(socket, 0, max(deadline - now(), 0)) do
      discard(socket, bytes - byte_size(data), deadline)
    end
  end

  defp now, do: System.monotonic_time(:millisecond)
end
