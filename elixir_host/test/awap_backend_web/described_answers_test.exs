defmodule AwapBackendWeb.DescribedAnswersTest.Broken do
  @moduledoc "A backend that knows API keys and does nothing else: it answers the fault it is told to, or raises."

  def call("verify_api_key", data, timeout), do: AwapBackendWeb.StandIn.call("verify_api_key", data, timeout)
  def call(_command, _data, _timeout), do: fail()

  def create_tma(_params, _actor, _options), do: fail()
  def get_tma(_id, _actor \\ nil), do: fail()
  def list_tmas(_filters, _actor \\ nil), do: fail()
  def get_feedback(_id, _actor \\ nil), do: fail()
  def get_document(_id, _actor), do: fail()
  def update_feedback(_id, _request, _actor), do: fail()
  def list_feedback_revisions(_id, _actor \\ nil), do: fail()
  def revise_feedback(_id, _criteria, _text, _actor), do: fail()
  def check_rubric(_rubric, _timeout \\ nil), do: fail()
  def write_feedback(_feedback, _tma), do: fail()
  def list_failed(_page, _actor \\ nil), do: fail()
  def retry_job(_id, _actor), do: fail()
  def sync_now, do: fail()
  def state, do: fail()

  defp fail do
    case Application.fetch_env!(:awap_backend, :broken_by) do
      :raise -> raise "a message that names Jane Doe"
      code -> {:error, %{"code" => code, "message" => "It does not answer.", "details" => %{}}}
    end
  end
end

