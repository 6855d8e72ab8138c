defmodule AwapBackendWeb.API.AdministrationTest do
  @moduledoc "Jobs, students, audit, keys, events and Moodle over HTTP: what is handed on to the store, and what is not."

  # Not async: the stand-in tells one test at a time what it was given.
  use AwapBackendWeb.ConnCase

  alias AwapBackendWeb.ConnCase.Answer

  @student "stu_3280e317f41b024e813ae3fc2800fedc"

  setup do
    StandIn.listen()
    %{port: start_endpoint()}
  end

  defp admin(port, method, path, options \\ []),
    do: request(port, method, path, Keyword.put(options, :key, StandIn.admin_key()))

  defp fields(answer), do: answer.json["error"]["details"]["fields"] |> Map.keys() |> Enum.sort()

  test "jobs that were given up, in pages", %{port: port} do
    answer = request(port, "GET", "/api/jobs/failed?limit=7&cursor=MTI")
    assert {answer.status, answer.json} == {200, %{"jobs" => [], "next_cursor" => nil}}
    assert_received {:asked, %{"limit" => 7, "cursor" => "MTI"}}
    assert fields(request(port, "GET", "/api/jobs/failed?status=failed")) == ["status"]
  end

  test "a job that is tried again says where its TMA is", %{port: port} do
    answer = request(port, "POST", "/api/jobs/#{StandIn.id()}/retry")
    tma_id = StandIn.id(:failed)
    assert answer.status == 202
    assert answer.json == %{"job_id" => StandIn.id(), "tma_id" => tma_id, "status" => "pending"}
    assert Answer.header(answer, "location") == "/api/tmas/" <> tma_id

    for {id, status} <- [{StandIn.id(:pending), 409}, {StandIn.id(:missing), 404}, {"failed", 404}] do
      assert {id, request(port, "POST", "/api/jobs/#{id}/retry").status} == {id, status}
    end
  end

  test "an export needs a reason, and gives what the store gives and no more", %{port: port} do
    answer = admin(port, "GET", "/api/students/#{@student}?reason=subject+access+request&limit=5&cursor=MTI")
    assert answer.status == 200
    assert answer.json |> Map.keys() |> Enum.sort() == ~w(audit identity next_cursor pseudonym tmas)
    assert Answer.header(answer, "cache-control") == "no-store"
    assert_received {:asked, {"export_student", data}}

    assert %{"reason" => "subject access request", "limit" => 5, "cursor" => "MTI", "pseudonym" => @student} =
             data

    assert data["actor"]["id"] == "2"
  end

  test "an erasure needs a reason, and says what it took away", %{port: port} do
    answer = admin(port, "DELETE", "/api/students/#{@student}?reason=the+student+asked")
    assert {answer.status, answer.json} == {200, %{"erased" => %{"tmas" => 1}}}
    assert_received {:asked, {"erase_student", %{"reason" => "the student asked", "pseudonym" => @student}}}
  end

  test "a table of requests for a student that are not right", %{port: port} do
    for {method, query, fault} <- [
          {"GET", "", ["reason"]},
          {"GET", "?reason=", ["reason"]},
          {"GET", "?reason=++", ["reason"]},
          {"GET", "?reason=" <> String.duplicate("a", 256), ["reason"]},
          {"GET", "?reason=a&limit=51", ["limit"]},
          {"GET", "?why=a", ["reason", "why"]},
          {"DELETE", "", ["reason"]},
          {"DELETE", "?reason=a&limit=1", ["limit"]}
        ] do
      answer = admin(port, method, "/api/students/#{@student}#{query}")
      assert {method, query, answer.status} == {method, query, 422}
      assert {query, fields(answer)} == {query, fault}
    end

    refute_received {:asked, _}
  end

  test "what is no pseudonym goes no further and is not repeated", %{port: port} do
    for method <- ["GET", "DELETE"],
        id <- ["A1234567", "stu_A1234567", "stu_" <> String.duplicate("A", 32), "%F0%9F%98%80"] do
      answer = admin(port, method, "/api/students/#{id}?reason=a")
      assert {id, answer.status, answer.json["error"]["code"]} == {id, 404, "not_found"}
      refute answer.body =~ "1234567"
    end

    refute_received {:asked, _}
    unknown = "stu_" <> String.duplicate("0", 32)
    assert admin(port, "GET", "/api/students/#{unknown}?reason=a").status == 404
  end

  test "the audit log, filtered", %{port: port} do
    query = "action=tma.create&resource_type=tma&resource_id=#{StandIn.id()}&pseudonym=#{@student}&limit=9"
    answer = admin(port, "GET", "/api/audit?" <> query)
    assert {answer.status, answer.json} == {200, %{"entries" => [], "next_cursor" => nil}}
    assert_received {:asked, {"list_audit", data}}
    assert {%{"id" => "2"}, filters} = Map.pop(data, "actor")

    assert filters == %{
             "action" => "tma.create",
             "resource_type" => "tma",
             "resource_id" => StandIn.id(),
             "pseudonym" => @student,
             "limit" => 9
           }

    for {query, field} <- [
          {"resource_id=7", "resource_id"},
          {"pseudonym=A1", "pseudonym"},
          {"actor=1", "actor"}
        ] do
      answer = admin(port, "GET", "/api/audit?" <> query)
      assert {query, answer.status, fields(answer)} == {query, 422, [field]}
    end
  end

  test "a key is made, and given in clear this once", %{port: port} do
    answer =
      post_json(port, "/api/keys", %{"name" => "the front end", "role" => "tutor"}, key: StandIn.admin_key())

    assert answer.status == 201

    assert answer.json == %{
             "id" => StandIn.id(),
             "name" => "the front end",
             "role" => "tutor",
             "key" => "awap_in_clear"
           }

    assert_received {:asked, {"create_api_key", %{"name" => "the front end", "actor" => %{"id" => "2"}}}}
    list = admin(port, "GET", "/api/keys?limit=2")
    assert list.json == %{"api_keys" => [], "next_cursor" => "bmV4dA"}
  end

  test "a table of keys that are not made", %{port: port} do
    for {body, fields} <- [
          {%{}, ["name", "role"]},
          {%{"name" => "", "role" => "tutor"}, ["name"]},
          {%{"name" => "  ", "role" => "tutor"}, ["name"]},
          {%{"name" => 7, "role" => "tutor"}, ["name"]},
          {%{"name" => "a\nb", "role" => "tutor"}, ["name"]},
          {%{"name" => String.duplicate("a", 256), "role" => "tutor"}, ["name"]},
          {%{"name" => "a", "role" => "root"}, ["role"]},
          {%{"name" => "a", "role" => "tutor", "key" => "mine"}, ["key"]}
        ] do
      answer = post_json(port, "/api/keys", body, key: StandIn.admin_key())
      assert {body, answer.status, fields(answer)} == {body, 422, fields}
    end

    answer = admin(port, "POST", "/api/keys", headers: [{"content-type", "text/plain"}], body: "{}")
    assert {answer.status, Answer.header(answer, "accept-post")} == {415, "application/json"}
    refute_received {:asked, _}
  end

  test "a key is revoked", %{port: port} do
    answer = admin(port, "DELETE", "/api/keys/#{StandIn.id()}")

    assert {answer.status, answer.json} ==
             {200, %{"id" => StandIn.id(), "revoked_at" => StandIn.updated_at()}}

    assert admin(port, "DELETE", "/api/keys/#{StandIn.id(:missing)}").status == 404
    assert admin(port, "DELETE", "/api/keys/7").status == 404
  end

  test "events of all streams, and whether their chain holds", %{port: port} do
    answer = admin(port, "GET", "/api/events?from_position=12&limit=3&types=tma.failed")
    assert answer.status == 200

    assert {%{"id" => "2"}, asked} = Map.pop(hd(answer.json["events"]), "actor")

    assert asked == %{
             "stream_id" => "$all",
             "opts" => %{"from_version" => 12, "max_count" => 3, "types" => ["tma.failed"]}
           }

    assert fields(admin(port, "GET", "/api/events?from_version=12")) == ["from_version"]

    head = %{"global_position" => 7, "hash" => String.duplicate("a", 64)}

    assert admin(port, "GET", "/api/events/verify").json ==
             %{
               "valid" => true,
               "events" => 7,
               "fault_at" => nil,
               "fault" => nil,
               "head" => head,
               "event_store" => nil
             }

    assert_received {:asked, {"verify_events", %{"of" => "database", "after" => nil}}}
    hash = head["hash"]
    assert admin(port, "GET", "/api/events/verify?after_position=7&after_hash=#{hash}").status == 200
    assert_received {:asked, {"verify_events", %{"after" => ^head}}}

    for {query, field} <- [
          {"after_position=7", "after_hash"},
          {"after_hash=#{hash}", "after_position"},
          {"after_position=-1&after_hash=#{hash}", "after_position"},
          {"after_position=7&after_hash=AA", "after_hash"},
          {"from=7", "from"}
        ] do
      assert {query, fields(admin(port, "GET", "/api/events/verify?" <> query))} == {query, [field]}
    end
  end

  describe "POST /api/moodle/sync" do
    setup do: on_exit(fn -> Application.delete_env(:awap_backend, :stand_in_sync) end)

    test "a table of what the scheduler may say", %{port: port} do
      backend = %{"code" => "unavailable", "message" => "Moodle does not answer.", "details" => %{}}

      for {said, status, code} <- [
            {:ok, 202, nil},
            {{:ok, %{"courses" => 2}}, 202, nil},
            {{:error, :not_configured}, 503, "not_configured"},
            {{:error, :running}, 409, "conflict"},
            {{:error, :not_supported}, 501, "not_implemented"},
            {{:error, backend}, 503, "unavailable"},
            {{:error, {:secret, "of the house"}}, 503, "unavailable"}
          ] do
        Application.put_env(:awap_backend, :stand_in_sync, said)
        answer = request(port, "POST", "/api/moodle/sync")
        assert {said, answer.status, get_in(answer.json, ["error", "code"])} == {said, status, code}
        if status == 202, do: assert(answer.json["status"] == "started")
        refute answer.body =~ "secret"
      end
    end
  end

  test "roles: what is an administrator's is nobody else's", %{port: port} do
    for {method, path} <- [
          {"GET", "/api/students/#{@student}?reason=a"},
          {"DELETE", "/api/students/#{@student}?reason=a"},
          {"GET", "/api/audit"},
          {"GET", "/api/keys"},
          {"POST", "/api/keys"},
          {"DELETE", "/api/keys/#{StandIn.id()}"},
          {"GET", "/api/events"},
          {"GET", "/api/events/verify"}
        ] do
      answer = request(port, method, path)
      assert {path, answer.status, answer.json["error"]["details"]["roles"]} == {path, 403, ["admin"]}
    end

    refute_received {:asked, _}
  end

  test "other methods are 405 and name those there are", %{port: port} do
    for {method, path, allow} <- [
          {"PUT", "/api/feedback/#{StandIn.id()}", "GET, HEAD, OPTIONS, PATCH"},
          {"POST", "/api/students/#{@student}", "DELETE, GET, HEAD, OPTIONS"},
          {"GET", "/api/jobs/#{StandIn.id()}/retry", "OPTIONS, POST"},
          {"PATCH", "/api/keys", "GET, HEAD, OPTIONS, POST"},
          {"GET", "/api/keys/#{StandIn.id()}", "DELETE, OPTIONS"},
          {"DELETE", "/api/moodle/sync", "GET, HEAD, OPTIONS, POST"}
        ] do
      answer = request(port, method, path)
      assert {path, answer.status, Answer.header(answer, "allow")} == {path, 405, allow}
    end
  end
end
