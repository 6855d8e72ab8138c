defmodule AwapBackendWeb.HTTP.WebSocketTest do
  @moduledoc "The WebSocket protocol (RFC 6455), frame by frame."

  # Not async: the socket uses the PubSub of the VM.
  use AwapBackendWeb.ConnCase

  import AwapBackendWeb.SocketClient

  alias AwapBackendWeb.ConnCase.Answer

  @continuation 0
  @text 1
  @binary 2
  @close 8
  @ping 9
  @pong 10

  # A message that is answered, so that it is seen to have arrived.
  @message ~s({"unknown": "ä€𝄞"})
  @error %{"event" => "error"}

  setup do
    unless Process.whereis(AwapBackend.PubSub), do: start_supervised!(AwapBackend.PubSub)
    %{port: start_endpoint()}
  end

  defp first(port, bytes) do
    socket = open(port)
    send_bytes(socket, bytes)
    hear(socket)
  end

  defp long(n), do: String.duplicate("a", n)

  test "a table of frames that are no frames, each closed with the code that says why", %{port: port} do
    table =
      for(rsv <- 1..7, do: {"reserved bits #{rsv}", frame(@text, "a", rsv: rsv), 1002}) ++
        for(rsv <- 1..7, do: {"reserved bits #{rsv} of a ping", frame(@ping, "a", rsv: rsv), 1002}) ++
        for(opcode <- [3, 4, 5, 6, 7, 11, 12, 13, 14, 15], do: {"opcode #{opcode}", frame(opcode, "a"), 1002}) ++
        for(
          opcode <- [@close, @ping, @pong],
          do: {"a control frame in fragments", frame(opcode, "", fin: 0), 1002}
        ) ++
        for(
          opcode <- [@close, @ping, @pong],
          do: {"a control frame of 126 bytes", frame(opcode, long(126)), 1002}
        ) ++
        for(
          opcode <- [@text, @ping, @close],
          do: {"a frame without a mask", frame(opcode, "", mask: nil), 1002}
        ) ++
        [
          {"a continuation of nothing", frame(@continuation, "a"), 1002},
          {"a first fragment that continues nothing", frame(@continuation, "a", fin: 0), 1002},
          {"a continuation after the end",
           [frame(@text, "{", fin: 0), frame(@continuation, "}"), frame(@continuation, "a")], [@error, 1002]},
          {"a message within a message", [frame(@text, "a", fin: 0), frame(@text, "b")], 1002},
          {"bytes within a message", [frame(@text, "a", fin: 0), frame(@binary, "b")], 1002},
          {"a first fragment within a message", [frame(@text, "a", fin: 0), frame(@text, "b", fin: 0)], 1002},
          {"a length in two bytes that fits into one", frame(@text, "a", length: <<126::7, 1::16>>), 1002},
          {"a length in eight bytes that fits into two", frame(@text, "a", length: <<127::7, 1::64>>), 1002},
          {"a length past all numbers", frame(@text, "", length: <<127::7, 1::1, 0::63>>), 1002},
          {"a close of one byte", frame(@close, "a"), 1002},
          {"a message too long", frame(@text, "", length: <<127::7, 65_537::64>>), 1009},
          {"a message of 8 EiB", frame(@text, "", length: <<127::7, 0::1, -1::63>>), 1009},
          {"fragments that are too long together",
           [frame(@text, long(40_000), fin: 0), frame(@continuation, long(40_000))], 1009},
          {"too many fragments",
           [frame(@text, "a", fin: 0), List.duplicate(frame(@continuation, "a", fin: 0), 64)], 1009},
          {"bytes", frame(@binary, "a"), 1003},
          {"bytes in fragments", frame(@binary, "a", fin: 0), 1003}
        ]

    for {what, bytes, expected} <- table do
      socket = open(port)
      send_bytes(socket, bytes)

      for expected <- List.wrap(expected) do
        heard = hear(socket)

        case expected do
          code when is_integer(code) -> assert {what, heard} == {what, {:close, code}}
          map -> assert {what, Map.take(heard, Map.keys(map))} == {what, map}
        end
      end

      assert {what, hear(socket)} == {what, :closed}
    end
  end

  test "a table of texts that are not UTF-8, whole and cut anywhere", %{port: port} do
    for {what, bytes} <- [
          {"a byte alone", <<0xFF>>},
          {"a continuation byte alone", <<0x80>>},
          {"a character that breaks off", <<"a", 0xE2, 0x82>>},
          {"an overlong slash", <<0xC0, 0xAF>>},
          {"an overlong euro", <<0xF0, 0x82, 0x82, 0xAC>>},
          {"a surrogate", <<0xED, 0xA0, 0x80>>},
          {"a pair of surrogates", <<0xED, 0xA0, 0x80, 0xED, 0xB0, 0x80>>},
          {"past the last character", <<0xF4, 0x90, 0x80, 0x80>>},
          {"a character of five bytes", <<0xF8, 0x88, 0x80, 0x80, 0x80>>},
          {"text before and after", <<"κόσμε", 0xED, 0xA0, 0x80, "edited">>}
        ] do
      assert {what, first(port, frame(@text, bytes))} == {what, {:close, 1007}}

      for cut <- 0..byte_size(bytes) do
        <<head::binary-size(cut), tail::binary>> = bytes
        fragments = [frame(@text, head, fin: 0), frame(@ping, "x"), frame(@continuation, tail)]
        socket = open(port)
        send_bytes(socket, fragments)
        assert {what, cut, hear(socket)} == {what, cut, {:pong, "x"}}
        assert {what, cut, hear(socket)} == {what, cut, {:close, 1007}}
      end
    end
  end

  test "a message arrives, however it is cut and whatever comes between", %{port: port} do
    socket = open(port)

    for cut <- 0..byte_size(@message) do
      <<head::binary-size(cut), tail::binary>> = @message

      send_bytes(socket, [
        frame(@text, head, fin: 0),
        frame(@continuation, "", fin: 0),
        frame(@continuation, tail)
      ])

      assert @error = hear(socket)
    end

    # A character a frame, a ping after each; then every byte in a packet of its own.
    bytes = :binary.bin_to_list(@message)
    [start | middle] = for byte <- bytes, do: <<byte>>

    fragments =
      [
        frame(@text, start, fin: 0),
        for(part <- middle, do: [frame(@continuation, part, fin: 0), frame(@ping, part)])
      ] ++
        [frame(@continuation, "")]

    send_bytes(socket, fragments)
    for part <- middle, do: assert(hear(socket) == {:pong, part})
    assert @error = hear(socket)

    for <<byte <- frame(@text, @message)>>, do: send_bytes(socket, <<byte>>)
    assert @error = hear(socket)

    # Under every kind of mask, and several in one packet.
    for mask <- [<<0, 0, 0, 0>>, <<255, 255, 255, 255>>, <<0, 1, 0, 1>>] do
      send_bytes(socket, List.duplicate(frame(@text, @message, mask: mask), 3))
      for _ <- 1..3, do: assert(@error = hear(socket))
    end

    # As long as it may be.
    send_bytes(socket, frame(@text, long(65_536)))
    assert @error = hear(socket)
    send_bytes(socket, frame(@text, ""))
    assert @error = hear(socket)
  end

  test "a ping is answered with its own data, a pong with nothing", %{port: port} do
    socket = open(port)

    for data <- ["", "a", long(125), <<0, 255, 254>>] do
      send_bytes(socket, [frame(@pong, data), frame(@ping, data)])
      assert hear(socket) == {:pong, data}
    end
  end

  test "a close is answered with its own code, and codes that no one may send are refused", %{port: port} do
    valid = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
    invalid = [0, 1, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535]

    for {codes, answer} <- [{valid, & &1}, {invalid, fn _ -> 1002 end}], code <- codes do
      assert {code, first(port, frame(@close, <<code::16>>))} == {code, {:close, answer.(code)}}
    end

    reason = String.duplicate("ä", 61) <> "a"
    assert first(port, frame(@close, [<<1000::16>>, reason])) == {:close, 1000}
    assert first(port, frame(@close, "")) == {:close, 1000}
    assert first(port, frame(@close, [<<1000::16>>, <<0xE2, 0x82>>])) == {:close, 1007}

    # What comes after goodbye is not looked at.
    socket = open(port)
    send_bytes(socket, [frame(@close, <<1000::16>>), frame(@ping, "a"), frame(@text, @message)])
    assert [hear(socket), hear(socket)] == [{:close, 1000}, :closed]
  end

  test "a table of handshakes", %{port: port} do
    replaced = fn name, value -> List.keyreplace(handshake(), name, 0, {name, value}) end

    for {what, handshake, status} <- [
          {"as it is meant", handshake(), 101},
          {"tokens among others, in capitals", replaced.("connection", "keep-alive, UPGRADE"), 101},
          {"no upgrade", [{"host", "x"}], 426},
          {"another protocol", replaced.("upgrade", "h2c"), 426},
          {"a connection that stays as it is", replaced.("connection", "keep-alive"), 426},
          {"another version", replaced.("sec-websocket-version", "8"), 426},
          {"no version", List.keydelete(handshake(), "sec-websocket-version", 0), 426},
          {"no key", List.keydelete(handshake(), "sec-websocket-key", 0), 400},
          {"a short key", replaced.("sec-websocket-key", "YWJj"), 400},
          {"a key that is none", replaced.("sec-websocket-key", "!!!!"), 400},
          {"a body", [{"content-length", "2"} | handshake()], 400},
          {"this host's page", [{"origin", "http://localhost"} | handshake()], 101},
          {"this host's page behind TLS", [{"origin", "https://localhost"} | handshake()], 101},
          {"a foreign page", [{"origin", "https://evil.example"} | handshake()], 403},
          {"a foreign page whose name ends as ours",
           [{"origin", "https://evil.example://localhost"} | handshake()], 403},
          {"a page of nowhere", [{"origin", "null"} | handshake()], 403}
        ] do
      {_socket, answer} = handshake(port, handshake: handshake)
      assert {what, answer.status} == {what, status}
      # The example of RFC 6455, section 1.3.
      accept = if status == 101, do: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
      assert {what, Answer.header(answer, "sec-websocket-accept")} == {what, accept}
    end
  end

  describe "a client that does not read" do
    setup do
      port = start_endpoint(send_timeout_ms: 1_000)
      socket = open(port)
      say(socket, %{"subscribe" => "*"})
      assert %{"event" => "subscribed"} = hear(socket)
      [pid] = :pg.get_members(AwapBackend.PubSub, "tmas")
      %{port: port, socket: socket, pid: pid}
    end

    defp news(i) do
      status = %{"id" => "#{i}", "status" => "pending", "stage" => nil, "error" => long(1_000)}
      AwapBackend.PubSub.broadcast("tmas", {:tma_status, status})
    end

    test "is gone once it takes nothing any more", %{port: port, pid: pid} do
      reference = Process.monitor(pid)

      Enum.find(1..200_000, fn i ->
        news(i)
        if rem(i, 500) == 0, do: Process.sleep(1)
        not Process.alive?(pid)
      end)

      assert_receive {:DOWN, ^reference, :process, ^pid, _}, 30_000
      assert request(port, "GET", "/api/health").status == 200
    end

    test "is closed where more waits for it than may", %{socket: socket, pid: pid} do
      :erlang.suspend_process(pid)
      for i <- 1..1_100, do: news(i)
      :erlang.resume_process(pid)
      assert hear(socket) == {:close, 1008}
    end

    test "and catches up in time gets it all", %{socket: socket, pid: pid} do
      :erlang.suspend_process(pid)
      for i <- 1..900, do: news(i)
      :erlang.resume_process(pid)
      for i <- 1..900, id = "#{i}", do: assert(%{"tma" => %{"id" => ^id}} = hear(socket))
    end
  end
end
