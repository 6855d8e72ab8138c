defmodule AwapBackend.TelemetryTest do
  # The logs of tests that run beside would be captured too.
  use ExUnit.Case, async: false

  import ExUnit.CaptureLog

  alias AwapBackend.{LogFormatter, PubSub, Redact, Telemetry}

  setup context do
    {:ok, event: [:awap_backend, :test, context.test]}
  end

  test "handlers get what is said, until detached", %{event: event} do
    test = self()

    handler = fn event, measurements, metadata, config ->
      send(test, {event, measurements, metadata, config})
    end

    assert :ok = Telemetry.attach(event, event, handler, :config)
    assert {:error, :already_exists} = Telemetry.attach(event, [event], handler, :config)

    Telemetry.execute(event, %{n: 1}, %{a: 2})
    assert_received {^event, %{n: 1}, %{a: 2}, :config}

    assert :result = Telemetry.measure(event, fn -> {:result, %{command: "x"}} end)
    assert_received {^event, %{duration: duration}, %{command: "x"}, :config}
    assert duration >= 0

    Telemetry.detach(event)
    Telemetry.execute(event, %{}, %{})
    refute_received {^event, _, _, _}
  end

  test "a handler that fails is detached, harms nobody, and its reason is not quoted", %{event: event} do
    Telemetry.attach(event, event, fn _, _, _, _ -> raise ArgumentError, "Zebedee" end)
    log = capture_log(fn -> assert :ok = Telemetry.execute(event, %{}, %{}) end)
    assert log =~ "was detached"
    refute log =~ "Zebedee"
    assert capture_log(fn -> Telemetry.execute(event, %{}, %{}) end) == ""
  end

  test "topics reach those who listen, and forget those who died" do
    topic = "topic-#{System.unique_integer()}"
    PubSub.subscribe(topic)
    {pid, ref} = spawn_monitor(fn -> PubSub.subscribe(topic) end)
    assert_receive {:DOWN, ^ref, :process, ^pid, _reason}, 2_000
    PubSub.broadcast(topic, :hello)
    assert_receive :hello
    PubSub.unsubscribe(topic)
    PubSub.broadcast(topic, :again)
    refute_receive :again, 50
  end

  describe "logs" do
    test "a crash of a server says who and where, not what it was working on" do
      log =
        capture_log(fn ->
          {:ok, pid} = Agent.start(fn -> "Zebedee" end)
          catch_exit(Agent.get(pid, fn state -> String.to_integer(state <> " Quillfeather") end))
          Process.sleep(50)
        end)

      assert log =~ "ended: "
      refute log =~ "Zebedee"
      refute log =~ "Quillfeather"
    end

    test "a crash of a task, of a supervised task and of a plain process likewise" do
      for start <- [
            fn work -> Task.start(work) end,
            fn work -> Task.Supervisor.start_child(AwapBackend.Core.TaskSupervisor, work) end,
            fn work -> {:ok, spawn(work)} end
          ] do
        log =
          capture_log(fn ->
            name = "Zebedee"
            {:ok, pid} = start.(fn -> Map.fetch!(%{name => 1}, name <> "x") end)
            ref = Process.monitor(pid)
            assert_receive {:DOWN, ^ref, :process, ^pid, _reason}, 2_000
            Process.sleep(50)
          end)

        assert log =~ "ended: "
        refute log =~ "Zebedee"
      end
    end

    test "reasons and stack traces lose their arguments" do
      {reason, stack} =
        try do
          apply(String, :to_integer, [{:not, "Zebedee"}])
        rescue
          error -> {error, __STACKTRACE__}
        end

      refute Redact.reason({reason, stack}) =~ "Zebedee"
      stack = [{String, :to_integer, ["Zebedee"], [file: 'x.ex', line: 1]} | stack]
      assert Redact.stacktrace(stack) =~ "to_integer/1"
      refute Redact.stacktrace(stack) =~ "Zebedee"
    end

    test "lines for programs are JSON, with the metadata that is known" do
      time = {{2026, 1, 2}, {3, 4, 5, 6}}
      line = LogFormatter.json(:info, "say \"é\"\n", time, request_id: "r1", duration_us: 5, pid: self())

      assert {:ok, decoded} = line |> IO.iodata_to_binary() |> AwapBackend.JSON.decode()

      assert decoded == %{
               "time" => "2026-01-02T03:04:05.006Z",
               "level" => "info",
               "message" => "say \"é\"\n",
               "request_id" => "r1",
               "duration_us" => 5
             }

      assert IO.iodata_to_binary(line) |> String.split("\n") |> length() == 2

      text = LogFormatter.text(:warning, "careful", time, tma_id: "t")
      assert IO.iodata_to_binary(text) == "2026-01-02T03:04:05.006Z [warning] tma_id=t careful\n"
    end
  end
end
