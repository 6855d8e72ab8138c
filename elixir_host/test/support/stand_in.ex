defmodule AwapBackendWeb.StandIn do
  @moduledoc """
  A backend for tests of the web alone: it keeps nothing, tells the test what it was given, and makes each fault when
  asked to by an id or an assignment that stands for it.
  """

  @key "awap_test_key_of_a_tutor_0123456789"
  @id "0b0f6e3a-6a64-4c3e-9d1c-0f6f6b1a2c3d"

  def key, do: @key
  def admin_key, do: "awap_test_key_of_an_admin_0123456789"
  def id, do: @id

  @doc "An id that stands for `kind`."
  def id(:missing), do: "00000000-0000-4000-8000-000000000404"
  def id(:pending), do: "00000000-0000-4000-8000-000000000001"
  def id(:failed), do: "00000000-0000-4000-8000-000000000002"
  def id(:raises), do: "00000000-0000-4000-8000-000000000500"
  def id(:exits), do: "00000000-0000-4000-8000-000000000501"
  def id(:throws), do: "00000000-0000-4000-8000-000000000502"
  def id(:unavailable), do: "00000000-0000-4000-8000-000000000503"
  def id(:slow), do: "00000000-0000-4000-8000-000000000504"
  def id(:endless), do: "00000000-0000-4000-8000-000000000506"
  def id(:strange), do: "00000000-0000-4000-8000-000000000505"

  @doc "Has the calling test told of every TMA that is handed in, and of each slow request, while it runs."
  def listen do
    Process.register(self(), __MODULE__)
    :ok
  end

  def create_tma(params, actor, options) do
    if pid = Process.whereis(__MODULE__), do: send(pid, {:created, params, actor, options})

    case params["assignment_id"] do
      "queue-full" -> error("queue_full", "The queue is full.", %{})
      "conflict" -> error("conflict", "This key was sent with another body.", %{})
      "bad-rubric" -> error("invalid_input", "Marks do not add up.", %{"path" => "rubric.questions[0]"})
      "raises" -> raise "a message that names Jane Doe"
      "replay" -> {:ok, Map.put(created(), "created", false)}
      _ -> {:ok, created()}
    end
  end

  def get_tma(id, _actor) do
    cond do
      id == id(:missing) -> error("not_found", "There is no such row.", %{})
      id == id(:pending) -> {:ok, %{"id" => id, "status" => "pending", "content" => nil}}
      id == id(:failed) -> {:ok, %{"id" => id, "status" => "failed", "error_message" => "It is damaged."}}
      id == id(:raises) -> raise "a message that names Jane Doe"
      id == id(:exits) -> exit({:noproc, "Jane Doe"})
      id == id(:throws) -> throw("Jane Doe")
      id == id(:unavailable) -> error("unavailable", "The database does not answer.", %{})
      id == id(:slow) -> tell(id) && Process.sleep(500) && {:ok, %{"id" => id, "status" => "completed"}}
      id == id(:endless) -> tell(id) && Process.sleep(:infinity)
      id == id(:strange) -> error("internal", "secret of the house", %{"stack" => "secret"})
      true -> {:ok, %{"id" => id, "status" => "completed", "content" => %{"text" => "[STUDENT]"}}}
    end
  end

  def list_tmas(filters, _actor), do: {:ok, %{"tmas" => [], "next_cursor" => nil, "filters" => tell(filters)}}

  @updated_at "2026-11-22T13:54:00.000001Z"

  @doc "When the feedback of `id/0` was last changed."
  def updated_at, do: @updated_at

  def get_feedback(id, _actor) do
    if id == id(),
      do: {:ok, %{"tma_id" => id, "grade" => 71.0, "updated_at" => @updated_at, "reviewed_by" => nil}},
      else: error("not_found", "There is no such row.", %{})
  end

  def get_document(id, actor), do: get_feedback(id, actor)

  def update_feedback(id, request, actor) do
    tell({:update_feedback, id, request, actor})

    cond do
      id != id() -> error("not_found", "There is no such row.", %{})
      request["expected_updated_at"] in [nil, @updated_at] -> get_feedback(id, nil)
      true -> error("conflict", "It was changed meanwhile.", %{"updated_at" => @updated_at})
    end
  end

  def revise_feedback(id, criteria, text, actor) do
    tell({:revise_feedback, id, criteria, text, actor})

    with {:ok, row} <- get_feedback(id, nil),
         do: {:ok, Map.take(row, ["grade", "feedback_text", "marking_criteria"])}
  end

  def check_rubric(rubric, timeout \\ nil)

  def check_rubric(rubric, _timeout) when rubric in [%{}, []],
    do: error("invalid_input", "“rubric.questions” is missing.", %{"path" => "rubric.questions"})

  def check_rubric(%{"title" => "core away"}, _timeout),
    do: error("unavailable", "The core is starting again.", %{})

  def check_rubric(rubric, _timeout) do
    tell({:check_rubric, rubric})
    {:ok, %{"questions" => [%{"criteria" => [%{}, %{}]}], "max_mark" => 20.0, "sha256" => "ab12"}}
  end

  def write_feedback(feedback, tma) do
    tell({:write_feedback, feedback, tma})
    {:ok, %{"content_type" => "application/x-word", "extension" => "docx", "data_base64" => "UEs="}}
  end

  def list_feedback_revisions(_id, _actor), do: {:ok, %{"revisions" => []}}

  def list_failed(page, _actor), do: {:ok, %{"jobs" => [], "next_cursor" => nil, "page" => tell(page)}}

  def retry_job(id, actor) do
    tell({:retry_job, id, actor})

    cond do
      id == id() -> {:ok, %{"tma_id" => id(:failed), "status" => "pending"}}
      id == id(:pending) -> error("conflict", "Only a job that failed can be tried again.", %{})
      true -> error("not_found", "There is no such job.", %{})
    end
  end

  @doc "What `POST /api/moodle/sync` is to get: kept in the application's environment."
  def sync_now, do: Application.get_env(:awap_backend, :stand_in_sync, {:error, :not_configured})

  @doc "What `GET /api/moodle/sync` is to get."
  def state do
    with :ok <- sync_now() do
      uploads = %{"queued" => 0, "sending" => 0, "conflict" => 0, "failed" => 0}
      times = %{"started_at" => @updated_at, "finished_at" => nil, "outcome" => nil}
      {:ok, Map.merge(times, %{"running" => true, "report" => %{}, "failing" => [], "uploads" => uploads})}
    end
  end

  @doc "Told that a grade is to be sent."
  def grade_waits, do: tell(:grade_waits)

  def call(command, data, timeout)

  def call("verify_api_key", %{"key" => key}, _timeout) do
    cond do
      key == @key -> {:ok, %{"id" => "1", "name" => "a tutor", "role" => "tutor"}}
      key == admin_key() -> {:ok, %{"id" => "2", "name" => "an admin", "role" => "admin"}}
      key =~ "store_is_gone" -> error("unavailable", "The store is starting again.", %{})
      true -> error("not_found", "There is no such key.", %{})
    end
  end

  def call("verify_api_key", %{"id" => id}, _timeout) do
    case id do
      "1" -> {:ok, %{"id" => "1", "name" => "a tutor", "role" => "tutor"}}
      "2" -> {:ok, %{"id" => "2", "name" => "an admin", "role" => "admin"}}
      _ -> error("not_found", "There is no such key.", %{})
    end
  end

  def call("record_audit", data, _timeout), do: {:ok, %{"id" => tell({:audit, data}) && @id}}

  def call("query_events", data, _timeout), do: {:ok, %{"events" => [tell(data)], "next" => nil}}

  # What the commands that the API only hands on answer; "secret" is what no answer may pass on.
  def call(command, data, _timeout) do
    tell({command, data})

    case {command, data} do
      {_, %{"pseudonym" => "stu_" <> "0000" <> _}} -> error("not_found", "There is no such student.", %{})
      {_, %{"id" => "00000000-0000-4000-8000-000000000404"}} -> error("not_found", "There is none.", %{})
      _ -> {:ok, command |> answer(data) |> Map.put("secret", "of the store")}
    end
  end

  defp answer("list_uploads", _), do: %{"uploads" => [], "next_cursor" => nil}
  defp answer("retry_upload", data), do: %{"id" => data["upload_id"], "state" => "queued"}
  defp answer("list_audit", _), do: %{"entries" => [], "next_cursor" => nil}
  defp answer("list_api_keys", _), do: %{"api_keys" => [], "next_cursor" => "bmV4dA"}
  defp answer("create_api_key", data), do: Map.merge(data, %{"id" => @id, "key" => "awap_in_clear"})
  defp answer("revoke_api_key", data), do: %{"id" => data["id"], "revoked_at" => @updated_at}

  defp answer("list_near_duplicates", _), do: %{"near_duplicates" => []}

  defp answer("list_rubrics", _), do: %{"rubrics" => [rubric("any")], "next_cursor" => nil}
  defp answer("get_rubric", data), do: rubric(data["name"])
  defp answer("put_rubric", data), do: %{"rubric" => rubric(data["name"]), "created" => true}
  defp answer("delete_rubric", _), do: %{"id" => @id}

  defp answer("verify_events", _) do
    place = %{"global_position" => 7, "hash" => String.duplicate("a", 64)}
    found = %{"valid" => true, "events" => 7, "fault_at" => nil, "fault" => nil}
    Map.merge(found, %{"checked" => place, "head" => place, "complete" => true})
  end

  defp answer("erase_student", _), do: %{"erased" => %{"tmas" => 1}}

  defp answer("export_student", data) do
    %{
      "pseudonym" => data["pseudonym"],
      "identity" => %{"name" => "Zoë Example"},
      "tmas" => [],
      "audit" => %{"entries" => [], "next_cursor" => nil},
      "next_cursor" => nil
    }
  end

  def check,
    do: %{
      "status" => Application.get_env(:awap_backend, :stand_in_health, "ok"),
      "serving" => true,
      "parts" => %{},
      "x" => 1
    }

  defp rubric(name) do
    %{
      "id" => @id,
      "name" => name,
      "text" => "a: 1",
      "sha256" => "ab12",
      "max_mark" => 20.0,
      "criteria" => 2,
      "updated_by" => nil,
      "inserted_at" => @updated_at,
      "updated_at" => @updated_at,
      "secret" => "of the store"
    }
  end

  defp tell(term) do
    if pid = Process.whereis(__MODULE__), do: send(pid, {:asked, term})
    term
  end

  defp created do
    %{
      "id" => @id,
      "job_id" => "7",
      "status" => "pending",
      "student_id" => "stu_0123",
      "submitted_at" => "2025-11-22T10:00:00.000000Z",
      "created" => true
    }
  end

  defp error(code, message, details),
    do: {:error, %{"code" => code, "message" => message, "details" => details}}
end
