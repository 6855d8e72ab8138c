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
end
