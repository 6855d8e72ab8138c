defmodule AwapBackendWeb.Auth.RefusalsTest do
  # Not async: the audit log that it listens to has a name.
  use AwapBackendWeb.ConnCase

  alias AwapBackendWeb.Auth.Refusals

  defmodule Log do
    @moduledoc "A store that tells the test what is recorded, and is away where it is told to be."
    def call("record_audit", entry, _timeout) do
      send(:audit_log, entry)

      case Application.get_env(:awap_backend, :stand_in_audit, :up) do
        :up -> {:ok, %{"id" => "7"}}
        :away -> {:error, %{"code" => "unavailable", "message" => "", "details" => %{}}}
        :broken -> raise "what the store says when it is broken"
      end
    end

    def call(command, data, timeout), do: StandIn.call(command, data, timeout)
  end

  setup do
    Process.register(self(), :audit_log)
    on_exit(fn -> Application.delete_env(:awap_backend, :stand_in_audit) end)
  end

  defp unrecorded do
    test = self()
    handler = fn _event, %{count: count}, _metadata, _config -> send(test, {:unrecorded, count}) end
    :ok = AwapBackend.Telemetry.attach(test, [:awap_backend, :auth, :unrecorded], handler)
    on_exit(fn -> AwapBackend.Telemetry.detach(test) end)
  end

  test "a refusal is recorded: why, where and from whom, and neither credential nor address" do
    port = start_endpoint(repo: Log)
    id = StandIn.id()
    headers = [{"user-agent", "a browser"}, {"x-request-id", "request-0001"}]
    request(port, "GET", "/api/tmas/#{id}?secret=yes", key: "awap_nobody_has_this_key", headers: headers)

    assert_receive %{"action" => "auth.refused", "actor" => actor} = entry, 10_000

    assert %{"ip_address" => "127.0.0.1", "user_agent" => "a browser", "request_id" => "request-0001"} = actor
    assert %{"id" => nil, "type" => nil} = actor

    assert %{
             "reason" => :unknown_key,
             "route" => "/api/tmas/:id",
             "method" => "GET",
             "status" => 401,
             "count" => 1
           } = entry["metadata"]

    assert entry["result"] == "refused"
    told = inspect(entry, limit: :infinity)
    refute told =~ "nobody_has_this_key"
    refute told =~ id
    refute told =~ "secret"
  end

  test "a key whose role may not, or that asks too often, is named" do
    port = start_endpoint(repo: Log, rate_limit: 1)
    request(port, "GET", "/metrics")

    assert_receive %{"metadata" => %{"reason" => :role, "status" => 403}, "actor" => %{"id" => "1"}}, 10_000

    for _ <- 1..3, do: request(port, "GET", "/api/tmas", key: StandIn.admin_key())

    assert_receive %{
                     "metadata" => %{"reason" => :rate_limit, "status" => 429},
                     "actor" => %{"id" => "2", "type" => "api_key"}
                   },
                   10_000
  end

  test "a flood is two rows: that it began, and how much there was of it" do
    port = start_endpoint(repo: Log, sign_in_limit: nil)
    for _ <- 1..50, do: request(port, "GET", "/api/tmas", key: nil)
    :ok = stop_endpoint()
    counts = counts()
    assert Enum.sum(counts) == 50
    assert length(counts) in 1..2
  end

  test "a single refusal is one row" do
    port = start_endpoint(repo: Log)
    request(port, "GET", "/api/tmas", key: nil)
    assert_receive %{"metadata" => %{"count" => 1}}, 10_000
    # It is noted as written a moment after.
    Process.sleep(100)
    :ok = stop_endpoint()
    refute_received %{"action" => "auth.refused"}
  end

  defp counts do
    receive do
      %{"action" => "auth.refused", "metadata" => %{"count" => count}} -> [count | counts()]
    after
      100 -> []
    end
  end

  test "a flood from everywhere stays within its bounds, and none of it goes uncounted" do
    table = Refusals.table()
    config = %{refusals: table}
    error = AwapBackendWeb.ErrorView.error(401, "No.", %{}, reason: :unknown_key)
    conn = fn peer -> struct(AwapBackendWeb.Conn, config: config, method: "GET", headers: [], peer: peer) end
    for i <- 1..5_000, do: Refusals.note(conn.("203.0.#{div(i, 256)}.#{rem(i, 256)}"), error)
    assert :ets.info(table, :size) <= 1_001

    {:ok, writer} = Refusals.start_link(table: table, repo: Log)
    GenServer.stop(writer)
    entries = for _ <- 1..1_001, do: assert_receive(%{"action" => "auth.refused"})
    refute_received %{"action" => "auth.refused"}
    assert Enum.sum(for entry <- entries, do: entry["metadata"]["count"]) == 5_000
    assert [many] = Enum.filter(entries, &(&1["metadata"]["addresses"] == "many"))
    assert many["actor"] == %{}
  end

  test "while the store is away requests are answered all the same, and what is lost is counted" do
    unrecorded()
    Application.put_env(:awap_backend, :stand_in_audit, :away)
    port = start_endpoint(repo: Log, sign_in_limit: nil)
    for _ <- 1..4, do: assert(request(port, "GET", "/api/tmas", key: nil).status == 401)
    # It is offered, and offered again.
    for _ <- 1..2, do: assert_receive(%{"action" => "auth.refused"}, 10_000)
    :ok = stop_endpoint()
    assert_receive {:unrecorded, 4}, 5_000
  end

  test "a store that breaks takes nothing along" do
    unrecorded()
    Application.put_env(:awap_backend, :stand_in_audit, :broken)
    port = start_endpoint(repo: Log)
    assert request(port, "GET", "/api/tmas", key: nil).status == 401
    assert_receive {:unrecorded, 1}, 10_000
    assert request(port, "GET", "/api/health").status == 200
  end
end

defmodule AwapBackendWeb.Auth.RefusalsOnTheStoreTest do
  @moduledoc "Refusals in the audit log of the real store."

  use AwapBackendWeb.ConnCase
  use AwapBackend.DataCase

  alias AwapBackend.{Config, JSON, Repo, Secrets, TMA}

  @moduletag :store

  test "an administrator sees who was refused, why and how often, and no credential" do
    start_host()
    {admin, _path} = Secrets.api_key!(Config.get(:data_dir))
    port = start_endpoint(tma: TMA, repo: Repo)
    tutor = post_json(port, "/api/keys", %{"name" => "a tutor", "role" => "tutor"}, key: admin).json
    for _ <- 1..3, do: request(port, "GET", "/api/tmas", key: "awap_nobody_has_this_key")
    request(port, "GET", "/api/keys", key: tutor["key"])

    refusals = fn -> request(port, "GET", "/api/audit?action=auth.refused", key: admin).json["entries"] end
    eventually(fn -> length(refusals.()) >= 2 end, 20_000)

    assert [known] = Enum.filter(refusals.(), &(&1["metadata"]["reason"] == "role"))
    assert %{"actor_id" => id, "actor_type" => "api_key", "result" => "refused"} = known
    assert id == tutor["id"]
    assert %{"route" => "/api/keys", "status" => 403, "method" => "GET"} = known["metadata"]

    # Those that had come within the second before it was written; the rest follows at the end of the minute.
    assert [unknown | _] = Enum.filter(refusals.(), &(&1["metadata"]["reason"] == "unknown_key"))
    assert %{"actor_id" => nil, "actor_type" => nil, "ip_address" => "127.0.0.1"} = unknown
    assert unknown["metadata"]["count"] in 1..3
    refute IO.iodata_to_binary(JSON.encode(refusals.())) =~ "nobody_has_this_key"
  end
end
