defmodule AwapBackendWeb.HostileConnectionsTest do
  @moduledoc """
  Connections that are many, idle, half-closed, broken off or abused, over HTTP and as WebSockets: none is served for longer
  than the deadlines, and others are served beside them.
  """
  # Not async: it takes all the connections there are, and the PubSub of the VM.
  use AwapBackendWeb.ConnCase

  alias AwapBackend.PubSub

  @patience_ms 20_000
  @health "GET /api/health HTTP/1.1\r\nhost: x\r\n\r\n"
  @post "POST /api/tmas HTTP/1.1\r\nhost: x\r\nauthorization: Bearer #{AwapBackendWeb.StandIn.key()}\r\n" <>
          "content-type: application/json\r\n"

  defp assert_well(port), do: assert(request(port, "GET", "/api/health", timeout: @patience_ms).status == 200)

  defp closed?(socket), do: :gen_tcp.recv(socket, 0, @patience_ms) == {:error, :closed}

  test "a thousand requests sent ahead are answered in their order, while nobody reads" do
    port = start_endpoint(send_timeout_ms: 10_000)
    socket = connect(port)
    ids = for n <- 1..1_000, do: "request-#{String.pad_leading("#{n}", 4, "0")}"
    sent = for id <- ids, do: ["GET /api/health HTTP/1.1\r\nhost: x\r\nx-request-id: ", id, "\r\n\r\n"]
    :ok = :gen_tcp.send(socket, sent)

    {answered, ""} =
      Enum.map_reduce(ids, "", fn _, buffer ->
        answer = receive_answer(socket, buffer, @patience_ms)
        {ConnCase.Answer.header(answer, "x-request-id"), answer.rest}
      end)

    assert answered == ids
    assert_well(port)
  end

  test "who has closed their side is still answered, whether the request was whole or not" do
    port = start_endpoint(body_timeout_ms: 5_000)

    for {bytes, status} <- [
          {@health, 200},
          {[@post, "content-length: 15\r\n\r\n", ~s({"content":"a"})], 201},
          {[@post, "content-length: 99\r\n\r\n", ~s({"content":"a"})], 400},
          {[@post, "transfer-encoding: chunked\r\n\r\n5\r\n{"], 400}
        ] do
      answer = raw(port, bytes, then: &:gen_tcp.shutdown(&1, :write), timeout: @patience_ms)
      assert answer.status == status
    end

    assert raw(port, "GET /api/hea", then: &:gen_tcp.shutdown(&1, :write), timeout: @patience_ms) == :closed
    assert_well(port)
  end

  test "connections that are reset, whatever they were at, leave nothing behind" do
    port = start_endpoint()
    before = ports()

    for _ <- 1..50,
        bytes <- [
          "",
          "GET /api",
          @health,
          [@post, "content-length: 99\r\n\r\n{"],
          List.duplicate(@health, 50)
        ] do
      socket = connect(port)
      :gen_tcp.send(socket, bytes)
      :inet.setopts(socket, linger: {true, 0})
      :gen_tcp.close(socket)
    end

    assert_well(port)
    AwapBackend.DataCase.eventually(fn -> ports() <= before + 2 end, @patience_ms)
  end

  defp ports, do: :erlang.system_info(:port_count)

  # Both ends of each are ours, and each is a file of this process.
  test "ten thousand idle connections, or as many as there are files for, keep nobody out and are closed in time" do
    {limit, 0} = System.cmd("/bin/sh", ["-c", "ulimit -n"])
    files = if String.trim(limit) == "unlimited", do: 1_000_000, else: String.to_integer(String.trim(limit))
    n = min(10_000, div(files - 500, 2))
    port = start_endpoint(max_connections: n + 100, idle_timeout_ms: 8_000)
    memory = :erlang.memory(:total)

    sockets = for _ <- 1..n, do: connect(port)
    for _ <- 1..20, do: assert_well(port)
    assert (:erlang.memory(:total) - memory) / n < 30_000
    assert Enum.all?(sockets, &closed?/1)
    assert_well(port)
  end

  test "where all connections are taken by the idle, the next ones still get their turn" do
    port = start_endpoint(max_connections: 50, idle_timeout_ms: 1_000)
    idle = for _ <- 1..120, do: connect(port)
    assert_well(port)
    Enum.each(idle, &:gen_tcp.close/1)
  end

  describe "a WebSocket" do
    setup do
      unless Process.whereis(PubSub), do: start_supervised!(PubSub)
      %{port: start_endpoint(send_timeout_ms: 1_000)}
    end

    # Opcodes of RFC 6455.
    @continuation 0
    @text 1
    @close 8
    @ping 9

    defp open(port) do
      socket = connect(port)

      :ok =
        :gen_tcp.send(socket, [
          "GET /socket HTTP/1.1\r\nhost: x\r\nauthorization: Bearer #{StandIn.key()}\r\nupgrade: websocket\r\n",
          "connection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ])

      assert receive_answer(socket).status == 101
      socket
    end

    # A client's frame under a mask of zeros, which leaves the data as it is.
    defp frame(opcode, data, fin \\ 1) do
      size = IO.iodata_length(data)

      length =
        cond do
          size < 126 -> <<size::7>>
          size < 65_536 -> <<126::7, size::16>>
          true -> <<127::7, size::64>>
        end

      [<<fin::1, 0::3, opcode::4, 1::1, length::bitstring>>, <<0::32>>, data]
    end

    # The code of the frame with which the other side closes; what came before it does not matter here.
    defp close_code(socket, buffer \\ "") do
      case :gen_tcp.recv(socket, 0, @patience_ms) do
        {:ok, data} ->
          close_code(socket, buffer <> data)

        {:error, _closed} ->
          case Regex.run(~r/\x88[\x02-\x7d](..)[^\x88]*\z/s, buffer, capture: :all_but_first) do
            [<<code::16>>] -> code
            nil -> nil
          end
      end
    end

    test "is closed with a code that says why", %{port: port} do
      head = &<<1::1, 0::3, @text::4, 1::1, 127::7, &1::64, 0::32>>

      for {what, bytes, codes} <- [
            {"a flood of fragments",
             [frame(@text, "a", 0), List.duplicate(frame(@continuation, "a", 0), 10_000)], [1009]},
            {"a flood of empty fragments",
             [frame(@text, "", 0), List.duplicate(frame(@continuation, "", 0), 10_000)], [1009]},
            {"a frame of all bytes there are", head.(0x7FFFFFFFFFFFFFFF), [1002, 1009]},
            {"a frame of more than that", head.(0xFFFFFFFFFFFFFFFF), [1002, 1009]},
            {"a message of 70,000 bytes", frame(@text, String.duplicate("a", 70_000)), [1009]},
            {"a long ping", frame(@ping, String.duplicate("a", 126)), [1002]},
            {"a ping in fragments", frame(@ping, "a", 0), [1002]},
            {"a reserved bit", <<1::1, 7::3, @text::4, 1::1, 0::7, 0::32>>, [1002]},
            {"a message within a message", [frame(@text, "a", 0), frame(@text, "b")], [1002]},
            {"bytes", frame(@text, <<0xC3, 0x28>>), [1007]},
            {"bytes, cut in two", [frame(@text, <<0xC3>>, 0), frame(@continuation, <<0x28>>)], [1007]},
            {"a close of one byte", frame(@close, "a"), [1002, 1007]},
            {"a close with a code of no one", frame(@close, <<999::16>>), [1002, 1007]},
            {"a close whose reason is bytes", frame(@close, [<<1000::16>>, <<0xC3, 0x28>>]), [1007]},
            {"HTTP", @health, [1002, 1009]}
          ] do
        socket = open(port)
        _ = :gen_tcp.send(socket, bytes)
        assert {what, code} = {what, close_code(socket)}
        # A flood may be cut off before its sender can read why.
        assert code in codes or (what =~ "flood" and code == nil), "#{what}: #{inspect(code)}"
      end

      assert_well(port)
    end

    test "that sends pings without end and reads no pong is cut off, and others are served meanwhile", %{
      port: port
    } do
      socket = open(port)
      :inet.setopts(socket, recbuf: 1_024, send_timeout: 1_000)
      flood = IO.iodata_to_binary(List.duplicate(frame(@ping, String.duplicate("a", 125)), 5_000))
      sender = Task.async(fn -> until_error(fn -> :gen_tcp.send(socket, flood) end) end)
      for _ <- 1..10, do: assert_well(port)
      assert Task.await(sender, 60_000) in [:closed, :timeout, :enotconn, :epipe]
    end

    defp until_error(act) do
      with :ok <- act.(), do: until_error(act), else: ({:error, reason} -> reason)
    end

    test "takes messages that are no use one by one, and answers each", %{port: port} do
      socket = open(port)

      messages =
        [String.duplicate("[", 60_000), ~s({"subscribe":#{String.duplicate("9", 60_000)}}), "", "\0", "null"] ++
          [
            ~s({"subscribe":"../../x"}),
            ~s({"subscribe":{"a":1}}),
            ~s({"subscribe":"#{String.duplicate("a", 60_000)}"})
          ]

      for message <- messages do
        :ok = :gen_tcp.send(socket, frame(@text, message))
        {:ok, <<0x81, _::binary>> = answer} = :gen_tcp.recv(socket, 0, @patience_ms)
        assert answer =~ ~s("event":"error")
        assert byte_size(answer) < 500
      end
    end
  end
end
