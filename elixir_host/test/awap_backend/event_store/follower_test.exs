defmodule AwapBackend.EventStore.FollowerTest do
  @moduledoc "What this host and others write is told once to those who listen here, in order, whatever is restarted."

  use AwapBackend.DataCase, async: false

  alias AwapBackend.{Config, EventStore, PortClient, Postgres, PubSub, Repo, TMA}
  alias AwapBackend.EventStore.Follower

  @moduletag :store
  @moduletag :capture_log

  # Two hosts on one database: this one, and the store of another.
  defp start_hosts(variables) do
    start_host(variables)
    # So that the other host takes up the TMAs.
    Supervisor.terminate_child(AwapBackend.Supervisor, AwapBackend.Core.WorkerPool)
    eventually(&Follower.position/0)

    start_supervised!(
      {PortClient,
       name: :other_host,
       component: :store,
       program: Config.get(:store_executable),
       env: [
         {"DATABASE_URL", Config.get(:database_url)},
         {"AWAP_SEAL_KEY", keys()["AWAP_SEAL_KEY"]},
         {"AWAP_PSEUDONYM_KEY", keys()["AWAP_PSEUDONYM_KEY"]},
         {"AWAP_LOG", "error"}
       ]}
    )

    :ok
  end

  defp postgres do
    url = Postgres.create_database()
    on_exit(fn -> Postgres.drop_database(url) end)
    url
  end

  defp other(command, data), do: PortClient.call(:other_host, command, data, 10_000)

  defp other_append(stream, n) do
    other("append_event", %{"stream_id" => stream, "type" => "test.happened", "data" => %{"n" => n}})
  end

  defp unique(name), do: "#{name}-#{System.unique_integer([:positive])}"

  for {name, tags, variables} <- [
        {"SQLite", [], quote(do: %{})},
        {"PostgreSQL", [:postgres], quote(do: %{"AWAP_TEST_DATABASE_URL" => postgres()})}
      ] do
    for tag <- tags, do: @tag([{tag, true}])

    test "another host's changes to a TMA are told here as our own are (#{name})" do
      start_hosts(unquote(variables))
      PubSub.subscribe("tmas")

      {:ok, ours} = TMA.create_tma(%{"content" => "x"}, %{"type" => "system"}, priority: 1_000)
      id = ours["id"]
      assert_receive {:tma_status, %{"id" => ^id, "status" => "pending", "stage" => nil}}, 5_000
      PubSub.subscribe("tma:" <> id)

      {:ok, %{"job" => %{"tma_id" => ^id, "job_id" => job_id}}} =
        other("claim_job", %{"worker" => "elsewhere", "lease_ms" => 60_000})

      assert_receive {:tma_status, %{"id" => ^id, "status" => "processing", "job_id" => ^job_id}}, 5_000

      error = %{"code" => "document_damaged", "message" => "It cannot be read."}
      failed = %{"job_id" => job_id, "worker" => "elsewhere", "error" => error, "retry" => false}
      assert {:ok, %{"status" => "failed"}} = other("fail_job", failed)
      assert_receive {:tma_status, %{"id" => ^id, "status" => "failed", "error" => ^error, "at" => at}}, 5_000
      assert {:ok, _time, 0} = DateTime.from_iso8601(at)
    end
  end

  test "each event is told once, in the order of the store, while two hosts write" do
    start_hosts(%{})
    stream = unique("s")
    PubSub.subscribe("stream:" <> stream)

    writers = [
      Task.async(fn -> for n <- 1..150, do: other_append(stream, n) end),
      Task.async(fn ->
        for n <- 1..150,
            do: EventStore.append_event(stream, %{"type" => "test.happened", "data" => %{"n" => -n}})
      end)
    ]

    versions = for _ <- 1..300, do: told(stream)["version"]
    assert versions == Enum.to_list(1..300)
    Task.await_many(writers, 30_000)
    refute_receive {:event, _event}, 300
  end

  defp told(stream) do
    receive do
      {:event, %{"stream_id" => ^stream} = event} -> event
    after
      10_000 -> flunk("no event was told")
    end
  end

  test "what is written while the follower or the store is away is told afterwards" do
    start_hosts(%{})
    stream = unique("s")
    PubSub.subscribe("stream:" <> stream)
    other_append(stream, 1)
    assert told(stream)["version"] == 1

    Process.exit(Process.whereis(Follower), :kill)
    other_append(stream, 2)
    assert told(stream)["version"] == 2

    signal(Repo.status().os_pid, "-KILL")
    other_append(stream, 3)
    assert told(stream)["version"] == 3
  end

  test "what was there before the host started is not told" do
    folder = start_host()
    stream = unique("s")
    {:ok, _event} = EventStore.append_event(stream, %{"type" => "test.happened"})
    restart(%{"AWAP_DATA_DIR" => folder})
    PubSub.subscribe("stream:" <> stream)
    eventually(&Follower.position/0)
    {:ok, _event} = EventStore.append_event(stream, %{"type" => "test.happened"})
    assert told(stream)["version"] == 2
    refute_receive {:event, _event}, 300
  end

  test "what an event says of a TMA's status" do
    event = fn type, data ->
      %{
        "type" => type,
        "stream_id" => "tma-1",
        "data" => data,
        "recorded_at" => "2026-11-22T00:00:00.000000Z"
      }
    end

    for {type, status} <- [
          {"tma.submitted", "pending"},
          {"tma.processing", "processing"},
          {"tma.retried", "pending"},
          {"tma.released", "pending"},
          {"tma.completed", "completed"}
        ] do
      assert %{"id" => "1", "job_id" => "j", "status" => ^status, "error" => nil} =
               Follower.status(event.(type, %{"job_id" => "j"}))
    end

    assert %{"status" => "failed", "error" => %{"code" => "c", "message" => "m"}} =
             Follower.status(event.("tma.failed", %{"code" => "c", "message" => "m", "attempt" => 3}))

    assert Follower.status(event.("feedback.reviewed", %{})) == nil
    assert Follower.status(%{event.("tma.completed", %{}) | "stream_id" => "student-stu_1"}) == nil
  end
end
