defmodule AwapBackend.CoreBridgeTest do
  @moduledoc "The pool of core processes: where calls go, and that they are answered whatever dies."

  use AwapBackend.DataCase, async: false

  alias AwapBackend.CoreBridge
  alias AwapBackend.CoreBridge.Quarantine

  @moduletag :capture_log

  setup do
    start_host(%{
      "CORE_EXECUTABLE" => fake_core(),
      "AWAP_CORE_PROCESSES" => "3",
      "AWAP_CORE_TIMEOUT_MS" => "400"
    })

    # Each has answered its first command: one that has not is given no calls.
    ready? = &(&1.state == :up and &1.in_flight == 0)
    eventually(fn -> length(core_processes()) == 3 and Enum.all?(CoreBridge.status().processes, ready?) end)
  end

  test "the functions chain" do
    assert {:ok, %{"status" => "healthy"}} = CoreBridge.health_check()
    assert {:ok, %{"anonymization" => _} = anonymized} = CoreBridge.anonymize_student(%{"content" => "x"})
    assert {:ok, %{"text" => _} = parsed} = CoreBridge.parse_tma(anonymized)
    assert {:ok, %{"grade" => 70.0} = feedback} = CoreBridge.generate_feedback(parsed)
    marked = %{"parsed" => parsed, "feedback" => feedback}
    assert {:ok, %{"request" => %{"text" => _}}} = CoreBridge.prepare_suggestions(marked)
    assert {:ok, %{"grade" => 70.0}} = CoreBridge.merge_suggestions(Map.put(marked, "suggestions", nil))
    assert {:ok, %{}} = CoreBridge.query_events("$all", max_count: 1)
  end

  test "calls made at once go to different processes" do
    pids = slow_calls()
    pids = for {:ok, %{"pid" => pid}} <- Task.await_many(pids), do: pid
    assert length(Enum.uniq(pids)) == 3
  end

  defp slow_calls, do: for(_ <- 1..3, do: Task.async(fn -> CoreBridge.call("slow_pid", %{}, 10_000) end))

  test "the death of one process takes no call of another with it" do
    [doomed | _others] = core_processes()
    calls = slow_calls()
    eventually(fn -> Enum.all?(CoreBridge.status().processes, &(&1.in_flight == 1)) end)
    signal(doomed, "-KILL")
    results = Task.await_many(calls)
    assert Enum.count(results, &match?({:ok, _answer}, &1)) == 2
    assert [{:error, %{"code" => "unavailable"}}] = Enum.filter(results, &match?({:error, _error}, &1))
    eventually(fn -> length(core_processes()) == 3 and doomed not in core_processes() end)
  end

  test "what ends its process is told so, and whatever was lost with it is answered all the same" do
    start_host(%{"CORE_EXECUTABLE" => fake_core(), "AWAP_CORE_PROCESSES" => "1"})
    eventually(&CoreBridge.available?/0)

    calls =
      for n <- 1..40 do
        content = if n == 10, do: "POISON", else: "Good work."

        tma = %{"tma_id" => "t#{n}", "content" => content}
        {n, Task.async(fn -> CoreBridge.anonymize_student(tma) end)}
      end

    for {n, call} <- calls do
      id = "t#{n}"

      case {n, Task.await(call, 30_000)} do
        {10, result} ->
          assert {:error, %{"code" => "unavailable", "details" => %{"alone" => true}}} = result

        # Made after the process had ended: refused, and not lost.
        {_good, {:error, %{"details" => %{"reason" => reason}}}} ->
          assert reason == "not_running"

        {_good, result} ->
          assert {:ok, %{"tma_id" => ^id}} = result
      end
    end
  end

  test "a second try has no more than what is left of the call's time, and where it cannot be made the call is told so" do
    lost = {:error, %{"code" => "unavailable", "message" => "Ended.", "details" => %{}}}
    now = System.monotonic_time(:millisecond)
    assert {:error, %{"code" => "timeout"}} = Quarantine.call(lost, "anonymize_student", %{}, now - 1)
    assert {:ok, %{}} = Quarantine.call(lost, "anonymize_student", %{}, now + 60_000)
    :ok = Supervisor.terminate_child(CoreBridge, Quarantine)
    assert lost == Quarantine.call(lost, "anonymize_student", %{}, now + 60_000)
  end

  test "all processes killed again and again: every call is answered, and soon all is well" do
    for _ <- 1..5 do
      calls = for n <- 1..30, do: Task.async(fn -> CoreBridge.anonymize_student(%{"content" => "#{n}"}) end)
      Enum.each(core_processes(), &signal(&1, "-KILL"))

      for result <- Task.await_many(calls),
          do: assert(match?({:ok, _}, result) or match?({:error, %{"code" => "unavailable"}}, result))
    end

    eventually(fn -> match?({:ok, _answer}, CoreBridge.anonymize_student(%{"content" => "x"})) end, 15_000)
  end

  test "a stopped process times out and is replaced" do
    stopped = core_processes()
    Enum.each(stopped, &signal(&1, "-STOP"))
    assert {:error, %{"code" => "timeout"}} = CoreBridge.anonymize_student(%{"content" => "x"})
    eventually(fn -> match?({:ok, _answer}, CoreBridge.anonymize_student(%{"content" => "x"})) end, 15_000)
    Enum.each(stopped, &signal(&1, "-CONT"))
  end

  test "a command that makes no sense is refused in both modes" do
    start_host(%{"AWAP_CORE_MODE" => "nif"})
    assert {:error, %{"code" => "unknown_command", "details" => %{}}} = CoreBridge.call("sing", %{})
  end

  test "the NIF has every command of the bridge" do
    start_host(%{"AWAP_CORE_MODE" => "nif"})

    functions =
      ~w(anonymize_student parse_tma generate_feedback prepare_suggestions merge_suggestions query_events)a

    for function <- functions do
      assert {:error, %{"code" => code}} = apply(CoreBridge, function, [%{}])
      assert code in ~w(invalid_input not_configured unavailable), "#{function}: #{code}"
    end
  end

  test "stopping the host ends every process of the core" do
    pids = core_processes()
    assert length(pids) == 3
    restart(%{"CORE_EXECUTABLE" => fake_core()})
    for pid <- pids, do: refute(running?(pid))
  end
end
