defmodule AwapBackendWeb.AccessAuditTest do
  @moduledoc "Who reads a student's data over HTTP is in the audit log: every route that gives any is looked at."

  use AwapBackendWeb.ConnCase
  use AwapBackend.DataCase

  alias AwapBackend.{Config, Repo, Secrets, TMA}
  alias AwapBackendWeb.Router

  @moduletag :store
  @moduletag :capture_log

  # What a GET of each route leaves in the audit log. A route that is added has to be added here, so that nobody forgets to
  # think of it.
  @leaves %{
    "/api/tmas" => "tma.list",
    "/api/tmas/:id" => "tma.read",
    "/api/tmas/:id/events" => "tma.read_events",
    "/api/tmas/:id/near-duplicates" => "tma.read_near_duplicates",
    "/api/feedback/:tma_id" => "feedback.read",
    "/api/feedback/:tma_id/document" => "feedback.read_document",
    "/api/feedback/:tma_id/revisions" => "feedback.read_revisions",
    "/api/jobs/failed" => "job.list_failed",
    "/api/moodle/outbox" => "grade.list",
    "/api/students/:pseudonym" => "student.export",
    "/api/audit" => "audit.list",
    "/api/events" => "event.read_all"
  }
  # Those that give nothing of a student's; the socket says a status and no more.
  @nothing ~w(/api/health /api/openapi.json /api/keys /api/events/verify /api/moodle/sync /api/rubrics /api/rubrics/:name
              /metrics /socket)

  setup do
    start_host(%{"CORE_EXECUTABLE" => fake_core()})
    {key, _path} = Secrets.api_key!(Config.get(:data_dir))
    {:ok, %{"id" => key_id}} = Repo.call("verify_api_key", %{"key" => key})

    port = start_endpoint(tma: TMA, repo: Repo, health: AwapBackend.Health)
    created = submit("By Zebedee Quillfeather.")
    assert settled(created)["status"] == "completed"
    edit = %{"changes" => %{"grade" => 55.0}, "reviewed_by" => "t"}
    {:ok, _row} = TMA.update_feedback(created["id"], edit, %{"type" => "system"})
    grade_on_its_way()
    assert settled(submit("DAMAGED"))["status"] == "failed"
    {:ok, port: port, key: key, key_id: key_id, created: created}
  end

  test "each GET that gives data of a student leaves one entry with who asked, from where, in which request",
       %{created: created} = context do
    gets = for {"GET", path, _module, _action, _who} <- Router.routes(), do: path
    assert Enum.sort(gets) == Enum.sort(Map.keys(@leaves) ++ @nothing)

    for {path, action} <- @leaves do
      path =
        path
        |> String.replace([":id", ":tma_id"], created["id"])
        |> String.replace(":pseudonym", created["student_id"] <> "?reason=test")

      for id <- ["first-request-#{action}", "second-request-#{action}"] do
        answer = request(context.port, "GET", path, key: context.key, headers: [{"x-request-id", id}])
        assert {path, answer.status} == {path, 200}
      end

      assert [entry | again] = entries(action, context.key_id)
      # Each reading of an identity counts; what is only repeated does not.
      assert {action, length(again)} == {action, if(action == "student.export", do: 1, else: 0)}
      assert entry["actor_type"] == "api_key"
      assert entry["ip_address"] == "127.0.0.1"
      assert entry["metadata"]["request_id"] == "first-request-#{action}"
    end

    told = for entry <- all(%{"pseudonym" => created["student_id"]}), do: entry["action"]

    for action <- ~w(tma.read tma.read_events feedback.read feedback.read_revisions student.export),
        do: assert(action in told)
  end

  test "polling a TMA that is not done yet is no access, and neither are the routes that give nothing",
       context do
    waiting = submit("SLOW")

    for _ <- 1..3 do
      answer = request(context.port, "GET", "/api/tmas/" <> waiting["id"], key: context.key)
      assert answer.json["content"] == nil
    end

    for path <- @nothing -- ["/socket"], do: request(context.port, "GET", path, key: context.key)
    assert for(%{"actor_id" => id} = entry <- all(%{}), id == context.key_id, do: entry) == []
  end

  # A list in which nothing was found is no access.
  defp grade_on_its_way do
    created = submit("By Zebedee Quillfeather, again.", %{}, origin: moodle_origin(1))
    assert settled(created)["status"] == "completed"
    review = %{"changes" => %{"grade" => 60.0}, "reviewed_by" => "t"}
    {:ok, _row} = TMA.update_feedback(created["id"], review, %{"type" => "system"})
  end

  # Oldest first.
  defp entries(action, actor) do
    for entry <- all(%{"action" => action}), entry["actor_id"] == actor, reduce: [] do
      entries -> [entry | entries]
    end
  end

  defp all(filter) do
    {:ok, %{"entries" => entries}} = Repo.call("list_audit", Map.put(filter, "limit", 500))
    entries
  end
end
