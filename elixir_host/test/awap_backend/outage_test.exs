defmodule AwapBackend.OutageTest do
  @moduledoc """
  A whole host, over HTTP, whose database goes away, is locked or has no room: what it cannot take it refuses clearly, what it
  took it keeps, and it goes on by itself.
  """

  use AwapBackendWeb.ConnCase
  use AwapBackend.DataCase

  alias AwapBackend.{Config, Health, Postgres, Repo, Secrets, SmallDisk, TMA}
  alias AwapBackendWeb.ConnCase.Answer

  @moduletag :store
  @moduletag :capture_log
  @moduletag timeout: 300_000

  @lock Path.expand("../support/lock_sqlite.pl", __DIR__)

  defp host(variables) do
    start_host(Map.merge(%{"CORE_EXECUTABLE" => fake_core(), "AWAP_WORKERS" => "2"}, variables))
    {key, _path} = Secrets.api_key!(Config.get(:data_dir))
    # Asked anew each time, so that a test sees what is.
    options = [tma: TMA, repo: Repo, health: Health, health_ttl_ms: 0]
    %{port: start_endpoint(options), key: key, supervisor: Process.whereis(AwapBackend.Supervisor)}
  end

  # Whatever database the other tests run on.
  defp sqlite(folder),
    do: %{"AWAP_DATA_DIR" => folder, "AWAP_TEST_DATABASE_URL" => "sqlite:" <> Path.join(folder, "awap.db")}

  defp hand_in(host, text),
    do: post_json(host.port, "/api/tmas", %{"content" => text}, key: host.key, timeout: 60_000)

  defp get(host, path), do: request(host.port, "GET", path, key: host.key, timeout: 60_000)

  defp refused_clearly(answer) do
    assert answer.status == 503
    assert %{"error" => %{"code" => code, "message" => message}} = answer.json
    assert code in ["unavailable", "timeout"]
    assert message =~ ~r/^[A-Z].*\.$/
    assert answer |> Answer.header("retry-after") |> String.to_integer() >= 1
  end

  defp health(host, status, part), do: health(host, status, part, 30_000)

  defp health(host, status, part, patience) do
    eventually(
      fn ->
        answer = get(host, "/api/health")
        answer.status == status and answer.json["parts"]["database"]["status"] == part
      end,
      patience
    )

    get(host, "/api/health").json
  end

  # What was accepted and nothing else is there, and all of it is done, once.
  defp all_done(host, accepted) do
    for id <- accepted, do: assert(settled(%{"id" => id}, 90_000)["status"] == "completed")
    {:ok, %{"tmas" => rows}} = TMA.list_tmas(%{"limit" => 500})
    assert rows |> Enum.map(& &1["id"]) |> Enum.sort() == Enum.sort(accepted)

    {:ok, %{"events" => events}} =
      AwapBackend.EventStore.read_stream("$all", types: ["tma.completed"], max_count: 1000)

    assert length(events) == length(accepted)
    assert {:ok, %{"valid" => true}} = Repo.call("verify_events", %{})
    assert Process.whereis(AwapBackend.Supervisor) == host.supervisor
  end

  @tag :postgres
  test "PostgreSQL goes and comes back" do
    url = Postgres.create_database()
    on_exit(fn -> Postgres.drop_database(url) end)
    on_exit(&Postgres.ensure_started/0)
    host = host(%{"AWAP_TEST_DATABASE_URL" => url, "AWAP_LEASE_MS" => "5000"})
    %{os_pid: store} = Repo.status()

    # Some of these are in hand when it goes, some wait.
    accepted =
      for n <- 1..6 do
        answer = hand_in(host, "SLOW #{n}")
        assert answer.status == 201
        answer.json["id"]
      end

    Postgres.kill()
    assert %{"status" => "degraded"} = health(host, 503, "down")
    requests = [fn -> hand_in(host, "Too late.") end, fn -> get(host, "/api/tmas/" <> hd(accepted)) end]
    for request <- requests ++ requests, do: refused_clearly(request.())
    assert %{"status" => "degraded", "parts" => parts} = get(host, "/api/health").json
    assert %{"core" => %{"status" => "ok"}, "workers" => %{"status" => "ok"}} = parts

    Postgres.start()
    health(host, 200, "ok")

    # One question at a time finds out that it is back: another part may have been told that it is not, a moment before.
    eventually(fn -> get(host, "/api/health").json["status"] == "ok" end, 30_000)
    again = hand_in(host, "In time again.")
    assert again.status == 201
    all_done(host, [again.json["id"] | accepted])
    assert Repo.status().os_pid == store, "the store went on, and was not started anew"
  end

  @tag :small_disk
  test "SQLite's disk is full, and has room again" do
    folder = new_folder()
    :ok = SmallDisk.mount(folder, 3)
    on_exit(fn -> SmallDisk.unmount(folder) end)
    # Without a core nothing is written but what is handed in.
    sqlite = sqlite(folder)
    host = host(Map.put(sqlite, "CORE_EXECUTABLE", "/bin/false"))
    large = fn n -> "#{n} " <> String.duplicate("x", 60_000) end

    accepted = until_refused(host, large, [])
    assert accepted != []
    assert %{"status" => "degraded"} = health(host, 200, "degraded")
    # It still reads: what is no access to a student's work needs no entry in the audit log.
    assert %{"status" => "pending"} = get(host, "/api/tmas/" <> hd(accepted)).json

    :ok = SmallDisk.grow(folder, 32)
    answer = hand_in(host, large.(0))
    assert answer.status == 201
    health(host, 200, "ok")

    restart(Map.put(sqlite, "CORE_EXECUTABLE", fake_core()))
    host = %{host | supervisor: Process.whereis(AwapBackend.Supervisor)}
    all_done(host, [answer.json["id"] | accepted])
  end

  defp until_refused(host, large, accepted) do
    assert length(accepted) < 200, "the disk is not small"

    case hand_in(host, large.(length(accepted))) do
      %{status: 201, json: %{"id" => id}} ->
        until_refused(host, large, [id | accepted])

      answer ->
        refused_clearly(answer)
        accepted
    end
  end

  test "another process locks SQLite, and lets it go" do
    folder = new_folder()
    host = host(sqlite(folder))
    first = hand_in(host, "Before.")
    assert first.status == 201
    settled(first.json)

    lock = Port.open({:spawn_executable, @lock}, [:binary, args: [Path.join(folder, "awap.db")]])
    assert_receive {^lock, {:data, "locked\n"}}, 20_000
    refused_clearly(hand_in(host, "Too late."))
    # A student's work is not given out where nobody can write down who read it.
    refused_clearly(get(host, "/api/tmas/" <> first.json["id"]))
    assert %{"status" => "degraded"} = health(host, 200, "degraded")

    Port.close(lock)
    again = hand_in(host, "In time again.")
    assert again.status == 201
    assert %{"content" => %{}} = get(host, "/api/tmas/" <> first.json["id"]).json
    health(host, 200, "ok")
    all_done(host, [first.json["id"], again.json["id"]])
  end
end
