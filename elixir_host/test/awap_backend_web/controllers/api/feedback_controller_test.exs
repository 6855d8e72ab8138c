defmodule AwapBackendWeb.API.FeedbackControllerTest do
  # Not async: the stand-in tells one test at a time what it was given.
  use AwapBackendWeb.ConnCase

  alias AwapBackendWeb.ConnCase.Answer

  setup do
    StandIn.listen()
    %{port: start_endpoint(), path: "/api/feedback/#{StandIn.id()}", etag: ~s("#{StandIn.updated_at()}")}
  end

  defp fields(answer), do: answer.json["error"]["details"]["fields"] |> Map.keys() |> Enum.sort()

  describe "GET" do
    test "feedback, with its tag", %{port: port, path: path, etag: etag} do
      answer = request(port, "GET", path)
      assert {answer.status, answer.json["grade"]} == {200, 71.0}
      assert Answer.header(answer, "etag") == etag
    end

    test "why there is none yet", %{port: port} do
      for {id, code, status, retry?} <- [
            {StandIn.id(:pending), "feedback_pending", "pending", true},
            {StandIn.id(:failed), "no_feedback", "failed", false}
          ],
          path <- ["/api/feedback/#{id}", "/api/feedback/#{id}/revisions"] do
        answer = request(port, "GET", path, key: StandIn.admin_key())
        assert {path, answer.status, answer.json["error"]["code"]} == {path, 404, code}
        assert answer.json["error"]["details"]["status"] == status
        assert is_binary(Answer.header(answer, "retry-after")) == retry?
      end
    end

    test "what is of no TMA is 404", %{port: port} do
      for id <- [StandIn.id(:missing), "1", "%F0%9F%98%80"], rest <- ["", "/revisions"] do
        answer = request(port, "GET", "/api/feedback/#{id}#{rest}")
        assert {id, answer.status, answer.json["error"]["code"]} == {id, 404, "not_found"}
      end
    end

    test "a table of tags that are known already", %{port: port, path: path, etag: etag} do
      for {value, status} <- [
            {etag, 304},
            {"W/" <> etag, 304},
            {"*", 304},
            {~s("a", ) <> etag, 304},
            {~s("a"), 200},
            {"", 200},
            {StandIn.updated_at(), 200}
          ] do
        answer = request(port, "GET", path, headers: [{"if-none-match", value}])
        assert {value, answer.status} == {value, status}
        assert Answer.header(answer, "etag") == etag
        if status == 304, do: assert(answer.body == "")
      end
    end
  end

  describe "GET as a document" do
    test "a file of the feedback and its TMA, with its tag and a name", %{port: port, path: path, etag: etag} do
      for query <- ["", "?format=docx"] do
        answer = request(port, "GET", path <> "/document" <> query)
        assert {answer.status, answer.body} == {200, "PK"}
        assert Answer.header(answer, "content-type") == "application/x-word"

        assert Answer.header(answer, "content-disposition") =~
                 ~r/^attachment; filename="[A-Za-z0-9._-]+\.docx"$/

        assert Answer.header(answer, "etag") == etag
        assert_received {:asked, {:write_feedback, %{"grade" => 71.0}, %{"status" => "completed"}}}
      end

      known = request(port, "GET", path <> "/document", headers: [{"if-none-match", etag}])
      assert {known.status, known.body} == {304, ""}
      other = request(port, "GET", path <> "/document?format=rtf")
      assert {other.status, fields(other)} == {422, ["format"]}
    end

    test "none where there is no feedback", %{port: port} do
      for {id, code} <- [{StandIn.id(:pending), "feedback_pending"}, {StandIn.id(:missing), "not_found"}] do
        answer = request(port, "GET", "/api/feedback/#{id}/document")
        assert {answer.status, answer.json["error"]["code"]} == {404, code}
      end
    end
  end

  describe "PATCH" do
    test "hands on what is to be changed and who changes it, and answers the row", %{
      port: port,
      path: path,
      etag: etag
    } do
      changes = %{
        "grade" => 64.5,
        "feedback_text" => "Well argued.",
        "strengths" => ["The conclusion."],
        "improvements" => [],
        "marking_criteria" => %{"a" => [1, nil]}
      }

      body = Map.merge(changes, %{"reviewed_by" => "Dr Ada Example"})
      answer = send_json(port, "PATCH", path, body, headers: [{"x-request-id", "request-0001"}])
      assert {answer.status, answer.json["tma_id"]} == {200, StandIn.id()}
      assert Answer.header(answer, "etag") == etag
      id = StandIn.id()
      assert_received {:asked, {:update_feedback, ^id, request, actor}}
      assert request == %{"changes" => changes, "reviewed_by" => "Dr Ada Example"}
      assert %{"id" => "1", "request_id" => "request-0001"} = actor
    end

    test "a table of what marks it as reviewed, and by whom", %{port: port, path: path} do
      for {body, reviewer} <- [
            {%{"grade" => 1}, nil},
            {%{"grade" => 1, "reviewed" => false}, nil},
            {%{"reviewed" => true}, "a tutor"},
            {%{"reviewed_by" => "Dr Ada Example"}, "Dr Ada Example"},
            {%{"reviewed" => true, "reviewed_by" => "Dr Ada Example"}, "Dr Ada Example"}
          ] do
        assert {body, send_json(port, "PATCH", path, body).status} == {body, 200}
        assert_received {:asked, {:update_feedback, _, request, _}}
        assert {body, request["reviewed_by"]} == {body, reviewer}
      end
    end

    test "takes a grade away by null, and leaves what is absent", %{port: port, path: path} do
      assert send_json(port, "PATCH", path, %{"grade" => nil}).status == 200
      assert_received {:asked, {:update_feedback, _, %{"changes" => %{"grade" => nil} = changes}, _}}
      assert map_size(changes) == 1
    end

    test "a table of bodies that are not right, with the field of each", %{port: port, path: path} do
      for {body, fields} <- [
            {%{}, [""]},
            {%{"reviewed" => false}, [""]},
            {%{"expected_updated_at" => StandIn.updated_at()}, [""]},
            {%{"grade" => -0.5}, ["grade"]},
            {%{"grade" => 100.01}, ["grade"]},
            {%{"grade" => "70"}, ["grade"]},
            {%{"feedback_text" => nil}, ["feedback_text"]},
            {%{"feedback_text" => String.duplicate("a", 100_001)}, ["feedback_text"]},
            {%{"strengths" => "one"}, ["strengths"]},
            {%{"strengths" => [1]}, ["strengths"]},
            {%{"strengths" => [""]}, ["strengths"]},
            {%{"improvements" => List.duplicate("a", 201)}, ["improvements"]},
            {%{"marking_criteria" => []}, ["marking_criteria"]},
            {%{"marking_criteria" => %{"n" => 99_999_999_999_999_999_999}}, ["marking_criteria"]},
            {%{"reviewed" => "yes"}, ["reviewed"]},
            {%{"reviewed" => true, "reviewed_by" => ""}, ["reviewed_by"]},
            {%{"reviewed" => false, "reviewed_by" => "Dr Ada Example"}, ["reviewed_by"]},
            {%{"reviewed_by" => "a\u0007"}, ["reviewed_by"]},
            {%{"grade" => 1, "expected_updated_at" => "now"}, ["expected_updated_at"]},
            {%{"grade" => 1, "note" => "Zoë"}, ["note"]},
            {%{"grade" => 101, "strengths" => 7, "notes" => 1}, ["grade", "notes", "strengths"]},
            {[], []}
          ] do
        answer = send_json(port, "PATCH", path, body)
        assert {body, answer.status} == {body, 422}
        assert {body, fields(answer)} == {body, fields}
        refute answer.body =~ "Zoë"
      end

      refute_received {:asked, {:update_feedback, _, _, _}}
    end

    test "a table of bodies and types that cannot be read", %{port: port, path: path} do
      for {type, body, status} <- [
            {"application/json", "", 400},
            {"application/json", "{", 400},
            {"application/merge-patch+json", ~s({"grade": 1}), 200},
            {"text/plain", ~s({"grade": 1}), 415},
            {nil, ~s({"grade": 1}), 415},
            {"application/json", String.duplicate(" ", 600_000), 400}
          ] do
        headers = if type, do: [{"content-type", type}], else: []
        answer = request(port, "PATCH", path, headers: headers, body: body)
        assert {type, answer.status} == {type, status}
        if status == 415, do: assert(Answer.header(answer, "accept-patch") =~ "application/merge-patch+json")
      end
    end

    test "a body of more than it takes is 413, whatever others may send", %{path: path} do
      port = start_endpoint(max_body_bytes: 50_000_000)
      answer = send_json(port, "PATCH", path, %{"feedback_text" => String.duplicate("a", 4_200_000)})
      assert {answer.status, answer.json["error"]["details"]["max_bytes"]} == {413, 4_194_304}
    end

    test "If-Match: what was changed meanwhile is not overwritten", %{port: port, path: path, etag: etag} do
      for {value, status} <- [
            {etag, 200},
            {"*", 200},
            {~s("a", ) <> etag, 200},
            {"W/" <> etag, 412},
            {~s("2026-11-22T13:53:59.000000Z"), 412},
            {"", 412}
          ] do
        answer = send_json(port, "PATCH", path, %{"grade" => 1}, headers: [{"if-match", value}])
        assert {value, answer.status} == {value, status}
        assert Answer.header(answer, "etag") == etag

        if status == 412 do
          assert answer.json["error"]["code"] == "precondition_failed"
          assert answer.json["error"]["details"]["current"]["updated_at"] == StandIn.updated_at()
          refute_received {:asked, {:update_feedback, _, _, _}}
        else
          # What was looked up is what the store is to expect: a change in between is a conflict too.
          assert_received {:asked, {:update_feedback, _, request, _}}
          assert request["expected_updated_at"] == StandIn.updated_at()
        end
      end
    end

    test "expected_updated_at: in any offset, and 409 with how it is now", %{
      port: port,
      path: path,
      etag: etag
    } do
      for {time, status} <- [
            {StandIn.updated_at(), 200},
            {"2026-11-22T14:54:00.000001+01:00", 200},
            {"2026-11-22T13:54:00.000002Z", 409}
          ],
          headers <- [[], [{"if-match", etag}]] do
        body = %{"grade" => 1, "expected_updated_at" => time}
        answer = send_json(port, "PATCH", path, body, headers: headers)
        assert {time, headers, answer.status} == {time, headers, status}

        if status == 409,
          do: assert(answer.json["error"]["details"]["current"]["updated_at"] == StandIn.updated_at())
      end
    end

    test "where there is no feedback yet, says why", %{port: port} do
      for headers <- [[], [{"if-match", "*"}]] do
        path = "/api/feedback/#{StandIn.id(:pending)}"
        answer = send_json(port, "PATCH", path, %{"grade" => 1}, headers: headers)
        assert {answer.status, answer.json["error"]["code"]} == {404, "feedback_pending"}
      end
    end

    test "leaves the connection at the end of its body, whatever it answers", %{port: port, path: path} do
      next = "GET /api/health HTTP/1.1\r\nhost: x\r\n\r\n"

      for {headers, body} <- [
            {"if-match: \"a\"\r\n", ~s({"grade": 1})},
            {"", ~s({"grade": 101})},
            {"", ~s({"grade": 1, "expected_updated_at": "2020-01-01T00:00:00Z"})}
          ] do
        patch =
          "PATCH #{path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer #{StandIn.key()}\r\n" <>
            "content-type: application/json\r\n#{headers}content-length: #{byte_size(body)}\r\n\r\n#{body}"

        socket = connect(port)
        :ok = :gen_tcp.send(socket, patch <> next)
        refused = receive_answer(socket)
        assert refused.status in [409, 412, 422]
        assert receive_answer(socket, refused.rest).status == 200
        :gen_tcp.close(socket)
      end
    end
  end
end