defmodule AwapBackendWeb.DescribedAnswersTest do
  @moduledoc """
  Holds what a running endpoint answers against its description: each operation with what it is for, on the real store
  and the real core, and each with what can go wrong.
  """

  use AwapBackendWeb.ConnCase
  use AwapBackend.DataCase

  import ExUnit.CaptureLog

  alias AwapBackend.{Config, Secrets}
  alias AwapBackendWeb.APIDescription
  alias AwapBackendWeb.ConnCase.Answer
  alias AwapBackendWeb.DescribedAnswersTest.Broken

  @nothing "00000000-0000-4000-8000-000000000404"
  @nobody "stu_" <> String.duplicate("0", 32)

  # What each operation that takes a body takes.
  @bodies %{
    {"POST", "/api/tmas"} => %{"content" => "A linear search starts at the first item."},
    {"PATCH", "/api/feedback/{tma_id}"} => %{"grade" => 50},
    {"POST", "/api/feedback/{tma_id}/totals"} => %{"criteria" => [%{"id" => "any", "score" => 1}]},
    {"POST", "/api/rubrics/check"} => %{
      "rubric" => %{
        "title" => "Essay",
        "total_points" => 10,
        "criteria" => [
          %{
            "name" => "Argument",
            "weight" => 10,
            "description" => "A claim with reasons for it.",
            "levels" => [%{"score" => 10, "descriptor" => "A claim with reasons for it"}]
          }
        ]
      }
    },
    {"PUT", "/api/rubrics/{name}"} => %{
      "rubric" =>
        "title: Essay\ntotal_points: 10\ncriteria:\n  - name: Argument\n    weight: 10\n    description: A claim with reasons for it.\n"
    },
    {"POST", "/api/keys"} => %{"name" => "a front end", "role" => "tutor"},
    {"POST", "/api/tokens"} => %{"expires_in" => 600}
  }

  setup_all do: %{document: APIDescription.document()}

  # Sends a request to `template`, holds the answer against the description, and notes its status.
  defp call(context, method, template, options \\ []) do
    path =
      Enum.reduce(options[:in_path] || %{}, template, fn {name, value}, path ->
        String.replace(path, "{#{name}}", URI.encode(value, &URI.char_unreserved?/1))
      end)

    path = if query = options[:query], do: path <> "?" <> URI.encode_query(query), else: path
    options = options |> Keyword.put_new(:key, context.key) |> Keyword.put_new(:headers, [])

    answer =
      case options[:json] do
        nil -> request(context.port, method, path, options)
        json -> send_json(context.port, method, path, json, options)
      end

    assert %Answer{} = answer

    assert {method, template, APIDescription.faults(context.document, method, template, answer)} ==
             {method, template, []}

    Process.put(:seen, MapSet.put(Process.get(:seen, MapSet.new()), {method, template, answer.status}))
    answer
  end

  defp marked(context, id) do
    row = call(context, "GET", "/api/tmas/{id}", in_path: %{"id" => id}).json
    if row["status"] in ["completed", "failed"], do: row, else: Process.sleep(50) && marked(context, id)
  end

  defp real(options) do
    real = [
      tma: AwapBackend.TMA,
      repo: AwapBackend.Repo,
      health: AwapBackend.Health,
      moodle: AwapBackend.Moodle.SyncScheduler
    ]

    start_endpoint(real ++ options)
  end

  describe "on a real host" do
    @describetag :store
    @describetag :core

    setup context do
      start_host(if context[:postgres], do: %{"AWAP_TEST_DATABASE_URL" => postgres_url()}, else: %{})
      {key, _path} = Secrets.api_key!(Config.get(:data_dir))
      start_supervised!(AwapBackendWeb.Telemetry)
      %{port: real([]), key: key}
    end

    test "each operation, as it is described", context do
      each_operation(context)
    end

    @tag :postgres
    test "each operation, as it is described, on PostgreSQL", context do
      assert {:ok, %{"database" => "postgres"}} = AwapBackend.Repo.call("health_check", %{})
      each_operation(context)
    end

    defp each_operation(context) do
      # A PostgreSQL is shared by the tests of a run: this student is this test's own.
      number = "Z#{System.unique_integer([:positive])}"
      student = %{"student_id" => number, "student" => %{"name" => "Zebedee Quillfeather"}}

      tma =
        Map.merge(student, %{"assignment_id" => "TMA01", "content" => "Zebedee Quillfeather writes this."})

      headers = [{"idempotency-key", "a-key"}]

      # Handed in, twice, and as a form; one that cannot be read.
      %{status: 201, json: %{"id" => id, "student_id" => pseudonym}} =
        call(context, "POST", "/api/tmas", json: tma, headers: headers)

      replayed = call(context, "POST", "/api/tmas", json: tma, headers: headers)
      assert Answer.header(replayed, "idempotency-replayed") == "true"
      assert call(context, "POST", "/api/tmas", json: %{"content" => "b"}, headers: headers).status == 409

      boundary = "b0undary"
      form = form([{file("file", "a.txt", "text/plain"), "Some words."}, {"student_alias", "Zeb"}], boundary)
      form_headers = [{"content-type", "multipart/form-data; boundary=" <> boundary}]
      assert call(context, "POST", "/api/tmas", headers: form_headers, body: form).status == 201

      damaged = %{
        "attachments" => [%{"filename" => "a.docx", "data_base64" => Base.encode64("PK\x03\x04 and no more")}]
      }

      failed = call(context, "POST", "/api/tmas", json: Map.put(student, "content", damaged)).json["id"]

      assert marked(context, id)["status"] == "completed"
      assert marked(context, failed)["status"] == "failed"
      query = %{"assignment_id" => "TMA01", "student_id" => pseudonym, "status" => "completed", "limit" => 1}
      assert [%{"id" => ^id}] = call(context, "GET", "/api/tmas", query: query).json["tmas"]

      events = %{
        "direction" => "backward",
        "types" => "tma.completed,tma.submitted",
        "since" => "2020-01-01T00:00:00Z"
      }

      page = call(context, "GET", "/api/tmas/{id}/events", in_path: %{"id" => id}, query: events).json
      assert [%{"type" => "tma.completed"}, %{"type" => "tma.submitted"}] = page["events"]

      alike = call(context, "GET", "/api/tmas/{id}/near-duplicates", in_path: %{"id" => id})
      assert alike.json == %{"near_duplicates" => []}

      # Read, edited, reviewed.
      feedback = fn method, options ->
        call(context, method, "/api/feedback/{tma_id}", [in_path: %{"tma_id" => id}] ++ options)
      end

      first = feedback.("GET", [])
      each_of_marks(context, id)
      each_of_rubrics(context)
      word = [in_path: %{"tma_id" => id}]
      file = call(context, "GET", "/api/feedback/{tma_id}/document", word)
      assert "PK" <> _ = file.body
      assert Answer.header(file, "content-disposition") == ~s(attachment; filename="TMA01-#{pseudonym}.docx")
      known = [headers: [{"if-none-match", Answer.header(file, "etag")}]] ++ word
      assert call(context, "GET", "/api/feedback/{tma_id}/document", known).status == 304
      assert call(context, "GET", "/api/feedback/{tma_id}/document", word).body == file.body
      etag = [{"if-match", Answer.header(first, "etag")}]
      assert feedback.("GET", headers: [{"if-none-match", Answer.header(first, "etag")}]).status == 304

      changes = %{
        "grade" => 64.5,
        "strengths" => ["A point."],
        "marking_criteria" => %{"a" => nil},
        "reviewed" => true
      }

      edited = feedback.("PATCH", json: changes, headers: etag)
      assert %{"grade" => 64.5, "reviewed_by" => reviewer, "reviewed_at" => "20" <> _} = edited.json
      assert is_binary(reviewer)
      assert feedback.("PATCH", json: %{"grade" => 1}, headers: etag).status == 412
      stale = %{"grade" => 1, "expected_updated_at" => first.json["updated_at"]}
      assert feedback.("PATCH", json: stale).status == 409
      # No database keeps U+0000 in a text.
      nul = %{"feedback_text" => "a\0b", "improvements" => ["\0"], "marking_criteria" => %{"a\0" => "\0"}}
      kept = feedback.("PATCH", json: Map.put(nul, "grade", 70)).json
      assert {kept["feedback_text"], kept["improvements"]} == {"a b", [" "]}
      assert kept["marking_criteria"] == %{"a " => " "}

      again = feedback.("PATCH", json: %{"feedback_text" => "", "grade" => nil}, headers: [{"if-match", "*"}])
      assert %{"reviewed_by" => nil, "grade" => nil, "feedback_text" => ""} = again.json

      revisions =
        call(context, "GET", "/api/feedback/{tma_id}/revisions", in_path: %{"tma_id" => id}).json["revisions"]

      assert Enum.map(revisions, & &1["grade"]) == [first.json["grade"], 64.5, 70.0]

      # Given up, and tried again.
      jobs = call(context, "GET", "/api/jobs/failed", query: %{"limit" => 200}).json["jobs"]
      [job] = Enum.filter(jobs, &(&1["tma_id"] == failed))
      retried = call(context, "POST", "/api/jobs/{id}/retry", in_path: %{"id" => job["job_id"]})
      assert {retried.status, retried.json["tma_id"]} == {202, failed}
      assert marked(context, failed)["status"] == "failed"

      # Keys.
      made = call(context, "POST", "/api/keys", json: %{"name" => "a front end", "role" => "tutor"}).json
      tutor = %{context | key: made["key"]}
      assert call(tutor, "GET", "/api/tmas").status == 200
      assert call(tutor, "GET", "/api/keys").status == 403
      token = call(tutor, "POST", "/api/tokens", json: %{"expires_in" => 60}).json["access_token"]
      of_key = %{context | key: token}
      assert call(of_key, "GET", "/api/tmas").status == 200
      assert call(of_key, "POST", "/api/tokens").status == 403
      assert hd(call(context, "GET", "/api/keys").json["api_keys"])["id"] == made["id"]
      assert call(context, "DELETE", "/api/keys/{id}", in_path: %{"id" => made["id"]}).status == 200
      assert call(tutor, "GET", "/api/tmas").status == 401
      assert call(of_key, "GET", "/api/tmas").status == 401

      # Audit, events, and the student's rights.
      assert [_ | _] =
               call(context, "GET", "/api/audit", query: %{"action" => "api_key.revoke"}).json["entries"]

      assert call(context, "GET", "/api/events", query: %{"from_position" => 2, "limit" => 2}).json["next"] ==
               4

      assert %{"valid" => true} = call(context, "GET", "/api/events/verify").json
      of_student = [in_path: %{"pseudonym" => pseudonym}, query: %{"reason" => "subject access request"}]
      export = call(context, "GET", "/api/students/{pseudonym}", of_student).json
      assert export["identity"]["student"]["name"] == "Zebedee Quillfeather"
      assert Enum.map(export["tmas"], & &1["id"]) == [failed, id]
      erased = call(context, "DELETE", "/api/students/{pseudonym}", of_student)
      assert erased.json["erased"]["tmas"] == 2
      assert call(context, "GET", "/api/students/{pseudonym}", of_student).status == 404
      assert call(context, "GET", "/api/audit", query: %{"pseudonym" => pseudonym}).status == 200

      # The host.
      assert call(context, "GET", "/api/health", key: nil).status == 200
      assert call(context, "GET", "/api/openapi.json", key: nil).status == 200
      assert call(context, "GET", "/metrics").body =~ "# TYPE"
      assert call(context, "POST", "/api/moodle/sync").json["error"]["code"] == "not_configured"
      Application.put_env(:awap_backend, :stand_in_sync, :ok)
      on_exit(fn -> Application.delete_env(:awap_backend, :stand_in_sync) end)
      synced = %{context | port: real(moodle: StandIn)}
      assert call(synced, "POST", "/api/moodle/sync").status == 202
      assert call(synced, "GET", "/api/moodle/sync").status == 200
      each_of_moodle(context, synced)

      socket = [
        {"upgrade", "websocket"},
        {"connection", "upgrade"},
        {"sec-websocket-version", "13"},
        {"sec-websocket-key", Base.encode64(:crypto.strong_rand_bytes(16))}
      ]

      key = [{"host", "localhost"}, {"authorization", "Bearer " <> context.key}]
      lines = for {name, value} <- key ++ socket, do: [name, ": ", value, "\r\n"]
      upgraded = raw(context.port, ["GET /socket HTTP/1.1\r\n", lines, "\r\n"])
      assert APIDescription.faults(context.document, "GET", "/socket", upgraded) == []
      seen = MapSet.put(Process.get(:seen), {"GET", "/socket", upgraded.status})

      for {method, template, _} <- APIDescription.operations(context.document) do
        assert Enum.any?(seen, &match?({^method, ^template, status} when status < 300, &1)),
               "#{method} #{template}"
      end
    end

    # What marks come to, with nothing changed; a rubric that holds together, and one that does not.
    defp each_of_marks(context, id) do
      path = [in_path: %{"tma_id" => id}]
      before = call(context, "GET", "/api/feedback/{tma_id}", path).json
      [criterion | _] = before["marking_criteria"]["criteria"]
      total = &call(context, "POST", "/api/feedback/{tma_id}/totals", [json: %{"criteria" => [&1]}] ++ path)

      for score <- [0, criterion["max_mark"], nil] do
        answer = total.(%{"id" => criterion["id"], "score" => score, "comment" => "Mine."})
        assert %{status: 200, json: %{"marking_criteria" => %{"criteria" => [marked | _]}}} = answer

        assert {marked["score"], marked["comment"], marked["source"]} ==
                 {score && score / 1, "Mine.", "human"}
      end

      for score <- [-1, criterion["max_mark"] + 0.5, "5"],
          do: assert(total.(%{"id" => criterion["id"], "score" => score}).status == 422)

      assert call(context, "GET", "/api/feedback/{tma_id}", path).json == before

      listed =
        call(context, "GET", "/api/tmas", query: %{"include" => "feedback", "assignment_id" => "TMA01"}).json

      assert Enum.find(listed["tmas"], &(&1["id"] == id))["feedback"]["updated_at"] == before["updated_at"]
      check = &call(context, "POST", "/api/rubrics/check", json: %{"rubric" => &1})
      assert check.(@bodies[{"POST", "/api/rubrics/check"}]["rubric"]).json["max_mark"] == 10.0
      refused = check.(%{"criteria" => [%{"name" => "Argument", "weight" => "ten"}]})
      assert refused.status == 422
      assert ["rubric" <> _] = Map.keys(refused.json["error"]["details"]["fields"])
    end

    # Kept, replaced, told of a change meanwhile, removed; one that does not hold together, here and with a TMA.
    defp each_of_rubrics(context) do
      name = "TM112 / TMA #{System.unique_integer([:positive])} – ä"
      rubric = &call(context, &1, "/api/rubrics/{name}", [in_path: %{"name" => name}] ++ &2)

      yaml =
        "title: Essay\ntotal_points: 10\ncriteria:\n  - name: Argument\n    weight: 10\n    description: A claim with reasons for it.\n"

      put = rubric.("PUT", json: %{"rubric" => yaml})
      assert {put.status, put.json["name"], put.json["text"], put.json["criteria"]} == {201, name, yaml, 1}
      assert rubric.("GET", []).json == put.json
      assert name in Enum.map(call(context, "GET", "/api/rubrics").json["rubrics"], & &1["name"])
      at = put.json["updated_at"]
      object = @bodies[{"POST", "/api/rubrics/check"}]["rubric"]
      replaced = rubric.("PUT", json: %{"rubric" => object, "expected_updated_at" => at})
      assert {replaced.status, replaced.json["max_mark"]} == {200, 10.0}
      assert rubric.("PUT", json: %{"rubric" => yaml, "expected_updated_at" => at}).status == 409
      wrong = %{"criteria" => [%{"name" => "Argument", "weight" => "ten"}]}
      refused = rubric.("PUT", json: %{"rubric" => wrong})
      assert refused.status == 422
      assert ["rubric" <> _] = Map.keys(refused.json["error"]["details"]["fields"])
      tma = call(context, "POST", "/api/tmas", json: %{"content" => "Words.", "rubric" => wrong})
      assert {tma.status, tma.json["error"]["details"]} == {422, refused.json["error"]["details"]}
      assert rubric.("GET", []).json == replaced.json
      assert rubric.("DELETE", []).status == 200
      assert rubric.("GET", []).status == 404

      entries = call(context, "GET", "/api/audit", query: %{"resource_type" => "rubric"}).json["entries"]
      of_this = Enum.filter(entries, &(&1["metadata"]["name"] == name))
      assert Enum.map(of_this, & &1["action"]) == ["rubric.delete", "rubric.put", "rubric.put"]
    end

    # A TMA as the sync takes it in, reviewed.
    defp each_of_moodle(context, synced) do
      number = System.unique_integer([:positive])

      origin = %{
        "site" => "https://moodle.example",
        "course_id" => 2,
        "assignment_id" => 11,
        "submission_id" => number,
        "user_id" => 5,
        "seen" => "a",
        "content_hash" => "b"
      }

      tma = %{"content" => "An essay.", "student_id" => "M#{number}"}
      request = %{"tma" => tma, "origin" => origin, "actor" => %{}}
      {:ok, %{"id" => id}} = AwapBackend.Repo.call("create_tma", request)
      AwapBackend.Core.WorkerPool.wake()
      assert marked(context, id)["origin"]["version"] == 1
      review = %{"grade" => 61, "reviewed_by" => "Dr Ada Example"}
      call(context, "PATCH", "/api/feedback/{tma_id}", in_path: %{"tma_id" => id}, json: review)

      assert [%{"grade" => 61.0, "id" => upload, "state" => "queued"}] =
               call(context, "GET", "/api/moodle/outbox", query: %{"tma_id" => id}).json["uploads"]

      retried = call(context, "POST", "/api/moodle/outbox/{id}/retry", in_path: %{"id" => upload})
      assert {retried.status, retried.json["state"]} == {202, "queued"}
      assert call(context, "GET", "/api/moodle/sync").json["error"]["code"] == "not_configured"
      Application.put_env(:awap_backend, :stand_in_sync, {:error, :running})
      assert call(synced, "POST", "/api/moodle/sync").status == 409
    end

    test "each operation that names something, of what is not there", context do
      # A PUT makes what is not there.
      for {method, template, operation} <- APIDescription.operations(context.document),
          template =~ "{" and method != "PUT" do
        in_path = %{"id" => @nothing, "tma_id" => @nothing, "pseudonym" => @nobody, "name" => "none"}
        query = if template =~ "pseudonym", do: %{"reason" => "a reason"}
        options = [in_path: in_path, json: @bodies[{method, template}], query: query]

        assert {operation["operationId"], call(context, method, template, options).status} ==
                 {operation["operationId"], 404}
      end
    end
  end

  describe "what goes wrong" do
    test "each operation refuses who may not, whom nobody knows, and what it does not know", %{
      document: document
    } do
      context = %{document: document, port: start_endpoint(), key: StandIn.key()}

      in_path = %{
        "id" => StandIn.id(),
        "tma_id" => StandIn.id(),
        "pseudonym" => @nobody,
        "name" => "any"
      }

      for {method, template, operation} <- APIDescription.operations(document), operation["security"] != [] do
        options = [in_path: in_path, json: @bodies[{method, template}]]
        assert {template, call(context, method, template, [key: nil] ++ options).status} == {template, 401}
        expected = if "tutor" in operation["x-roles"], do: nil, else: 403
        strange = call(context, method, template, [query: %{"strange" => "1"}] ++ options).status

        cond do
          expected -> assert {template, strange} == {template, expected}
          template == "/socket" -> assert strange == 426
          true -> assert {template, strange} == {template, 422}
        end
      end
    end

    test "each operation that takes a body, of bodies it does not take", %{document: document} do
      context = %{document: document, port: start_endpoint(max_body_bytes: 2_000), key: StandIn.admin_key()}
      in_path = %{"tma_id" => StandIn.id(), "name" => "any"}

      for {{method, template}, _} <- @bodies do
        json = [{"content-type", "application/json"}]

        for {headers, body, status} <- [
              {json, "{", 400},
              {json, "[]", 422},
              {json, ~s({"strange": 1}), 422},
              {json, String.duplicate(" ", 3_000), 413},
              {[{"content-type", "text/plain"}], "{}", 415},
              {[], "{}", 415}
            ] do
          answer = call(context, method, template, in_path: in_path, headers: headers, body: body)
          assert {template, body, answer.status} == {template, body, status}
        end
      end
    end

    test "each operation without a store, and with one that has lost its mind", %{document: document} do
      on_exit(fn -> Application.delete_env(:awap_backend, :broken_by) end)
      port = start_endpoint(tma: Broken, repo: Broken, moodle: Broken)
      context = %{document: document, port: port, key: StandIn.admin_key()}

      in_path = %{
        "id" => StandIn.id(),
        "tma_id" => StandIn.id(),
        "pseudonym" => @nobody,
        "name" => "any"
      }

      asks = fn template -> template not in ["/api/health", "/api/openapi.json", "/metrics", "/socket"] end

      for {fault, status} <- [{"unavailable", 503}, {"timeout", 503}, {"internal", 500}, {:raise, 500}],
          {method, template, _} <- APIDescription.operations(document),
          asks.(template) do
        Application.put_env(:awap_backend, :broken_by, fault)
        query = if template =~ "pseudonym", do: %{"reason" => "a reason"}
        options = [in_path: in_path, json: @bodies[{method, template}], query: query]
        {answer, _log} = with_log(fn -> call(context, method, template, options) end)
        assert {fault, method, template, answer.status} == {fault, method, template, status}
        refute answer.body =~ "Jane"
      end
    end

    test "a caller past its rate", %{document: document} do
      context = %{document: document, port: start_endpoint(rate_limit: 1), key: StandIn.key()}
      statuses = for _ <- 1..4, do: call(context, "GET", "/api/tmas").status
      assert 429 in statuses
    end
  end
end
