defmodule AwapBackend.EndToEnd.TwoHostsTest do
  @moduledoc """
  Two hosts on one PostgreSQL share the work, and one does what the other leaves when it is killed.

  `make two-hosts-test` hands in 1,000 TMAs; `make test` a tenth of that. `AWAP_TWO_HOSTS_TMAS` says how many.
  """
  use ExUnit.Case, async: false

  alias AwapBackend.{Postgres, RunningHost, StoreAudit, Traffic}

  @moduletag timeout: :infinity
  @moduletag :store
  @moduletag :core
  @moduletag :postgres

  @patience_ms 900_000
  @least_share 0.1

  test "half-way through one is killed and stays away: all is done, once, and both did their part" do
    total = "AWAP_TWO_HOSTS_TMAS" |> System.get_env("100") |> String.to_integer()
    url = Postgres.create_database()
    on_exit(fn -> Postgres.drop_database(url) end)
    [survivor, victim] = hosts = for _ <- 1..2, do: start_host(url)

    started = now()
    load = [clients: 8, per_second: 1_000, seed: 1, patience_ms: @patience_ms, total: total]
    traffic = Traffic.start(hosts, load)
    done_before = await_done(survivor, div(total, 2), now() + @patience_ms)
    RunningHost.kill(victim)
    :ok = Traffic.finish(traffic, @patience_ms)
    await_done(survivor, total, now() + @patience_ms)
    seconds = (now() - started) / 1_000

    assert RunningHost.serves?(survivor)
    RunningHost.stop(survivor)
    promises = traffic |> Traffic.promises() |> Map.values()
    found = StoreAudit.judge(url, survivor.env, promises)
    shares = for host <- hosts, do: Enum.count(found.by, &(&1 =~ "-#{host.os_pid}-"))

    report(total, done_before, seconds, shares, found)
    assert Traffic.faults(traffic) == []
    assert length(promises) == total
    assert {found.lost, found.unasked, found.unended, found.misjudged, found.feedback} == {[], [], [], [], []}
    assert found.given_up == 0
    assert %{"valid" => true} = found.verified
    assert Enum.sum(shares) == found.completed
    for share <- shares, do: assert(share > @least_share * found.completed)
    for host <- hosts, do: assert(RunningHost.processes(host) == [])
  end

  defp start_host(url) do
    host =
      RunningHost.start(%{
        "DATABASE_URL" => url,
        "AWAP_SEAL_KEY" => String.duplicate("a5", 32),
        "AWAP_LEASE_MS" => "10000",
        "AWAP_LOG_LEVEL" => "info",
        "AWAP_RATE_LIMIT" => "1000000"
      })

    on_exit(fn -> RunningHost.remove(host) end)
    host
  end

  # How many had ended when at least `n` had.
  defp await_done(host, n, deadline) do
    done =
      case RunningHost.control(host, :tmas) do
        {:ok, %{"completed" => completed, "failed" => failed}} -> completed + failed
        _not_now -> 0
      end

    if done < n and now() < deadline do
      Process.sleep(100)
      await_done(host, n, deadline)
    else
      done
    end
  end

  defp report(total, done_before, seconds, [survivor, victim], found) do
    IO.puts("""
    two hosts on one PostgreSQL
      TMAs handed in to both                         #{total}
      one host killed when so many had ended         #{done_before}
      completed, with one feedback each              #{found.completed}
      failed: the document cannot be read            #{found.failed}
      lost, doubled, not ended exactly once          #{length(found.lost)}, #{length(found.unasked)}, #{length(found.unended)}
      completed by the host that was killed          #{victim}
      completed by the other                         #{survivor}
      events, chain valid                            #{found.verified["events"]}, #{found.verified["valid"]}
      from first request to last mark                #{:erlang.float_to_binary(seconds, decimals: 1)} s
    """)
  end

  defp now, do: System.monotonic_time(:millisecond)
end
