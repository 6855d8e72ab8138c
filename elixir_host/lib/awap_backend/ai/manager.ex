defmodule AwapBackend.AI.Manager do
  @moduledoc """
  A pool of warm AI containers, and the handing out of requests to them.

  At most `MAX_AI_CONTAINERS` run, each with one request at a time; what comes beside waits in a queue of at most
  `AI_QUEUE_LIMIT`, no longer than its own deadline. A request whose container died is tried once on another; then, as when
  it runs out of time, the caller goes on without AI. A caller that dies while its request runs has its container replaced:
  nobody would hear the answer, and the next would wait for it.

  What an earlier run of the host left goes first, also where AI is no longer configured. Nothing here is needed for marking.
  Where AI is configured and cannot be had (no Podman, no image, a container that does
  not start), `health/0` says `degraded` and why, requests are answered `unavailable` at once, and it is looked for again
  every #{30} seconds.
  """

  use GenServer, shutdown: 15_000

  alias AwapBackend.{Config, PortClient}
  alias AwapBackend.AI.{Container, Podman, Probe}

  require Logger

  @look_again_ms 30_000
  # A second try is worth it only with this much time left.
  @least_ms 250

  defstruct [
    :image,
    :problem,
    :looking,
    options: [],
    containers: %{},
    waiting: :queue.new(),
    length: 0
  ]

  @doc """
  Starts the pool. Options, each by default from the configuration: `:name`, `:image`, `:max_containers`, `:queue_limit`, and
  those of `AwapBackend.AI.Container`.
  """
  @spec start_link(keyword) :: GenServer.on_start()
  def start_link(options \\ []) do
    GenServer.start_link(__MODULE__, options, name: Keyword.get(options, :name, __MODULE__))
  end

  @doc """
  Sends one command to a container and waits for its answer at most `timeout` milliseconds, waiting for a container included.

  `{:ok, data, about}`, where `about` has what is known of who answered: `"image_digest"`. Errors: `not_configured`,
  `unavailable` (`details.reason`: `overload`, `no_container`, `process_exit`), `timeout`, and those of the container itself.
  """
  @spec request(String.t(), map, pos_integer, GenServer.server()) ::
          {:ok, map, map} | {:error, PortClient.error()}
  def request(command, data, timeout, manager \\ __MODULE__) do
    attempt(manager, command, data, now() + timeout, 2)
  end

  @doc "`:disabled` where no image is configured, `:ok` where a container is ready, else `:degraded`."
  @spec status(GenServer.server()) :: :disabled | :ok | :degraded
  def status(manager \\ __MODULE__), do: info(manager).status

  @doc "The pool as it is: containers by state, requests that wait, the image and the digest of one that is ready, what is wrong."
  @spec info(GenServer.server()) :: %{
          status: :disabled | :ok | :degraded,
          image: String.t() | nil,
          digest: String.t() | nil,
          containers: non_neg_integer,
          ready: non_neg_integer,
          busy: non_neg_integer,
          waiting: non_neg_integer,
          model: map | nil,
          problem: String.t() | nil
        }
  def info(manager \\ __MODULE__), do: GenServer.call(manager, :info, 1_000)

  @doc "This part of `AwapBackend.Health`. AI that nobody configured is `degraded` too, with the code `not_configured`."
  @spec health() :: map
  def health do
    info = info()

    part = %{
      "processes" => info.containers,
      "up" => info.ready,
      "busy" => info.busy,
      "queue_depth" => info.waiting
    }

    case info do
      %{status: :ok} ->
        Map.put(part, "status", "ok")

      %{status: :disabled} ->
        %{"status" => "degraded", "code" => "not_configured", "message" => info.problem}

      %{status: :degraded} ->
        Map.merge(part, %{"status" => "degraded", "code" => "unavailable", "message" => info.problem})
    end
  end

  defp attempt(manager, command, data, deadline, tries) do
    with {:ok, container, client, about, ticket} <- check_out(manager, deadline) do
      result = PortClient.call(client, command, data, max(deadline - now(), 1))
      gone? = gone?(result)
      GenServer.cast(manager, {:check_in, container, ticket, gone?})

      case result do
        {:ok, answer} -> {:ok, answer, about}
        error when gone? and tries > 1 -> again(error, manager, command, data, deadline, tries - 1)
        error -> error
      end
    end
  end

  defp again(error, manager, command, data, deadline, tries) do
    if deadline - now() > @least_ms, do: attempt(manager, command, data, deadline, tries), else: error
  end

  # Of the container's end its caller may hear before the manager does.
  defp gone?({:error, %{"code" => "unavailable", "details" => %{"reason" => reason}}}),
    do: reason in ["process_exit", "not_running"]

  defp gone?(_result), do: false

  defp check_out(manager, deadline) do
    GenServer.call(manager, {:check_out, deadline}, :infinity)
  catch
    :exit, _reason -> no_container()
  end

  @impl true
  def init(options) do
    # Its containers' processes are linked to it, and tell it of their end.
    Process.flag(:trap_exit, true)
    Logger.metadata(component: :ai)

    defaults = [
      image: Config.get(:ai_container_image),
      max_containers: Config.get(:max_ai_containers),
      queue_limit: Config.get(:ai_queue_limit)
    ]

    options = Keyword.merge(defaults, options)
    state = %__MODULE__{image: options[:image], options: options}

    if on?(state),
      do: {:ok, %{state | problem: "The containers are being started."}, {:continue, :look}},
      else: {:ok, %{state | problem: "No AI image is configured (AI_CONTAINER_IMAGE)."}, {:continue, :tidy}}
  end

  @impl true
  def handle_continue(:look, state), do: {:noreply, look(state)}

  # Of a run that had AI: Podman is not asked where there was none.
  def handle_continue(:tidy, state) do
    left = Path.wildcard(Podman.pidfile("awap-ai-*"))
    if left != [], do: Task.start(fn -> if reap() == :ok, do: Enum.each(left, &File.rm/1) end)
    {:noreply, state}
  end

  @impl true
  def handle_call(:info, _from, state) do
    ready = for {_pid, %{client: client} = container} when client != nil <- state.containers, do: container

    info = %{
      status: status_of(state, ready),
      image: state.image,
      digest: Enum.find_value(ready, & &1.digest),
      containers: map_size(state.containers),
      ready: length(ready),
      busy: Enum.count(ready, & &1.ticket),
      waiting: state.length,
      model: Enum.find_value(ready, & &1.model),
      problem: state.problem
    }

    {:reply, info, state}
  end

  def handle_call({:check_out, deadline}, {caller, _tag} = from, state) do
    cond do
      not on?(state) ->
        {:reply, PortClient.error("not_configured", "No AI image is configured (AI_CONTAINER_IMAGE)."), state}

      not any_coming?(state) ->
        {:reply, no_container(), state}

      state.length >= state.options[:queue_limit] ->
        {:reply,
         PortClient.error("unavailable", "Too many requests wait for an AI container.", %{
           "reason" => "overload"
         }), state}

      true ->
        ticket = Process.monitor(caller)
        timer = Process.send_after(self(), {:waited, ticket}, max(deadline - now(), 0))
        waiting = :queue.in(%{from: from, ticket: ticket, timer: timer}, state.waiting)
        {:noreply, hand_out(%{state | waiting: waiting, length: state.length + 1})}
    end
  end

  @impl true
  def handle_cast({:check_in, pid, ticket, gone?}, state) do
    Process.demonitor(ticket, [:flush])

    case state.containers do
      %{^pid => %{ticket: ^ticket}} when gone? ->
        {:noreply, change(state, pid, %{state: :starting, client: nil, ticket: nil})}

      %{^pid => %{ticket: ^ticket}} ->
        {:noreply, hand_out(change(state, pid, %{ticket: nil}))}

      # It ended meanwhile.
      _other ->
        {:noreply, state}
    end
  end

  @impl true
  def handle_info({:container, pid, {:up, client, facts}}, state) when is_map_key(state.containers, pid) do
    %{model: model, digest: digest, reason: reason} = facts
    state = change(state, pid, %{state: :ready, client: client, model: model, digest: digest, ticket: nil})
    {:noreply, hand_out(%{state | problem: if(model, do: nil, else: no_model(reason))})}
  end

  # It is being replaced, which takes a moment: who waits may wait on.
  def handle_info({:container, pid, :down}, state) when is_map_key(state.containers, pid) do
    {:noreply, change(state, pid, %{state: :starting, client: nil, ticket: nil})}
  end

  def handle_info({:container, pid, :failing}, state) when is_map_key(state.containers, pid) do
    {:noreply, state |> change(pid, %{state: :failing, client: nil, ticket: nil}) |> refuse_if_none()}
  end

  # Its time to wait is over.
  def handle_info({:waited, ticket}, state) do
    {late, waiting} = :queue.to_list(state.waiting) |> Enum.split_with(&(&1.ticket == ticket))

    for %{from: from} <- late do
      Process.demonitor(ticket, [:flush])
      GenServer.reply(from, PortClient.error("timeout", "No AI container came free in time."))
    end

    {:noreply, queued(state, waiting)}
  end

  # The caller is gone: of those that wait, forgotten; of those that are served, the container is replaced.
  def handle_info({:DOWN, ticket, :process, _caller, _reason}, %{looking: looking} = state)
      when looking == nil or looking.ref != ticket do
    for {pid, %{ticket: ^ticket}} <- state.containers, do: Container.replace(pid)
    waiting = state.waiting |> :queue.to_list() |> Enum.reject(&(&1.ticket == ticket))
    {:noreply, queued(state, waiting)}
  end

  def handle_info({ref, found}, %{looking: %Task{ref: ref}} = state) do
    Process.demonitor(ref, [:flush])
    {:noreply, found(found, %{state | looking: nil})}
  end

  def handle_info({:DOWN, _ref, :process, _pid, _reason}, state) do
    {:noreply, found({:error, "Podman could not be asked."}, %{state | looking: nil})}
  end

  def handle_info(:look, state), do: {:noreply, look(state)}

  # One of our containers' processes ended of a fault of its own; the container that it had is
  # replaced by the next of its name.
  def handle_info({:EXIT, pid, reason}, state) when is_map_key(state.containers, pid) and reason != :normal do
    {:noreply, start_containers(%{state | containers: Map.delete(state.containers, pid)})}
  end

  def handle_info(_message, state), do: {:noreply, state}

  # Each removes its own; all at once, as a supervisor's time is short.
  @impl true
  def terminate(_reason, state) do
    monitors =
      for {pid, _container} <- state.containers do
        ref = Process.monitor(pid)
        Process.exit(pid, :shutdown)
        ref
      end

    for ref <- monitors do
      receive do
        {:DOWN, ^ref, :process, _pid, _reason} -> :ok
      after
        10_000 -> :ok
      end
    end
  end

  # What an earlier run has left goes first; then it is found out how a container runs here. In a task, as Podman takes its
  # time.
  defp look(%{image: image} = state) do
    task =
      Task.async(fn ->
        with :ok <- reap(),
             {:ok, _id, _digest} <- Podman.image(image),
             :ok <- Podman.limits(),
             do: Probe.way(image)
      end)

    %{state | looking: task}
  end

  defp reap do
    case Podman.reap() do
      {:ok, 0} ->
        :ok

      {:ok, count} ->
        Logger.warning("Removed #{count} AI containers that an earlier run had left")

      {:error, :no_podman} ->
        {:error, "Podman is not installed, or AI_PODMAN does not name it."}

      {:error, _reason} ->
        {:error,
         "Podman does not work here for this user: what an earlier run left could not be looked for and removed."}
    end
  end

  defp found({:ok, way}, state) do
    options = Keyword.merge(way, state.options)
    start_containers(%{state | options: options, problem: "No container is ready yet."})
  end

  defp found({:error, problem}, state) do
    if problem != state.problem, do: Logger.warning("AI containers cannot be run: #{problem}")
    Process.send_after(self(), :look, @look_again_ms)
    %{state | problem: problem}
  end

  defp start_containers(state) do
    taken = for {_pid, %{slot: slot}} <- state.containers, do: slot

    Enum.reduce(Enum.to_list(1..state.options[:max_containers]) -- taken, state, fn slot, state ->
      {:ok, pid} = Container.start_link([manager: self(), slot: slot] ++ state.options)
      container = %{slot: slot, state: :starting, client: nil, model: nil, digest: nil, ticket: nil}
      %{state | containers: Map.put(state.containers, pid, container)}
    end)
  end

  defp hand_out(state) do
    free = Enum.find(state.containers, fn {_pid, container} -> container.client && !container.ticket end)

    case {free, :queue.out(state.waiting)} do
      {{pid, container}, {{:value, next}, waiting}} ->
        Process.cancel_timer(next.timer)
        about = %{"image_digest" => container.digest}
        GenServer.reply(next.from, {:ok, pid, container.client, about, next.ticket})
        state = change(state, pid, %{ticket: next.ticket})
        hand_out(%{state | waiting: waiting, length: state.length - 1})

      _none_free_or_waiting ->
        state
    end
  end

  # Nobody waits for what may never come: a request goes on without AI.
  defp refuse_if_none(state) do
    if any_coming?(state) do
      state
    else
      for %{from: from, ticket: ticket, timer: timer} <- :queue.to_list(state.waiting) do
        Process.cancel_timer(timer)
        Process.demonitor(ticket, [:flush])
        GenServer.reply(from, no_container())
      end

      queued(%{state | problem: "The container does not start, or does not answer as it should."}, [])
    end
  end

  defp any_coming?(state),
    do: Enum.any?(state.containers, fn {_pid, container} -> container.state != :failing end)

  defp queued(state, list), do: %{state | waiting: :queue.from_list(list), length: length(list)}

  defp change(state, pid, changes) do
    %{state | containers: Map.update!(state.containers, pid, &Map.merge(&1, changes))}
  end

  defp on?(%{image: image, options: options}), do: image != nil and options[:max_containers] > 0

  defp status_of(state, ready) do
    cond do
      not on?(state) -> :disabled
      Enum.any?(ready, & &1.model) -> :ok
      true -> :degraded
    end
  end

  defp no_model(nil), do: "The container has no model: AI_MODEL names one."

  defp no_model(reason),
    do:
      "The container has no model (AI_MODEL names one), and says: #{reason} Start the host again once that is put right."

  defp no_container do
    PortClient.error("unavailable", "No AI container is ready.", %{"reason" => "no_container"})
  end

  defp now, do: System.monotonic_time(:millisecond)

  def format_status(status), do: status |> Map.replace(:message, :hidden) |> Map.replace(:log, [])
end
