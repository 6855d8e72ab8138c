defmodule AwapBackendWeb.Endpoint.Listener do
  @moduledoc """
  Owns the listening socket and drains it.

  mochiweb's socket server accepts; each connection is a process linked to it. Stopped by a supervisor it would cut the
  requests in progress off, so this process stops it itself: no new connection is accepted, idle ones are closed, busy
  ones finish their answer, and what is left after `drain_timeout_ms` is killed.
  """

  use GenServer, restart: :permanent

  require Logger

  alias AwapBackendWeb.Auth
  alias AwapBackendWeb.HTTP.{Budget, Connection, WebSocket}
  alias AwapBackendWeb.StaticFiles.Index

  @poll_ms 20

  @doc false
  def child_spec(settings) do
    %{
      id: __MODULE__,
      start: {__MODULE__, :start_link, [settings]},
      shutdown: settings.drain_timeout_ms + 2_000
    }
  end

  @doc "Starts listening."
  @spec start_link(map) :: GenServer.on_start()
  def start_link(settings), do: GenServer.start_link(__MODULE__, settings)

  @doc "The port listened on."
  @spec port(pid) :: :inet.port_number()
  def port(listener), do: GenServer.call(listener, :port)

  @doc "The address for a client on this machine."
  @spec url(pid) :: String.t()
  def url(listener), do: GenServer.call(listener, :url)

  @impl GenServer
  def init(settings) do
    Process.flag(:trap_exit, true)
    cache = :ets.new(:awap_web_cache, [:public, read_concurrency: true])

    with {:ok, auth} <- Auth.prepare(settings, cache),
         {:ok, files} <- Index.load(settings.static_root || default_root()) do
      settings
      |> Map.drop([:secret_key_base, :static_root])
      |> Map.merge(auth)
      |> Map.put(:files, files)
      |> shared(cache)
      |> listen()
    else
      {:error, sentence} -> {:stop, {:configuration, sentence}}
    end
  end

  defp default_root, do: Path.join(to_string(:code.priv_dir(:awap_backend)), "static")

  # What the connections have in common.
  defp shared(settings, cache) do
    Map.merge(settings, %{
      connections: :ets.new(:awap_connections, [:public, write_concurrency: true]),
      cache: cache,
      counts: :ets.new(:awap_web_counts, [:public, write_concurrency: true]),
      budget: Budget.new(settings.max_bodies_bytes),
      draining: :atomics.new(1, [])
    })
  end

  defp listen(config) do
    # Read by every connection and copied by none.
    :persistent_term.put(key(), config)

    options = [
      name: :undefined,
      ip: config.ip,
      port: config.port,
      max: config.max_connections,
      backlog: 1_024,
      nodelay: true,
      recbuf: :undefined,
      buffer: 16_384,
      loop: {Connection, :serve, [key()]}
    ]

    case :mochiweb_socket_server.start_link(options) do
      {:ok, server} ->
        port = :mochiweb_socket_server.get(server, :port)
        Logger.info("Listening on #{address(config.ip, port)}")
        {:ok, %{server: server, port: port, config: config}}

      {:error, reason} ->
        {:stop, {:cannot_listen, sentence(config, reason)}}
    end
  end

  @impl GenServer
  def handle_call(:port, _from, state), do: {:reply, state.port, state}
  def handle_call(:url, _from, state), do: {:reply, address(state.config.ip, state.port), state}

  @impl GenServer
  def handle_info({:EXIT, server, reason}, %{server: server} = state),
    do: {:stop, {:socket_server_ended, reason}, state}

  def handle_info(_message, state), do: {:noreply, state}

  @impl GenServer
  def terminate(_reason, %{config: config} = state) do
    :atomics.put(config.draining, 1, 1)

    # With `normal` its links stay alive; that is the whole point of stopping it here.
    try do
      :mochiweb_socket_server.stop(state.server)
    catch
      :exit, _ -> :ok
    end

    drain(config, System.monotonic_time(:millisecond) + config.drain_timeout_ms)
    :persistent_term.erase(key())
  end

  defp key, do: {__MODULE__, self()}

  defp drain(config, deadline) do
    open =
      for {pid, socket, use} <- :ets.tab2list(config.connections), Process.alive?(pid), do: {pid, socket, use}

    for {_, socket, :idle} <- open, do: :gen_tcp.shutdown(socket, :read)
    for {pid, _, {:upgraded, _caller}} <- open, do: WebSocket.drain(pid)

    cond do
      open == [] ->
        :ok

      System.monotonic_time(:millisecond) >= deadline ->
        Logger.warning("#{length(open)} requests were still in progress when the time to drain was over")
        for {pid, _, _} <- open, do: Process.exit(pid, :kill)
        :ok

      true ->
        Process.sleep(@poll_ms)
        drain(config, deadline)
    end
  end

  defp sentence(settings, :eaddrinuse),
    do: "Port #{settings.port} is taken by another program. Stop that one, or set PORT to another number."

  defp sentence(settings, :eacces),
    do: "This user may not listen on port #{settings.port}. Set PORT to one above 1023."

  defp sentence(settings, :eaddrnotavail),
    do: "This machine has no address #{:inet.ntoa(settings.ip)} to listen on."

  defp sentence(settings, reason), do: "Cannot listen on port #{settings.port}: #{inspect(reason)}."

  # What listens everywhere is reached at the loopback.
  defp address({0, 0, 0, 0}, port), do: "http://127.0.0.1:#{port}"
  defp address({0, 0, 0, 0, 0, 0, 0, 0}, port), do: "http://[::1]:#{port}"
  defp address(ip, port) when tuple_size(ip) == 8, do: "http://[#{:inet.ntoa(ip)}]:#{port}"
  defp address(ip, port), do: "http://#{:inet.ntoa(ip)}:#{port}"
end
