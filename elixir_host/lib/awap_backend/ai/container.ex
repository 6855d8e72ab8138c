defmodule AwapBackend.AI.Container do
  @moduledoc """
  One AI container, kept running: no network, no disk, little memory, no privileges.

  Runs `podman run` and owns its pipes through an `AwapBackend.PortClient`, which sees to deadlines and to what is no answer.
  Whatever ends the container (its own end, a kill, a hang, a ping that is not answered), what Podman still has of it is
  removed, by name, before another takes its place: a hung container outlives its pipes. The name is that of its place in the
  pool, so that even what a killed host has left is replaced. A container that never became
  ready is tried again after growing pauses; one that was ready is replaced at once, unless it keeps ending.

  The manager is told, as `{:container, self(), what}`: `{:up, client, facts}` when it is ready (`facts` has its `:model`, or the
  `:reason` why it has none, and the `:digest` of its image), `:down` when it no longer is and is being replaced, `:failing` when
  one has ended that never was ready.
  """

  use GenServer, shutdown: 10_000

  alias AwapBackend.{Config, OSProcess, PortClient, Telemetry}
  alias AwapBackend.AI.Podman

  require Logger

  @first_pause_ms 250
  @longest_pause_ms 30_000
  # A model of some gigabytes takes its time to load from a slow disk.
  @loading_ms 600_000
  @loading_pause_ms 500
  @ping_ms 5_000
  # Some comments and scores.
  @max_answer_bytes 1_048_576
  @max_request_bytes 16 * 1_048_576
  # Ready for so long, it is held to be well.
  @well_after_ms 10_000
  # Ends soon after it was ready that are put down to chance.
  @chances 3
  @max_reason 300

  defstruct [
    :manager,
    :options,
    :name,
    :client,
    :inmate,
    :since,
    :ready_at,
    :digest,
    :pinging,
    :cleaning,
    ready?: false,
    removed?: false,
    failures: 0,
    short_lives: 0
  ]

  @doc """
  Starts a container and keeps it running.

  Options: `:manager` (who is told), `:slot` (its place in the pool, from 1), `:image`, `:runtime` and
  `:extra` as in `arguments/2`; `:model`, by default the configured one; `:ping_ms`, the time between pings and that an answer
  may take (#{@ping_ms}).
  """
  @spec start_link(keyword) :: GenServer.on_start()
  def start_link(options), do: GenServer.start_link(__MODULE__, options)

  @doc "Ends the container as it is now, with what it is doing, and has another take its place."
  @spec replace(pid) :: :ok
  def replace(container), do: GenServer.cast(container, :replace)

  @doc """
  Arguments of `podman` for a container of this name.

  Options: `:image` (required), `:label`, `:runtime` (Podman's own choice), `:extra` (further arguments, which some machines
  need), `:model` (a file, seen read-only as `/model/model.gguf`), `:pidfile` (where Podman notes the process id of what runs in there).
  """
  @spec arguments(String.t(), keyword) :: [String.t()]
  def arguments(name, options) do
    runtime = if runtime = options[:runtime], do: ["--runtime", runtime], else: []
    label = if label = options[:label], do: ["--label", label], else: []
    pidfile = if pidfile = options[:pidfile], do: ["--pidfile", pidfile], else: []
    model = if model = options[:model], do: ["--volume", model <> ":/model/model.gguf:ro"], else: []

    # Not `--rm`: whether a container that is gone ran out of memory, nobody could tell. Whatever an image asks for that would be
    # a place to write (volumes, /run, /var/tmp, /dev/shm) it does not get, nor Podman's own passing on of proxies' passwords.
    [
      "run",
      "--interactive",
      "--attach",
      "stdin",
      "--attach",
      "stdout",
      "--replace",
      "--stop-timeout",
      "0",
      "--name",
      name
    ] ++
      ["--log-driver", "none", "--pull", "never"] ++
      label ++
      pidfile ++
      runtime ++
      ["--network", "none", "--memory", "2g", "--memory-swap", "2g", "--cpus", "1.0", "--pids-limit", "64"] ++
      [
        "--read-only",
        "--read-only-tmpfs=false",
        "--image-volume",
        "ignore",
        "--ipc",
        "none",
        "--http-proxy=false"
      ] ++
      ["--tmpfs", "/tmp:rw,size=64m,mode=1777,noexec,nosuid,nodev"] ++
      ["--security-opt", "no-new-privileges", "--cap-drop", "all", "--user", "65534:65534"] ++
      model ++ (options[:extra] || []) ++ [Keyword.fetch!(options, :image)]
  end

  @impl true
  def init(options) do
    Process.flag(:trap_exit, true)
    Logger.metadata(component: :ai)

    options = Keyword.merge([model: Config.get(:ai_model), ping_ms: @ping_ms], options)
    {:ok, %__MODULE__{manager: Keyword.fetch!(options, :manager), options: options}, {:continue, :open}}
  end

  @impl true
  def handle_continue(:open, state), do: {:noreply, open(state)}

  @impl true
  def handle_cast(:replace, %{name: nil} = state), do: {:noreply, state}

  # The end of its process is noticed as any other.
  def handle_cast(:replace, state), do: {:noreply, give_up(state)}

  @impl true
  def handle_info(:open, state), do: {:noreply, open(state)}

  # One that works on a request need not answer anything else meanwhile: the request has a deadline of its own.
  def handle_info({:ping, client}, %{client: client, pinging: nil} = state) when client != nil do
    if PortClient.status(client).in_flight > 0 do
      Process.send_after(self(), {:ping, client}, state.options[:ping_ms])
      {:noreply, state}
    else
      {:noreply, ping(state)}
    end
  end

  def handle_info({ref, answer}, %{pinging: %Task{ref: ref}} = state) do
    Process.demonitor(ref, [:flush])
    {:noreply, pinged(answer, %{state | pinging: nil})}
  end

  def handle_info({ref, how}, %{cleaning: %Task{ref: ref}} = state) do
    Process.demonitor(ref, [:flush])
    {:noreply, cleaned(how, %{state | cleaning: nil})}
  end

  def handle_info({:EXIT, client, reason}, %{client: client} = state) when is_pid(client) do
    killed_by_us = match?({:shutdown, {:ended, how}} when how in [:hung, :garbage], reason)
    {:noreply, ended(state, state.removed? or killed_by_us)}
  end

  def handle_info({:EXIT, manager, reason}, %{manager: manager} = state), do: {:stop, reason, state}

  # A ping or a cleaning that crashed: the first is as good as unanswered, after the second there is nothing to wait for.
  def handle_info({:DOWN, ref, :process, _pid, _reason}, %{pinging: %Task{ref: ref}} = state),
    do: {:noreply, pinged({:error, %{"code" => "internal"}}, %{state | pinging: nil})}

  def handle_info({:DOWN, ref, :process, _pid, _reason}, %{cleaning: %Task{ref: ref}} = state),
    do: {:noreply, cleaned(:unknown, %{state | cleaning: nil})}

  def handle_info(_message, state), do: {:noreply, state}

  @impl true
  def terminate(_reason, %{name: nil}), do: :ok
  def terminate(_reason, %{name: name}), do: Podman.remove(name)

  # A name may come to mean another image: what runs is the one that is told of.
  defp open(state) do
    name = "awap-ai-#{Podman.instance()}-#{state.options[:slot]}"

    with {:ok, image, digest} <- Podman.image(state.options[:image]),
         :ok <- File.mkdir_p(Path.dirname(Podman.pidfile(name))) do
      run(%{state | name: name, digest: digest}, image)
    else
      {:error, _reason} ->
        state = %{state | failures: state.failures + 1}
        send(state.manager, {:container, self(), :failing})
        Process.send_after(self(), :open, pause(state.failures))
        state
    end
  end

  defp run(%{name: name} = state, image) do
    pidfile = Podman.pidfile(name)
    File.rm(pidfile)
    options = [label: Podman.label(), pidfile: pidfile] ++ Keyword.put(state.options, :image, image)
    arguments = arguments(name, options)

    {:ok, client} =
      PortClient.start_link(
        component: :ai,
        title: "podman",
        # What is written to stderr in there would end among our log's lines, as much of it as it likes.
        program: "/bin/sh",
        args: ["-c", ~S(exec "$0" "$@" 2>/dev/null), Podman.executable() | arguments],
        env: Config.hidden_from_children(),
        restart: false,
        grace_ms: 500,
        max_in_flight: 4,
        max_request_bytes: @max_request_bytes,
        max_answer_bytes: @max_answer_bytes,
        max_bytes_in_flight: 64 * 1_048_576,
        # Podman takes a good part of a second to remove it. Meanwhile one that writes without end, and whose output nobody
        # takes any more, has the machine busy throwing it away: it goes while it still stands at a full pipe.
        before_kill: fn -> OSProcess.kill(inmate(name)) end,
        telemetry: {[:awap_backend, :ai, :call], %{}}
      )

    ping(%{state | client: client, since: now(), ready_at: nil, removed?: false})
  end

  # Asked in a task: the answer may take as long as a ping may take.
  defp ping(%{client: client, options: options} = state) do
    time = if state.ready?, do: options[:ping_ms], else: max(options[:ping_ms], 10_000)
    %{state | pinging: Task.async(fn -> PortClient.call(client, "ping", %{}, time) end)}
  end

  defp pinged({:ok, %{"status" => status} = answer}, %{client: client} = state)
       when is_pid(client) and status in ["ready", "no_model"] do
    Process.send_after(self(), {:ping, client}, state.options[:ping_ms])

    if state.ready? do
      state
    else
      facts = %{model: answer["model"], reason: printable(answer["reason"]), digest: state.digest}
      send(state.manager, {:container, self(), {:up, client, facts}})
      metadata = %{state: :up, reason: nil}

      Telemetry.execute(
        [:awap_backend, :ai, :container],
        %{duration: (now() - state.since) * 1_000},
        metadata
      )

      %{state | ready?: true, ready_at: now(), inmate: inmate(state.name)}
    end
  end

  # Its process ended already.
  defp pinged(_answer, %{client: nil} = state), do: state
  defp pinged({:ok, %{"status" => "loading"}}, state), do: wait_on(state)

  # Its process has been told to end.
  defp pinged({:error, %{"details" => %{"reason" => reason}}}, state)
       when reason in ["hung", "process_exit", "not_running"],
       do: state

  # What it says itself, as one does that has much to load.
  defp pinged({:error, %{"code" => code}}, %{ready?: false} = state) when code in ["timeout", "unavailable"],
    do: wait_on(state)

  # It speaks, but not as it should.
  defp pinged(_answer, state), do: give_up(state)

  defp wait_on(state) do
    if now() - state.since > @loading_ms do
      give_up(state)
    else
      Process.send_after(self(), {:ping, state.client}, @loading_pause_ms)
      state
    end
  end

  # It was said before any text was sent, by a program that is not trusted.
  defp printable(reason) when is_binary(reason) do
    if String.printable?(reason), do: reason |> String.replace(~r/\s+/, " ") |> String.slice(0, @max_reason)
  end

  defp printable(_reason), do: nil

  defp give_up(%{name: name, inmate: inmate} = state) do
    Task.start(fn ->
      OSProcess.kill(inmate || inmate(name))
      Podman.remove(name)
    end)

    said_down(%{state | removed?: true})
  end

  defp ended(%{name: name, inmate: inmate} = state, killed_by_us) do
    # What has run is replaced at once, what does not start or soon ends is not tried in a hurry.
    state = state |> said_down() |> counted()

    cleaning =
      Task.async(fn ->
        # What Podman has left: that its own process ended does not end what is in there.
        left = inmate || inmate(name)
        killed_by_us = killed_by_us or (left != nil and OSProcess.alive?(left))
        OSProcess.kill(left)
        how = Podman.end_of(name)
        Podman.remove(name)
        # Where cgroups do not tell Podman of it: nobody else kills what is in there.
        if how == {:status, "137"} and not killed_by_us, do: :killed, else: how
      end)

    %{state | client: nil, inmate: nil, cleaning: cleaning}
  end

  defp counted(%{ready_at: nil} = state), do: %{state | failures: state.failures + 1}

  defp counted(state) do
    well? = now() - state.ready_at > @well_after_ms
    short_lives = if well?, do: 0, else: state.short_lives + 1
    # One that we put an end to says nothing of itself.
    %{state | failures: 0, short_lives: if(state.removed?, do: state.short_lives, else: short_lives)}
  end

  # What runs in there, as this machine knows it: nil where it ended, or where the id is another's by now, which has no
  # process namespace of its own.
  defp inmate(name) do
    with {:ok, pid} <- File.read(Podman.pidfile(name)),
         {pid, ""} <- pid |> String.trim() |> Integer.parse(),
         {:ok, status} <- File.read("/proc/#{pid}/status"),
         true <- status =~ ~r/^NSpid:\s+\d+\s+1$/m do
      OSProcess.identify(pid)
    else
      _gone -> nil
    end
  end

  defp cleaned(how, state) do
    if state.failures > 0, do: send(state.manager, {:container, self(), :failing})
    pause = pause(max(state.failures, state.short_lives - @chances))

    Logger.warning("An AI container ended (#{reason(how)}); another is started in #{pause} ms")

    Telemetry.execute([:awap_backend, :ai, :container], %{duration: (now() - state.since) * 1_000}, %{
      state: :down,
      reason: how
    })

    Process.send_after(self(), :open, pause)
    %{state | name: nil, since: nil}
  end

  defp said_down(%{ready?: true} = state) do
    send(state.manager, {:container, self(), :down})
    %{state | ready?: false}
  end

  defp said_down(state), do: state

  defp pause(failures) when failures <= 0, do: 0
  defp pause(failures), do: min(@first_pause_ms * Integer.pow(2, min(failures, 20)), @longest_pause_ms)

  defp reason(:out_of_memory), do: "it ran out of memory"
  defp reason(:killed), do: "it was killed, most likely for taking more memory than it may"
  defp reason({:status, status}), do: "status #{status}"
  defp reason(:unknown), do: "nothing is known of its end"

  defp now, do: System.monotonic_time(:millisecond)

  def format_status(status), do: status |> Map.replace(:message, :hidden) |> Map.replace(:log, [])
end
