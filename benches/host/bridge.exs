# What the Core Bridge costs from Elixir: a call with next to no work in it and one that anonymizes, by size, by Port and NIF.
# `make bench-bridge` builds what it needs and runs this; the figures mean something on a machine that does nothing else,
# which is why the machine's load is printed first.
defmodule AwapBackend.BridgeBench do
  @moduledoc "The measurements of `make bench-bridge`."

  alias AwapBackend.{Config, CoreBridge, PortClient}

  @sizes [{"100 B", 100}, {"20 KB", 20 * 1024}, {"2 MB", 2 * 1024 * 1024}]
  @sentence "A linear search checks each item in turn, and a binary search halves the list each time.\n"

  def run do
    {:ok, load} = File.read("/proc/loadavg")

    IO.puts(
      "#{System.schedulers_online()} schedulers, load #{load |> String.split() |> hd()}; microseconds: p50, p99"
    )

    for mode <- [:port, :nif], do: measured(mode)
    crashes()
  end

  # A process that was well for a while is killed: when a call in flight is told, and when the next one is served.
  @well_ms 10_500
  @kills 5

  defp crashes do
    program = Config.get(:core_executable)
    {:ok, client} = PortClient.start_link(program: program, component: :bench)
    {noticed, served} = Enum.unzip(for _ <- 1..@kills, do: crash(client))
    line("port, kill -9 to the answer of the call in flight", noticed)
    line("port, kill -9 to the answer of the next call", served)
    GenServer.stop(client)
  end

  defp crash(client) do
    well? = fn -> match?({:ok, _}, PortClient.call(client, "health_check", %{}, 1_000)) end
    wait(well?)
    Process.sleep(@well_ms)
    slow = %{"content" => String.duplicate(@sentence, 20_000)}
    in_flight = Task.async(fn -> {PortClient.call(client, "parse_tma", slow, 60_000), now()} end)
    Process.sleep(20)
    %{os_pid: os_pid} = PortClient.status(client)
    killed = now()
    {_, 0} = System.cmd("kill", ["-9", to_string(os_pid)])
    {{:error, %{"code" => "unavailable"}}, told} = Task.await(in_flight, 60_000)
    wait(well?)
    {told - killed, now() - killed}
  end

  defp measured(mode) do
    {:ok, bridge} = CoreBridge.start_link(mode: mode, processes: 2)
    until_available()

    for {name, size} <- @sizes do
      padding = %{"padding" => String.duplicate("x", size)}

      content = %{
        "content" => @sentence |> List.duplicate(div(size, byte_size(@sentence)) + 1) |> Enum.join()
      }

      count = if size > 1_000_000, do: 20, else: 1_000

      line(
        "#{mode}, #{name}, no work",
        times(count, fn -> CoreBridge.call("health_check", padding, 60_000) end)
      )

      line(
        "#{mode}, #{name}, anonymize",
        times(div(count, 4), fn -> CoreBridge.anonymize_student(content) end)
      )
    end

    if mode == :nif, do: line("nif, lateness of a timer, all dirty schedulers busy", lateness())
    Supervisor.stop(bridge)
  end

  # How much later than asked a process wakes while the core works on every dirty scheduler.
  defp lateness do
    content = %{"content" => String.duplicate(@sentence, 2_000)}
    busy = :erlang.system_info(:dirty_cpu_schedulers_online)
    calls = for _ <- 1..busy, do: spawn_link(fn -> anonymize_on(content) end)

    late =
      for _ <- 1..1_000 do
        start = now()
        Process.sleep(5)
        now() - start - 5_000
      end

    for call <- calls do
      Process.unlink(call)
      Process.exit(call, :kill)
    end

    late
  end

  defp anonymize_on(content) do
    {:ok, _anonymized} = CoreBridge.anonymize_student(content)
    anonymize_on(content)
  end

  defp times(count, call) do
    for _ <- 1..count do
      start = now()
      {:ok, _answer} = call.()
      now() - start
    end
  end

  defp until_available, do: wait(fn -> match?({:ok, _}, CoreBridge.health_check()) end)

  defp wait(ready?) do
    unless ready?.() do
      Process.sleep(1)
      wait(ready?)
    end
  end

  defp line(what, times) do
    times = Enum.sort(times)
    at = fn share -> Enum.at(times, min(trunc(length(times) * share), length(times) - 1)) end
    IO.puts("#{String.pad_trailing(what, 52)} #{at.(0.5)}, #{at.(0.99)}  (n = #{length(times)})")
  end

  defp now, do: System.monotonic_time(:microsecond)
end

Logger.configure(level: :none)
AwapBackend.BridgeBench.run()
