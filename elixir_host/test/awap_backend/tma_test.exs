defmodule AwapBackend.TMATest do
  @moduledoc "The way of a TMA through the host, on a real store, with a core that does as it is told."

  use AwapBackend.DataCase, async: false

  alias AwapBackend.{CoreBridge, EventStore, Health, Repo, TMA}
  alias AwapBackend.Core.{JobRegistry, WorkerPool, WorkerSupervisor}

  @moduletag :store
  @moduletag :capture_log
  @actor %{"type" => "api_key", "id" => "test"}

  setup context do
    folder = new_folder()
    # The core inherits this; it remembers there what it has done.
    System.put_env("FAKE_CORE_DIR", folder)
    on_exit(fn -> System.delete_env("FAKE_CORE_DIR") end)
    variables = %{"CORE_EXECUTABLE" => fake_core(), "AWAP_DATA_DIR" => folder, "AWAP_WORKERS" => "2"}
    start_host(Map.merge(variables, context[:variables] || %{}))
    {:ok, folder: folder}
  end

  test "goes from submission to feedback, in one stream of events" do
    # The workers begin when the test listens.
    :ok = Supervisor.terminate_child(AwapBackend.Supervisor, WorkerPool)
    created = submit("By Zebedee Quillfeather.", %{"assignment_id" => "TM112-25J-TMA01"})
    assert %{"id" => id, "job_id" => job_id, "status" => "pending", "submitted_at" => _} = created
    {:ok, _pool} = Supervisor.restart_child(AwapBackend.Supervisor, WorkerPool)

    row = settled(created)
    assert row["status"] == "completed"
    assert row["content"]["text"] == "By [STUDENT]."
    assert row["content"]["parsed"]["text"] == "By [STUDENT]."
    assert row["content"]["anonymization"]["counts"] == %{"NAME_STUDENT" => 1}
    refute Map.has_key?(row["content"]["parsed"], "rubric")

    assert {:ok, feedback} = TMA.get_feedback(id)
    assert feedback["grade"] == 70.0
    assert feedback["strengths"] == ["Clear."]

    assert {:ok, %{"events" => events}} = EventStore.read_stream(EventStore.stream_of(id))
    types = Enum.map(events, & &1["type"])

    assert types ==
             ~w(tma.submitted tma.processing tma.anonymized tma.parsed feedback.generated tma.completed)

    assert {:ok, %{status: :completed, tma_id: ^id, attempt: 1}} = JobRegistry.get(job_id)

    assert_received {:tma_status, %{"id" => ^id, "status" => "processing", "stage" => "anonymize_student"}}
    assert_received {:tma_status, %{"status" => "processing", "stage" => "complete_job"}}
    assert_receive {:tma_status, %{"status" => "completed", "error" => nil}}, 5_000

    assert AwapBackend.Schemas.TMA.from_row(row).processed_at.time_zone == "Etc/UTC"
    refute feedback |> AwapBackend.Schemas.Feedback.from_row() |> AwapBackend.Schemas.Feedback.reviewed?()
  end

  test "the student is named nowhere: not in rows, events, audit, files or messages", %{folder: folder} do
    created = submit("By Zebedee Quillfeather.", %{"student_id" => "Q1234567"})
    row = settled(created)
    {:ok, feedback} = TMA.get_feedback(created["id"])
    {:ok, events} = EventStore.read_stream("$all", max_count: 1000)
    {:ok, audit} = Repo.call("list_audit", %{"limit" => 200})
    {:messages, messages} = Process.info(self(), :messages)

    answers =
      inspect([created, row, feedback, events, audit, messages], limit: :infinity, printable_limit: :infinity)

    files =
      for file <- Path.wildcard(folder <> "/**", match_dot: true), File.regular?(file), do: File.read!(file)

    everything = [answers | files] |> Enum.join() |> String.downcase(:ascii)
    assert everything =~ created["student_id"]
    for name <- ["quillfeather", "zebedee", "q1234567"], do: refute(everything =~ name)
  end

  test "what a caller nests as deep as it may comes back from the store" do
    deepest = Enum.reduce(1..97, [], fn _, inner -> [inner] end)
    row = settled(submit("By Zebedee Quillfeather.", %{"x" => deepest}))
    assert row["status"] == "completed"
    changes = %{"marking_criteria" => %{"x" => deepest}}
    assert {:ok, _feedback} = TMA.update_feedback(row["id"], %{"changes" => changes}, @actor)
    assert {:ok, %{"marking_criteria" => %{"x" => ^deepest}}} = TMA.get_feedback(row["id"])
  end

  test "a document at fault fails its TMA with the core's sentence, at once" do
    row = settled(submit("DAMAGED"))
    assert row["status"] == "failed"
    assert row["error_message"] == "It is document_damaged."
    assert {:ok, %{attempt: 1}} = JobRegistry.get(row["job_id"])
    assert {:error, %{"code" => "not_found"}} = TMA.get_feedback(row["id"])
    assert_receive {:tma_status, %{"status" => "failed", "error" => %{"code" => "document_damaged"}}}, 5_000
  end

  # The store lets a job rest for 5, then 10 seconds before its next try.
  @tag timeout: 120_000
  test "what kills the core is tried a bounded number of times, and others go on meanwhile" do
    poison = submit("POISON")
    once = submit("POISON_ONCE")
    good = for _ <- 1..10, do: submit("Good work.")

    for created <- good, do: assert(settled(created, 30_000)["status"] == "completed")
    assert settled(once, 30_000)["status"] == "completed"

    row = settled(poison, 60_000)
    assert row["status"] == "failed"
    assert row["error_message"] =~ "ended before it answered"
    assert settled(submit("More good work."))["status"] == "completed"
  end

  @tag variables: %{"AWAP_CORE_TIMEOUT_MS" => "300"}
  test "a core that hangs is replaced; the next TMA is processed" do
    hanging = submit("HANG")
    eventually(fn -> match?({:ok, %{status: :retried}}, JobRegistry.get(hanging["job_id"])) end)
    assert settled(submit("Good work."))["status"] == "completed"
  end

  test "the same idempotency key is one TMA" do
    first = submit("Once.", %{}, idempotency_key: "k1")
    again = submit("Once.", %{}, idempotency_key: "k1")
    assert first["created"] and not again["created"]
    assert again["id"] == first["id"]
    params = %{"content" => "Another.", "student" => %{}}
    assert {:error, %{"code" => "conflict"}} = TMA.create_tma(params, @actor, idempotency_key: "k1")
  end

  @tag variables: %{"AWAP_QUEUE_LIMIT" => "3", "AWAP_WORKERS" => "1"}
  test "past the limit of the queue submissions are refused, with when to come back; nothing is lost" do
    results = for n <- 1..12, do: TMA.create_tma(%{"content" => "SLOW #{n}"}, @actor)
    {taken, refused} = Enum.split_with(results, &match?({:ok, _created}, &1))
    assert length(taken) in 3..5

    for {:error, error} <- refused do
      assert %{"code" => "queue_full", "details" => %{"retry_after" => seconds}} = error
      assert seconds >= 1
    end

    for {:ok, created} <- taken, do: assert(settled(created, 20_000)["status"] == "completed")
    eventually(fn -> WorkerPool.stats().queue_depth == 0 end)
    assert {:ok, _created} = TMA.create_tma(%{"content" => "Now."}, @actor)
  end

  test "faults of a submission come by field" do
    assert {:error, %{"code" => "invalid_input", "details" => %{"fields" => fields}}} =
             TMA.create_tma(%{"student" => %{"name" => 5}, "content" => %{"attachments" => [%{}]}}, @actor)

    assert Map.keys(fields) == ["content.attachments[0].data_base64", "student.name"]
  end

  test "what is not there is not found; what makes no sense is refused" do
    assert {:error, %{"code" => "not_found"}} = TMA.get_tma("018f0000-0000-7000-8000-000000000000")
    assert {:error, %{"code" => "invalid_input"}} = TMA.get_tma("nonsense")
    assert {:error, %{"code" => "invalid_input"}} = TMA.list_tmas(%{"status" => "lost"})
  end

  test "lists are filtered and paged, every TMA once" do
    ids = for n <- 1..7, do: submit("Number #{n}.", %{"course_id" => "TM112-25J"})["id"]
    submit("Elsewhere.", %{"course_id" => "K102-25J"})

    pages =
      Stream.unfold(%{"course_id" => "TM112-25J", "limit" => 3}, fn
        nil ->
          nil

        filters ->
          {:ok, %{"tmas" => rows, "next_cursor" => cursor}} = TMA.list_tmas(filters)
          {rows, cursor && Map.put(filters, "cursor", cursor)}
      end)

    listed = for row <- Enum.concat(pages), do: row["id"]
    assert Enum.sort(listed) == Enum.sort(ids)
    assert length(listed) == length(Enum.uniq(listed))
  end

  test "a worker that is killed gives its job back; another does it" do
    created = submit("SLOW")
    eventually(fn -> match?({:ok, %{stage: "anonymize_student"}}, JobRegistry.get(created["job_id"])) end)
    {:ok, %{worker: name}} = JobRegistry.get(created["job_id"])
    workers = WorkerSupervisor.workers()
    worker = Enum.find(workers, &(:sys.get_state(&1).name == name))
    Process.exit(worker, :kill)

    assert settled(created, 20_000)["status"] == "completed"
    eventually(fn -> length(WorkerSupervisor.workers()) == length(workers) end)
    assert {:ok, %{attempt: 2}} = JobRegistry.get(created["job_id"])
  end

  test "what waits when the host stops is done when it is back, and what was in hand is finished first",
       context do
    created = for n <- 1..6, do: submit("SLOW #{n}")
    eventually(fn -> WorkerPool.stats().busy == 2 end)
    restart(%{"CORE_EXECUTABLE" => fake_core(), "AWAP_DATA_DIR" => context.folder, "AWAP_WORKERS" => "2"})
    for one <- created, do: assert(settled(one, 30_000)["status"] == "completed")

    # None was done twice.
    for %{"id" => id} <- created do
      {:ok, %{"events" => events}} = EventStore.read_stream(EventStore.stream_of(id))
      assert Enum.count(events, &(&1["type"] == "tma.completed")) == 1
    end
  end

  test "the store is killed: calls are refused clearly, the host stays up, what was accepted is done" do
    created = for n <- 1..4, do: submit("SLOW #{n}")
    %{os_pid: store} = Repo.status()
    signal(store, "-KILL")
    eventually(fn -> Repo.status().os_pid not in [nil, store] end)
    eventually(fn -> match?({:ok, _health}, Repo.call("health_check", %{})) end)
    for one <- created, do: assert(settled(one, 40_000)["status"] == "completed")
    assert settled(submit("After."))["status"] == "completed"
  end

  test "without a core TMAs are accepted and wait, and no try is used up; with one they are done", context do
    variables = %{"AWAP_DATA_DIR" => context.folder, "AWAP_WORKERS" => "2"}
    idle = Path.join(context.folder, "idle.sh")
    # It lives for a while each time it is started, and is of no use even then.
    File.write!(idle, "#!/bin/sh\nsleep 0.2\nexit 1\n")
    File.chmod!(idle, 0o700)

    restart(Map.put(variables, "CORE_EXECUTABLE", idle))
    created = submit("Patience.")
    Process.sleep(1_500)
    assert {:ok, %{"status" => "pending"}} = TMA.get_tma(created["id"])
    assert %{"status" => "degraded", "parts" => %{"core" => %{"status" => "down"}}} = Health.refresh()

    restart(Map.put(variables, "CORE_EXECUTABLE", fake_core()))
    assert settled(created)["status"] == "completed"
    assert {:ok, %{attempt: 1}} = JobRegistry.get(created["job_id"])
    assert %{"status" => "ok"} = Health.refresh()
  end

  test "the core's processes see no secret of the store" do
    assert {:ok, %{"seal" => "none"}} = CoreBridge.call("env", %{})
  end
end
