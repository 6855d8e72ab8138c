defmodule AwapBackendWeb.UserSocketTest do
  # Not async: it uses the PubSub of the VM.
  use AwapBackendWeb.ConnCase

  alias AwapBackend.PubSub
  alias AwapBackendWeb.ConnCase.Answer

  @handshake [
    {"upgrade", "websocket"},
    {"connection", "Upgrade"},
    {"sec-websocket-version", "13"},
    {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}
  ]

  setup do
    unless Process.whereis(PubSub), do: start_supervised!(PubSub)
    %{port: start_endpoint()}
  end

  defp open(port) do
    socket = connect(port)
    lines = for {name, value} <- @handshake, do: [name, ": ", value, "\r\n"]
    head = ["GET /socket HTTP/1.1\r\nhost: x\r\nauthorization: Bearer #{StandIn.key()}\r\n", lines, "\r\n"]
    :ok = :gen_tcp.send(socket, head)
    answer = receive_answer(socket)
    assert answer.status == 101
    # The example of RFC 6455, section 1.3.
    assert Answer.header(answer, "sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert Answer.header(answer, "content-length") == nil
    socket
  end

  # A client's frame, masked.
  defp send_frame(socket, opcode, data, fin \\ 1) do
    length =
      if byte_size(data) < 126, do: <<1::1, byte_size(data)::7>>, else: <<1::1, 126::7, byte_size(data)::16>>

    mask = <<1, 2, 3, 4>>

    masked =
      for {byte, i} <- Enum.with_index(:binary.bin_to_list(data)),
          into: "",
          do: <<Bitwise.bxor(byte, rem(i, 4) + 1)>>

    :ok = :gen_tcp.send(socket, [<<fin::1, 0::3, opcode::4>>, length, mask, masked])
  end

  defp say(socket, term), do: send_frame(socket, 1, IO.iodata_to_binary(AwapBackend.JSON.encode(term)))

  defp hear(socket) do
    {:ok, <<1::1, 0::3, opcode::4, 0::1, length::7>>} = :gen_tcp.recv(socket, 2, 2_000)

    length =
      case length do
        126 ->
          {:ok, <<length::16>>} = :gen_tcp.recv(socket, 2, 2_000)
          length

        length ->
          length
      end

    {:ok, data} = if length == 0, do: {:ok, ""}, else: :gen_tcp.recv(socket, length, 2_000)

    case opcode do
      1 -> elem(AwapBackend.JSON.decode(data), 1)
      8 -> {:close, :binary.decode_unsigned(binary_part(data, 0, 2))}
      10 -> {:pong, data}
    end
  end

  test "tells the status at once and each change of it, of what was asked for alone", %{port: port} do
    socket = open(port)
    say(socket, %{"subscribe" => String.upcase(StandIn.id())})
    assert %{"event" => "tma_status", "tma" => %{"status" => "completed"}} = hear(socket)

    id = StandIn.id()
    PubSub.broadcast("tma:" <> StandIn.id(:pending), {:tma_status, %{"id" => StandIn.id(:pending)}})

    PubSub.broadcast(
      "tma:" <> id,
      {:tma_status, %{"id" => id, "status" => "processing", "stage" => "parse_tma"}}
    )

    assert %{"tma" => %{"id" => ^id, "stage" => "parse_tma"}} = hear(socket)

    say(socket, %{"unsubscribe" => id})
    say(socket, %{"subscribe" => StandIn.id(:pending)})
    assert %{"tma" => %{"status" => "pending"}} = hear(socket)
    PubSub.broadcast("tma:" <> id, {:tma_status, %{"id" => id, "status" => "failed"}})
    send_frame(socket, 9, "are you there")
    assert hear(socket) == {:pong, "are you there"}
  end

  test "answers what cannot be done, and stays", %{port: port} do
    socket = open(port)

    for {message, code} <- [
          {%{"subscribe" => StandIn.id(:missing)}, "not_found"},
          {%{"subscribe" => "nothing"}, "not_found"},
          {%{"subscribe" => StandIn.id(:unavailable)}, "unavailable"},
          {%{"subscribe" => 7}, "invalid_request"},
          {%{"hello" => 1}, "invalid_request"},
          {[], "invalid_request"}
        ] do
      say(socket, message)
      assert %{"event" => "error", "error" => %{"code" => ^code}} = hear(socket)
    end

    send_frame(socket, 1, "not json")
    assert %{"event" => "error"} = hear(socket)
  end

  test "takes a message in fragments, with a ping between and a character cut in two", %{port: port} do
    socket = open(port)
    text = ~s({"subscribe":"#{StandIn.id()}","x":"é"})
    cut = byte_size(text) - 3
    send_frame(socket, 1, binary_part(text, 0, cut), 0)
    send_frame(socket, 9, "ping")
    assert hear(socket) == {:pong, "ping"}
    send_frame(socket, 0, binary_part(text, cut, 3), 1)
    assert %{"event" => "tma_status"} = hear(socket)
    # The state of fragments is clean again.
    say(socket, %{"subscribe" => StandIn.id()})
    assert %{"event" => "tma_status"} = hear(socket)
  end

  test "closes with the code that says why", %{port: port} do
    for {what, code, act} <- [
          {"a close", 1000, &send_frame(&1, 8, <<1000::16>>)},
          {"an empty close", 1000, &send_frame(&1, 8, "")},
          {"binary", 1003, &send_frame(&1, 2, "abc")},
          {"bad UTF-8", 1007, &send_frame(&1, 1, <<255>>)},
          {"too large", 1009, &:gen_tcp.send(&1, <<1::1, 0::3, 1::4, 1::1, 127::7, 100_000::64, 0::32>>)},
          {"not masked", 1002, &:gen_tcp.send(&1, <<1::1, 0::3, 1::4, 0::1, 2::7, "{}">>)},
          {"an unknown opcode", 1002, &send_frame(&1, 3, "")},
          {"a continuation of nothing", 1002, &send_frame(&1, 0, "")}
        ] do
      socket = open(port)
      act.(socket)
      assert {what, hear(socket)} == {what, {:close, code}}
      assert {:error, :closed} = :gen_tcp.recv(socket, 0, 5_000)
    end
  end

  test "is closed with 1001 when the endpoint stops", %{port: port} do
    socket = open(port)
    :ok = stop_endpoint()
    assert hear(socket) == {:close, 1001}
  end

  test "refuses what is no handshake", %{port: port} do
    for {what, headers, status} <- [
          {"no upgrade", [], 426},
          {"another version",
           List.keyreplace(@handshake, "sec-websocket-version", 0, {"sec-websocket-version", "8"}), 426},
          {"no key", List.keydelete(@handshake, "sec-websocket-key", 0), 400},
          {"a short key", List.keyreplace(@handshake, "sec-websocket-key", 0, {"sec-websocket-key", "YWJj"}),
           400},
          {"a foreign page", [{"origin", "https://evil.example"} | @handshake], 403}
        ] do
      lines = for {name, value} <- headers, do: [name, ": ", value, "\r\n"]
      head = ["GET /socket HTTP/1.1\r\nhost: x\r\nauthorization: Bearer #{StandIn.key()}\r\n", lines, "\r\n"]
      assert {what, raw(port, head).status} == {what, status}
    end
  end
end
