defmodule AwapBackend.RunningHost do
  @moduledoc """
  A whole host in an operating-system process of its own, spoken to over HTTP: what a user runs.

  Each has its own data folder, port and database unless it is told to share one, so several can run side by side. Whatever
  it starts is known by a variable in its environment, however it came to be an orphan: see `processes/1`.
  """

  alias AwapBackend.{HTTPClient, JSON, OSProcess}

  defstruct [:number, :control, :port, :os_pid, :url, :key, :data_dir, :env, :run, :command, restarts: 0]

  @type t :: %__MODULE__{}

  @root Path.expand("../../..", __DIR__)
  @start_ms 120_000
  # Run by a shell that writes it to the log; `exec` makes the process that we know the VM itself.
  @command "exec elixir --no-halt -S mix run --no-compile --no-deps-check test/support/host_control.exs"

  @doc """
  Starts a host with `env` on top of what every test host has, and waits until it answers.

  `data_dir` (default: a new folder) may be one that an earlier host has used. `command` is a line of shell that runs
  another host than the project's own, such as a release.
  """
  @spec start(map, Path.t(), String.t()) :: t
  def start(env \\ %{}, data_dir \\ new_dir(), command \\ @command) do
    host = %__MODULE__{
      number: free_port(),
      control: free_port(),
      data_dir: data_dir,
      command: command,
      run: "#{System.pid()}-#{System.unique_integer([:positive])}"
    }

    host = %{host | url: "http://127.0.0.1:#{host.number}", env: Map.merge(defaults(host, env), env)}
    host = launch(host)
    wait_for_start(host, System.monotonic_time(:millisecond) + @start_ms)
    %{host | key: File.read!(Path.join([data_dir, "secrets", "api_key"])) |> String.trim()}
  end

  @doc "Starts a host that was ended again, on the same folder and ports; does not wait until it answers."
  @spec relaunch(t) :: t
  def relaunch(host), do: launch(%{host | restarts: host.restarts + 1})

  defp defaults(host, env) do
    %{
      # Built by scripts/test, for each way to call the core, beside what the tests themselves run on.
      "MIX_ENV" => "dev",
      "MIX_BUILD_PATH" =>
        Path.join(@root, "elixir_host/_build/end_to_end_#{env["AWAP_CORE_MODE"] || "port"}"),
      "PORT" => Integer.to_string(host.number),
      "AWAP_TEST_CONTROL_PORT" => Integer.to_string(host.control),
      "AWAP_TEST_RUN" => host.run,
      "AWAP_DATA_DIR" => host.data_dir,
      "AWAP_LOG_LEVEL" => "debug",
      "CORE_EXECUTABLE" => binary("awap-port"),
      "AWAP_STORE_EXECUTABLE" => binary("awap-store"),
      # The same key for all: equal pseudonyms make results comparable between configurations.
      "AWAP_PSEUDONYM_KEY" => String.duplicate("5a", 32)
    }
  end

  defp launch(host) do
    port =
      Port.open({:spawn_executable, "/bin/sh"}, [
        :binary,
        :exit_status,
        args: ["-c", "exec >>\"$1\" 2>&1 </dev/null; " <> host.command, "sh", log(host)],
        cd: Path.join(@root, "elixir_host"),
        env: for({name, value} <- host.env, do: {to_charlist(name), to_charlist(value)})
      ])

    {:os_pid, os_pid} = Port.info(port, :os_pid)
    %{host | port: port, os_pid: os_pid}
  end

  @doc "Where the host's log is."
  @spec log(t) :: Path.t()
  def log(host), do: Path.join(host.data_dir, "host.log")

  @doc "Ends a host as an operator would, and waits until it is gone; the status it ended with."
  @spec stop(t) :: non_neg_integer
  def stop(host) do
    signal(host, "TERM")
    ended(host)
  end

  @doc "Ends a host as a power cut would."
  @spec kill(t) :: :ok
  def kill(host) do
    signal(host, "KILL")
    ended(host)
    :ok
  end

  @doc "Ends whatever is left of a host, and removes its folder: for `on_exit`."
  @spec remove(t) :: :ok
  def remove(host) do
    for {pid, _program} <- processes(host), do: pid |> OSProcess.identify() |> OSProcess.kill()
    File.rm_rf!(host.data_dir)
    :ok
  end

  @doc """
  The processes of the operating system that belong to a host, with the names of their programs: the VM, and all that it
  or an earlier VM of this host has started and that still runs.
  """
  @spec processes(t) :: [{pos_integer, String.t()}]
  def processes(%{run: run}) do
    mark = "AWAP_TEST_RUN=#{run}\0"

    for path <- Path.wildcard("/proc/[0-9]*/environ"),
        # Another's process, or one that has just ended, cannot be read.
        {:ok, environment} <- [File.read(path)],
        String.contains?(environment <> "\0", mark),
        pid = path |> Path.dirname() |> Path.basename() |> String.to_integer(),
        {:ok, name} <- [File.read("/proc/#{pid}/comm")],
        do: {pid, String.trim(name)}
  end

  @doc "The operating-system processes that the host has started, by name of program."
  @spec children(t, String.t()) :: [pos_integer]
  def children(host, program), do: for({pid, name} <- processes(host), name =~ program, do: pid)

  @doc """
  Calls a function of `test/support/host_control.exs` within the host: `{:ok, result}`, or `:error` where the host is not
  there or goes away meanwhile.
  """
  @spec control(t, atom, list) :: {:ok, term} | :error
  def control(host, function, arguments \\ []) do
    with {:ok, socket} <-
           :gen_tcp.connect({127, 0, 0, 1}, host.control, [:binary, packet: 4, active: false], 1_000),
         :ok <- :gen_tcp.send(socket, :erlang.term_to_binary({function, arguments})),
         {:ok, answer} <- :gen_tcp.recv(socket, 0, 10_000) do
      :gen_tcp.close(socket)
      {:ok, :erlang.binary_to_term(answer)}
    else
      {:error, _reason} -> :error
    end
  end

  @doc "GETs `path`; the answer is `{status, decoded body}`."
  @spec get(t, String.t()) :: {pos_integer, term} | {:error, term}
  def get(host, path), do: request(host, "GET", path, headers(host))

  @doc "POSTs `body` as JSON to `path`; the answer is `{status, decoded body}`."
  @spec post(t, String.t(), term) :: {pos_integer, term} | {:error, term}
  def post(host, path, body) do
    headers = [{"content-type", "application/json"} | headers(host)]
    request(host, "POST", path, headers, IO.iodata_to_binary(JSON.encode(body)))
  end

  defp request(host, method, path, headers, body \\ "") do
    headers = [{"connection", "close"} | headers]

    case HTTPClient.request(HTTPClient.new(host.number), method, path, headers, body) do
      {:ok, answer, _client} -> {answer.status, HTTPClient.json(answer)}
      {:error, reason, _client} -> {:error, reason}
    end
  end

  @doc "Waits until the TMA is completed or failed, and returns its row."
  @spec await(t, String.t(), timeout) :: map
  def await(host, id, timeout_ms \\ 240_000) do
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

  @doc "A new empty folder under the system's temporary one."
  @spec new_dir() :: Path.t()
  def new_dir do
    dir = Path.join(System.tmp_dir!(), "awap-host-#{System.unique_integer([:positive])}-#{System.pid()}")
    File.mkdir_p!(dir)
    dir
  end

  @doc "The path of one of the project's programs, in the profile under test (`AWAP_PROFILE`)."
  @spec binary(String.t()) :: Path.t()
  def binary(name) do
    target = System.get_env("CARGO_TARGET_DIR") || Path.join(@root, "target")

    profile =
      case System.get_env("AWAP_PROFILE", "release") do
        "dev" -> "debug"
        other -> other
      end

    Path.join([target, profile, name])
  end

  @doc "The headers of a request by the host's first administrator."
  @spec headers(t) :: [{String.t(), String.t()}]
  def headers(%{key: nil}), do: []
  def headers(host), do: [{"authorization", "Bearer " <> host.key}]

  defp free_port do
    {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
    {:ok, number} = :inet.port(socket)
    :gen_tcp.close(socket)
    number
  end

  @doc "Whether the host answers that it can serve."
  @spec serves?(t) :: boolean
  def serves?(host), do: match?({200, _}, request(host, "GET", "/api/health", []))

  defp wait_for_start(host, deadline) do
    ready? = serves?(host) and File.exists?(Path.join([host.data_dir, "secrets", "api_key"]))

    cond do
      ready? ->
        :ok

      exited?(host) or System.monotonic_time(:millisecond) > deadline ->
        raise "the host did not start; its log: " <> File.read!(log(host))

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

  @doc "Sends the host a signal, and does not wait for what it does."
  @spec signal(t, String.t()) :: :ok
  def signal(host, name) do
    System.cmd("kill", ["-#{name}", Integer.to_string(host.os_pid)], stderr_to_stdout: true)
    :ok
  end

  @doc "Waits until the host has ended; the status it ended with."
  @spec ended(t) :: non_neg_integer
  def ended(host) do
    receive do
      {port, {:exit_status, status}} when port == host.port -> status
    after
      90_000 -> raise "the host did not end within 90 s"
    end
  end
end
