defmodule AwapBackend.Retention do
  @moduledoc """
  Takes away what has been kept long enough: once a day, a batch at a time.

  | what | setting | counted from |
  | --- | --- | --- |
  | sealed originals of TMAs that are completed or failed | `AWAP_RETAIN_ORIGINALS_DAYS` | when the TMA became so |
  | whole such TMAs, with feedback and jobs, and the identity of a student of whom none is left | `AWAP_RETAIN_TMAS_DAYS` | the same, and no grade of the last 30 days on its way to Moodle |
  | idempotency keys | `AWAP_RETAIN_IDEMPOTENCY_DAYS` | when the key was used |

  What has no setting is kept. Events and the audit log stay; they hold pseudonyms and ids alone. Several hosts on one
  database may purge at the same time: each row goes once, and whoever comes second finds nothing.

  The first purge is a few minutes after the start, so that hosts which are restarted every day purge too. Where the store
  does not answer, it is tried again within the hour, from where it stood: what is gone is not looked at again.
  """

  use GenServer

  alias AwapBackend.{Config, Repo, Telemetry}

  require Logger

  @first_ms 5 * 60_000
  @day_ms 24 * 60 * 60_000
  @again_ms 60 * 60_000
  # A batch is one transaction; between two of them, others come to write.
  @batch 200
  @pause_ms 50
  @timeout_ms 60_000
  @actor %{"type" => "system", "id" => "retention"}

  # Originals first: where whole TMAs are to go, fewer of them are large.
  @what [
    {"originals", :retain_originals_days},
    {"tmas", :retain_tmas_days},
    {"idempotency_keys", :retain_idempotency_days}
  ]

  @typedoc "How many rows went, and how many identities with them."
  @type purged :: %{purged: non_neg_integer, identities: non_neg_integer}

  @doc "Starts it. Option `:first_ms`: how long after the start the first purge is."
  @spec start_link(keyword) :: GenServer.on_start()
  def start_link(options \\ []), do: GenServer.start_link(__MODULE__, options, name: __MODULE__)

  @doc """
  Purges now, in the calling process: for each kind that has a retention period, what went, or why it could not. Option
  `:batch`: rows in one transaction (#{@batch}).
  """
  @spec run(keyword) :: %{String.t() => {:ok, purged} | {:error, Repo.error()}}
  def run(options \\ []) do
    batch = Keyword.get(options, :batch, @batch)

    for {what, setting} <- @what,
        days = Config.get(setting),
        into: %{},
        do: {what, purge(what, days, batch)}
  end

  @impl true
  def init(options) do
    Logger.metadata(component: :retention)
    first = Keyword.get(options, :first_ms, @first_ms)
    # Spread, so that hosts that were started together do not come together.
    {:ok, later(first + :rand.uniform(first + 1) - 1)}
  end

  @impl true
  def handle_info(:purge, _timer) do
    failed? = Enum.any?(run(), &match?({_what, {:error, _error}}, &1))
    {:noreply, later(if failed?, do: @again_ms, else: @day_ms)}
  end

  def handle_info(_message, timer), do: {:noreply, timer}

  defp later(milliseconds), do: Process.send_after(self(), :purge, milliseconds)

  defp purge(what, days, batch) do
    start = System.monotonic_time()
    request = %{"what" => what, "older_than_days" => days, "limit" => batch, "actor" => @actor}
    {result, gone} = batches(request, %{purged: 0, identities: 0})
    told(what, result, gone, Telemetry.since(start))
    with :ok <- result, do: {:ok, gone}
  end

  defp batches(request, gone) do
    case Repo.call("purge_expired", request, @timeout_ms) do
      {:ok, %{"purged" => purged, "identities" => identities, "more" => more?}} ->
        gone = %{purged: gone.purged + purged, identities: gone.identities + identities}

        if more? do
          Process.sleep(@pause_ms)
          batches(request, gone)
        else
          {:ok, gone}
        end

      {:error, error} ->
        {{:error, error}, gone}
    end
  end

  defp told(what, result, gone, duration) do
    outcome =
      case result do
        :ok -> :ok
        {:error, %{"code" => code}} -> code
      end

    Telemetry.execute(
      [:awap_backend, :retention, :purged],
      Map.put(gone, :duration, duration),
      %{what: what, outcome: outcome}
    )

    counts = "#{gone.purged} #{String.replace(what, "_", " ")} and #{gone.identities} identities"

    case result do
      :ok when gone.purged == 0 -> Logger.debug("Nothing has been kept too long of #{what}")
      :ok -> Logger.info("Purged #{counts}, kept for as long as was set", duration_us: duration)
      {:error, %{"message" => why}} -> Logger.warning("Purged #{counts}, not all: #{why}", code: outcome)
    end
  end
end
