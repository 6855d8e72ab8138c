defmodule AwapBackend.Moodle.SyncSchedulerTest do
  @moduledoc "The sync by the clock and by hand: one at a time over all hosts, tried again with pauses, ended in order."

  use AwapBackend.MoodleCase

  alias AwapBackend.{Health, Moodle, Telemetry}
  alias AwapBackend.Moodle.{SyncScheduler, SyncWork}

  @moduletag :store
  @moduletag :capture_log

  # A host whose own scheduler and outbox have the fake Moodle.
  defp start_configured(variables \\ %{}) do
    context = start_moodle()

    folder =
      start_host(
        Map.merge(
          %{
            "CORE_EXECUTABLE" => fake_core(),
            "MOODLE_BASE_URL" => context.site,
            "MOODLE_TOKEN" => FakeMoodle.token()
          },
          variables
        )
      )

    Map.put(context, :folder, folder)
  end

  defp start_scheduler(context, options \\ []) do
    options = Keyword.merge([client: context.client, name: :test_scheduler, first_ms: nil], options)
    start_supervised!({SyncScheduler, options}, id: options[:name], restart: :temporary)
  end

  defp state(context) do
    {:ok, state} = Repo.call("sync_state", %{"site" => context.site})
    state
  end

  defp ended(context),
    do:
      eventually(
        fn -> state(context)["running"] == false and state(context)["finished_at"] != nil end,
        30_000
      )

  defp told, do: elem(Repo.call("query_events", %{"stream_id" => "moodle-sync", "opts" => %{}}), 1)["events"]

  describe "by the clock" do
    test "it syncs at its interval", context do
      context = Map.merge(context, start_both())
      hand_in(context)
      start_scheduler(context, first_ms: 10, interval_ms: 300)
      eventually(fn -> length(rows()) == 1 end, 30_000)
      hand_in(context)
      eventually(fn -> length(rows()) == 2 end, 30_000)
    end

    test "a configured host syncs by itself, soon after its start" do
      context = start_configured()
      hand_in(context)
      eventually(fn -> length(rows()) == 1 end, 30_000)
      ended(context)
      assert SyncScheduler.interval() == 900
      assert {:ok, %{"outcome" => "ok", "report" => %{"stored" => 1}}} = SyncScheduler.state()
      assert %{"status" => "ok", "synced_at" => _, "next_sync_at" => _} = Moodle.health()
    end

    test "a host whose turn comes soon after another has synced lets it be" do
      context = start_both()
      start_scheduler(context)
      :ok = SyncScheduler.sync_now(:test_scheduler)
      ended(context)
      FakeMoodle.forget_calls(context.moodle)
      start_scheduler(context, name: :another_host, first_ms: 10, interval_ms: 60_000)
      Process.sleep(500)
      assert calls(context) == %{}
    end
  end

  describe "by hand" do
    test "it begins at once, and is answered as running while it does" do
      context = start_configured()
      hand_in(context)
      # Its own first sync may be running: either way there is one at a time.
      FakeMoodle.fault(context.moodle, {:slow, 500}, on: "core_course_get_courses")
      first = SyncScheduler.sync_now()
      assert first in [:ok, {:error, :running}]
      assert SyncScheduler.sync_now() == {:error, :running}
      assert {:ok, %{"running" => true}} = SyncScheduler.state()
      ended(context)
      assert length(rows()) == 1
    end

    test "where another host syncs it is answered as running, too" do
      context = start_both()
      FakeMoodle.fault(context.moodle, {:slow, 800}, on: "core_course_get_courses")
      for name <- [:one, :two], do: start_scheduler(context, name: name)
      :ok = SyncScheduler.sync_now(:one)
      assert SyncScheduler.sync_now(:two) == {:error, :running}
      ended(context)
      assert :ok = SyncScheduler.sync_now(:two)
      ended(context)
    end

    test "without a site it says so" do
      start_host()
      assert SyncScheduler.sync_now() == {:error, :not_configured}
      assert SyncScheduler.status() == :disabled
      assert %{"status" => "disabled"} = Moodle.health()
      assert {:error, :not_configured} = SyncScheduler.state()
    end

    test "without a store it says so, and goes on" do
      context = start_configured()
      :ok = Supervisor.terminate_child(AwapBackend.Supervisor, Repo)
      assert {:error, %{"code" => "unavailable"}} = SyncScheduler.sync_now()
      {:ok, _pid} = Supervisor.restart_child(AwapBackend.Supervisor, Repo)
      eventually(fn -> SyncScheduler.sync_now() in [:ok, {:error, :running}] end, 30_000)
      ended(context)
    end
  end

  describe "one at a time over all hosts" do
    test "of many schedulers at once, each submission is stored once" do
      context = start_both()
      for _ <- 1..5, do: hand_in(context)
      names = for n <- 1..4, do: :"host_#{n}"
      for name <- names, do: start_scheduler(context, name: name)

      results =
        names
        |> Task.async_stream(&SyncScheduler.sync_now/1, timeout: 60_000)
        |> Enum.map(fn {:ok, result} -> result end)

      assert :ok in results
      ended(context)
      assert length(rows()) == 5
    end

    test "one that was killed gives its lease up by time, and the next takes up what it left" do
      context = start_both()
      for _ <- 1..3, do: hand_in(context)
      FakeMoodle.fault(context.moodle, {:slow, 300}, on: :file)
      pid = start_scheduler(context, lease_ms: 600)
      :ok = SyncScheduler.sync_now(:test_scheduler)
      eventually(fn -> rows() != [] end, 30_000)
      for process <- [pid | Task.Supervisor.children(Moodle.TaskSupervisor)], do: Process.exit(process, :kill)
      FakeMoodle.heal(context.moodle)
      start_scheduler(context, name: :next)
      eventually(fn -> SyncScheduler.sync_now(:next) == :ok end, 30_000)
      ended(context)
      eventually(fn -> length(rows()) == 3 end, 30_000)
    end

    test "one whose lease was lost stops" do
      context = start_both()
      for _ <- 1..20, do: hand_in(context)
      FakeMoodle.fault(context.moodle, {:slow, 200}, on: :file)
      start_scheduler(context, lease_ms: 300)
      :ok = SyncScheduler.sync_now(:test_scheduler)

      [{:ok, _}] = [
        Repo.call("end_sync", %{
          "site" => context.site,
          "holder" => holder(),
          "outcome" => "stopped",
          "actor" => %{}
        })
      ]

      {:ok, %{"begun" => true}} =
        Repo.call("begin_sync", %{"site" => context.site, "holder" => "another", "lease_ms" => 60_000})

      eventually(fn -> GenServer.call(:test_scheduler, :status) == :waiting end, 30_000)
      assert length(rows()) < 20
    end

    defp holder, do: :sys.get_state(:test_scheduler).holder
  end

  describe "what goes wrong" do
    test "Moodle down: the host stays up, health says degraded, it is tried again with pauses, and recovers" do
      context = start_configured()
      hand_in(context)
      FakeMoodle.fault(context.moodle, {:maintenance_cli, 120})
      eventually(fn -> SyncScheduler.sync_now() in [:ok, {:error, :running}] end)
      eventually(fn -> Moodle.health()["status"] == "degraded" end, 60_000)
      assert %{"code" => _, "message" => message, "next_sync_at" => next} = Moodle.health()
      assert message =~ "Moodle"
      {:ok, next, _} = DateTime.from_iso8601(next)
      # Not before Moodle said, and long before the interval.
      assert DateTime.diff(next, DateTime.utc_now()) in 100..300
      assert %{"status" => "degraded", "serving" => true} = Health.refresh()
      FakeMoodle.heal(context.moodle)
      eventually(fn -> SyncScheduler.sync_now() == :ok end, 30_000)
      eventually(fn -> Moodle.health()["status"] == "ok" end, 30_000)
      assert length(rows()) == 1
    end

    test "some of it failing is degraded, and says where to look" do
      context = start_configured()
      hand_in(context)
      FakeMoodle.fault(context.moodle, :json_file, on: :file)
      eventually(fn -> SyncScheduler.sync_now() in [:ok, {:error, :running}] end)
      eventually(fn -> Moodle.health()["code"] == "partial" end, 30_000)
      {:ok, %{"failing" => [failing]}} = SyncScheduler.state()
      assert Map.keys(failing) == ~w(assignment_id course_id error_code error_message synced_at)
    end

    test "a sync that is killed is one that failed" do
      context = start_configured()
      hand_in(context)
      FakeMoodle.fault(context.moodle, {:slow, 2_000}, on: "core_course_get_courses", times: 1)
      eventually(fn -> SyncScheduler.sync_now() in [:ok, {:error, :running}] end)
      eventually(fn -> Task.Supervisor.children(Moodle.TaskSupervisor) != [] end)
      for process <- Task.Supervisor.children(Moodle.TaskSupervisor), do: Process.exit(process, :kill)
      eventually(fn -> Moodle.health()["code"] == "internal" end, 30_000)
      eventually(fn -> SyncScheduler.sync_now() == :ok end, 30_000)
      eventually(fn -> length(rows()) == 1 end, 30_000)
    end

    test "what a killed sync had downloaded is taken away at once, and that of a killed host at its start" do
      context = start_configured()
      hand_in(context)
      eventually(fn -> rows() != [] end, 30_000)
      ended(context)
      hand_in(context)
      FakeMoodle.fault(context.moodle, {:trickle, 100}, on: :file)
      eventually(fn -> SyncScheduler.sync_now() == :ok end)
      eventually(fn -> downloads() != [] end, 30_000)
      for process <- Task.Supervisor.children(Moodle.TaskSupervisor), do: Process.exit(process, :kill)
      eventually(fn -> downloads() == [] end, 30_000)

      File.mkdir_p!(SyncWork.folder())
      File.write!(Path.join(SyncWork.folder(), "1"), "An essay.")
      Process.exit(Process.whereis(SyncScheduler), :kill)
      eventually(fn -> downloads() == [] end, 30_000)
    end

    defp downloads, do: Path.wildcard(Path.join(SyncWork.folder(), "**/*"))

    test "the scheduler itself is started anew when it dies" do
      context = start_configured()
      hand_in(context)
      Process.exit(Process.whereis(SyncScheduler), :kill)
      eventually(fn -> is_pid(Process.whereis(SyncScheduler)) end)
      eventually(fn -> length(rows()) == 1 end, 60_000)
    end
  end

  describe "when the host stops" do
    test "the submission in hand is finished and the lease given back" do
      context = start_both()
      for _ <- 1..10, do: hand_in(context)
      FakeMoodle.fault(context.moodle, {:slow, 300}, on: :file)
      start_scheduler(context)
      :ok = SyncScheduler.sync_now(:test_scheduler)
      eventually(fn -> rows() != [] end, 30_000)
      :ok = stop_supervised(:test_scheduler)
      assert %{"running" => false, "outcome" => "stopped"} = state(context)
      kept = length(rows())
      assert kept in 1..9
      FakeMoodle.heal(context.moodle)
      assert {:ok, %{"stored" => stored}} = sync(context)
      assert stored == 10 - kept
    end
  end

  describe "what is told" do
    test "events of syncs that found something, that failed, or that were asked for; telemetry of all" do
      context = start_both()
      test = self()
      handler = fn _event, measurements, metadata, _config -> send(test, {:sync, measurements, metadata}) end
      :ok = Telemetry.attach(__MODULE__, [:awap_backend, :moodle, :sync], handler)
      on_exit(fn -> Telemetry.detach(__MODULE__) end)
      hand_in(context)
      start_scheduler(context, first_ms: 10, interval_ms: 200)
      for _ <- 1..3, do: assert_receive({:sync, %{assignments: 1}, %{outcome: :ok, by_hand: false}}, 30_000)
      assert [%{"type" => "moodle.synced", "data" => %{"outcome" => "ok", "stored" => 1}}] = told()
      eventually(fn -> SyncScheduler.sync_now(:test_scheduler) == :ok end)
      assert_receive {:sync, _measurements, %{by_hand: true}}, 30_000
      eventually(fn -> length(told()) == 2 end)
      FakeMoodle.fault(context.moodle, :maintenance)
      assert_receive {:sync, _measurements, %{outcome: :failed, code: "sitemaintenance"}}, 30_000

      eventually(fn ->
        match?(%{"outcome" => "failed", "code" => "sitemaintenance"}, List.last(told())["data"])
      end)
    end

    test "how far it is, while it runs" do
      context = start_both()
      for _ <- 1..6, do: hand_in(context)
      FakeMoodle.fault(context.moodle, {:slow, 250}, on: :file)
      start_scheduler(context, lease_ms: 300)
      :ok = SyncScheduler.sync_now(:test_scheduler)

      eventually(
        fn -> match?(%{"running" => true, "report" => %{"stored" => n}} when n in 1..5, state(context)) end,
        30_000
      )
    end
  end
end
