defmodule AwapBackend.Moodle.SyncScheduler do
  @moduledoc """
  Fetches new submissions from Moodle every fifteen minutes (`MOODLE_SYNC_INTERVAL_SECONDS`).

  Syncing is not done by this version: the scheduler stands in the tree, knows its interval, and says `disabled`.
  """

  use GenServer

  alias AwapBackend.Config

  def start_link(_options), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  @doc "`:disabled`: nothing is synced."
  @spec status() :: :disabled
  def status, do: :disabled

  @doc "Seconds between syncs, as configured."
  @spec interval() :: pos_integer
  def interval, do: GenServer.call(__MODULE__, :interval)

  @doc "Syncs now."
  @spec sync_now() :: {:error, :not_configured | :not_supported}
  def sync_now, do: {:error, if(AwapBackend.Moodle.configured?(), do: :not_supported, else: :not_configured)}

  @impl true
  def init(nil), do: {:ok, %{interval: Config.get(:moodle_sync_seconds)}}

  @impl true
  def handle_call(:interval, _from, state), do: {:reply, state.interval, state}
end
