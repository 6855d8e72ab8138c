defmodule AwapBackend.Moodle.SyncScheduler do
  @moduledoc """
  Fetches new submissions from Moodle every fifteen minutes (`MOODLE_SYNC_INTERVAL_SECONDS`).

  Syncing is not done by this version: the scheduler stands in the tree, knows its interval, and says `disabled`.
  """

  use GenServer

  alias AwapBackend.{Config, Repo}

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

  @doc "How the sync is, on whichever host of this database it runs, as `GET /api/moodle/sync` answers it."
  @spec state() :: {:ok, map} | {:error, AwapBackend.Moodle.reason() | map}
  def state do
    case Config.get(:moodle_base_url) do
      nil -> {:error, :not_configured}
      site -> with {:ok, state} <- Repo.call("sync_state", %{"site" => site}), do: {:ok, shown(state)}
    end
  end

  # What is kept of an assignment for the next sync is nobody else's business.
  defp shown(state) do
    fields = ~w(assignment_id course_id error_code error_message synced_at)
    Map.update!(state, "failing", fn failing -> Enum.map(failing, &Map.take(&1, fields)) end)
  end

  @doc "Says that a grade waits to be sent to Moodle."
  @spec grade_waits() :: :ok
  def grade_waits, do: :ok

  @impl true
  def init(nil), do: {:ok, %{interval: Config.get(:moodle_sync_seconds)}}

  @impl true
  def handle_call(:interval, _from, state), do: {:reply, state.interval, state}
end
