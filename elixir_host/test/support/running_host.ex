defmodule AwapBackend.RunningHost do
  @moduledoc """
  A whole host in an operating-system process of its own, spoken to over HTTP: what a user runs.

  Each has its own data folder, port and database, so several can run side by side.
  """

  alias AwapBackend.JSON

  defstruct [:port, :os_pid, :url, :key, :data_dir, :env]

  @root Path.expand("../../..", __DIR__)

  @doc """
  Starts a host with `env` on top of what every test host has, and waits until it answers.

  `data_dir` (default: a new folder) may be one that an earlier host has used.
  """
  def start(env \\ %{}, data_dir \\ new_dir()) do
    port_number = free_port()

    env =
      Map.merge(
        %{
          # Built by scripts/test, for each way to call the core, beside what the tests themselves run on.
          "MIX_ENV" => "dev",
          "MIX_BUILD_PATH" =>
            Path.join(@root, "elixir_host/_build/end_to_end_#{env["AWAP_CORE_MODE"] || "port"}"),
          "PORT" => Integer.to_string(port_number),
          "AWAP_DATA_DIR" => data_dir,
          "AWAP_LOG_LEVEL" => "debug",
          "CORE_EXECUTABLE" => binary("awap-port"),
          "AWAP_STORE_EXECUTABLE" => binary("awap-store"),
          # The same key for all: equal pseudonyms make results comparable between configurations.
          "AWAP_PSEUDONYM_KEY" => String.duplicate("5a", 32)
        },
        env
      )

    log = Path.join(data_dir, "host.log")

    port =
      Port.open({:spawn_executable, "/bin/sh"}, [
        :binary,
        :exit_status,
        args: [
          "-c",
          "exec elixir --no-halt -S mix run --no-compile --no-deps-check >>\"$1\" 2>&1 </dev/null",
          "sh",
          log
        ],
        cd: Path.join(@root, "elixir_host"),
        env: for({name, value} <- env, do: {to_charlist(name), to_charlist(value)})
      ])

    {:os_pid, os_pid} = Port.info(port, :os_pid)
    url = "http://127.0.0.1:#{port_number}"
    host = %__MODULE__{port: port, os_pid: os_pid, url: url, data_dir: data_dir, env: env}
    wait_for_start(host, System.monotonic_time(:millisecond) + 60_000)
    %{host | key: File.read!(Path.join([data_dir, "secrets", "api_key"])) |> String.trim()}
  end

  @doc "Ends a host as an operator would, and waits until it is gone."
  def stop(host), do: signal(host, "TERM")

  @doc "Ends a host as a power cut would."
  def kill(host), do: signal(host, "KILL")

  @doc "The operating-system processes that the host has started, by name of program."
  def children(host, program) do
    {listing, 0} = System.cmd("ps", ["-eo", "pid=,ppid=,args="])

    table =
      for line <- String.split(listing, "\n", trim: true) do
        [pid, parent, command] = String.split(String.trim(line), ~r/\s+/, parts: 3)
        {String.to_integer(pid), String.to_integer(parent), command}
      end

    below(table, [host.os_pid])
    |> Enum.filter(fn {_pid, command} -> String.contains?(command, program) end)
    |> Enum.map(&elem(&1, 0))
  end

  defp below(_table, []), do: []

  defp below(table, parents) do
    found = for {pid, parent, command} <- table, parent in parents, do: {pid, command}
    found ++ below(table, Enum.map(found, &elem(&1, 0)))
  end

  @doc "GETs `path`; the answer is `{status, decoded body}`."
  def get(host, path), do: request(:get, {to_charlist(host.url <> path), headers(host)})

  @doc "POSTs `body` as JSON to `path`; the answer is `{status, decoded body}`."
  def post(host, path, body) do
    body = IO.iodata_to_binary(JSON.encode(body))
    request(:post, {to_charlist(host.url <> path), headers(host), ~c"application/json", body})
  end

  defp request(method, request) do
    case :httpc.request(method, request, [timeout: 30_000], body_format: :binary) do
      {:ok, {{_version, status, _reason}, _headers, body}} ->
        {:ok, decoded} = JSON.decode(body)
        {status, decoded}

      {:error, reason} ->
        {:error, reason}
    end
  end

  @doc "Waits until the TMA is completed or failed, and returns its row."
  def await(host, id, timeout_ms \\ 60_000) do
    deadline = System.monotonic_time(:millisecond) + timeout_ms
    await_until(host, id, deadline)
  end

  defp await_until(host, id, deadline) do
    case get(host, "/api/tmas/#{id}") do
      {200, %{"status" => status} = row} when status in ["completed", "failed"] ->
        row

      other ->
        if System.monotonic_time(:millisecond) > deadline do
          raise "TMA #{id} was not done in time; the last answer was #{inspect(other, limit: 5)}"
        end

        Process.sleep(50)
        await_until(host, id, deadline)
    end
  end

  @doc "The fixture TMAs as `{name, request, description}`, by name."
  def fixtures do
    for path <- Enum.sort(Path.wildcard(Path.join(@root, "fixtures/tmas/*/tma.json"))) do
      {:ok, tma} = JSON.decode(File.read!(path))
      folder = Path.dirname(path)
      document = File.read!(Path.join(folder, tma["file"]))

      request =
        tma
        |> Map.take(["assignment_id", "course_id", "student_id", "student"])
        |> Map.put("rubric", File.read!(Path.join([@root, "fixtures/rubrics", tma["rubric"]])))
        |> Map.put("content", %{
          "attachments" => [
            %{"filename" => tma["file"], "data_base64" => Base.encode64(document)}
          ]
        })

      {Path.basename(folder), request, tma}
    end
  end

  @doc "A new empty folder under the system's temporary one."
  def new_dir do
    dir = Path.join(System.tmp_dir!(), "awap-host-#{System.unique_integer([:positive])}-#{System.pid()}")
    File.mkdir_p!(dir)
    dir
  end

  @doc "The path of one of the project's programs, in the profile under test (`AWAP_PROFILE`)."
  def binary(name) do
    target = System.get_env("CARGO_TARGET_DIR") || Path.join(@root, "target")

    profile =
      case System.get_env("AWAP_PROFILE", "release") do
        "dev" -> "debug"
        other -> other
      end

    Path.join([target, profile, name])
  end

  defp headers(host), do: [{~c"authorization", to_charlist("Bearer #{host.key}")}]

  defp free_port do
    {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
    {:ok, number} = :inet.port(socket)
    :gen_tcp.close(socket)
    number
  end

  defp wait_for_start(host, deadline) do
    ready? =
      match?({200, _}, request(:get, {to_charlist(host.url <> "/api/health"), []})) and
        File.exists?(Path.join([host.data_dir, "secrets", "api_key"]))

    cond do
      ready? ->
        :ok

      exited?(host) or System.monotonic_time(:millisecond) > deadline ->
        raise "the host did not start; its log: " <> File.read!(Path.join(host.data_dir, "host.log"))

      true ->
        Process.sleep(100)
        wait_for_start(host, deadline)
    end
  end

  defp exited?(%{port: port}) do
    receive do
      {^port, {:exit_status, _}} -> true
    after
      0 -> false
    end
  end

  defp signal(host, name) do
    System.cmd("kill", ["-#{name}", Integer.to_string(host.os_pid)], stderr_to_stdout: true)

    receive do
      {port, {:exit_status, _}} when port == host.port -> :ok
    after
      30_000 -> raise "the host did not end within 30 s of SIG#{name}"
    end
  end
end
