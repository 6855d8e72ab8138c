defmodule AwapBackendWeb.Auth.Refusals do
  @moduledoc """
  Refused requests (401, 403 and 429) for the audit log: `auth.refused`, with the reason, the route's pattern, where it came
  from, and the API key where it is known; never a credential, nor an address as it was asked for.

  A flood of them must not become a flood of rows. What is alike in address, reason and route is counted in memory: a first
  row says within a second that it began, and one at the end of its minute how often it happened since. Past #{1_000} such
  groups in a minute the address is left out, so that memory and rows are bounded whoever asks from wherever. A request
  waits for none of this. What the store does not take until its minute is over is lost from the audit log, and counted in
  `awap_auth_refusals_unrecorded_total`; so is what was not written when the VM is killed.
  """

  use GenServer

  alias AwapBackend.Telemetry
  alias AwapBackendWeb.{Conn, ErrorView}

  @statuses [401, 403, 429]
  @max_groups 1_000
  @tick_ms 1_000
  @group_ms 60_000
  @timeout_ms 5_000

  @doc "The table that requests count in; it belongs to the caller."
  @spec table() :: :ets.table()
  def table, do: :ets.new(:awap_refusals, [:public, write_concurrency: true])

  @doc "Starts the writer. `options`: `:table`, and `:repo`, the store."
  @spec start_link(keyword) :: GenServer.on_start()
  def start_link(options), do: GenServer.start_link(__MODULE__, Map.new(options))

  @doc "Counts a refusal, where the error is one."
  @spec note(Conn.t(), ErrorView.error()) :: :ok
  def note(%Conn{config: %{refusals: table}} = conn, %{status: status} = error) when status in @statuses do
    reason = error.reason || error.code
    route = AwapBackendWeb.Telemetry.route(conn)
    Telemetry.execute([:awap_backend, :auth, :refused], %{count: 1}, %{reason: reason, status: status})
    count(table, {conn.peer, reason, route}, fn -> about(conn, status) end)
  end

  def note(_conn, _error), do: :ok

  # A row: the group, how many, how many of them are written, since when, and the first of them.
  defp count(table, {_address, reason, route} = group, about) do
    if :ets.member(table, group) or :ets.info(table, :size) < @max_groups,
      do: add(table, group, about.()),
      else: add(table, {:others, reason, route}, %{about.() | actor: %{}})
  end

  defp add(table, group, about) do
    :ets.update_counter(table, group, {2, 1}, {group, 0, 0, now(), about})
    :ok
  end

  defp about(conn, status),
    do: %{actor: Conn.actor(conn), status: status, method: AwapBackendWeb.Telemetry.method(conn)}

  @impl GenServer
  def init(%{table: table, repo: repo}) do
    Process.flag(:trap_exit, true)
    Logger.metadata(component: :audit)
    Process.send_after(self(), :tick, @tick_ms)
    {:ok, %{table: table, repo: repo}}
  end

  @impl GenServer
  def handle_info(:tick, state) do
    write(state, now() - @group_ms)
    Process.send_after(self(), :tick, @tick_ms)
    {:noreply, state}
  end

  def handle_info(_message, state), do: {:noreply, state}

  # On stop every minute is over.
  @impl GenServer
  def terminate(_reason, state), do: write(state, now() + 1)

  defp write(state, ended_before) do
    Enum.reduce(:ets.tab2list(state.table), :up, fn {group, count, written, since, _about} = row, store ->
      cond do
        since < ended_before -> finish(state, group, store)
        written == 0 -> begin(state, row, count, store)
        true -> store
      end
    end)
  end

  # Taken out whole: who counts meanwhile begins a new group.
  defp finish(state, group, store) do
    case :ets.take(state.table, group) do
      [{_, count, written, _, _} = row] when count > written ->
        with :away <- record(state, row, count - written, store) do
          unrecorded(count - written)
          :away
        end

      _ ->
        store
    end
  end

  defp begin(state, {group, _, _, _, _} = row, count, store) do
    with :up <- record(state, row, count, store) do
      :ets.update_element(state.table, group, {3, count})
      :up
    end
  end

  defp unrecorded(count), do: Telemetry.execute([:awap_backend, :auth, :unrecorded], %{count: count}, %{})

  # Once the store does not answer, the rest of this look is not asked of it.
  defp record(_state, _row, _count, :away), do: :away

  defp record(state, {{address, reason, route}, _, written, _, about}, count, :up) do
    entry = %{
      "action" => "auth.refused",
      "resource_type" => "request",
      "result" => "refused",
      "metadata" => %{
        "reason" => reason,
        "route" => route,
        "method" => about.method,
        "status" => about.status,
        "count" => count,
        "addresses" => if(address == :others, do: "many", else: "one")
      },
      # The request id is the first's, and the rows that follow are not about that one.
      "actor" => if(written == 0, do: about.actor, else: Map.delete(about.actor, "request_id"))
    }

    case write_entry(state.repo, entry) do
      :refused ->
        unrecorded(count)
        :up

      outcome ->
        outcome
    end
  end

  # What goes wrong here must not take the endpoint along.
  defp write_entry(repo, entry) do
    case repo.call("record_audit", entry, @timeout_ms) do
      {:ok, _} -> :up
      {:error, %{"code" => code}} when code in ["unavailable", "timeout"] -> :away
      {:error, _never_to_the_stores_liking} -> :refused
    end
  catch
    _kind, _reason -> :refused
  end

  defp now, do: System.monotonic_time(:millisecond)
end
