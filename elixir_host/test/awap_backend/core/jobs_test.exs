defmodule AwapBackend.Core.JobsTest do
  @moduledoc "Jobs on a whole host: limits, leases that are lost, what a stop leaves, what was given up."

  use AwapBackend.DataCase, async: false

  alias AwapBackend.{Config, EventStore, PortClient, Repo, TMA}
  alias AwapBackend.Core.{JobRegistry, WorkerSupervisor}

  @moduletag :store
  @moduletag :capture_log
  @actor %{"type" => "api_key", "id" => "test"}

  setup context do
    folder = new_folder()
    variables = %{"CORE_EXECUTABLE" => fake_core(), "AWAP_DATA_DIR" => folder, "AWAP_WORKERS" => "1"}
    variables = Map.merge(variables, context[:variables] || %{})
    start_host(variables)
    {:ok, folder: folder, variables: variables}
  end

  # Another host on the same database: its store, without the host around it.
  defp other_host do
    environment = [{"DATABASE_URL", Config.get(:database_url)} | Enum.to_list(keys())]
    options = [name: nil, program: Config.get(:store_executable), env: environment, component: :other_store]
    {:ok, store} = start_supervised({PortClient, Keyword.delete(options, :name)})
    store
  end

  @tag variables: %{"AWAP_QUEUE_LIMIT" => "5", "CORE_EXECUTABLE" => "/bin/false"}
  test "the limit of the queue holds for all hosts of a database together" do
    other = other_host()

    for n <- 1..4 do
      tma = %{"content" => "From elsewhere #{n}."}
      assert {:ok, _created} = PortClient.call(other, "create_tma", %{"tma" => tma, "actor" => %{}}, 10_000)
    end

    # This host may not know of them yet, and its own count would let four more in.
    assert {:ok, _fifth} = TMA.create_tma(%{"content" => "The fifth."}, @actor)

    assert {:error, %{"code" => "queue_full", "details" => %{"retry_after" => seconds}}} =
             TMA.create_tma(%{"content" => "One too many."}, @actor)

    assert seconds >= 1
    {:ok, %{"tmas" => rows}} = TMA.list_tmas(%{"limit" => 50})
    assert length(rows) == 5
  end

  @tag variables: %{"AWAP_WORKERS" => "2", "AWAP_LEASE_MS" => "1000"}
  test "a job whose lease was lost is done by another, once; who lost it says so" do
    test = self()
    event = [:awap_backend, :job, :stop]
    handler = fn _event, _measurements, metadata, _config -> send(test, {:job, metadata}) end
    AwapBackend.Telemetry.attach({__MODULE__, :lost}, event, handler)
    on_exit(fn -> AwapBackend.Telemetry.detach({__MODULE__, :lost}) end)

    created = submit("SLOW")
    eventually(fn -> match?({:ok, %{stage: "anonymize_student"}}, JobRegistry.get(created["job_id"])) end)
    {:ok, %{worker: name}} = JobRegistry.get(created["job_id"])
    worker = Enum.find(WorkerSupervisor.workers(), &(:sys.get_state(&1).name == name))
    # It neither extends its lease nor hears that its task is done; the task works on.
    :sys.suspend(worker)
    assert settled(created, 30_000)["status"] == "completed"
    assert_receive {:job, %{outcome: :completed, attempt: 2, worker: other}}, 20_000
    assert other != name
    :sys.resume(worker)
    assert_receive {:job, %{outcome: :lost, attempt: 1, worker: ^name}}, 20_000

    {:ok, %{"events" => events}} = EventStore.read_stream(EventStore.stream_of(created["id"]))
    assert Enum.count(events, &(&1["type"] == "tma.completed")) == 1
    assert {:ok, _feedback} = TMA.get_feedback(created["id"])
  end

  @tag variables: %{"AWAP_LEASE_MS" => "1000"}
  test "work on a TMA that is erased meanwhile ends soon, and the worker goes on with the next" do
    created = submit("HANG")
    eventually(fn -> match?({:ok, %{stage: "anonymize_student"}}, JobRegistry.get(created["job_id"])) end)
    erase = %{"pseudonym" => created["student_id"], "reason" => "test", "actor" => @actor}
    assert {:ok, %{"erased" => %{"tmas" => 1, "jobs" => 1}}} = Repo.call("erase_student", erase)
    # Long before the core's time for it is over (a minute).
    eventually(fn -> match?({:ok, %{status: :lost}}, JobRegistry.get(created["job_id"])) end, 15_000)
    assert {:error, %{"code" => "not_found"}} = TMA.get_tma(created["id"])
  end

  test "a stop gives back what takes too long, with all its attempts; the next start takes it up", context do
    Application.put_env(:awap_backend, :drain_ms, 200)
    on_exit(fn -> Application.delete_env(:awap_backend, :drain_ms) end)
    created = submit("HANG")

    for _ <- 1..4 do
      eventually(fn -> match?({:ok, %{status: :processing}}, JobRegistry.get(created["job_id"])) end, 20_000)
      assert {:ok, %{attempt: 1}} = JobRegistry.get(created["job_id"])
      restart(context.variables)
    end

    {:ok, %{"events" => events}} = EventStore.read_stream(EventStore.stream_of(created["id"]))
    types = events |> Enum.map(& &1["type"]) |> Enum.frequencies()
    assert types["tma.released"] == 4
    refute Map.has_key?(types, "tma.retried") or Map.has_key?(types, "tma.failed")
  end

  test "what was given up is listed with the reason, and done once its reason is gone", context do
    row = settled(submit("DAMAGED"))
    assert row["status"] == "failed"
    assert {:ok, %{"jobs" => [job], "next_cursor" => nil}} = TMA.list_failed()

    assert %{"error_code" => "document_damaged", "retryable" => true, "attempts" => 1} = job
    assert job["job_id"] == row["job_id"]

    # A core that can read it.
    sound = Path.join(context.folder, "sound.pl")
    source = fake_core() |> File.read!() |> String.replace(~s|return refuse($id, "document_damaged");|, "")
    File.write!(sound, source)
    File.chmod!(sound, 0o700)
    restart(Map.put(context.variables, "CORE_EXECUTABLE", sound))

    assert {:ok, %{"tma_id" => id, "status" => "pending"}} = TMA.retry_job(job["job_id"], @actor)
    assert id == row["id"]
    assert settled(row)["status"] == "completed"
    assert {:ok, %{"jobs" => []}} = TMA.list_failed()
    assert {:error, %{"code" => "conflict"}} = TMA.retry_job(job["job_id"], @actor)
  end
end
