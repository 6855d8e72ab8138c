defmodule AwapBackendWeb.EndpointTest do
  # Not async: it raises the log's level and reads the log.
  use AwapBackendWeb.ConnCase

  import ExUnit.CaptureLog
  import AwapBackend.DataCase, only: [eventually: 1]

  alias AwapBackendWeb.ConnCase.Answer
  alias AwapBackendWeb.Router

  describe "an answer" do
    setup do: %{port: start_endpoint()}

    test "bears the security headers, a date and a request id", %{port: port} do
      for path <- ["/api/health", "/api/tmas/#{StandIn.id()}", "/nothing", "/api/tmas/#{StandIn.id(:raises)}"] do
        {answer, _log} = with_log(fn -> request(port, "GET", path) end)
        assert Answer.header(answer, "cache-control") == "no-store"
        assert Answer.header(answer, "x-content-type-options") == "nosniff"
        assert Answer.header(answer, "content-type") == "application/json; charset=utf-8"
        assert Answer.header(answer, "date") =~ ~r/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/
        assert byte_size(Answer.header(answer, "x-request-id")) >= 16
        assert Answer.header(answer, "server") == nil
      end
    end

    test "gives a fit request id back and replaces any other", %{port: port} do
      for {id, kept?} <- [
            {"abc-123_DEF.4", true},
            {"short", false},
            {String.duplicate("a", 129), false},
            {"has space in it", false},
            {"line\tbreak-here", false}
          ] do
        answer = request(port, "GET", "/api/health", headers: [{"x-request-id", id}])
        assert {id, Answer.header(answer, "x-request-id") == id} == {id, kept?}
      end
    end

    test "to HEAD has the headers of GET and no body", %{port: port} do
      get = request(port, "GET", "/api/tmas/#{StandIn.id()}")
      head = request(port, "HEAD", "/api/tmas/#{StandIn.id()}")
      assert head.status == 200
      assert head.body == ""
      assert Answer.header(head, "content-length") == Integer.to_string(byte_size(get.body))
    end

    test "to OPTIONS names the methods", %{port: port} do
      answer = request(port, "OPTIONS", "/api/tmas", key: nil, headers: [{"origin", "https://a.example"}])
      assert {answer.status, answer.body} == {204, ""}
      assert Answer.header(answer, "allow") == "GET, HEAD, OPTIONS, POST"
      assert Answer.header(answer, "access-control-allow-origin") == nil
    end
  end

  test "a table of requests that are refused, each with the shape of an error" do
    port = start_endpoint(max_header_bytes: 16_384)
    auth = "host: x\r\nauthorization: Bearer #{StandIn.key()}\r\n"
    json = auth <> "content-type: application/json\r\n"

    table = [
      # request line
      {"not http", "nonsense\r\n\r\n", 400},
      {"a line feed alone", "nonsense\n\n", 400},
      {"no version", "GET /\r\n\r\n", 400},
      {"HTTP/2 spoken", "PRI * HTTP/2.0\r\n\r\n", 505},
      {"TLS spoken", <<22, 3, 1, 2, 0, 1, 0, 1, "\r\n\r\n">>, 400},
      {"an address too long", ["GET /", String.duplicate("a", 20_000), " HTTP/1.1\r\n", auth, "\r\n"], 414},
      {"an address past a line", ["GET /", String.duplicate("a", 9_000), " HTTP/1.1\r\n", auth, "\r\n"], 414},
      {"a broken escape", "GET /api/tmas/%zz HTTP/1.1\r\n#{auth}\r\n", 400},
      {"bytes that are not UTF-8", "GET /api/tmas/%ff HTTP/1.1\r\n#{auth}\r\n", 400},
      {"a NUL", "GET /api/tmas/%00 HTTP/1.1\r\n#{auth}\r\n", 400},
      # headers
      {"no Host", "GET /api/health HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", "GET /api/health HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400},
      {"a space before a colon", "GET /api/health HTTP/1.1\r\nhost : a\r\n\r\n", 400},
      {"a header without a colon", "GET /api/health HTTP/1.1\r\nhost: a\r\nwhat\r\n\r\n", 400},
      {"headers too large",
       ["GET /api/health HTTP/1.1\r\nhost: a\r\nx-a: ", String.duplicate("a", 20_000), "\r\n\r\n"], 431},
      {"too many headers",
       ["GET /api/health HTTP/1.1\r\nhost: a\r\n", List.duplicate("x-a: a\r\n", 120), "\r\n"], 431},
      # where the body ends
      {"a length that is no number", "POST /api/tmas HTTP/1.1\r\n#{json}content-length: 1e3\r\n\r\n", 400},
      {"a negative length", "POST /api/tmas HTTP/1.1\r\n#{json}content-length: -1\r\n\r\n", 400},
      {"a length past all numbers",
       "POST /api/tmas HTTP/1.1\r\n#{json}content-length: #{String.duplicate("9", 30)}\r\n\r\n", 400},
      {"two lengths", "POST /api/tmas HTTP/1.1\r\n#{json}content-length: 2\r\ncontent-length: 3\r\n\r\n{}",
       400},
      {"a length and a coding",
       "POST /api/tmas HTTP/1.1\r\n#{json}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n", 400},
      {"an unknown coding", "POST /api/tmas HTTP/1.1\r\n#{json}transfer-encoding: gzip, chunked\r\n\r\n",
       501},
      {"a chunk of no size", "POST /api/tmas HTTP/1.1\r\n#{json}transfer-encoding: chunked\r\n\r\nxyz\r\n",
       400},
      {"a chunk of negative size",
       "POST /api/tmas HTTP/1.1\r\n#{json}transfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n", 400},
      {"a chunk longer than it says",
       "POST /api/tmas HTTP/1.1\r\n#{json}transfer-encoding: chunked\r\n\r\n1\r\n{}{}\r\n0\r\n\r\n", 400},
      {"a chunk size line without end",
       [
         "POST /api/tmas HTTP/1.1\r\n",
         json,
         "transfer-encoding: chunked\r\n\r\n2;",
         String.duplicate("a", 9_000)
       ], 400},
      {"a body too large", "POST /api/tmas HTTP/1.1\r\n#{json}content-length: 1000001\r\n\r\n", 413},
      {"a chunk too large", "POST /api/tmas HTTP/1.1\r\n#{json}transfer-encoding: chunked\r\n\r\nfffffff\r\n",
       413},
      # routes
      {"no such address", "GET /api/nothing HTTP/1.1\r\n#{auth}\r\n", 404},
      {"a file that would be changed", "POST / HTTP/1.1\r\n#{auth}\r\n", 405},
      {"out of the folder", "GET /../../etc/passwd HTTP/1.1\r\n#{auth}\r\n", 404},
      {"out of the folder, escaped", "GET /api/tmas/..%2f..%2fetc%2fpasswd HTTP/1.1\r\n#{auth}\r\n", 404},
      {"a doubled slash", "GET //api/tmas HTTP/1.1\r\n#{auth}\r\n", 404},
      {"a wrong method", "DELETE /api/tmas HTTP/1.1\r\n#{auth}\r\n", 405},
      {"a made-up method", "BREW /api/tmas HTTP/1.1\r\n#{auth}\r\n", 405},
      {"TRACE", "TRACE /api/health HTTP/1.1\r\n#{auth}\r\n", 405}
    ]

    for {what, bytes, status} <- table do
      answer = raw(port, bytes)
      assert %Answer{} = answer, "no answer to #{what}: #{inspect(answer)}"
      assert {what, answer.status} == {what, status}
      assert %{"error" => %{"code" => code, "message" => message, "details" => %{}}} = answer.json
      assert is_binary(code) and message =~ ~r/^\p{Lu}.*\.$/u, "#{what}: #{inspect(answer.json)}"
      if status == 405, do: assert(is_binary(Answer.header(answer, "allow")))
    end

    assert request(port, "GET", "/api/health").status == 200
  end

  test "a handler that raises, exits or throws is a 500 that says nothing of it, and the log says where" do
    port = start_endpoint()

    for kind <- [:raises, :exits, :throws] do
      {answer, log} = with_log(fn -> request(port, "GET", "/api/tmas/#{StandIn.id(kind)}") end)
      assert answer.status == 500
      assert answer.json["error"]["code"] == "internal"
      assert Answer.header(answer, "connection") == "close"
      refute answer.body =~ "Jane"
      refute log =~ "Jane"
      assert log =~ "GET /api/tmas/:id"
      assert log =~ "stand_in.ex" or kind == :exits
    end

    answer = request(port, "GET", "/api/tmas/#{StandIn.id(:strange)}")
    assert answer.status == 500
    refute answer.body =~ "secret"
  end

  test "the log line has the route and neither address, query nor body" do
    Logger.configure(level: :info)
    on_exit(fn -> Logger.configure(level: :warning) end)

    log =
      capture_log(fn ->
        port = start_endpoint()
        request(port, "GET", "/api/tmas?course_id=jane")
        request(port, "GET", "/api/tmas/jane-doe")
        request(port, "GET", "/jane/doe")
        post_json(port, "/api/tmas", %{"content" => "jane"})
      end)

    assert log =~ "GET /api/tmas 200 in"
    assert log =~ "GET /api/tmas/:id 404 in"
    assert log =~ "POST /api/tmas 201 in"
    refute log =~ "jane"
  end

  describe "a connection" do
    test "serves one request after another, and those sent ahead in their order" do
      port = start_endpoint()

      get =
        "GET /api/tmas/#{StandIn.id()} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer #{StandIn.key()}\r\n\r\n"

      health = "GET /api/health HTTP/1.1\r\nhost: x\r\n\r\n"
      socket = connect(port)
      :ok = :gen_tcp.send(socket, [get, health, "\r\n", get])
      first = receive_answer(socket)
      second = receive_answer(socket, first.rest)
      third = receive_answer(socket, second.rest)
      assert [first.json["id"], second.json["status"], third.json["id"]] == [StandIn.id(), "ok", StandIn.id()]
      assert Answer.header(third, "connection") == nil
    end

    test "is read over a small body that nobody asked for" do
      port = start_endpoint()
      socket = connect(port)
      unread = "GET /api/health HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nGET /"
      :ok = :gen_tcp.send(socket, [unread, "GET /api/health HTTP/1.1\r\nhost: x\r\n\r\n"])
      first = receive_answer(socket)
      second = receive_answer(socket, first.rest)
      assert [first.status, second.status] == [200, 200]
    end

    test "closes when told to, and after HTTP/1.0" do
      port = start_endpoint()

      for {head, closes?} <- [
            {"GET /api/health HTTP/1.1\r\nhost: x\r\nConnection: close\r\n", true},
            {"GET /api/health HTTP/1.1\r\nhost: x\r\nConnection: Keep-Alive, Close\r\n", true},
            {"GET /api/health HTTP/1.0\r\n", true},
            {"GET /api/health HTTP/1.0\r\nConnection: keep-alive\r\n", false},
            {"GET /api/health HTTP/1.1\r\nhost: x\r\n", false}
          ] do
        socket = connect(port)
        :ok = :gen_tcp.send(socket, [head, "\r\n"])
        answer = receive_answer(socket)
        assert answer.status == 200
        assert {head, Answer.header(answer, "connection") == "close"} == {head, closes?}
        if closes?, do: assert({:error, :closed} == :gen_tcp.recv(socket, 0, 2_000))
        :gen_tcp.close(socket)
      end
    end

    test "says 100 before a body that waits for it, and refuses one that is too large without it" do
      port = start_endpoint()
      head = "POST /api/tmas HTTP/1.1\r\nhost: x\r\nauthorization: Bearer #{StandIn.key()}\r\n"
      head = head <> "content-type: application/json\r\nexpect: 100-continue\r\n"
      socket = connect(port)
      :ok = :gen_tcp.send(socket, head <> "content-length: 15\r\n\r\n")
      assert {:ok, "HTTP/1.1 100 Continue\r\n\r\n"} = :gen_tcp.recv(socket, 0, 2_000)
      :ok = :gen_tcp.send(socket, ~s({"content":"a"}))
      assert receive_answer(socket).status == 201

      assert {:ok, "HTTP/1.1 413" <> _} =
               (
                 socket = connect(port)
                 :ok = :gen_tcp.send(socket, head <> "content-length: 15000000\r\n\r\n")
                 :gen_tcp.recv(socket, 0, 2_000)
               )
    end

    test "takes a body in chunks, however they are cut, with extensions and trailers" do
      port = start_endpoint()
      body = ~s({"content":"a text in several chunks"})

      head =
        "POST /api/tmas HTTP/1.1\r\nhost: x\r\nauthorization: Bearer #{StandIn.key()}\r\n" <>
          "content-type: application/json\r\ntransfer-encoding: Chunked\r\nconnection: close\r\n\r\n"

      chunks =
        for <<chunk::binary-size(7) <- body <> "      ">>,
          do: [Integer.to_string(byte_size(chunk), 16), ";a=b\r\n", chunk, "\r\n"]

      bytes = IO.iodata_to_binary([head, chunks, "0\r\nx-trailer: 1\r\n\r\n"])
      assert raw(port, bytes).status == 201

      # Byte by byte, so that every boundary falls between two packets.
      drip = fn socket ->
        for <<byte <- binary_part(bytes, 100, byte_size(bytes) - 100)>>, do: :gen_tcp.send(socket, <<byte>>)
      end

      assert raw(port, binary_part(bytes, 0, 100), then: drip).status == 201
    end

    test "that says nothing is closed, one that is slow with its headers or its body is told 408" do
      port =
        start_endpoint(
          idle_timeout_ms: 100,
          header_timeout_ms: 150,
          body_timeout_ms: 150,
          min_body_rate: 1_000_000
        )

      assert raw(port, "", timeout: 2_000) == :closed
      assert raw(port, "GET /api/health HTTP/1.1\r\nhost", timeout: 2_000).status == 408

      # Headers that never end, a few bytes at a time, are not saved by being busy.
      drip = fn socket ->
        Enum.reduce_while(1..40, nil, fn _, _ ->
          Process.sleep(10)
          if :gen_tcp.send(socket, "x-a: a\r\n") == :ok, do: {:cont, nil}, else: {:halt, nil}
        end)
      end

      assert raw(port, "GET /api/health HTTP/1.1\r\n", timeout: 2_000, then: drip).status == 408

      head = "POST /api/tmas HTTP/1.1\r\nhost: x\r\nauthorization: Bearer #{StandIn.key()}\r\n"
      head = head <> "content-type: application/json\r\n"
      slow = raw(port, head <> "content-length: 500\r\n\r\n{", timeout: 2_000, then: drip)
      assert slow.status == 408
      assert slow.json["error"]["code"] == "timeout"
      assert raw(port, head <> "transfer-encoding: chunked\r\n\r\n5\r\n{", timeout: 2_000).status == 408
    end

    test "that sends more than is taken still gets its answer" do
      port = start_endpoint()
      answer = post_json(port, "/api/tmas", %{"content" => String.duplicate("a", 3_000_000)})
      assert answer.status == 413
      assert answer.json["error"]["details"] == %{"max_bytes" => 1_000_000}
    end

    test "is refused a body for which there is no room, and finds room again afterwards" do
      port = start_endpoint(max_bodies_bytes: 1_000)
      long = %{"content" => String.duplicate("a", 2_000)}
      assert %{status: 503} = answer = post_json(port, "/api/tmas", long)
      assert Answer.header(answer, "retry-after") == "5"

      # Room comes back once a request is over, which is a moment after its answer is there.
      for _ <- 1..5 do
        eventually(fn ->
          post_json(port, "/api/tmas", %{"content" => String.duplicate("a", 600)}).status == 201
        end)
      end
    end
  end

  test "a hundred requests at once are all answered" do
    port = start_endpoint()

    statuses =
      1..100
      |> Task.async_stream(
        fn i ->
          case rem(i, 3) do
            0 -> request(port, "GET", "/api/health").status
            1 -> post_json(port, "/api/tmas", %{"content" => String.duplicate("word ", 20_000)}).status
            2 -> request(port, "GET", "/api/tmas/#{StandIn.id(:slow)}").status
          end
        end,
        max_concurrency: 100,
        timeout: 30_000
      )
      |> Enum.map(fn {:ok, status} -> status end)

    assert Enum.frequencies(statuses) == %{200 => 66, 201 => 34}
  end

  test "stopping, the endpoint finishes what is in progress, closes what is idle, and takes nothing new" do
    port = start_endpoint(drain_timeout_ms: 30_000)
    idle = connect(port)
    :ok = :gen_tcp.send(idle, "GET /api/health HTTP/1.1\r\nhost: x\r\n\r\n")
    assert receive_answer(idle).status == 200

    busy = in_progress(port, :slow)
    started = System.monotonic_time(:millisecond)
    :ok = stop_endpoint()
    assert System.monotonic_time(:millisecond) - started < 20_000
    assert Task.await(busy, 30_000).status == 200
    assert {:error, :closed} = :gen_tcp.recv(idle, 0, 1_000)
    assert {:error, :econnrefused} = :gen_tcp.connect({127, 0, 0, 1}, port, [])
  end

  # A request that its handler is at.
  defp in_progress(port, kind) do
    StandIn.listen()
    id = StandIn.id(kind)
    task = Task.async(fn -> request(port, "GET", "/api/tmas/" <> id, timeout: 30_000) end)
    assert_receive {:asked, ^id}, 10_000
    task
  end

  test "a request that outlasts the drain is cut off" do
    port = start_endpoint(drain_timeout_ms: 100)
    busy = in_progress(port, :endless)
    {:ok, log} = with_log(fn -> stop_endpoint() end)
    assert log =~ "still in progress"
    assert Task.await(busy, 30_000) == :closed
  end

  test "a port that is taken is named" do
    Process.flag(:trap_exit, true)
    port = start_endpoint()

    capture_log(fn ->
      assert {:error, {:shutdown, {:failed_to_start_child, _, {:cannot_listen, sentence}}}} =
               Endpoint.start_link(name: :second, server: true, port: port)

      assert sentence =~ "Port #{port} is taken"
    end)
  end

  test "with server: false nothing listens" do
    assert Endpoint.start_link(name: :third, server: false) == :ignore
  end

  describe "CORS" do
    test "answers an origin that is listed, and no other" do
      port = start_endpoint(cors_origins: ["https://vle.example"])

      for {origin, allowed} <- [{"https://vle.example", "https://vle.example"}, {"https://evil.example", nil}] do
        answer = request(port, "GET", "/api/health", headers: [{"origin", origin}])
        assert Answer.header(answer, "access-control-allow-origin") == allowed
        assert Answer.header(answer, "vary") == "origin"

        headers = [{"origin", origin}, {"access-control-request-method", "POST"}]
        preflight = request(port, "OPTIONS", "/api/tmas", key: nil, headers: headers)
        assert preflight.status == 204
        assert Answer.header(preflight, "access-control-allow-origin") == allowed

        assert Answer.header(preflight, "access-control-allow-methods") ==
                 (allowed && "GET, HEAD, OPTIONS, POST")

        assert Answer.header(preflight, "access-control-allow-credentials") == nil
      end
    end

    test "lets a page of a listed origin use the whole API, and read what tells it how" do
      port = start_endpoint(cors_origins: ["https://vle.example"])
      origin = {"origin", "https://vle.example"}

      for {_method, path, _, _, _} <- Router.routes(), path != "/socket" do
        methods = path |> String.split("/", trim: true) |> Router.methods()
        headers = [origin, {"access-control-request-method", hd(methods)}]

        preflight =
          request(port, "OPTIONS", String.replace(path, ~r/:\w+/, StandIn.id()), key: nil, headers: headers)

        assert {path, preflight.status} == {path, 204}
        allowed = preflight |> Answer.header("access-control-allow-methods") |> String.split(", ")
        assert {path, allowed} == {path, methods}
        headers = preflight |> Answer.header("access-control-allow-headers") |> String.split(", ")

        for name <- ~w(authorization content-type idempotency-key if-match if-none-match x-request-id),
            do: assert(name in headers)
      end

      assert "PATCH" in Router.methods(["api", "feedback", StandIn.id()])
      assert "DELETE" in Router.methods(["api", "keys", StandIn.id()])
      answer = request(port, "GET", "/api/tmas", headers: [origin])
      exposed = answer |> Answer.header("access-control-expose-headers") |> String.split(", ")

      for name <- ~w(x-request-id location retry-after etag idempotency-replayed ratelimit ratelimit-policy),
          do: assert(name in exposed)

      # A refusal can be read too: the page is to know that its token has run its time.
      refused = request(port, "GET", "/api/tmas", key: nil, headers: [origin])

      assert {refused.status, Answer.header(refused, "access-control-allow-origin")} ==
               {401, "https://vle.example"}
    end
  end
end
