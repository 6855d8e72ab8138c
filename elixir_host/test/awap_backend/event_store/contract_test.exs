defmodule AwapBackend.EventStore.ContractTest do
  @moduledoc """
  The events that a host writes are those of the table in awap-store/PROTOCOL.md, with the data it says, and every one of the
  table is written; none names the student, also once they are erased, and the chain holds through it all.
  """

  use AwapBackend.DataCase, async: false

  alias AwapBackend.{EventStore, Postgres, Repo, TMA}

  @moduletag :store
  @moduletag :capture_log
  @moduletag timeout: 120_000

  @protocol Path.expand("../../../../awap-store/PROTOCOL.md", __DIR__)
  @actor %{"type" => "user", "id" => "tutor-1", "request_id" => "r1", "ip_address" => "192.0.2.7"}
  @student %{
    "student_id" => "Q7654321",
    "student" => %{
      "name" => "Zebedee Quillfeather",
      "email" => "zq77@students.example.org",
      "username" => "zq77"
    }
  }
  @names ~w(Zebedee Quillfeather Q7654321 zq77)

  # Type to stream and keys: the rows of the table.
  defp contract do
    for line <- @protocol |> File.read!() |> String.split("\n"),
        [_, type, stream, data, _when, _] <- [String.split(line, "|")],
        type =~ ~r/^( `[a-z]+\.[a-z]+`,?)+ $/,
        [type] <- Regex.scan(~r/[a-z]+\.[a-z]+/, type),
        into: %{} do
      keys = for [_, key, mark] <- Regex.scan(~r/`([a-z_]+)`(\??)/, data), do: {key, mark}
      {required, optional} = Enum.split_with(keys, &(elem(&1, 1) == ""))
      [_, stream] = Regex.run(~r/`(.+)`/, stream)
      {type, %{stream: stream, required: names(required), optional: names(optional)}}
    end
  end

  defp names(keys), do: MapSet.new(keys, &elem(&1, 0))

  defp stream?("tma-<id>", stream), do: stream =~ ~r/^tma-[0-9a-f-]{36}$/
  defp stream?("student-<pseudonym>", stream), do: stream =~ ~r/^student-stu_[0-9a-f]{32}$/
  defp stream?(name, stream), do: name == stream

  defp call!(command, data) do
    {:ok, answer} = Repo.call(command, data)
    answer
  end

  defp create do
    {:ok, created} = TMA.create_tma(Map.put(@student, "content", "By Zebedee Quillfeather."), @actor)
    created
  end

  defp claim(worker) do
    %{"job" => %{"job_id" => job_id}} = call!("claim_job", %{"worker" => worker, "lease_ms" => 60_000})
    %{"job_id" => job_id, "worker" => worker}
  end

  defp fail(job, retry) do
    error = %{"code" => "document_damaged", "message" => "The document is damaged."}
    call!("fail_job", Map.merge(job, %{"error" => error, "retry" => retry, "actor" => @actor}))
  end

  # Everything that can happen to a TMA.
  defp whole_run do
    created = create()
    assert settled(created)["status"] == "completed"
    id = created["id"]
    change = %{"tma_id" => id, "actor" => @actor}
    call!("update_feedback", Map.put(change, "changes", %{"grade" => 50, "feedback_text" => "Better."}))
    call!("update_feedback", Map.put(change, "reviewed_by", "tutor-1"))

    compared(id)
    graded_in_moodle()

    # From here on the test is the worker.
    :ok = Supervisor.terminate_child(AwapBackend.Supervisor, AwapBackend.Core.WorkerPool)
    create()
    call!("release_job", Map.put(claim("w1"), "actor", @actor))
    assert %{"status" => "failed"} = fail(claim("w2"), false)
    %{"jobs" => [%{"job_id" => failed} | _]} = call!("list_failed", %{})
    call!("retry_job", %{"job_id" => failed, "actor" => @actor})
    assert %{"status" => "pending"} = fail(claim("w3"), true)

    # Some go by their age, the others with their student.
    assert %{"purged" => 4} =
             call!("purge_expired", %{"what" => "tmas", "older_than_days" => 0, "actor" => @actor})

    erase = %{"pseudonym" => created["student_id"], "reason" => "request 17", "actor" => @actor}
    assert %{"erased" => %{"tmas" => 1}} = call!("erase_student", erase)
  end

  # The test compares in place of the host: another student's work has text in common with this.
  defp compared(id) do
    :ok = Supervisor.terminate_child(AwapBackend.Supervisor, AwapBackend.Comparisons)
    {:ok, other} = TMA.create_tma(%{"content" => "By another.", "student_id" => "Q1"}, @actor)
    assert settled(other)["status"] == "completed"
    due = %{"worker" => "c", "lease_ms" => 60_000, "quiet_ms" => 0, "at_most_ms" => 0}
    %{"comparison" => %{} = cohort} = call!("claim_comparison", due)
    passage = %{"a_start" => 0, "a_end" => 9, "b_start" => 0, "b_end" => 9, "words" => 40}
    pair = %{"a" => id, "b" => other["id"], "share" => 0.5, "words" => 40, "passages" => [passage]}

    cohort
    |> Map.take(~w(course_id assignment_id changes))
    |> Map.merge(%{"worker" => "c", "near_duplicates" => [pair], "actor" => @actor})
    |> then(&call!("finish_comparison", &1))
  end

  # Everything that can happen to a grade on its way to Moodle, and a work that is handed in there again.
  defp graded_in_moodle do
    begin = %{"site" => "https://moodle.example", "holder" => "h", "lease_ms" => 60_000}
    assert %{"begun" => true} = call!("begin_sync", begin)
    id = taken_from_moodle(1)
    review(id, 60)
    sent(%{"outcome" => "conflict", "code" => "grade_changed"})
    review(id, 61)
    failed = sent(%{"outcome" => "failed", "code" => "locked"})
    call!("retry_upload", %{"upload_id" => failed, "actor" => @actor})
    sent(%{"outcome" => "sent"})
    review(id, 62)
    review(id, 63)
    taken_from_moodle(2)

    call!("end_sync", %{
      "site" => "https://moodle.example",
      "holder" => "h",
      "outcome" => "ok",
      "tell" => true,
      "actor" => @actor
    })
  end

  defp taken_from_moodle(version) do
    tma = Map.put(@student, "content", "Version #{version}, by Zebedee Quillfeather.")
    {:ok, created} = TMA.create_tma(tma, @actor, origin: moodle_origin(version))
    assert settled(created)["status"] == "completed"
    created["id"]
  end

  defp review(id, grade) do
    changes = %{"grade" => grade}
    call!("update_feedback", %{"tma_id" => id, "changes" => changes, "reviewed_by" => "t", "actor" => @actor})
  end

  defp sent(outcome) do
    %{"upload" => %{"upload_id" => id}} = call!("claim_upload", %{"worker" => "o", "lease_ms" => 60_000})
    call!("finish_upload", Map.merge(outcome, %{"upload_id" => id, "worker" => "o", "actor" => @actor}))
    id
  end

  defp all(stream \\ "$all"), do: all(stream, 0, [])

  defp all(stream, from, so_far) do
    {:ok, page} = EventStore.read_stream(stream, from_version: from, max_count: 1_000)
    so_far = so_far ++ page["events"]
    if page["next"], do: all(stream, page["next"], so_far), else: so_far
  end

  defp check(url) do
    variables = if url, do: %{"AWAP_TEST_DATABASE_URL" => url}, else: %{}
    variables = Map.put(variables, "CORE_EXECUTABLE", fake_core())
    folder = start_host(variables)
    whole_run()
    assert {:ok, %{"valid" => true}} = EventStore.verify()

    # Another key: the end of the chain is no longer the store's own, and a person vouches for it.
    other = %{"AWAP_DATA_DIR" => folder, "AWAP_PSEUDONYM_KEY" => String.duplicate("0f", 32)}
    restart(Map.merge(variables, other))
    assert {:ok, %{"valid" => false, "fault_at" => nil}} = EventStore.verify()
    assert AwapBackend.Health.refresh()["parts"]["event_store"]["status"] == "degraded"
    assert {:ok, %{"type" => "events.accepted"}} = EventStore.accept("the key was lost", @actor)
    assert {:ok, %{"valid" => true}} = EventStore.verify()
    assert AwapBackend.Health.refresh()["parts"]["event_store"]["status"] == "ok"

    contract = contract()
    events = all()

    for %{"type" => type, "stream_id" => stream, "data" => data, "metadata" => metadata} <- events do
      assert %{^type => %{required: required, optional: optional} = row} = contract
      assert {type, stream?(row.stream, stream)} == {type, true}
      keys = data |> Map.keys() |> MapSet.new()
      assert {type, MapSet.difference(required, keys)} == {type, MapSet.new()}
      assert {type, MapSet.difference(keys, MapSet.union(required, optional))} == {type, MapSet.new()}
      assert Map.keys(metadata) -- ~w(actor_id actor_type request_id) == []
    end

    written = MapSet.new(events, & &1["type"])
    assert MapSet.difference(contract |> Map.keys() |> MapSet.new(), written) == MapSet.new()

    {:ok, audit} = Repo.call("list_audit", %{"limit" => 500})
    kept = inspect([events, audit], limit: :infinity, printable_limit: :infinity)
    for name <- @names, do: refute(kept =~ name)
    assert length(audit["entries"]) > 10
  end

  test "what a whole run writes is what the table says, and names no one (SQLite)", do: check(nil)

  @tag :postgres
  test "what a whole run writes is what the table says, and names no one (PostgreSQL)" do
    url = Postgres.create_database()
    on_exit(fn -> Postgres.drop_database(url) end)
    check(url)
  end
end
