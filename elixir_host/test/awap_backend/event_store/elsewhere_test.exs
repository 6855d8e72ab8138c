defmodule AwapBackend.EventStore.ElsewhereTest do
  @moduledoc "A host whose events are kept in another database than its TMAs."

  use AwapBackend.DataCase, async: false

  alias AwapBackend.{CoreBridge, EventStore, Health, Postgres, Repo, TMA}

  @moduletag :store
  @moduletag :core
  @moduletag :capture_log
  @moduletag timeout: 120_000

  setup do
    {:ok, folder: new_folder()}
  end

  defp postgres do
    url = Postgres.create_database()
    on_exit(fn -> Postgres.drop_database(url) end)
    url
  end

  defp sqlite(folder), do: "sqlite:" <> Path.join(folder, "events.db")

  defp start(folder, variables \\ %{}) do
    start_host(
      Map.merge(%{"AWAP_TEST_EVENT_STORE_URL" => sqlite(folder), "CORE_EXECUTABLE" => fake_core()}, variables)
    )
  end

  defp completed do
    created = submit("By Zebedee Quillfeather.")
    assert settled(created, 30_000)["status"] == "completed"
    created["id"]
  end

  defp types(stream) do
    case EventStore.read_stream(stream) do
      {:ok, %{"events" => events}} -> Enum.map(events, & &1["type"])
      {:error, error} -> error["code"]
    end
  end

  @whole ~w(tma.submitted tma.processing tma.anonymized tma.parsed feedback.generated tma.completed)

  for {name, tags, variables} <- [
        {"from SQLite to SQLite", [], quote(do: %{})},
        {"from PostgreSQL to SQLite", [:postgres], quote(do: %{"AWAP_TEST_DATABASE_URL" => postgres()})},
        {"from SQLite to PostgreSQL", [:postgres], quote(do: %{"AWAP_TEST_EVENT_STORE_URL" => postgres()})}
      ] do
    for tag <- tags, do: @tag([{tag, true}])

    test "a TMA's history is read there, by store and bridge (#{name})", %{folder: folder} do
      start(folder, Map.put(unquote(variables), "CORE_EXECUTABLE", ""))
      id = completed()
      stream = EventStore.stream_of(id)
      eventually(fn -> types(stream) == @whole end, 20_000)
      {:ok, events} = EventStore.read_stream(stream)
      assert {:ok, ^events} = CoreBridge.query_events(stream)

      assert {:ok, %{"valid" => true, "event_store" => %{"valid" => true}} = verified} = EventStore.verify()
      assert verified["head"] == verified["event_store"]["head"]
      assert verified["events"] == verified["event_store"]["events"]

      part = Health.refresh()["parts"]["event_store"]
      assert %{"status" => "ok", "kept" => "event_store", "lag" => 0} = part
    end
  end

  test "subscriptions bring what is there, as it comes", %{folder: folder} do
    start(folder)
    {:ok, subscription} = EventStore.subscribe(stream: "s", batch: 7)
    for n <- 1..40, do: {:ok, _event} = EventStore.append_event("s", %{"type" => "t", "data" => %{"n" => n}})
    assert collect(subscription, 40) == Enum.to_list(1..40)
  end

  defp collect(_subscription, 0), do: []

  defp collect(subscription, count) do
    assert_receive {:events, ^subscription, events}, 20_000
    EventStore.ack(subscription)
    Enum.map(events, & &1["data"]["n"]) ++ collect(subscription, count - length(events))
  end

  test "while the event store is away TMAs are marked and their status is told; it catches up", %{
    folder: folder
  } do
    # A folder in its place: the database cannot be opened.
    path = Path.join(folder, "events.db")
    File.mkdir_p!(path)
    variables = %{"AWAP_TEST_EVENT_STORE_URL" => "sqlite:" <> path, "CORE_EXECUTABLE" => fake_core()}
    start_host(variables)

    id = completed()
    assert_receive {:tma_status, %{"id" => ^id, "status" => "completed"}}, 10_000
    assert types(EventStore.stream_of(id)) == "unavailable"
    health = Health.refresh()
    assert health["status"] == "degraded"

    assert %{"status" => "down", "message" => "The event store (EVENT_STORE_URL)" <> _} =
             health["parts"]["event_store"]

    File.rmdir!(path)
    eventually(fn -> types(EventStore.stream_of(id)) == @whole end, 30_000)
    eventually(fn -> Health.refresh()["parts"]["event_store"]["status"] == "ok" end, 30_000)
  end

  test "a killed store goes on copying where it was", %{folder: folder} do
    start(folder)

    for round <- 1..5 do
      for n <- 1..20, do: EventStore.append_event("s", %{"type" => "t", "data" => %{"n" => n}})
      signal(Repo.status().os_pid, "-KILL")

      eventually(
        fn -> match?({:ok, _}, EventStore.append_event("round", %{"type" => "t#{round}"})) end,
        20_000
      )
    end

    eventually(fn -> length(types("round") |> List.wrap()) == 5 end, 30_000)

    {:ok, %{"valid" => true, "event_store" => %{"events" => events}, "events" => events}} =
      EventStore.verify()
  end

  test "a database of TMAs is refused as the event store, with the reason", %{folder: folder} do
    # Under another spelling, so that only its tables show it.
    data = Path.join(folder, "data")

    variables = %{
      "AWAP_DATA_DIR" => data,
      "AWAP_TEST_DATABASE_URL" => "sqlite:#{data}/awap.db",
      "AWAP_TEST_EVENT_STORE_URL" => "sqlite:#{data}/../data/awap.db"
    }

    assert_raise MatchError, fn -> restart(variables) end
    on_exit(fn -> restart(%{}) end)
  end

  test "the events of another installation are left alone, and health says so", %{folder: folder} do
    start(folder)
    {:ok, _event} = EventStore.append_event("mine", %{"type" => "t"})
    eventually(fn -> types("mine") == ["t"] end, 20_000)

    # A new database of TMAs, and the same event store.
    start(folder)
    {:ok, _event} = EventStore.append_event("yours", %{"type" => "t"})
    eventually(fn -> Health.refresh()["parts"]["event_store"]["status"] == "degraded" end, 20_000)
    assert Health.refresh()["parts"]["event_store"]["message"] =~ "EVENT_STORE_URL"
    assert types("yours") == []
    assert types("mine") == ["t"]
    assert {:ok, %{"valid" => false}} = EventStore.verify()
    # TMAs are marked all the same.
    completed()
    assert {:ok, _listed} = TMA.list_tmas()
  end
end
