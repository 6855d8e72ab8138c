defmodule AwapBackend.EventStoreTest do
  use AwapBackend.DataCase, async: false

  alias AwapBackend.{EventStore, Repo}

  @moduletag :store
  @moduletag :capture_log

  setup do
    start_host()
    :ok
  end

  defp append(stream, n),
    do: EventStore.append_event(stream, %{"type" => "test.happened", "data" => %{"n" => n}})

  # What a subscription brings, acknowledged batch by batch, until `count` have come.
  defp collect(subscription, count, so_far \\ []) do
    if length(so_far) >= count do
      so_far
    else
      receive do
        {:events, ^subscription, events} ->
          EventStore.ack(subscription)
          collect(subscription, count, so_far ++ Enum.map(events, & &1["data"]["n"]))
      after
        10_000 -> flunk("only #{length(so_far)} of #{count} events came")
      end
    end
  end

  test "what is appended is read, in order, once by its id, and not over another version" do
    for n <- 1..5, do: assert({:ok, %{"version" => _}} = append("s", n))
    assert {:ok, %{"events" => events, "next" => next}} = EventStore.read_stream("s", max_count: 3)
    assert Enum.map(events, & &1["data"]["n"]) == [1, 2, 3]
    assert {:ok, %{"events" => rest}} = EventStore.read_stream("s", from_version: next)
    assert Enum.map(rest, & &1["data"]["n"]) == [4, 5]

    id = "018f0000-0000-4000-8000-000000000001"
    event = %{"type" => "test.once", "data" => %{}, "event_id" => id}
    assert {:ok, %{"version" => version}} = EventStore.append_event("s", event)
    assert {:ok, %{"version" => ^version}} = EventStore.append_event("s", event)
    stale = %{"type" => "test.stale", "expected_version" => 1}
    assert {:error, %{"code" => "conflict"}} = EventStore.append_event("s", stale)
  end

  test "a subscriber catches up and then follows, missing nothing, while others write" do
    for n <- 1..25, do: append("s", n)
    {:ok, subscription} = EventStore.subscribe(stream: "s", batch: 10)
    writer = Task.async(fn -> for n <- 26..60, do: append("s", n) end)
    assert collect(subscription, 60) == Enum.to_list(1..60)
    Task.await(writer)
    append("s", 61)
    assert collect(subscription, 1) == [61]
  end

  test "all streams in global order, from a position" do
    {:ok, %{"global_position" => position}} = append("a", 1)
    append("b", 2)
    append("a", 3)
    {:ok, subscription} = EventStore.subscribe(from: position + 1)
    assert collect(subscription, 2) == [2, 3]
  end

  test "no more than a batch comes unacknowledged" do
    for n <- 1..30, do: append("s", n)
    {:ok, subscription} = EventStore.subscribe(stream: "s", batch: 10)
    assert_receive {:events, ^subscription, first}, 5_000
    assert length(first) == 10
    refute_receive {:events, ^subscription, _events}, 300
    EventStore.ack(subscription)
    assert_receive {:events, ^subscription, [%{"data" => %{"n" => 11}} | _rest]}, 5_000
  end

  test "a subscription waits while the store is away, and goes on where it was" do
    {:ok, subscription} = EventStore.subscribe(stream: "s")
    append("s", 1)
    assert collect(subscription, 1) == [1]
    signal(Repo.status().os_pid, "-KILL")
    eventually(fn -> match?({:ok, _event}, append("s", 2)) end)
    assert collect(subscription, 1) == [2]
  end

  test "a subscription ends with its subscriber, and when asked to" do
    {:ok, subscription} = EventStore.subscribe()
    EventStore.unsubscribe(subscription)
    refute Process.alive?(subscription)

    test = self()
    pid = spawn(fn -> send(test, EventStore.subscribe()) end)
    assert_receive {:ok, subscription}, 5_000
    ref = Process.monitor(subscription)
    assert_receive {:DOWN, ^ref, :process, ^subscription, _reason}, 5_000
    refute Process.alive?(pid)
  end

  test "only the types that were asked for, however rare, and all that come later" do
    for n <- 1..250, do: append("s", n)
    {:ok, _event} = EventStore.append_event("t", %{"type" => "test.rare", "data" => %{"n" => 1}})

    for stream <- ["$all", "t"] do
      {:ok, subscription} = EventStore.subscribe(stream: stream, types: ["test.rare", "test.other"], batch: 2)
      for n <- 1..30, do: append("s", n)
      for n <- 2..4, do: EventStore.append_event("t", %{"type" => "test.rare", "data" => %{"n" => n}})
      # The second round adds to what the first has written.
      expected = if stream == "$all", do: [1, 2, 3, 4], else: [1, 2, 3, 4, 2, 3, 4]
      assert collect(subscription, length(expected)) == expected
      EventStore.unsubscribe(subscription)
    end
  end

  test "many subscribers, each at its own pace, of whom some die: each gets everything once, in order" do
    test = self()

    subscribers =
      for n <- 1..60 do
        spawn(fn ->
          {:ok, subscription} = EventStore.subscribe(stream: "s", batch: 1 + rem(n, 9))
          send(test, {:subscribed, n})
          # One in six dies on its way.
          got = at_pace(subscription, rem(n, 7), if(rem(n, 6) == 0, do: 20, else: 120), [])
          send(test, {:got, n, got, subscription})
        end)
      end

    for n <- 1..60, do: assert_receive({:subscribed, ^n}, 10_000)
    for n <- 1..120, do: append("s", n)

    for n <- 1..60 do
      assert_receive {:got, ^n, got, subscription}, 60_000
      assert Enum.take(got, 20) == Enum.to_list(1..20)
      if rem(n, 6) != 0, do: assert(got == Enum.to_list(1..120))
      eventually(fn -> not Process.alive?(subscription) end)
    end

    for pid <- subscribers, do: refute(Process.alive?(pid))
    assert DynamicSupervisor.count_children(EventStore.Subscriptions).active == 0
  end

  defp at_pace(subscription, pause, count, so_far) do
    if length(so_far) >= count do
      so_far
    else
      receive do
        {:events, ^subscription, events} ->
          Process.sleep(pause)
          EventStore.ack(subscription)
          at_pace(subscription, pause, count, so_far ++ Enum.map(events, & &1["data"]["n"]))
      after
        30_000 -> so_far
      end
    end
  end

  @tag timeout: 120_000
  test "nothing is left out or brought twice while the store is killed again and again" do
    {:ok, all} = EventStore.subscribe(batch: 3)
    {:ok, one} = EventStore.subscribe(stream: "s", batch: 50)

    writer =
      Task.async(fn ->
        for n <- 1..200 do
          id = "018f0000-0000-4000-8000-" <> String.pad_leading("#{n}", 12, "0")
          event = %{"type" => "test.happened", "data" => %{"n" => n}, "event_id" => id}
          # What was answered with an error may have been written: the same again is written once.
          eventually(fn -> match?({:ok, _event}, EventStore.append_event("s", event)) end, 30_000)
        end
      end)

    killer =
      Task.async(fn ->
        for _ <- 1..4 do
          Process.sleep(200)
          signal(Repo.status().os_pid, "-KILL")
          eventually(fn -> Repo.status().state == :up end, 20_000)
        end
      end)

    assert collect(all, 200) == Enum.to_list(1..200)
    assert collect(one, 200) == Enum.to_list(1..200)
    Task.await_many([writer, killer], 60_000)
    refute_receive {:events, _subscription, _events}, 300
    # The last kill may not have been noticed yet.
    eventually(fn -> match?({:ok, _found}, EventStore.verify()) end)
    assert {:ok, %{"valid" => true, "events" => 200}} = EventStore.verify()
  end

  test "a subscription that cannot be is refused" do
    for {options, path} <- [
          {[stream: ""], "stream"},
          {[stream: :all], "stream"},
          {[from: -1], "from"},
          {[from: nil], "from"},
          {[batch: 0], "batch"},
          {[batch: 1_001], "batch"},
          {[types: "t"], "types"},
          {[types: Enum.map(1..51, &"t#{&1}")], "types"},
          {[typos: []], "typos"}
        ] do
      assert {:error, %{"code" => "invalid_input", "details" => %{"path" => ^path}}} =
               EventStore.subscribe(options)
    end
  end

  test "the chain is verified, as a whole or from a place that was kept" do
    for n <- 1..5, do: append("s", n)

    assert {:ok, %{"valid" => true, "events" => 5, "head" => head, "event_store" => nil}} =
             EventStore.verify()

    assert %{"global_position" => 5, "hash" => <<_::binary-size(64)>>} = head
    append("s", 6)
    assert {:ok, %{"valid" => true, "events" => 1}} = EventStore.verify(after: head)
    other = %{head | "hash" => String.duplicate("0", 64)}
    assert {:ok, %{"valid" => false, "fault_at" => 5}} = EventStore.verify(after: other)
    assert {:error, %{"code" => "conflict"}} = EventStore.accept("nothing happened", %{"type" => "system"})
  end
end
