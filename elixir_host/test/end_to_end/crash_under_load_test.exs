defmodule AwapBackend.EndToEnd.CrashUnderLoadTest do
  @moduledoc """
  Whole hosts under steady load while everything dies at random: what was accepted is done, once, and nothing is left behind.

  `make crash-test` runs it for ten minutes; `make test` for some seconds on each database. From the environment:
  `AWAP_CRASH_SECONDS`, `AWAP_CRASH_DATABASE` (`sqlite` or `postgres`; both if unset), `AWAP_CRASH_RATE` (TMAs a second),
  `AWAP_TEST_SEED`. On PostgreSQL two hosts share the database.
  """
  use ExUnit.Case, async: false

  alias AwapBackend.{Chaos, Memory, Postgres, RunningHost, StoreAudit, Traffic}

  @moduletag timeout: :infinity
  @moduletag :store
  @moduletag :core

  @clients 4
  # How long what was in hand may take to end once nothing dies any more: a lease, and the rests between attempts.
  @settle_ms 240_000
  # Above a third: what the registry of jobs may come to hold.
  @growth_bytes 32 * 1_048_576
  @sample_ms 3_000

  @only System.get_env("AWAP_CRASH_DATABASE", "")

  for database <- [:sqlite, :postgres], @only in ["", to_string(database)] do
    @tag database
    test "on #{database}: each TMA answered 201 ends completed or failed, once" do
      crash(unquote(database))
    end
  end

  defp crash(database) do
    seed = number("AWAP_TEST_SEED", :rand.uniform(1_000_000))
    seconds = number("AWAP_CRASH_SECONDS", 12)
    :rand.seed(:exsss, seed)
    IO.puts("crash test on #{database}: #{seconds} s, AWAP_TEST_SEED=#{seed}")
    {hosts, url} = start(database)
    load = [clients: @clients, per_second: number("AWAP_CRASH_RATE", 8), seed: seed, patience_ms: @settle_ms]
    traffic = Traffic.start(hosts, load)

    state = strike_until(now() + seconds * 1_000, database, hosts)
    :ok = Traffic.stop(traffic)
    stuck = settle(state.hosts, now() + @settle_ms)
    ill = for host <- state.hosts, not RunningHost.serves?(host), do: host.url
    Enum.each(state.hosts, &RunningHost.stop/1)
    left = for host <- state.hosts, {_pid, name} <- RunningHost.processes(host), do: name

    promises = Traffic.promises(traffic)
    found = StoreAudit.judge(url, hd(hosts).env, Map.values(promises))
    growth = for {_, samples} <- state.samples, pair = Memory.growth(Enum.reverse(samples)), do: pair
    report(state, traffic, found, growth)

    assert Traffic.faults(traffic) == []
    assert stuck == [], "neither completed nor failed at the end"
    assert found.lost == [], "answered 201, and not there"
    assert found.unasked == [], "there, and nobody was told: a request was taken in twice"
    assert map_size(promises) == map_size(Map.new(Map.values(promises))), "one TMA under two keys"
    assert found.unended == [], "not ended exactly once"
    assert found.misjudged == [], "could not be read, and was completed"
    assert found.feedback == [], "completed without feedback, or failed with it"
    assert %{"valid" => true} = found.verified
    assert state.orphans ++ left == [], "outlived their VM"
    assert ill == [], "do not serve at the end"

    for {early, late} <- growth do
      assert late < early * 1.33 + @growth_bytes,
             "a VM grew from #{Memory.mebibytes(early)} to #{Memory.mebibytes(late)}"
    end
  end

  defp start(:postgres) do
    url = Postgres.create_database()
    on_exit(fn -> Postgres.drop_database(url) end)
    # Run before the one above.
    on_exit(&Postgres.ensure_started/0)
    {for(_ <- 1..2, do: start_host(%{"DATABASE_URL" => url})), url}
  end

  defp start(:sqlite) do
    host = start_host(%{})
    {[host], "sqlite:" <> Path.join(host.data_dir, "awap.db")}
  end

  defp start_host(env) do
    common = %{
      "AWAP_SEAL_KEY" => String.duplicate("a5", 32),
      "AWAP_LEASE_MS" => "8000",
      "AWAP_LOG_LEVEL" => "info",
      "AWAP_RATE_LIMIT" => "1000000"
    }

    host = RunningHost.start(Map.merge(common, env))
    on_exit(fn -> RunningHost.remove(host) end)
    host
  end

  # Blow upon blow, each kind at least once, and as long as there is time.
  defp strike_until(deadline, database, hosts) do
    state = %{hosts: hosts, hits: %{}, orphans: [], samples: %{}, sampled_at: now()}
    kinds = Chaos.kinds(database)

    Enum.reduce_while(Chaos.blows(database), state, fn kind, state ->
      if now() >= deadline and map_size(state.hits) == length(kinds),
        do: {:halt, state},
        else: {:cont, state |> strike(kind) |> look()}
    end)
  end

  defp strike(state, kind) do
    {hit?, hosts, orphans} = Chaos.strike(kind, state.hosts)
    Process.sleep(300 + :rand.uniform(1_500))
    hits = if hit?, do: Map.update(state.hits, kind, 1, &(&1 + 1)), else: state.hits
    %{state | hosts: hosts, hits: hits, orphans: state.orphans ++ orphans}
  end

  defp look(state) do
    if now() < state.sampled_at + @sample_ms do
      state
    else
      samples =
        for host <- state.hosts, sample = Memory.sample(host), reduce: state.samples do
          samples -> Map.update(samples, host.url, [sample], &[sample | &1])
        end

      %{state | samples: samples, sampled_at: now()}
    end
  end

  # Waits until no TMA is pending or being processed; those that still are when time is up.
  defp settle(hosts, deadline) do
    case Enum.flat_map(["pending", "processing"], &waiting(hosts, &1)) do
      [] ->
        []

      waiting ->
        if now() > deadline do
          waiting
        else
          Process.sleep(300)
          settle(hosts, deadline)
        end
    end
  end

  defp waiting([host | _], status) do
    case RunningHost.get(host, "/api/tmas?limit=5&status=#{status}") do
      {200, %{"tmas" => rows}} -> Enum.map(rows, & &1["id"])
      _not_now -> ["the host does not answer"]
    end
  end

  defp report(state, traffic, found, growth) do
    blows = for {kind, n} <- Enum.sort(state.hits), do: {Chaos.describe(kind), n}
    counts = Traffic.counts(traffic)

    resident =
      for {_, samples} <- state.samples, %{rss: rss} <- samples, {name, bytes} <- rss, reduce: %{} do
        most -> Map.update(most, name, bytes, &max(&1, bytes))
      end

    memory =
      for {name, bytes} <- Enum.sort(resident), do: {"most resident memory, #{name}", Memory.mebibytes(bytes)}

    flat =
      for {early, late} <- growth,
          do:
            {"VM's memory, early → late in a life", "#{Memory.mebibytes(early)} → #{Memory.mebibytes(late)}"}

    rows =
      blows ++
        [
          {"TMAs answered 201", map_size(Traffic.promises(traffic))},
          {"requests", counts[:requests]},
          {"  not reached, repeated", counts[:unreached]},
          {"  broken off, repeated", counts[:broken_off]},
          {"  answered 503 with Retry-After, repeated", counts[:unavailable]},
          {"  repeated though answered: the same TMA", counts[:replayed]},
          {"  another TMA under a used key: 409", counts[:refused_reuse]},
          {"completed, with one feedback each", found.completed},
          {"failed: the document cannot be read", found.failed - found.given_up},
          {"failed: attempts used up", found.given_up},
          {"lost", length(found.lost)},
          {"doubled", length(found.unasked)},
          {"not ended exactly once", length(found.unended)},
          {"events, chain valid", "#{found.verified["events"]}, #{found.verified["valid"]}"},
          {"processes that outlived their VM", length(state.orphans)}
        ] ++ memory ++ flat

    for {what, figure} <- rows, do: IO.puts("  #{String.pad_trailing(what, 46)} #{figure}")
  end

  defp number(name, default) do
    case System.get_env(name, "") do
      "" -> default
      text -> String.to_integer(text)
    end
  end

  defp now, do: System.monotonic_time(:millisecond)
end
