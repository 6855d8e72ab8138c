# What a whole host bears, measured from outside: requests to its health, TMAs at the rate at which it marks them, and ten
# times that. `make bench-host` builds what it needs and runs this; the figures mean something on a machine that does
# nothing else, which is why the machine's load is printed first.
#
# From the environment: SECONDS_EACH (of each measurement), and a PostgreSQL by scripts/with-postgres.
Code.require_file("open_load.exs", __DIR__)

defmodule AwapBackend.HostBench do
  @moduledoc "The measurements of `make bench-host`."

  alias AwapBackend.{Memory, OpenLoad, Postgres, RunningHost, StoreAudit}

  @root Path.expand("../..", __DIR__)
  @connections 32
  # As many may wait; past it submissions are refused.
  @queue_limit 500
  @overload 10

  def run do
    machine()

    for database <- Postgres.databases() do
      IO.puts("\n── #{database}")
      host = start(database)

      try do
        measure(host, database)
      after
        RunningHost.remove(host)
        if database == :postgres, do: Postgres.drop_database(host.env["DATABASE_URL"])
      end
    end

    row("load of the machine at the end", load())
  end

  defp machine do
    row("date", Date.to_iso8601(Date.utc_today()))
    row("cores, all programs and the load generator on them", System.schedulers_online())
    row("Elixir, OTP", "#{System.version()}, #{System.otp_release()}")
    row("load of the machine at the start", load())
    if busy?(), do: IO.puts("  THIS MACHINE IS BUSY WITH SOMETHING ELSE: these figures are too low.")
  end

  defp load, do: File.read!("/proc/loadavg") |> String.split(" ") |> hd()
  defp busy?, do: String.to_float(load()) > 0.3 * System.schedulers_online()

  # As in production: the release builds, and no development settings.
  defp start(database) do
    folder = RunningHost.new_dir()

    url =
      if database == :postgres,
        do: Postgres.create_database(),
        else: "sqlite:" <> Path.join(folder, "awap.db")

    RunningHost.start(
      %{
        "MIX_ENV" => "prod",
        "MIX_BUILD_PATH" => Path.join(@root, "elixir_host/_build/prod"),
        "DATABASE_URL" => url,
        "SECRET_KEY_BASE" => String.duplicate("0123456789abcdef", 4),
        "MOODLE_BASE_URL" => "http://127.0.0.1:9",
        "MOODLE_CLIENT_ID" => "bench",
        "MOODLE_CLIENT_SECRET" => "bench",
        "AWAP_SEAL_KEY" => String.duplicate("a5", 32),
        "AWAP_QUEUE_LIMIT" => Integer.to_string(@queue_limit),
        "AWAP_RATE_LIMIT" => "100000000",
        "AWAP_LOG_LEVEL" => "info"
      },
      folder
    )
  end

  defp measure(host, database) do
    if database == :sqlite, do: health(host)
    rate = capacity(host)
    sustained = sustained(host, rate)
    overload = overload(host, rate)
    RunningHost.stop(host)

    accepted = for result <- [rate, sustained, overload], {id, _time} <- result.accepted, do: {id, :completed}
    found = StoreAudit.judge(host.env["DATABASE_URL"], host.env, accepted)
    row("accepted in all, completed", "#{length(accepted)}, #{found.completed}")
    row("lost, not ended exactly once", "#{length(found.lost)}, #{length(found.unended)}")
    row("events, chain valid", "#{found.verified["events"]}, #{found.verified["valid"]}")
    if found.lost != [] or found.unended != [], do: System.halt(1)
  end

  defp health(host) do
    url = host.url <> "/api/health"
    arguments = ["-t2", "-c#{@connections}", "-d#{seconds()}s", "--latency", url]
    # Once to warm up.
    System.cmd("wrk", ["-t2", "-c#{@connections}", "-d3s", url])
    before = cpu(host)
    {said, 0} = System.cmd("wrk", arguments)
    cpu = cpu(host) - before
    [rate] = Regex.run(~r/Requests\/sec:\s+([\d.]+)/, said, capture: :all_but_first)
    [requests] = Regex.run(~r/(\d+) requests in/, said, capture: :all_but_first)
    latency = fn share -> ~r/\s#{share}%\s+(\S+)/ |> Regex.run(said, capture: :all_but_first) |> hd() end
    heading("GET /api/health, wrk, #{@connections} connections, #{seconds()} s")
    row("requests a second", rate)
    row("p50, p99", "#{latency.(50)}, #{latency.(99)}")
    row("CPU of the VM a request", "#{rounded(cpu / String.to_integer(requests))} µs")
    row("answers other than 200", Regex.run(~r/Non-2xx.*: (\d+)/, said, capture: :all_but_first) || 0)
    row("socket errors", Regex.run(~r/Socket errors: (.*)/, said, capture: :all_but_first) || 0)
  end

  # Microseconds that the VM has been running on a core; the system counts hundredths of a second.
  defp cpu(host) do
    [_, fields] = "/proc/#{host.os_pid}/stat" |> File.read!() |> String.split(") ")
    [user, system] = fields |> String.split(" ") |> Enum.slice(11, 2) |> Enum.map(&String.to_integer/1)
    (user + system) * 10_000
  end

  # How fast it marks: a full queue, and how long it takes to be empty.
  defp capacity(host) do
    OpenLoad.run(host, 20, 3, 8)
    await_empty(host)
    started = now()
    result = OpenLoad.run(host, 10_000, (@queue_limit - 50) / 10_000, @connections)
    await_empty(host)
    rate = length(result.accepted) / ((now() - started) / 1_000)
    heading("POST /api/tmas, #{length(result.accepted)} at once")
    row("accepted a second", rounded(length(result.accepted) / result.seconds))
    row("marked a second", rounded(rate))
    Map.put(result, :rate, rate)
  end

  defp sustained(host, %{rate: rate}) do
    offered = rate * 0.9
    heading("POST /api/tmas at 0.9 of that rate, #{@connections} connections, #{4 * seconds()} s")
    memory("at the beginning", host)
    half = OpenLoad.run(host, offered, 2 * seconds(), @connections)
    memory("half-way", host)
    other = OpenLoad.run(host, offered, 2 * seconds(), @connections)
    waiting = waiting(host)
    memory("at the end", host)
    result = %{half | accepted: half.accepted ++ other.accepted, refused: half.refused ++ other.refused}

    answers(%{
      result
      | other: Map.merge(half.other, other.other, fn _, a, b -> a + b end),
        seconds: half.seconds + other.seconds
    })

    row("waiting at the end", waiting)
    await_empty(host)
    result
  end

  defp overload(host, %{rate: rate}) do
    offered = rate * @overload
    heading("POST /api/tmas at #{@overload} times the rate, #{2 * @connections} connections, #{seconds()} s")
    result = OpenLoad.run(host, offered, seconds(), 2 * @connections)
    answers(result)
    row("503 without Retry-After", result.without_retry_after)

    if result.refused == [],
      do: IO.puts("  The queue was never full: the machine could not send as much as was meant.")

    ended = now()
    await_empty(host)
    row("until the queue was empty again", "#{rounded((now() - ended) / 1_000)} s")
    memory("afterwards", host)
    {id, _} = hd(OpenLoad.run(host, 1, 1, 1).accepted)
    after_ = now()
    RunningHost.await(host, id)
    row("the next TMA is marked in", "#{now() - after_} ms after its 201")
    result
  end

  defp answers(result) do
    times = for {_id, time} <- result.accepted, do: time
    row("offered a second", rounded(result.offered))
    row("accepted a second", rounded(length(times) / result.seconds))

    row(
      "accepted: p50, p99",
      "#{rounded(OpenLoad.percentile(times, 0.5))} ms, #{rounded(OpenLoad.percentile(times, 0.99))} ms"
    )

    row("refused with 503", length(result.refused))

    row(
      "refused: p50, p99",
      "#{rounded(OpenLoad.percentile(result.refused, 0.5))} ms, #{rounded(OpenLoad.percentile(result.refused, 0.99))} ms"
    )

    row("anything else", if(result.other == %{}, do: 0, else: inspect(result.other)))
  end

  defp memory(moment, host) do
    %{beam: beam, rss: rss} = Memory.sample(host)
    of = fn name -> Memory.mebibytes(rss[name] || 0) end

    row(
      "memory #{moment}: VM's own; resident: VM, ports, store",
      "#{Memory.mebibytes(beam)}; #{of.("beam.smp")}, #{of.("awap-port")}, #{of.("awap-store")}"
    )
  end

  defp waiting(host) do
    {:ok, %{"pending" => pending, "processing" => processing}} = RunningHost.control(host, :tmas)
    pending + processing
  end

  defp await_empty(host) do
    if waiting(host) > 0, do: Process.sleep(20) && await_empty(host)
  end

  defp seconds, do: "SECONDS_EACH" |> System.get_env("15") |> String.to_integer()
  defp now, do: System.monotonic_time(:millisecond)
  defp rounded(number), do: :erlang.float_to_binary(number / 1, decimals: 1)
  defp heading(text), do: IO.puts("\n#{text}")
  defp row(what, figure), do: IO.puts("  #{String.pad_trailing(what, 58)} #{figure}")
end

AwapBackend.HostBench.run()
