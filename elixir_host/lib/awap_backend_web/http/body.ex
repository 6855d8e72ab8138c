defmodule AwapBackendWeb.HTTP.Body do
  @moduledoc """
  Reads the body of a request within bounds: of bytes, of time, and of what all bodies together may hold in memory.

  Time: a body may take `body_timeout_ms` and, beyond that, as long as it comes at `min_body_rate` bytes a second or
  faster. So a large upload over a thin line gets through and one that drips does not.
  """

  alias AwapBackendWeb.{Conn, ErrorView}
  alias AwapBackendWeb.HTTP.Budget

  @recv_buffer 65_536
  @max_chunk_line 4_096
  @max_trailers 8_192

  @doc "The body, whole, and what came after it on the connection."
  @spec read(Conn.t()) :: {:ok, binary, binary} | {:error, ErrorView.error()}
  def read(%Conn{framing: :none} = conn), do: {:ok, "", conn.buffer}

  def read(%Conn{framing: {:length, length}, config: %{max_body_bytes: max}}) when length > max,
    do: {:error, too_large(max)}

  def read(%Conn{} = conn) do
    state = %{
      socket: conn.socket,
      max: conn.config.max_body_bytes,
      budget: conn.config.budget,
      timeout: conn.config.body_timeout_ms,
      rate: conn.config.min_body_rate,
      started: now(),
      received: 0
    }

    # What this reservation counts is given back by the connection when the request is over.
    with :ok <- reserve(state, conn.framing) do
      continue(conn)
      :inet.setopts(conn.socket, buffer: @recv_buffer)

      case conn.framing do
        {:length, length} -> fixed(state, conn.buffer, length)
        :chunked -> chunk_line(state, conn.buffer, "", 0)
      end
    end
  end

  defp reserve(state, {:length, length}), do: reserve(state, length)
  defp reserve(_state, :chunked), do: :ok

  defp reserve(state, bytes) when is_integer(bytes) do
    if Budget.take(state.budget, bytes), do: :ok, else: {:error, no_room()}
  end

  defp continue(conn) do
    with {1, 1} <- conn.version,
         "" <- conn.buffer,
         expect when is_binary(expect) <- Conn.header(conn, "expect"),
         "100-continue" <- String.downcase(expect, :ascii) do
      :gen_tcp.send(conn.socket, "HTTP/1.1 100 Continue\r\n\r\n")
    end
  end

  defp fixed(_state, buffer, length) when byte_size(buffer) >= length do
    <<body::binary-size(length), rest::binary>> = buffer
    {:ok, body, rest}
  end

  defp fixed(state, buffer, length), do: fixed(state, [buffer], byte_size(buffer), length)

  defp fixed(state, parts, size, length) when size < length do
    with {:ok, data, state} <- more(state), do: fixed(state, [parts, data], size + byte_size(data), length)
  end

  defp fixed(_state, parts, _size, length) do
    <<body::binary-size(length), rest::binary>> = IO.iodata_to_binary(parts)
    {:ok, body, rest}
  end

  # Chunked coding (RFC 9112, section 7.1): `size[;extension]CRLF data CRLF … 0CRLF trailers CRLF`.
  # The body grows in one binary: a list of its chunks would cost many times the bytes of short ones.
  defp chunk_line(state, buffer, body, size) do
    case :binary.split(buffer, "\r\n") do
      [line, rest] when byte_size(line) <= @max_chunk_line ->
        case chunk_size(line) do
          {:ok, 0} -> trailers(state, rest, body, 0)
          {:ok, length} when size + length > state.max -> {:error, too_large(state.max)}
          {:ok, length} -> chunk(state, rest, length, body, size)
          :error -> {:error, malformed()}
        end

      [line] when byte_size(line) <= @max_chunk_line ->
        with {:ok, data, state} <- more(state), do: chunk_line(state, buffer <> data, body, size)

      _ ->
        {:error, malformed()}
    end
  end

  defp chunk(state, buffer, length, body, size) do
    with :ok <- reserve(state, length), do: chunk_data(state, buffer, length, body, size + length)
  end

  defp chunk_data(state, buffer, length, body, size) do
    case buffer do
      <<data::binary-size(length), "\r\n", rest::binary>> ->
        chunk_line(state, rest, <<body::binary, data::binary>>, size)

      <<_::binary-size(length), _, _, _::binary>> ->
        {:error, malformed()}

      _ when byte_size(buffer) < length ->
        with {:ok, data, state} <- more(state),
             do: chunk_data(state, data, length - byte_size(buffer), <<body::binary, buffer::binary>>, size)

      _ ->
        with {:ok, data, state} <- more(state), do: chunk_data(state, buffer <> data, length, body, size)
    end
  end

  defp trailers(state, buffer, body, seen) do
    case :binary.split(buffer, "\r\n") do
      ["", rest] ->
        {:ok, body, rest}

      [line, rest] when seen + byte_size(line) < @max_trailers ->
        trailers(state, rest, body, seen + byte_size(line))

      [line] when seen + byte_size(line) < @max_trailers ->
        more_trailers(state, buffer, body, seen)

      _ ->
        {:error, malformed()}
    end
  end

  defp more_trailers(state, buffer, body, seen) do
    with {:ok, data, state} <- more(state), do: trailers(state, buffer <> data, body, seen)
  end

  defp chunk_size(line) do
    [digits | _extension] = :binary.split(line, ";")
    digits = String.trim_trailing(digits)

    with true <- byte_size(digits) in 1..15,
         {size, ""} when size >= 0 <- Integer.parse(digits, 16),
         false <- :binary.first(digits) in '+-' do
      {:ok, size}
    else
      _ -> :error
    end
  end

  defp more(state) do
    allowed = state.timeout + div(state.received * 1000, state.rate)

    case allowed - (now() - state.started) do
      left when left <= 0 ->
        {:error, too_slow()}

      left ->
        case :gen_tcp.recv(state.socket, 0, left) do
          {:ok, data} -> {:ok, data, %{state | received: state.received + byte_size(data)}}
          {:error, :timeout} -> {:error, too_slow()}
          {:error, _} -> {:error, broken_off()}
        end
    end
  end

  defp now, do: System.monotonic_time(:millisecond)

  defp too_large(max),
    do:
      ErrorView.error(413, "This request is larger than the #{max} bytes that are taken.", %{
        "max_bytes" => max
      })

  defp too_slow, do: ErrorView.error(408, "The body of this request came too slowly. Send it again.")
  defp malformed, do: ErrorView.error(400, "The chunks of this request's body cannot be read.")
  defp broken_off, do: ErrorView.error(400, "The body of this request broke off.")

  defp no_room,
    do:
      ErrorView.error(503, "The server is taking in as much as it can hold. Try again shortly.", %{},
        retry_after: 5
      )
end
