defmodule AwapBackendWeb.SocketClient do
  @moduledoc "A WebSocket client that sends exactly the frames it is told to, sound or not."

  import AwapBackendWeb.ConnCase

  alias AwapBackend.JSON
  alias AwapBackendWeb.StandIn

  @patience_ms 10_000

  @handshake [
    {"host", "localhost"},
    {"upgrade", "websocket"},
    {"connection", "Upgrade"},
    {"sec-websocket-version", "13"},
    {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}
  ]

  @doc "The headers of a handshake, the key among them being the example of RFC 6455, section 1.3."
  def handshake, do: @handshake

  @doc "Sends a handshake with these headers more; the socket and the answer. `:key` is the credential, nil for none."
  def handshake(port, options \\ []) do
    socket = connect(port)
    key = Keyword.get(options, :key, StandIn.key())
    headers = Keyword.get(options, :handshake, @handshake) ++ Keyword.get(options, :headers, [])
    headers = if key, do: [{"authorization", "Bearer " <> key} | headers], else: headers
    lines = for {name, value} <- headers, do: [name, ": ", value, "\r\n"]
    :ok = :gen_tcp.send(socket, ["GET /socket HTTP/1.1\r\n", lines, "\r\n"])
    {socket, receive_answer(socket)}
  end

  @doc "Opens a WebSocket."
  def open(port, options \\ []) do
    {socket, %{status: 101}} = handshake(port, options)
    socket
  end

  @doc """
  The bytes of a frame: its opcode and its data. Options: `:fin` (1), `:rsv` (0), `:mask` (four bytes, or nil for none),
  `:length` (the bits that say how long it is, where they are not to be right).
  """
  def frame(opcode, data, options \\ []) do
    data = IO.iodata_to_binary(data)
    mask = Keyword.get(options, :mask, <<1, 2, 3, 4>>)
    length = Keyword.get(options, :length, size_bits(byte_size(data)))
    head = <<Keyword.get(options, :fin, 1)::1, Keyword.get(options, :rsv, 0)::3, opcode::4>>

    case mask do
      nil -> <<head::binary, 0::1, length::bitstring, data::binary>>
      mask -> <<head::binary, 1::1, length::bitstring, mask::binary, mask(data, mask)::binary>>
    end
  end

  defp size_bits(size) when size < 126, do: <<size::7>>
  defp size_bits(size) when size < 65_536, do: <<126::7, size::16>>
  defp size_bits(size), do: <<127::7, size::64>>

  defp mask(data, mask) do
    repeated = String.duplicate(mask, div(byte_size(data), 4) + 1)
    :crypto.exor(data, binary_part(repeated, 0, byte_size(data)))
  end

  @doc "Sends bytes."
  def send_bytes(socket, bytes), do: :ok = :gen_tcp.send(socket, bytes)

  @doc "Sends a term as JSON in one message."
  def say(socket, term), do: send_bytes(socket, frame(1, JSON.encode(term)))

  @doc """
  The next thing heard: a message as JSON, `{:close, code}` (code nil where it has none), `{:ping, data}`, `{:pong, data}`, `:closed`,
  or `:nothing` where nothing comes in time.
  """
  def hear(socket, timeout \\ @patience_ms) do
    with {:ok, <<1::1, 0::3, opcode::4, 0::1, length::7>>} <- :gen_tcp.recv(socket, 2, timeout),
         {:ok, data} <- payload(socket, length) do
      case opcode do
        1 -> elem(JSON.decode(data), 1)
        8 -> {:close, code(data)}
        9 -> {:ping, data}
        10 -> {:pong, data}
      end
    else
      {:error, :timeout} -> :nothing
      {:error, _closed} -> :closed
    end
  end

  defp payload(_socket, 0), do: {:ok, ""}

  defp payload(socket, 126) do
    {:ok, <<length::16>>} = :gen_tcp.recv(socket, 2, @patience_ms)
    :gen_tcp.recv(socket, length, @patience_ms)
  end

  defp payload(socket, length), do: :gen_tcp.recv(socket, length, @patience_ms)

  defp code(<<code::16, _reason::binary>>), do: code
  defp code(""), do: nil
end
