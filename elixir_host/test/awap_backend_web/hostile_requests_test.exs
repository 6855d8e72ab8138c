defmodule AwapBackendWeb.HostileRequestsTest do
  @moduledoc """
  What nobody well-meaning sends. Each request is answered with an error that tells nothing, or its connection is closed,
  within the deadlines; none is a 500; and the endpoint serves the next one as if nothing had been.

  `AwapBackendWeb.EndpointTest` has the plain refusals; here is what is meant to break, confuse, exhaust or deceive.
  """
  # Not async: some of it takes all the connections there are.
  use AwapBackendWeb.ConnCase

  alias AwapBackendWeb.ConnCase.Answer

  # Past every deadline of the endpoint below, on a machine that is busy with other things.
  @patience_ms 20_000
  @deadlines [
    idle_timeout_ms: 400,
    header_timeout_ms: 400,
    body_timeout_ms: 400,
    min_body_rate: 1_000_000,
    send_timeout_ms: 1_000
  ]

  # In every body that is sent; never to come back.
  @secret "Zebedee Quillfeather wrote this"
  # What of the inside must not show.
  @inside [
    "Elixir.",
    "** (",
    ".ex:",
    ".erl",
    "gen_tcp",
    "function_clause",
    "badmatch",
    "{error",
    "%{",
    "#PID",
    "/lib/"
  ]

  @get "GET /api/health HTTP/1.1\r\nhost: x\r\n"
  @authorization "authorization: Bearer #{AwapBackendWeb.StandIn.key()}\r\n"
  @post "POST /api/tmas HTTP/1.1\r\nhost: x\r\n#{@authorization}"
  @json "content-type: application/json\r\n"

  setup do: %{port: start_endpoint(@deadlines)}

  # Sends the bytes and holds what comes to the rules. `expected` is a status, a list of them, or `:closed` among them.
  defp check(port, what, bytes, expected, options \\ []) do
    answer = raw(port, bytes, Keyword.put_new(options, :timeout, @patience_ms))
    got = if is_struct(answer, Answer), do: answer.status, else: answer
    assert got in List.wrap(expected), "#{what}: expected #{inspect(expected)}, got #{inspect(got)}"
    if is_struct(answer, Answer), do: assert_clean(what, answer)
    answer
  end

  defp assert_clean(what, answer) do
    for text <- [@secret | @inside] do
      refute answer.body =~ text, "#{what}: the answer shows “#{text}”: #{answer.body}"
    end

    if answer.status >= 400 do
      assert %{"error" => %{"code" => _, "message" => message}} = answer.json, "#{what}: not an error's shape"
      assert message =~ ~r/^[\p{Lu}“].*\.$/us, "#{what}: not a sentence: #{message}"
    end
  end

  defp assert_well(port), do: assert(request(port, "GET", "/api/health").status == 200)

  defp check_all(port, table) do
    for {what, bytes, expected} <- table, do: check(port, what, bytes, expected)
    assert_well(port)
  end

  defp sized(head, body), do: [head, "content-length: #{IO.iodata_length(body)}\r\n\r\n", body]
  defp posted(body), do: sized(@post <> @json, body)

  test "request lines", %{port: port} do
    check_all(port, [
      {"HTTP/0.9", "GET /api/health\r\n", [400, 408]},
      {"HTTP/0.9, and a line", "GET /api/health\r\n\r\n", 400},
      {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 505},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nhost: x\r\n\r\n", 505},
      {"HTTP/3.14", "GET / HTTP/3.14\r\nhost: x\r\n\r\n", [400, 505]},
      {"a version of letters", "GET / HTTP/x.y\r\nhost: x\r\n\r\n", 400},
      {"a version that overflows", "GET / HTTP/#{String.duplicate("9", 400)}.1\r\nhost: x\r\n\r\n",
       [400, 505]},
      {"words too many", "GET /api/health HTTP/1.1 HTTP/1.1\r\nhost: x\r\n\r\n", 400},
      {"spaces too many", "GET  /api/health  HTTP/1.1\r\nhost: x\r\n\r\n", 400},
      {"a space at the end", "GET /api/health HTTP/1.1 \r\nhost: x\r\n\r\n", 400},
      {"a tab", "GET\t/api/health\tHTTP/1.1\r\nhost: x\r\n\r\n", 400},
      {"a carriage return", "GET /api/hea\rlth HTTP/1.1\r\nhost: x\r\n\r\n", [400, 404]},
      {"a NUL", "GET /api/health\0 HTTP/1.1\r\nhost: x\r\n\r\n", [400, 404]},
      {"a method of a thousand letters", [String.duplicate("A", 1_000), " / HTTP/1.1\r\nhost: x\r\n\r\n"],
       [400, 404, 405]},
      {"a method of bytes", <<0xFF, 0xFE, " / HTTP/1.1\r\nhost: x\r\n\r\n">>, [400, 404, 405]},
      {"a tunnel", "CONNECT evil.example:443 HTTP/1.1\r\nhost: x\r\n\r\n", [400, 404, 405]},
      {"another's address", "GET http://evil.example/api/health HTTP/1.1\r\nhost: evil.example\r\n\r\n", 200},
      {"another's address, with a name", "GET http://a:b@evil.example/nothing HTTP/1.1\r\nhost: x\r\n\r\n",
       [400, 404]},
      {"a scheme that is none of ours", "GET file:///etc/passwd HTTP/1.1\r\nhost: x\r\n\r\n", [400, 404]},
      {"an address of an asterisk", "GET * HTTP/1.1\r\nhost: x\r\n\r\n", [400, 404]},
      {"the options of all", "OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n", [204, 400, 404]},
      {"no address", "GET HTTP/1.1\r\nhost: x\r\n\r\n", 400},
      {"a fragment", "GET /api/health#a HTTP/1.1\r\nhost: x\r\n\r\n", [400, 404]},
      {"only line feeds", String.duplicate("\r\n", 3_000), [:closed, 400, 408]}
    ])
  end

  test "paths that lead elsewhere", %{port: port} do
    for path <- [
          "/../../../../etc/passwd",
          "/..%2f..%2f..%2fetc%2fpasswd",
          "/%2e%2e/%2e%2e/etc/passwd",
          "/%252e%252e%252fetc/passwd",
          "/..%5c..%5cwindows",
          "/..\\..\\etc\\passwd",
          "/.%00./etc/passwd",
          "/index.html%00.png",
          "/%c0%ae%c0%ae/etc/passwd",
          "/....//....//etc/passwd",
          "/static/../mix.exs",
          "/static/..;/mix.exs",
          "//etc/passwd",
          "/./api/../mix.exs",
          "/.git/config",
          "/var/secrets/api_key",
          "/api/tmas/..%2f..%2fsecrets",
          "/api/tmas/../health/../../mix.exs",
          "/api/tmas/%2e%2e",
          "/api/feedback/' OR 1=1 --",
          "/api/feedback/%27%20OR%201%3D1%20--",
          "/api/tmas/%F0%9F%92%A9/events",
          "/api/tmas/%ff%fe",
          "/api/tmas/%",
          "/api/tmas/%u0041",
          "/" <> String.duplicate("a/", 3_000),
          "/" <> String.duplicate("%41", 2_500)
        ] do
      answer =
        check(port, path, ["GET ", path, " HTTP/1.1\r\nhost: x\r\n", @authorization, "\r\n"], [400, 404])

      refute answer.body =~ "defmodule"
    end

    assert_well(port)
  end

  test "queries", %{port: port} do
    for {query, expected} <- [
          {"status=%ff", 422},
          {"status=%00", 422},
          {"limit=-1", 422},
          {"limit=99999999999999999999", 422},
          {"limit=1e9", 422},
          {"limit=%D9%A1", 422},
          {"limit=1&limit=2", 422},
          {"cursor=' OR 1=1 --", [400, 422]},
          {"cursor=%27%20OR%201%3D1", 422},
          {"cursor=" <> String.duplicate("a", 5_000), 422},
          {"student_id=A1234567", 422},
          {"=", 422},
          {"%", 422},
          {String.duplicate("a&", 4_000), 422},
          {Enum.map_join(1..500, "&", &"a#{&1}=1"), 422}
        ] do
      check(
        port,
        query,
        ["GET /api/tmas?", query, " HTTP/1.1\r\nhost: x\r\n", @authorization, "\r\n"],
        expected
      )
    end

    assert_well(port)
  end

  test "headers", %{port: port} do
    many = for i <- 1..90, do: "x-#{i}: #{String.duplicate("a", 100)}\r\n"

    check_all(port, [
      {"bytes in a value", [@get, "x-a: ", <<0xFF, 0x80>>, "\r\n\r\n"], [200, 400]},
      {"a NUL in a value", [@get, "x-a: a\0b\r\n\r\n"], [200, 400]},
      {"a carriage return in a value", [@get, "x-a: a\rb\r\n\r\n"], [200, 400]},
      {"a header without a name", [@get, ": a\r\n\r\n"], 400},
      {"bytes in a name", [@get, <<"x-", 0xFF, ": a\r\n\r\n">>], 400},
      {"a folded header", [@get, "x-a: a\r\n b\r\n\r\n"], [200, 400]},
      {"a folded first header", "GET /api/health HTTP/1.1\r\n host: x\r\n\r\n", 400},
      {"many, and all that fit", [@get, many, "\r\n"], 200},
      {"more than fit", [@get, many, many, "\r\n"], 431},
      {"a flood without end", [@get, List.duplicate("x: y\r\n", 100_000)], 431},
      {"a line without end", [@get, "x: ", String.duplicate("y", 200_000)], 431},
      {"an empty host", "GET /api/health HTTP/1.1\r\nhost: \r\n\r\n", [200, 400]},
      {"a key of bytes",
       [@get, "\r\n"] |> replace("/api/health", "/api/tmas", ["authorization: Bearer ", <<0xFF, 0>>, "\r\n"]),
       401},
      {"a key of 10,000 letters",
       [@get, "\r\n"]
       |> replace("/api/health", "/api/tmas", [
         "authorization: Bearer ",
         String.duplicate("a", 10_000),
         "\r\n"
       ]), 401},
      {"a key without a scheme",
       [@get, "\r\n"] |> replace("/api/health", "/api/tmas", "authorization: x\r\n"), 401},
      {"two keys", [@get, "\r\n"] |> replace("/api/health", "/api/tmas", [@authorization, @authorization]),
       401},
      {"a user agent of bytes",
       sized([@post, @json, "user-agent: ", <<0xC3, 0x28, 0xFF>>, "\r\n"], ~s({"content":"a"})), 201},
      {"an idempotency key of bytes",
       sized([@post, @json, "idempotency-key: ", <<0xFF>>, "\r\n"], ~s({"content":"a"})), 400},
      {"an idempotency key of 300 letters",
       sized([@post, @json, "idempotency-key: ", String.duplicate("k", 300), "\r\n"], ~s({"content":"a"})),
       400},
      {"an origin of bytes", [@get, "origin: ", <<0xFF, 0xFE>>, "\r\n\r\n"], 200},
      {"an expectation that is none", sized([@post, @json, "expect: the worst\r\n"], ~s({"content":"a"})),
       [201, 417]},
      {"an upgrade to what is not spoken",
       [@get, "connection: upgrade\r\nupgrade: h2c\r\nhttp2-settings: AAAA\r\n\r\n"], 200},
      {"a range", [@get, "range: bytes=0-0,1-1,2-2,3-3\r\n\r\n"], 200}
    ])
  end

  # Health with another path, and lines before the end of its head.
  defp replace(bytes, path, other, lines) do
    head = bytes |> IO.iodata_to_binary() |> String.replace(path, other) |> String.trim_trailing("\r\n")
    [head, "\r\n", lines, "\r\n"]
  end

  test "bodies whose end two servers would see in two places, each answered once and closed", %{port: port} do
    hidden = "GET /api/health HTTP/1.1\r\nhost: x\r\n\r\n"

    for {what, lines, statuses} <- [
          {"a length and chunks", "content-length: 4\r\ntransfer-encoding: chunked\r\n", [400]},
          {"chunks and a length", "transfer-encoding: chunked\r\ncontent-length: 4\r\n", [400]},
          {"a space before the colon", "transfer-encoding : chunked\r\ncontent-length: 4\r\n", [400]},
          {"a tab before the colon", "transfer-encoding\t: chunked\r\ncontent-length: 4\r\n", [400]},
          {"almost chunked", "transfer-encoding: xchunked\r\n", [400, 501]},
          {"chunked twice", "transfer-encoding: chunked, chunked\r\n", [400, 501]},
          {"chunked in two headers", "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
           [400, 501]},
          {"chunked, and then not", "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
           [400, 501]},
          {"chunked, with a vertical tab", "transfer-encoding: \vchunked\r\n", [400, 501]},
          {"chunked, in quotes", "transfer-encoding: \"chunked\"\r\n", [400, 501]},
          {"an empty coding", "transfer-encoding: \r\ncontent-length: 4\r\n", [400, 501]},
          {"two lengths", "content-length: 4\r\ncontent-length: 44\r\n", [400]},
          {"two lengths in one", "content-length: 4, 44\r\n", [400]},
          {"a length with a sign", "content-length: +4\r\n", [400]},
          {"a length in hexadecimal", "content-length: 0x4\r\n", [400]},
          {"a length with a space", "content-length: 4 4\r\n", [400]},
          {"an empty length", "content-length: \r\n", [400]},
          {"a length in a folded header", "content-length:\r\n 4\r\ntransfer-encoding: chunked\r\n", [400]}
        ] do
      socket = connect(port)
      :ok = :gen_tcp.send(socket, [@post, @json, lines, "\r\n", "0\r\n\r\n", hidden])
      answer = receive_answer(socket, "", @patience_ms)
      assert is_struct(answer, Answer) and answer.status in statuses, "#{what}: #{inspect(answer)}"
      assert_clean(what, answer)
      assert answer.rest == "", "#{what}: what followed was answered"
      assert {what, :gen_tcp.recv(socket, 0, @patience_ms)} == {what, {:error, :closed}}
      :gen_tcp.close(socket)
    end

    assert_well(port)
  end

  test "chunks", %{port: port} do
    head = [@post, @json, "transfer-encoding: chunked\r\n\r\n"]

    check_all(port, [
      {"without end", [head, List.duplicate("1\r\n \r\n", 1_000)], 408},
      {"larger than is taken, bit by bit",
       [head, List.duplicate("400\r\n#{String.duplicate(" ", 0x400)}\r\n", 1_100)], 413},
      {"a size that overflows", [head, "ffffffffffffffff\r\n"], 400},
      {"the largest size of all", [head, "fffffffffffffff\r\n"], 413},
      {"a size of a thousand zeros", [head, String.duplicate("0", 1_000), "1\r\na\r\n"], 400},
      {"a size with a prefix", [head, "0x1\r\na\r\n0\r\n\r\n"], 400},
      {"a size with a sign", [head, "+1\r\na\r\n0\r\n\r\n"], 400},
      {"a size with an underscore", [head, "1_0\r\na\r\n0\r\n\r\n"], 400},
      {"a line feed alone", [head, "1\na\n0\n\n"], [400, 408]},
      {"an extension without end", [head, "1;", String.duplicate("a", 100_000)], 400},
      {"trailers without end", [head, "0\r\n", List.duplicate("x: y\r\n", 10_000)], 400},
      {"a trailer that would be a header",
       [head, "11\r\n{\"content\":\"abc\"}\r\n0\r\ncontent-length: 5\r\n\r\n"], 201}
    ])
  end

  test "slow clients are cut off by the deadlines", %{port: port} do
    # Beside the reading of the answer: a client that is still sending when the connection closes may never see it.
    drip = fn bytes ->
      fn socket ->
        spawn_link(fn ->
          Enum.reduce_while(1..600, nil, fn _, _ ->
            Process.sleep(20)
            if :gen_tcp.send(socket, bytes) == :ok, do: {:cont, nil}, else: {:halt, nil}
          end)
        end)
      end
    end

    for {what, bytes, drops} <- [
          {"headers, byte by byte", "GET /api/health HTTP/1.1\r\nx: ", "y"},
          {"headers, line by line", @get, "x: y\r\n"},
          {"a body, byte by byte", [@post, @json, "content-length: 100000\r\n\r\n"], " "},
          {"a body in chunks, byte by byte", [@post, @json, "transfer-encoding: chunked\r\n\r\n"],
           "1\r\n \r\n"}
        ] do
      check(port, what, bytes, 408, then: drip.(drops))
    end

    # One that never reads: what is written to it has an end in time too.
    socket = connect(port)
    :inet.setopts(socket, recbuf: 1_024)
    :gen_tcp.send(socket, List.duplicate([@get, "\r\n"], 20_000))
    assert_well(port)
    :gen_tcp.close(socket)
  end

  test "JSON", %{port: port} do
    deep = &[String.duplicate(&1, 100_000), String.duplicate(&2, 100_000)]
    content = &[~s({"content":"#{@secret}","x":), &1, "}"]

    for {what, body, expected} <- [
          {"100,000 arrays deep", deep.("[", "]"), 400},
          {"100,000 arrays deep, in a TMA", content.(deep.("[", "]")), 400},
          {"100,000 objects deep", content.(deep.(~s({"a":), "}") |> List.insert_at(1, "1")), 400},
          {"100,000 arrays that never end", String.duplicate("[", 100_000), 400},
          {"half a million empty arrays", content.(["[", List.duplicate("[],", 200_000), "[]]"]), 201},
          {"a number of 500,000 digits", content.(String.duplicate("9", 500_000)), 400},
          {"a number of 300 digits", content.(String.duplicate("9", 300)), 422},
          {"a number that is too large", content.("1e400"), 400},
          {"a number that vanishes", content.("1e-400000"), [201, 400]},
          {"not a number", content.("NaN"), 400},
          {"infinity", content.("-Infinity"), 400},
          {"a key twice", ~s({"content":"a","content":"#{@secret}"}), 201},
          {"a key twice, of another kind", ~s({"content":"a","content":{"attachments":7}}), 422},
          {"half a character", content.(~S("\ud800")), [201, 400]},
          {"a NUL", content.(~S("\u0000")), 201},
          {"bytes", content.(<<?", 0xFF, 0xFE, ?">>), 400},
          {"bytes, overlong", content.(<<?", 0xC0, 0x80, ?">>), 400},
          {"UTF-16", :unicode.characters_to_binary(~s({"content":"a"}), :utf8, :utf16), 400},
          {"a byte order mark", ["\uFEFF", ~s({"content":"a"})], [201, 400]},
          {"a comment", ~s({"content":"a"/* b */}), 400},
          {"a comma too many", ~s({"content":"a",}), 400},
          {"two values", ~s({"content":"a"}{"content":"b"}), 400},
          {"nothing", " ", 400},
          {"null", "null", 422},
          {"a list", "[]", 422},
          {"100,000 keys", content.(["{", Enum.map_intersperse(1..100_000, ",", &~s("#{&1}":0)), "}"]), 201},
          {"a field of another kind", ~s({"content":["#{@secret}"],"student":7,"student_id":{}}), 422},
          {"base64 that is none", ~s({"content":{"attachments":[{"data_base64":"#{@secret}"}]}}), 422}
        ] do
      check(port, what, posted(body), expected)
    end

    assert_well(port)
  end

  test "forms", %{port: port} do
    head = [@post, "content-type: multipart/form-data; boundary=b\r\n"]
    field = &["--b\r\nContent-Disposition: form-data; name=\"", &1, "\"\r\n\r\n", &2, "\r\n"]

    file =
      &[
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=",
        &1,
        "\r\n\r\n#{@secret}\r\n--b--\r\n"
      ]

    for {what, body, expected} <- [
          {"100,000 parts", [List.duplicate(field.("", ""), 15_000), "--b--"], 400},
          {"100,000 boundaries", [List.duplicate("--b\r\n", 100_000), "--b--"], 400},
          {"boundaries that almost are", ["--b\r\n", String.duplicate("\r\n--", 200_000), "\r\n--b--"], 400},
          {"no end", [field.("text", @secret)], 400},
          {"no end of a part's head", ["--b\r\nContent-Disposition: ", String.duplicate("a", 500_000)], 400},
          {"10,000 headers of a part", ["--b\r\n", List.duplicate("a: b\r\n", 10_000), "\r\n1\r\n--b--"],
           400},
          {"a form within a form",
           [
             "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n",
             "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n#{@secret}\r\n--c--\r\n--b--"
           ], 201},
          {"a path as a file's name", file.(~s("../../../../etc/cron.d/x")), 201},
          {"a NUL in a file's name", file.([~s("a), 0, ~s(.docx")]), 201},
          {"a line's end in a file's name", file.(~s("a%0D%0Aset-cookie: x=y.docx")), 201},
          {"a file's name of 8,000 letters", file.([?", String.duplicate("a", 8_000), ?"]), 201},
          {"a file's name that runs backwards", file.(~s("a\u202Excod.exe")), 201},
          {"a file's name of bytes", file.([?", 0xFF, 0xFE, ?"]), 201},
          {"a file's name with an open quote", file.(~s("a)), 400},
          {"a field that there is not", [field.("__proto__", "1"), "--b--"], 422},
          {"a field twice", [field.("text", "a"), field.("text", "b"), "--b--"], 422},
          {"a field of bytes", [field.("text", <<0xFF>>), "--b--"], 422},
          {"a rubric that is no JSON", [field.("text", "a"), field.("rubric", "{\"a\":"), "--b--"], 422},
          {"a rubric of 100,000 levels",
           [field.("text", "a"), field.("rubric", String.duplicate("{\"a\":", 100_000)), "--b--"], 422},
          {"nothing", "--b--", [400, 422]}
        ] do
      check(port, what, sized(head, body), expected)
    end

    for boundary <- ["", String.duplicate("b", 71), "\"", "\"b", "b; boundary=c", "\r\n"] do
      head = [@post, "content-type: multipart/form-data; boundary=", boundary, "\r\n"]
      check(port, "the boundary #{inspect(boundary)}", sized(head, "--b--"), [400, 415])
    end

    assert_well(port)
  end
end
