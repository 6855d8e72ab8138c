defmodule AwapBackendWeb.UserSocketTest do
  # Not async: it uses the PubSub of the VM.
  use AwapBackendWeb.ConnCase

  import AwapBackendWeb.SocketClient

  alias AwapBackend.PubSub
  alias AwapBackendWeb.Auth.Token
  alias AwapBackendWeb.ConnCase.Answer

  setup do
    unless Process.whereis(PubSub), do: start_supervised!(PubSub)
    %{port: start_endpoint()}
  end

  defp send_frame(socket, opcode, data, fin \\ 1), do: send_bytes(socket, frame(opcode, data, fin: fin))

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

  test "is closed with 1001 when the endpoint stops", %{port: port} do
    socket = open(port)
    :ok = stop_endpoint()
    assert hear(socket) == {:close, 1001}
  end

  test "tells each change of any TMA to who asked for all, and once to who asked twice", %{port: port} do
    socket = open(port)
    say(socket, %{"subscribe" => "*"})
    assert hear(socket) == %{"event" => "subscribed", "to" => "*"}
    [one, other] = [StandIn.id(), StandIn.id(:pending)]
    tell = fn topic, status -> PubSub.broadcast(topic, {:tma_status, status}) end

    both = fn status ->
      tell.("tma:" <> status["id"], status)
      tell.("tmas", status)
    end

    both.(%{"id" => other, "status" => "processing", "stage" => nil})
    assert %{"tma" => %{"id" => ^other, "status" => "processing"}} = hear(socket)

    say(socket, %{"subscribe" => one})
    assert %{"tma" => %{"id" => ^one, "status" => "completed"}} = hear(socket)
    # Its stages come by its own topic alone, and that it is processed does not take one back.
    tell.("tma:" <> one, %{"id" => one, "status" => "processing", "stage" => "parse_tma"})
    tell.("tmas", %{"id" => one, "status" => "processing", "stage" => nil})
    both.(%{"id" => one, "status" => "failed", "stage" => nil})
    both.(%{"id" => other, "status" => "failed", "stage" => nil})
    assert %{"tma" => %{"id" => ^one, "stage" => "parse_tma"}} = hear(socket)
    assert %{"tma" => %{"id" => ^one, "status" => "failed"}} = hear(socket)
    assert %{"tma" => %{"id" => ^other, "status" => "failed"}} = hear(socket)

    say(socket, %{"unsubscribe" => "*"})
    say(socket, %{"hello" => 1})
    assert %{"event" => "error"} = hear(socket)
    both.(%{"id" => other, "status" => "pending", "stage" => nil})
    both.(%{"id" => one, "status" => "pending", "stage" => nil})
    assert %{"tma" => %{"id" => ^one, "status" => "pending"}} = hear(socket)
  end

  describe "a credential among the subprotocols" do
    defp protocols(value), do: [key: nil, headers: [{"sec-websocket-protocol", value}]]

    test "is taken, and not sent back", %{port: port} do
      for {offered, answered} <- [
            {"awap.v1, awap.bearer." <> StandIn.key(), "awap.v1"},
            {"awap.bearer.#{StandIn.key()} ,awap.v1", "awap.v1"},
            {"awap.v2, awap.v1,awap.bearer." <> StandIn.key(), "awap.v1"},
            {"awap.bearer." <> StandIn.key(), nil}
          ] do
        {socket, answer} = handshake(port, protocols(offered))
        assert {offered, answer.status} == {offered, 101}
        assert Answer.header(answer, "sec-websocket-protocol") == answered
        refute inspect(answer.headers) =~ StandIn.key()
        say(socket, %{"subscribe" => StandIn.id()})
        assert %{"event" => "tma_status"} = hear(socket)
      end
    end

    test "may come in a header of its own", %{port: port} do
      headers =
        for value <- ["awap.v1", "awap.bearer." <> StandIn.key()], do: {"sec-websocket-protocol", value}

      assert {_, %{status: 101}} = handshake(port, key: nil, headers: headers)
    end

    test "may be a token", %{port: port} do
      token = request(port, "POST", "/api/tokens").json["access_token"]
      assert {_, %{status: 101}} = handshake(port, protocols("awap.v1, awap.bearer." <> token))
    end

    test "is refused where it is wrong, doubled, or sent to another address", %{port: port} do
      bearer = "awap.bearer." <> StandIn.key()

      for {offered, key, status} <- [
            {"awap.v1", nil, 401},
            {"awap.v1, awap.bearer.", nil, 401},
            {"awap.v1, awap.bearer.awap_nobody_has_this_key", nil, 401},
            {"awap.v1, #{bearer}, #{bearer}", nil, 401},
            {"awap.v1, #{bearer}", StandIn.key(), 401},
            {"AWAP.BEARER." <> StandIn.key(), nil, 401}
          ] do
        {_socket, answer} = handshake(port, key: key, headers: [{"sec-websocket-protocol", offered}])
        assert {offered, answer.status} == {offered, status}
      end

      headers = [{"sec-websocket-protocol", "awap.v1, " <> bearer}]
      assert request(port, "GET", "/api/tmas", key: nil, headers: headers).status == 401
    end
  end

  test "is closed with 1008 when the token it was opened with expires" do
    secret = String.duplicate("s", 64)
    port = start_endpoint(secret_key_base: secret)
    {token, _claims} = Token.issue(Token.signing_key(secret), "1", "tutor", 2)
    socket = open(port, key: token)
    say(socket, %{"subscribe" => StandIn.id()})
    assert %{"event" => "tma_status"} = hear(socket)
    assert hear(socket, 20_000) == {:close, 1008}
  end

  test "messages count for the rate limit, and past it nothing is asked of the store" do
    port = start_endpoint(rate_limit: 3)
    socket = open(port)
    for _ <- 1..8, do: say(socket, %{"subscribe" => StandIn.id()})
    # The minute may turn, once.
    heard = for _ <- 1..8, do: hear(socket)["event"]
    assert Enum.count(heard, &(&1 == "tma_status")) in 2..5
    assert "error" in heard
  end

  test "one caller has so many sockets, and others have theirs" do
    port = start_endpoint(max_sockets: 2)
    [first, _second] = for _ <- 1..2, do: open(port)
    assert {_, %{status: 429, json: %{"error" => %{"details" => %{"limit" => 2}}}}} = handshake(port)
    assert {_, %{status: 101}} = handshake(port, key: StandIn.admin_key())
    :gen_tcp.close(first)
    AwapBackend.DataCase.eventually(fn -> match?({_, %{status: 101}}, handshake(port)) end)
  end
end
