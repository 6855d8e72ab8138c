defmodule AwapBackend.CoreBridgeTest do
  @moduledoc "The pool of core processes: where calls go, and that they are answered whatever dies."

  use AwapBackend.DataCase, async: false

  alias AwapBackend.CoreBridge

  @moduletag :capture_log

  setup do
    start_host(%{
      "CORE_EXECUTABLE" => fake_core(),
      "AWAP_CORE_PROCESSES" => "3",
      "AWAP_CORE_TIMEOUT_MS" => "400"
    })

    eventually(fn -> length(core_processes()) == 3 and CoreBridge.available?() end)
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
