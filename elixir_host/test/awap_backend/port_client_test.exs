defmodule AwapBackend.PortClientTest do
  @moduledoc "Drives a process that hangs, dies, floods and talks nonsense: every call is answered, nothing is left running."

  use ExUnit.Case, async: true

  import ExUnit.CaptureLog

  alias AwapBackend.{OSProcess, PortClient}

  @fake Path.expand("../support/fake_core.pl", __DIR__)
  @moduletag :capture_log

  defp client(options \\ []) do
    options = Keyword.merge([program: @fake, component: :fake, grace_ms: 100, backoff_ms: {10, 100}], options)
    start_supervised!({PortClient, options}, id: make_ref())
  end

  defp call(client, command, data \\ %{}, timeout \\ 5_000),
    do: PortClient.call(client, command, data, timeout)

  defp process(client), do: client |> PortClient.status() |> Map.fetch!(:os_pid) |> OSProcess.identify()

  defp eventually(check, left \\ 300) do
    cond do
      check.() -> :ok
      left == 0 -> flunk("it did not come to be")
      true -> Process.sleep(10) && eventually(check, left - 1)
    end
  end

  test "answers and errors come back as they are, an error always with details" do
    client = client()
    assert {:ok, %{"bytes" => bytes}} = call(client, "echo")
    assert bytes > 0

    assert {:error, %{"code" => "invalid_input", "message" => "No.", "details" => %{}}} =
             call(client, "refuse")
  end

  test "answers are matched to calls in whatever order they come" do
    client = client()
    held = for _ <- 1..20, do: Task.async(fn -> call(client, "hold") end)
    eventually(fn -> PortClient.status(client).in_flight == 20 end)
    assert {:ok, %{}} = call(client, "release")
    assert Enum.all?(Task.await_many(held), &(&1 == {:ok, %{"held" => true}}))
    assert PortClient.status(client).in_flight == 0
  end

  test "a process is noted as one that is up when it has answered, not when it was started" do
    load = :atomics.new(2, signed: true)
    client(load: {load, 1}, prove: "echo")
    client(load: {load, 2}, prove: "echo", args: ["deaf"])
    eventually(fn -> :atomics.get(load, 1) == 0 end)
    Process.sleep(100)
    assert :atomics.get(load, 2) > 1_000
  end

  test "megabytes go there, many at once" do
    client = client()
    text = String.duplicate("é", 1_000_000)
    calls = for _ <- 1..8, do: Task.async(fn -> call(client, "echo", %{"text" => text}) end)
    for {:ok, %{"bytes" => bytes}} <- Task.await_many(calls, 30_000), do: assert(bytes > 2_000_000)
  end

  for {command, what} <- [
        {"die", "is killed"},
        {"quit", "exits"},
        {"garbage", "writes what is not JSON"},
        {"flood", "floods its output"}
      ] do
    test "a process that #{what}: every call in flight is answered, and the next one works" do
      client = client()
      before = process(client)
      waiting = for _ <- 1..3, do: Task.async(fn -> call(client, "silent") end)
      eventually(fn -> PortClient.status(client).in_flight == 3 end)

      assert {:error, %{"code" => "unavailable", "details" => %{"reason" => "process_exit"}}} =
               call(client, unquote(command))

      for task <- waiting, do: assert({:error, %{"code" => "unavailable"}} = Task.await(task))
      eventually(fn -> match?({:ok, %{"pid" => _}}, call(client, "pid")) end)
      eventually(fn -> not OSProcess.alive?(before) end)
      assert PortClient.status(client).restarts >= 1
    end
  end

  test "what is to go before the pipes close goes while the process still stands at them, and only where we end it" do
    me = self()

    for {command, told?} <- [{"garbage", true}, {"hang", true}, {"die", false}] do
      before_kill = fn ->
        [port] = for port <- Port.list(), Port.info(port, :connected) == {:connected, self()}, do: port
        {:os_pid, os_pid} = Port.info(port, :os_pid)
        send(me, {:before_kill, OSProcess.alive?(OSProcess.identify(os_pid))})
      end

      client = client(before_kill: before_kill)
      assert {:error, _} = call(client, command, %{}, 200)
      if told?, do: assert_receive({:before_kill, true}, 5_000), else: refute_received({:before_kill, _})
    end
  end

  test "a request that is longer than its process takes is refused at once, and the process lives" do
    client = client(max_request_bytes: 10_000)
    before = process(client)

    assert {:error, %{"code" => "limit_exceeded", "details" => details}} =
             call(client, "echo", %{"text" => String.duplicate("x", 10_000)})

    assert details == %{"limit" => "request_bytes", "allowed" => 10_000}
    assert {:ok, _} = call(client, "echo")
    assert process(client) == before
  end

  test "a call that is not answered in time is, and the process that hangs is replaced" do
    client = client()
    before = process(client)
    started = System.monotonic_time(:millisecond)
    assert {:error, %{"code" => "timeout"}} = call(client, "hang", %{}, 200)
    assert System.monotonic_time(:millisecond) - started < 2_000
    eventually(fn -> match?({:ok, _}, call(client, "echo")) end)
    eventually(fn -> not OSProcess.alive?(before) end)
  end

  test "a process that takes long to start is left to it, and asked in small calls alone" do
    client = client(args: ["late", "2"], start_ms: 30_000)
    before = process(client)
    assert {:error, %{"code" => "timeout", "details" => starting}} = call(client, "echo", %{}, 100)
    assert starting == %{"reason" => "starting"}
    large = %{"text" => String.duplicate("x", 5_000)}
    assert {:error, %{"code" => "unavailable", "details" => ^starting}} = call(client, "echo", large, 100)
    eventually(fn -> match?({:ok, _}, call(client, "echo", %{}, 100)) end, 1_000)
    assert process(client) == before
    assert {:error, %{"details" => %{"reason" => "hung"}}} = call(client, "hang", %{}, 100)
  end

  test "what does not start in its time is held to hang" do
    client = client(args: ["deaf"], start_ms: 500)
    before = process(client)
    assert {:error, %{"details" => %{"reason" => "starting"}}} = call(client, "echo", %{}, 100)
    Process.sleep(500)
    call(client, "echo", %{}, 100)
    eventually(fn -> not OSProcess.alive?(before) end)
  end

  test "a process that closes its pipes and stays is replaced when a call's time is up" do
    client = client()
    before = process(client)
    assert {:error, %{"code" => code}} = call(client, "closed", %{}, 200)
    assert code in ["timeout", "unavailable"]
    eventually(fn -> match?({:ok, _}, call(client, "echo", %{}, 500)) end)
    eventually(fn -> not OSProcess.alive?(before) end)
  end

  test "what a hanging process had started goes with it" do
    client = client()
    {:ok, %{"pid" => pid}} = call(client, "pid")
    {:ok, %{}} = call(client, "child")
    {:error, %{"code" => "timeout"}} = call(client, "echo", %{}, 100)
    eventually(fn -> {"", 1} == System.cmd("pgrep", ["-g", to_string(pid)]) end)
  end

  test "a process that reads nothing blocks nobody: calls time out, the owner answers meanwhile" do
    client = client(args: ["deaf"])
    big = %{"text" => String.duplicate("x", 5_000_000)}
    calls = for _ <- 1..3, do: Task.async(fn -> call(client, "echo", big, 500) end)
    eventually(fn -> PortClient.status(client).in_flight == 3 end)
    for {:error, %{"code" => code}} <- Task.await_many(calls), do: assert(code in ["timeout", "unavailable"])
  end

  test "a process that cannot start is tried again, more and more slowly, and calls are refused meanwhile" do
    client = client(args: ["exit", "78"], backoff_ms: {10, 1_000})
    eventually(fn -> PortClient.status(client).restarts >= 3 end)
    assert {:status, 78} = PortClient.status(client).last_exit
    Process.sleep(1_000)
    assert PortClient.status(client).restarts < 10
    assert {:error, %{"code" => "unavailable"}} = call(client, "echo")
  end

  test "a process that was well is started again at once, however long the waits are" do
    client = client(backoff_ms: {600_000, 600_000})
    assert {:ok, _} = call(client, "echo")
    assert {:error, %{"code" => "unavailable"}} = call(client, "die")
    eventually(fn -> match?({:ok, _}, call(client, "echo")) end)
    assert {:error, %{"code" => "unavailable"}} = call(client, "die")
    Process.sleep(200)
    assert {:error, %{"details" => %{"reason" => "not_running"}}} = call(client, "echo")
  end

  test "without a program, and with one that is no program, calls are refused" do
    assert {:error, %{"details" => %{"reason" => "no_program"}}} = call(client(program: nil), "echo")
    assert {:error, %{"code" => "unavailable"}} = call(client(program: "/nonexistent/program"), "echo")
  end

  test "no more is taken in than may be in flight" do
    client = client(max_in_flight: 5)
    held = for _ <- 1..5, do: Task.async(fn -> call(client, "hold") end)
    eventually(fn -> PortClient.status(client).in_flight == 5 end)
    assert {:error, %{"code" => "unavailable", "details" => %{"reason" => "overload"}}} = call(client, "echo")
    Enum.each(held, &Task.shutdown(&1, :brutal_kill))
  end

  test "an answer given twice, or to nobody, harms nothing" do
    client = client()
    assert {:ok, %{}} = call(client, "twice")
    assert {:ok, %{"bytes" => _}} = call(client, "echo")
  end

  test "an answer that comes late is nobody's" do
    client = client(grace_ms: 10_000)
    # Told its time, and late: within the grace it is the answer all the same, past it the process is gone.
    assert {:ok, %{"pid" => _}} = call(client, "slow_pid", %{}, 50)

    client = client(grace_ms: 50)
    assert {:error, %{"code" => "timeout"}} = call(client, "slow_pid", %{}, 50)
    eventually(fn -> match?({:ok, _}, call(client, "echo")) end)
    Process.sleep(2_200)
    assert %{in_flight: 0, restarts: 1} = PortClient.status(client)
    refute_received _
  end

  test "a caller that dies leaves nothing behind" do
    client = client()
    caller = Task.async(fn -> call(client, "hold") end)
    eventually(fn -> PortClient.status(client).in_flight == 1 end)
    Task.shutdown(caller, :brutal_kill)
    assert {:ok, %{}} = call(client, "release")
    eventually(fn -> PortClient.status(client).in_flight == 0 end)
  end

  test "variables set to nil are not seen by the process" do
    System.put_env("AWAP_SEAL_KEY", "seen")
    on_exit(fn -> System.delete_env("AWAP_SEAL_KEY") end)
    assert {:ok, %{"seal" => "none"}} = call(client(env: [{"AWAP_SEAL_KEY", nil}]), "env")

    assert {:ok, %{"seal" => "given"}} =
             call(client(env: [{"AWAP_SEAL_KEY", nil}, {"AWAP_SEAL_KEY", "given"}]), "env")
  end

  for mode <- ["", "stubborn", "deaf"] do
    test "stopping the owner ends the process (#{inspect(mode)})" do
      {:ok, client} = PortClient.start_link(program: @fake, args: [unquote(mode)], component: :fake)
      process = process(client)
      assert OSProcess.alive?(process)
      GenServer.stop(client)
      refute OSProcess.alive?(process)
    end
  end

  test "an owner that is killed takes its process along" do
    Process.flag(:trap_exit, true)
    {:ok, client} = PortClient.start_link(program: @fake, component: :fake)
    process = process(client)
    Process.exit(client, :kill)
    eventually(fn -> not OSProcess.alive?(process) end)
  end

  test "logs say what ended and how, nothing of what was sent" do
    log =
      capture_log(fn ->
        client = client()
        call(client, "die", %{"text" => "Aoife Ní Bhriain"})
        eventually(fn -> match?({:ok, _}, call(client, "echo")) end)
      end)

    assert log =~ "fake_core.pl was ended by signal 9"
    refute log =~ "Aoife"
  end
end
