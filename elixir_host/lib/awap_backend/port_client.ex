defmodule AwapBackend.PortClient do
  @moduledoc """
  Owns one external process that speaks the Core Bridge's envelope over `{:packet, 4}`, and keeps it running.

  Many calls may be in flight; answers come in any order and are matched by `request_id`. Every call is answered: with
  the process's answer, with `timeout` when its time is up, or with `unavailable` when the process dies, is not running,
  or has more in flight than it may.

  A process that has not answered a little past a call's time (it was told the time too) is held to hang, and is killed.
  So is one that writes what is not an answer. After its end it is started again, at first at once, then after longer and
  longer waits; this process, and the tree above it, stay up meanwhile.

  ## Options

    * `:name` - name to register
    * `:component` - what it is called in logs and telemetry, such as `:store`
    * `:program` - path of the executable, or nil: then every call answers `unavailable`
    * `:args`, `:env` - of the process; `env` holds `{name, value}`, the value nil for a variable it must not see
    * `:grace_ms` - how long past its time a call may be answered before the process is held to hang (2,000)
    * `:start_ms` - how long it may take, from its start, to answer for the first time: until then a call whose time is up is answered
      `timeout`, the process is left alone, and beside one small call at a time others are refused as `unavailable`, both with the
      reason `starting` (0: what does not answer in time is held to hang from the first)
    * `:max_in_flight`, `:max_bytes_in_flight` - bounds of what may wait (1,000 calls, 256 MiB)
    * `:backoff_ms` - first and longest wait before a restart (`{100, 10_000}`); a process that was well is started again
      at once, and waits double only while it keeps ending
    * `:max_request_bytes` - what the process takes as one request: a longer one is refused here with `limit_exceeded`,
      since the process passes over it without knowing whose it is
    * `:max_answer_bytes` - for a process that is not trusted: what announces a longer answer is killed before it is read
    * `:before_kill` - called before its pipes are closed, where it hangs or writes what is no answer: for a process that
      stands between this one and what has to be killed
    * `:title` - what it is called in logs (the program's own name)
    * `:restart` - false: it is not started again, and this process ends with `{:shutdown, {:ended, how}}` (true)
    * `:load` - `{atomics, index}`: where to note how many calls are in flight (a large number while down)
    * `:prove` - a command that the process has to answer before its load is noted as that of one that is up, so that
      one which ends as soon as it starts is never held to be of use
    * `:telemetry` - `{event, metadata}` of a call
  """

  use GenServer, shutdown: 10_000

  alias AwapBackend.{JSON, OSProcess, Telemetry}
  alias AwapBackend.PortClient.Frames

  require Logger

  # What is noted as load while the process is down.
  @down 1_000_000
  # Running this long, the process is held to be well: the next wait is the shortest again.
  @well_after_ms 10_000
  # Answers to nothing that was asked, past which the process is held to be out of its mind. Late answers to calls that
  # timed out are such too, so a few are in order.
  @max_unknown 1_000
  @stop_ms 3_000
  # How long a process may take to answer its first command.
  @prove_ms 10_000
  # Bytes of a call by which one may ask whether it has started: what is written waits for it in memory.
  @small 4_096
  @proof "proof"

  @type error :: %{required(String.t()) => term}
  @type server :: GenServer.server()

  defstruct [
    :options,
    :port,
    :process,
    :writer,
    :opened_at,
    :last_exit,
    :retry,
    pending: %{},
    bytes: 0,
    failures: 0,
    restarts: 0,
    unknown: 0,
    proven: true,
    spoken: false,
    # Calls whose time was up while it started: their answers come late.
    late: MapSet.new(),
    buffer: ""
  ]

  @doc "Starts the owner, which starts its process at once."
  @spec start_link(keyword) :: GenServer.on_start()
  def start_link(options), do: GenServer.start_link(__MODULE__, options, Keyword.take(options, [:name]))

  @doc """
  Sends one command and waits for its answer, at most `timeout` milliseconds (and the grace).

  An error always has `"code"`, `"message"` and `"details"`.
  """
  @spec call(server, String.t(), map, pos_integer) :: {:ok, map} | {:error, error}
  def call(server, command, data, timeout) do
    id = Integer.to_string(System.unique_integer([:positive]))

    # Encoded here, so that the owner does not spend its time on the sizes of others' requests.
    frame = JSON.encode(%{"request_id" => id, "command" => command, "timeout_ms" => timeout, "data" => data})
    GenServer.call(server, {:request, id, command, frame, IO.iodata_length(frame), timeout}, :infinity)
  catch
    :exit, _reason ->
      error("unavailable", "The process that was to answer is not there; it is being started again.")
  end

  @doc "What state the process is in: `:up` or `:down`, its id, calls in flight, restarts, how it last ended."
  @spec status(server) :: %{
          state: :up | :down,
          os_pid: pos_integer | nil,
          in_flight: non_neg_integer,
          restarts: non_neg_integer,
          last_exit: term
        }
  def status(server) do
    GenServer.call(server, :status, 1_000)
  catch
    :exit, _reason -> %{state: :down, os_pid: nil, in_flight: 0, restarts: 0, last_exit: nil}
  end

  @doc "An error in the Core Bridge's form."
  @spec error(String.t(), String.t(), map) :: {:error, error}
  def error(code, message, details \\ %{}) do
    {:error, %{"code" => code, "message" => message, "details" => details}}
  end

  @impl true
  def init(options) do
    # The port's end must not be ours (an :epipe ends an owner that does not trap exits).
    Process.flag(:trap_exit, true)

    defaults = [
      component: :process,
      args: [],
      env: [],
      grace_ms: 2_000,
      start_ms: 0,
      max_in_flight: 1_000,
      max_bytes_in_flight: 256 * 1024 * 1024,
      backoff_ms: {100, 10_000},
      restart: true
    ]

    options = defaults |> Keyword.merge(options) |> Map.new()
    Logger.metadata(component: options.component)
    state = %__MODULE__{options: options}
    note_load(state)
    {:ok, state, {:continue, :open}}
  end

  @impl true
  def handle_continue(:open, state), do: {:noreply, open(state)}

  @impl true
  def handle_call(
        {:request, _id, _command, _frame, size, _timeout},
        _from,
        %{options: %{max_request_bytes: most}} = state
      )
      when size > most do
    message = "This input passes the limit “request_bytes” (#{most})."
    {:reply, error("limit_exceeded", message, %{"limit" => "request_bytes", "allowed" => most}), state}
  end

  def handle_call({:request, _id, _command, _frame, _size, _timeout}, _from, %{port: nil} = state) do
    {:reply, not_running(state), state}
  end

  def handle_call({:request, id, command, frame, size, timeout}, from, state) do
    %{max_in_flight: most, max_bytes_in_flight: most_bytes} = state.options
    waits? = slow_to_start?(state) and (state.pending != %{} or size > @small)

    if waits? do
      {:reply, starting("unavailable", state), state}
    else
      request({id, command, frame, size, timeout}, from, {most, most_bytes}, state)
    end
  end

  def handle_call(:status, _from, state) do
    status = %{
      state: if(state.port, do: :up, else: :down),
      os_pid: state.process && state.process.pid,
      in_flight: map_size(state.pending),
      restarts: state.restarts,
      last_exit: state.last_exit
    }

    {:reply, status, state}
  end

  defp request({id, command, frame, size, timeout}, from, {most, most_bytes}, state) do
    if map_size(state.pending) >= most or (state.bytes + size > most_bytes and state.pending != %{}) do
      {:reply,
       error("unavailable", "Too many requests are in flight; try again shortly.", %{"reason" => "overload"}),
       state}
    else
      send(state.writer, {:write, frame})
      state = sent(state, id, from, command, size, timeout)
      note_load(state)
      {:noreply, state}
    end
  end

  @impl true
  def handle_info({port, {:data, bytes}}, %{port: port, options: %{max_answer_bytes: most}} = state) do
    case Frames.split(state.buffer <> bytes, most) do
      {:ok, frames, rest} -> {:noreply, received_all(frames, %{state | buffer: rest})}
      :too_long -> {:noreply, down(:garbage, state)}
    end
  end

  def handle_info({port, {:data, bytes}}, %{port: port} = state), do: {:noreply, received(bytes, state)}

  def handle_info({port, {:exit_status, status}}, %{port: port} = state),
    do: {:noreply, down({:status, status}, state)}

  def handle_info({:EXIT, port, reason}, %{port: port} = state), do: {:noreply, down({:port, reason}, state)}

  # A process that was told the time and has not answered hangs; whatever else it was doing is lost with it.
  def handle_info({:deadline, id}, state) do
    case Map.fetch(state.pending, id) do
      {:ok, entry} ->
        if starting?(state) do
          state = %{state | late: MapSet.put(state.late, id)}
          {:noreply, answer(state, id, starting("timeout", state))}
        else
          message = "“#{entry.command}” did not finish in the time it was given."
          state = answer(state, id, error("timeout", message, %{"reason" => "hung"}))
          {:noreply, down(:hung, state)}
        end

      :error ->
        {:noreply, state}
    end
  end

  def handle_info(:open, %{options: %{restart: false}, last_exit: how} = state) when how != nil,
    do: {:stop, {:shutdown, {:ended, how}}, state}

  def handle_info(:open, state), do: {:noreply, open(%{state | retry: nil})}

  # Of a port or writer that was replaced.
  def handle_info(_message, state), do: {:noreply, state}

  @impl true
  def terminate(_reason, %{port: nil}), do: :ok

  # Closing its stdin asks it to finish and go; one that does not is killed.
  def terminate(_reason, state) do
    close(state.port)
    OSProcess.await_end(state.process, @stop_ms)
  end

  # Crash reports and :sys.get_status show nothing of the requests.
  def format_status(status) do
    status
    |> Map.replace(:state, :hidden)
    |> Map.replace(:message, :hidden)
    |> Map.replace(:log, [])
  end

  defp open(%{port: nil, options: %{program: nil}} = state), do: state

  defp open(%{port: nil, options: options} = state) do
    port =
      Port.open({:spawn_executable, String.to_charlist(options.program)}, [
        :binary,
        :exit_status,
        :hide,
        framing(options),
        {:args, options.args},
        {:env, Enum.map(options.env, &environment/1)}
      ])

    os_pid =
      case Port.info(port, :os_pid) do
        {:os_pid, os_pid} -> os_pid
        nil -> nil
      end

    Telemetry.execute([:awap_backend, :process, :up], %{system_time: System.system_time()}, %{
      component: options.component,
      os_pid: os_pid
    })

    # A write blocks while the process does not read, so somebody else does the writing.
    framed = if is_map_key(options, :max_answer_bytes), do: &Frames.frame/1, else: & &1
    writer = spawn_link(fn -> write_all(port, framed) end)

    state = %{
      state
      | port: port,
        process: OSProcess.identify(os_pid),
        writer: writer,
        opened_at: System.monotonic_time(:millisecond),
        unknown: 0,
        spoken: false,
        late: MapSet.new(),
        buffer: ""
    }

    state = prove(state)
    note_load(state)
    state
  rescue
    # Not there, not executable, out of file descriptors.
    error in [ErlangError, ArgumentError] -> down({:open, AwapBackend.Redact.reason(error)}, state)
  end

  defp open(state), do: state

  defp prove(%{options: %{prove: command}} = state) when is_binary(command) do
    envelope = %{"request_id" => @proof, "command" => command, "timeout_ms" => @prove_ms, "data" => %{}}
    send(state.writer, {:write, JSON.encode(envelope)})
    %{sent(state, @proof, nil, command, 0, @prove_ms) | proven: false}
  end

  defp prove(state), do: state

  defp environment({name, nil}), do: {String.to_charlist(name), false}
  defp environment({name, value}), do: {String.to_charlist(name), String.to_charlist(value)}

  defp framing(%{max_answer_bytes: _most}), do: :stream
  defp framing(_options), do: {:packet, 4}

  defp write_all(port, framed) do
    receive do
      {:write, frame} ->
        true = Port.command(port, framed.(frame))
        write_all(port, framed)
    end
  rescue
    # The port is closed; its owner knows.
    ArgumentError -> :ok
  end

  # One of them may have been the last that was listened to.
  defp received_all(frames, %{port: port} = state) do
    Enum.reduce_while(frames, state, fn frame, state ->
      state = received(frame, state)
      if state.port == port, do: {:cont, state}, else: {:halt, state}
    end)
  end

  defp received(bytes, state) do
    state = %{state | spoken: true}

    case JSON.decode_answer(bytes) do
      {:ok, %{"request_id" => id, "success" => true, "data" => data}} when is_binary(id) and is_map(data) ->
        matched(state, id, {:ok, data})

      {:ok, %{"request_id" => id, "success" => false, "error" => %{"code" => _, "message" => _} = error}}
      when is_binary(id) ->
        matched(state, id, {:error, Map.put_new(error, "details", %{})})

      {:ok, %{"request_id" => nil, "success" => false}} ->
        unknown(state)

      _not_an_answer ->
        down(:garbage, state)
    end
  end

  defp matched(state, id, result) do
    # Whatever it answers to the proof, it lives and speaks.
    state = if id == @proof, do: %{state | proven: true}, else: state

    cond do
      is_map_key(state.pending, id) -> answer(state, id, result)
      id in state.late -> %{state | late: MapSet.delete(state.late, id)}
      true -> unknown(state)
    end
  end

  defp unknown(%{unknown: count} = state) when count >= @max_unknown, do: down(:garbage, state)
  defp unknown(state), do: %{state | unknown: state.unknown + 1}

  # It has not answered anything yet, and has time left for it.
  defp starting?(%{spoken: true}), do: false

  defp starting?(%{opened_at: opened_at, options: %{start_ms: start_ms}}),
    do: System.monotonic_time(:millisecond) - opened_at < start_ms

  defp slow_to_start?(state), do: MapSet.size(state.late) > 0 and starting?(state)

  defp starting(code, state),
    do: error(code, "#{name(state)} is starting, and does not answer yet.", %{"reason" => "starting"})

  defp sent(state, id, from, command, size, timeout) do
    entry = %{
      from: from,
      command: command,
      size: size,
      started: System.monotonic_time(),
      timer: Process.send_after(self(), {:deadline, id}, timeout + state.options.grace_ms)
    }

    %{state | pending: Map.put(state.pending, id, entry), bytes: state.bytes + size}
  end

  defp answer(state, id, result) do
    {entry, pending} = Map.pop!(state.pending, id)
    Process.cancel_timer(entry.timer)

    if entry.from do
      GenServer.reply(entry.from, result)
      measured(state, entry, result)
    end

    state = %{state | pending: pending, bytes: state.bytes - entry.size}
    note_load(state)
    state
  end

  defp measured(%{options: %{telemetry: {event, metadata}}}, entry, result) do
    outcome =
      case result do
        {:ok, _data} -> :ok
        {:error, %{"code" => code}} -> code
      end

    metadata = Map.merge(metadata, %{command: entry.command, outcome: outcome})
    Telemetry.execute(event, %{duration: Telemetry.since(entry.started)}, metadata)
  end

  defp measured(_state, _entry, _result), do: :ok

  # The process is gone, or has to go: everyone waiting is told, and it is started again after a while.
  defp down(reason, state) do
    if state.port do
      if reason in [:hung, :garbage], do: Map.get(state.options, :before_kill, fn -> :ok end).()
      close(state.port)
      unless match?({:status, _status}, reason), do: spawn(OSProcess, :kill, [state.process])
    end

    # A writer that is blocked does not notice otherwise.
    if state.writer, do: Process.exit(state.writer, :kill)

    well? = state.opened_at && System.monotonic_time(:millisecond) - state.opened_at > @well_after_ms
    failures = if well?, do: 0, else: state.failures
    wait = if state.options.restart, do: backoff(state.options.backoff_ms, failures), else: 0
    in_flight = map_size(state.pending)
    os_pid = state.process && state.process.pid

    Logger.warning(
      "#{name(state)} #{ended(reason)}; #{in_flight} calls answered as unavailable" <>
        if(state.options.restart, do: "; starting it again in #{wait} ms", else: ""),
      os_pid: os_pid
    )

    Telemetry.execute([:awap_backend, :process, :down], %{in_flight: in_flight}, %{
      component: state.options.component,
      os_pid: os_pid,
      reason: reason
    })

    lost =
      error("unavailable", "The process that worked on this ended before it answered.", %{
        "reason" => "process_exit"
      })

    state = Enum.reduce(Map.keys(state.pending), %{state | port: nil}, &answer(&2, &1, lost))
    if state.retry, do: Process.cancel_timer(state.retry)

    state = %{
      state
      | process: nil,
        writer: nil,
        opened_at: nil,
        last_exit: reason,
        failures: failures + 1,
        restarts: state.restarts + 1,
        retry: Process.send_after(self(), :open, wait)
    }

    note_load(state)
    state
  end

  defp close(port) do
    Port.close(port)
  rescue
    # It closed of itself.
    ArgumentError -> true
  end

  # The end of a process that was well says nothing of the next one: whoever waits need not wait for it.
  defp backoff(_bounds, 0), do: 0
  defp backoff({first, longest}, failures), do: min(first * Integer.pow(2, min(failures - 1, 20)), longest)

  defp not_running(%{options: %{program: nil}} = state) do
    error("unavailable", "#{name(state)} has no program to run: build it, or say where it is.", %{
      "reason" => "no_program"
    })
  end

  defp not_running(state) do
    error("unavailable", "#{name(state)} is not running; it is being started again.", %{
      "reason" => "not_running"
    })
  end

  defp name(%{options: %{program: nil, component: component}}), do: "The process of #{component}"
  defp name(%{options: %{title: title}}), do: title
  defp name(%{options: %{program: program}}), do: Path.basename(program)

  defp ended({:status, status}) when status > 128, do: "was ended by signal #{status - 128}"
  defp ended({:status, status}), do: "ended with status #{status}"
  defp ended({:port, reason}), do: "closed its pipes (#{AwapBackend.Redact.reason(reason)})"
  defp ended({:open, reason}), do: "could not be started (#{reason})"
  defp ended(:hung), do: "hung and was killed"
  defp ended(:garbage), do: "wrote what is not an answer and was killed"

  defp note_load(%{options: %{load: {atomics, index}}} = state) do
    up? = state.port != nil and state.proven
    :atomics.put(atomics, index, if(up?, do: map_size(state.pending), else: @down))
  end

  defp note_load(_state), do: :ok
end
