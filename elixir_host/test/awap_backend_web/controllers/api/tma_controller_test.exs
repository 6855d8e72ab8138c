defmodule AwapBackendWeb.API.TMAControllerTest do
  # Not async: the stand-in tells one test at a time what it was given.
  use AwapBackendWeb.ConnCase

  alias AwapBackendWeb.ConnCase.Answer

  @student "stu_3280e317f41b024e813ae3fc2800fedc"

  setup do
    StandIn.listen()
    %{port: start_endpoint()}
  end

  describe "POST /api/tmas as JSON" do
    test "hands the TMA on as it came, with who sent it", %{port: port} do
      tma = %{
        "assignment_id" => "TM112-25J-TMA01",
        "student_id" => "Z0000001",
        "student" => %{"name" => "Zoë Example", "aliases" => ["Zo"]},
        "content" => %{"text" => "An answer.", "answers" => [%{"question" => "1(a)", "text" => "It is."}]},
        "rubric" => %{"rubric_id" => "R"},
        "colour" => "green"
      }

      headers = [{"x-request-id", "request-0001"}, {"user-agent", "a test"}, {"idempotency-key", "abc"}]
      answer = post_json(port, "/api/tmas", tma, headers: headers)
      assert answer.status == 201
      assert Answer.header(answer, "location") == "/api/tmas/" <> StandIn.id()

      assert answer.json == %{
               "id" => StandIn.id(),
               "job_id" => "7",
               "status" => "pending",
               "student_id" => "stu_0123",
               "submitted_at" => "2025-11-22T10:00:00.000000Z"
             }

      assert_received {:created, ^tma, actor, options}
      assert options[:idempotency_key] == "abc"
      assert options[:priority] > 0

      assert actor == %{
               "id" => "1",
               "type" => "api_key",
               "ip_address" => "127.0.0.1",
               "user_agent" => "a test",
               "request_id" => "request-0001"
             }
    end

    test "a rubric that does not hold together is refused before the TMA is taken, with its place", %{
      port: port
    } do
      answer = post_json(port, "/api/tmas", %{"content" => "a", "rubric" => %{}})
      assert {answer.status, answer.json["error"]["code"]} == {422, "invalid_input"}

      assert %{"rubric.questions" => "“rubric.questions” is missing."} =
               answer.json["error"]["details"]["fields"]

      refute_received {:created, _, _, _}
    end

    test "a core that is away turns no work away: marking will say what is wrong", %{port: port} do
      answer = post_json(port, "/api/tmas", %{"content" => "a", "rubric" => %{"title" => "core away"}})
      assert answer.status == 201
      assert_received {:created, %{"rubric" => %{"title" => "core away"}}, _, _}
    end

    test "a table of TMAs that are not right, with the field of each", %{port: port} do
      file = fn data ->
        %{"content" => %{"attachments" => [%{"filename" => "a.txt", "data_base64" => data}]}}
      end

      table = [
        {%{}, ["content"]},
        {%{"content" => nil}, ["content"]},
        {%{"content" => ""}, ["content"]},
        {%{"content" => 7}, ["content"]},
        {%{"content" => []}, ["content"]},
        {%{"content" => %{}}, ["content"]},
        {%{"content" => %{"text" => "", "answers" => []}}, ["content"]},
        {%{"content" => %{"text" => 7}}, ["content.text"]},
        {%{"content" => %{"answers" => %{}}}, ["content.answers"]},
        {%{"content" => %{"answers" => ["a"]}}, ["content.answers[0]"]},
        {%{"content" => %{"answers" => [%{"question" => "1", "text" => "a"}, %{"question" => 1}]}},
         ["content.answers[1].question", "content.answers[1].text"]},
        {%{"content" => %{"answers" => List.duplicate(%{"question" => "1", "text" => "a"}, 201)}},
         ["content.answers"]},
        {%{"content" => %{"attachments" => [%{"filename" => 1}]}},
         ["content.attachments[0].data_base64", "content.attachments[0].filename"]},
        {file.(""), ["content.attachments[0].data_base64"]},
        {file.("not base64!"), ["content.attachments[0].data_base64"]},
        {file.("YWJj=mJj"), ["content.attachments[0].data_base64"]},
        {%{"content" => "a", "assignment_id" => 7}, ["assignment_id"]},
        {%{"content" => "a", "student_id" => "  "}, ["student_id"]},
        {%{"content" => "a", "course_id" => String.duplicate("a", 256)}, ["course_id"]},
        {%{"content" => "a", "assignment_id" => "a\u0000b"}, ["assignment_id"]},
        {%{"content" => "a", "student" => "Zoë"}, ["student"]},
        {%{"content" => "a", "student" => %{"name" => 1, "aliases" => [1]}},
         ["student.aliases", "student.name"]},
        {%{"content" => "a", "rubric" => 7}, ["rubric"]},
        {%{"content" => "a", "rubric" => ""}, ["rubric"]},
        {%{"content" => "a", "options" => %{"report_only" => true}}, ["options"]},
        {%{"content" => "a", "n" => [%{"m" => 99_999_999_999_999_999_999}]}, ["n[0].m"]},
        {%{"content" => "a", "assignment_id" => "bad-rubric"}, ["rubric.questions[0]"]},
        {"a string", []},
        {[], []}
      ]

      for {tma, fields} <- table do
        answer = post_json(port, "/api/tmas", tma)
        assert {tma, answer.status} == {tma, 422}
        error = answer.json["error"]
        assert error["code"] == "invalid_input"
        assert {tma, error["details"]["fields"] |> Map.keys() |> Enum.sort()} == {tma, fields}
        assert is_binary(error["message"]) and error["message"] != ""
        refute answer.body =~ "Zoë"
      end
    end

    test "documents that the core would not take together are refused, not taken in and failed" do
      port = start_endpoint(max_body_bytes: 100_000_000)
      file = fn name -> %{"filename" => name, "data_base64" => String.duplicate("QUJD", 8_400_000)} end

      answer =
        post_json(port, "/api/tmas", %{"content" => %{"attachments" => [file.("a.txt"), file.("b.txt")]}})

      assert {answer.status, answer.json["error"]["code"]} == {413, "limit_exceeded"}
      assert answer.json["error"]["message"] =~ "larger than the core reads"
      refute_received {:created, _, _, _}
    end

    test "a table of bodies and types that cannot be read", %{port: port} do
      json = "application/json"

      for {what, type, body, status} <- [
            {"no body", json, "", 400},
            {"not JSON", json, "{", 400},
            {"JSON and more", json, ~s({"content":"a"} x), 400},
            {"bad UTF-8", json, "{\"content\":\"" <> <<0xC3, 0x28>> <> "\"}", 400},
            {"half a surrogate", json, ~S({"content":"\ud800"}), 400},
            {"UTF-16", json, :unicode.characters_to_binary(~s({"content":"a"}), :utf8, :utf16), 400},
            {"nested past all reason", json, String.duplicate("[", 100_000), 400},
            {"nested and closed", json, String.duplicate("[", 50_000) <> String.duplicate("]", 50_000), 400},
            {"a type with a parameter", "Application/JSON; charset=utf-8", ~s({"content":"a"}), 201},
            {"no type", nil, ~s({"content":"a"}), 415},
            {"another type", "text/plain", ~s({"content":"a"}), 415},
            {"a plain form", "application/x-www-form-urlencoded", "text=a", 415},
            {"a broken type", ";;", ~s({"content":"a"}), 415},
            {"a form without boundary", "multipart/form-data", "x", 400},
            {"a form with an empty boundary", "multipart/form-data; boundary=", "x", 400},
            {"a form that is none", "multipart/form-data; boundary=b", "x", 400}
          ] do
        headers = if type, do: [{"content-type", type}], else: []
        answer = request(port, "POST", "/api/tmas", headers: headers, body: body)
        assert {what, answer.status} == {what, status}
        if status == 415, do: assert(Answer.header(answer, "accept-post") =~ "multipart/form-data")
      end
    end

    test "what the backend refuses has its status", %{port: port} do
      for {assignment, status, code} <- [
            {"queue-full", 503, "queue_full"},
            {"conflict", 409, "conflict"},
            {"bad-rubric", 422, "invalid_input"}
          ] do
        answer = post_json(port, "/api/tmas", %{"content" => "a", "assignment_id" => assignment})
        assert {answer.status, answer.json["error"]["code"]} == {status, code}
        assert is_binary(Answer.header(answer, "retry-after")) == (status == 503)
      end
    end

    test "a key that was sent before gets its first answer, and says so", %{port: port} do
      answer = post_json(port, "/api/tmas", %{"content" => "a", "assignment_id" => "replay"})
      assert {answer.status, Answer.header(answer, "idempotency-replayed")} == {201, "true"}

      for key <- ["", "has space", String.duplicate("a", 256), "Zoë"] do
        answer = post_json(port, "/api/tmas", %{"content" => "a"}, headers: [{"idempotency-key", key}])
        assert {key, answer.status} == {key, 400}
      end
    end
  end

  describe "POST /api/tmas as a form" do
    test "makes the TMA of its parts", %{port: port} do
      parts = [
        {file("file", "Zoë – TMA 01.docx", "application/vnd.example"), <<0, 1, 2, 255>>},
        {file("file", "two.txt", "text/plain"), "two"},
        {file("rubric", "rubric.json", "application/json"), "\uFEFF{\"rubric_id\": \"R\"}"},
        {"assignment_id", "TMA01"},
        {"course_id", "TM112-25J"},
        {"student_id", " Z0000001 "},
        {"student_name", "Zoë Example"},
        {"student[email]", "zoe@example.org"},
        {"student[aliases][]", "Zo"},
        {"student_alias", "Zed"},
        {"student_username", ""},
        {"text", "And a text."}
      ]

      assert post_form(port, "/api/tmas", parts).status == 201
      assert_received {:created, tma, _, _}

      assert tma == %{
               "assignment_id" => "TMA01",
               "course_id" => "TM112-25J",
               "student_id" => "Z0000001",
               "student" => %{
                 "name" => "Zoë Example",
                 "email" => "zoe@example.org",
                 "aliases" => ["Zo", "Zed"]
               },
               "rubric" => %{"rubric_id" => "R"},
               "content" => %{
                 "text" => "And a text.",
                 "attachments" => [
                   %{
                     "filename" => "Zoë – TMA 01.docx",
                     "content_type" => "application/vnd.example",
                     "data_base64" => "AAEC/w=="
                   },
                   %{"filename" => "two.txt", "content_type" => "text/plain", "data_base64" => "dHdv"}
                 ]
               }
             }
    end

    test "takes a rubric as a field, and YAML as it is", %{port: port} do
      for {rubric, expected} <- [
            {~s( {"a": 1} ), %{"a" => 1}},
            {"rubric_id: R\nquestions: []\n", "rubric_id: R\nquestions: []\n"}
          ] do
        assert post_form(port, "/api/tmas", [{"text", "a"}, {"rubric", rubric}]).status == 201
        assert_received {:created, %{"rubric" => ^expected}, _, _}
      end
    end

    test "a table of forms that are not right, with the field of each", %{port: port} do
      text = {"text", "a"}

      for {parts, fields} <- [
            {[], ["file"]},
            {[{"course_id", "A"}], ["file"]},
            {[{file("file", ""), ""}], ["file"]},
            {[{file("file", "a.txt"), ""}], ["file"]},
            {[text, text], ["text"]},
            {[text, {"files", "a"}], ["files"]},
            {[text, {"student_id", <<255>>}], ["student_id"]},
            {[text, {"student_id", "a"}, {"student_id", "b"}], ["student_id"]},
            {[text, {file("student_id", "id.txt"), "a"}], ["student_id"]},
            {[text, {"student_id", String.duplicate("a", 300)}], ["student_id"]},
            {[text, {"rubric", "{oops"}], ["rubric"]},
            {[text, {"rubric", "[1]"}], ["rubric"]},
            {[text, {"rubric", "  "}], ["rubric"]},
            {[text, {file("rubric", "r.docx"), <<"PK", 255>>}], ["rubric"]},
            {[text, {"rubric", "a: 1"}, {"rubric", "a: 1"}], ["rubric"]}
          ] do
        answer = post_form(port, "/api/tmas", parts)
        assert {parts, answer.status} == {parts, 422}
        assert {parts, Map.keys(answer.json["error"]["details"]["fields"])} == {parts, fields}
      end
    end

    test "takes a boundary in quotes", %{port: port} do
      boundary = "a b?c"
      headers = [{"content-type", ~s(multipart/form-data; boundary="#{boundary}")}]
      answer = request(port, "POST", "/api/tmas", headers: headers, body: form([{"text", "a"}], boundary))
      assert answer.status == 201
    end
  end

  describe "reading" do
    test "a TMA, in either case of its id", %{port: port} do
      for id <- [StandIn.id(), String.upcase(StandIn.id())] do
        answer = request(port, "GET", "/api/tmas/" <> id)
        assert {answer.status, answer.json["id"]} == {200, StandIn.id()}
      end
    end

    test "what is not there is 404, whatever was asked for", %{port: port} do
      ids = [
        StandIn.id(:missing),
        "1",
        "null",
        "0b0f6e3a-6a64-4c3e-9d1c-0f6f6b1a2c3",
        String.duplicate("a", 36),
        "%F0%9F%98%80"
      ]

      for id <- ids, path <- ["/api/tmas/#{id}", "/api/tmas/#{id}/events"] do
        answer = request(port, "GET", path)
        assert {path, answer.status, answer.json["error"]["code"]} == {path, 404, "not_found"}
      end
    end

    test "a store that is gone is 503", %{port: port} do
      answer = request(port, "GET", "/api/tmas/#{StandIn.id(:unavailable)}")
      assert {answer.status, Answer.header(answer, "retry-after")} == {503, "5"}
    end

    test "lists by what was asked for", %{port: port} do
      query =
        "status=completed&assignment_id=TM112%2D25J+TMA01&course_id=C&student_id=#{@student}&limit=20&cursor=MTI"

      answer = request(port, "GET", "/api/tmas?" <> query)
      assert {answer.status, answer.json} == {200, %{"tmas" => [], "next_cursor" => nil}}

      assert_received {:asked,
                       %{
                         "status" => "completed",
                         "assignment_id" => "TM112-25J TMA01",
                         "course_id" => "C",
                         "student_id" => @student,
                         "limit" => 20,
                         "cursor" => "MTI"
                       }}
    end

    test "a table of queries that are not right, with the parameter of each", %{port: port} do
      for {query, field} <- [
            {"status=done", "status"},
            {"status=", "status"},
            {"limit=0", "limit"},
            {"limit=201", "limit"},
            {"limit=-1", "limit"},
            {"limit=1.5", "limit"},
            {"limit=" <> String.duplicate("9", 400), "limit"},
            {"student_id=A1234567", "student_id"},
            {"student_id=stu_A1234567", "student_id"},
            {"cursor=%27%3B+drop", "cursor"},
            {"cursor=MTI%3D", "cursor"},
            {"assignment_id=", "assignment_id"},
            {"state=done", "state"},
            {"status=failed&status=failed", "status"},
            {"status=%zz", "query"},
            {"status=%ff", "query"},
            {"status=%00", "query"}
          ] do
        answer = request(port, "GET", "/api/tmas?" <> query)
        assert {query, answer.status} == {query, 422}
        assert {query, Map.keys(answer.json["error"]["details"]["fields"])} == {query, [field]}
        refute answer.body =~ "A1234567"
      end
    end

    test "events of a TMA", %{port: port} do
      query =
        "from_version=3&limit=10&direction=backward&types=tma.submitted,tma.failed&since=2026-11-22T13:54:00%2B01:00"

      answer = request(port, "GET", "/api/tmas/#{StandIn.id()}/events?" <> query)

      assert {%{"id" => "1"}, asked} = Map.pop(hd(answer.json["events"]), "actor")

      assert asked == %{
               "stream_id" => "tma-" <> StandIn.id(),
               "opts" => %{
                 "from_version" => 3,
                 "max_count" => 10,
                 "direction" => "backward",
                 "types" => ["tma.submitted", "tma.failed"],
                 "since" => "2026-11-22T12:54:00Z"
               }
             }
    end

    test "a table of queries of events that are not right", %{port: port} do
      for {query, field} <- [
            {"from_version=x", "from_version"},
            {"from_position=1", "from_position"},
            {"limit=1001", "limit"},
            {"direction=up", "direction"},
            {"types=", "types"},
            {"types=a,,b", "types"},
            {"types=" <> Enum.map_join(1..51, ",", &"t#{&1}"), "types"},
            {"since=yesterday", "since"},
            {"since=2026-11-22", "since"},
            {"until=2026-11-22T13:54:00+01:00", "until"},
            {"until=2026-02-30T13:54:00Z", "until"}
          ] do
        answer = request(port, "GET", "/api/tmas/#{StandIn.id()}/events?" <> query)
        assert {query, answer.status} == {query, 422}
        assert {query, Map.keys(answer.json["error"]["details"]["fields"])} == {query, [field]}
      end
    end
  end
end
