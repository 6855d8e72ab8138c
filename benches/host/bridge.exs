# What the Core Bridge costs from Elixir: a call with next to no work in it and one that anonymizes, by size, by Port and NIF.
# `make bench-bridge` builds what it needs and runs this; the figures mean something on a machine that does nothing else,
# which is why the machine's load is printed first.
defmodule AwapBackend.BridgeBench do
  @moduledoc "The measurements of `make bench-bridge`."

  alias AwapBackend.CoreBridge

  @sizes [{"100 B", 100}, {"20 KB", 20 * 1024}, {"2 MB", 2 * 1024 * 1024}]
  @sentence "A linear search checks each item in turn, and a binary search halves the list each time.\n"

  def run do
    {:ok, load} = File.read("/proc/loadavg")

    IO.puts(
      "#{System.schedulers_online()} schedulers, load #{load |> String.split() |> hd()}; microseconds: p50, p99"
    )

    for mode <- [:port, :nif], do: measured(mode)
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

    Supervisor.stop(bridge)
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
    IO.puts("#{String.pad_trailing(what, 46)} #{at.(0.5)}, #{at.(0.99)}  (n = #{length(times)})")
  end

  defp now, do: System.monotonic_time(:microsecond)
end

Logger.configure(level: :none)
AwapBackend.BridgeBench.run()
