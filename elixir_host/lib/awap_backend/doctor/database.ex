defmodule AwapBackend.Doctor.Database do
  @moduledoc """
  Whether the database answers, how fast, whether its tables are this version's, and whether its keys are there; and the
  event store, where that is another database.
  """

  import AwapBackend.Doctor.Finding

  alias AwapBackend.Release.{DatabaseURL, Store}
  alias AwapBackend.Secrets

  # Every request waits for it some times over.
  @slow_us 20_000
  @clock_seconds 5

  @doc false
  def check(%{settings: %{store_executable: nil}}),
    do: [skipped("database", "without awap-store it cannot be asked")]

  def check(%{settings: %{database_url: nil}}), do: []

  def check(%{settings: settings}) do
    case Store.check(settings) do
      {:ok, %{"database" => _} = found} ->
        reached(found, settings)

      {:ok, %{"message" => message}} ->
        [fault("database", message, "Look at DATABASE_URL, and whether the database runs.")]

      {:error, sentence} ->
        [fault("database", sentence, "Look at DATABASE_URL, and whether the database runs.")]
    end
  end

  defp reached(found, settings) do
    [tables(found)] ++
      folder("folder", found, settings.database_url, settings) ++
      latency(found) ++ clock(found) ++ keys(found, settings) ++ events(found) ++ event_store(found, settings)
  end

  defp tables(%{"state" => "current"} = found),
    do: ok("tables", "#{name(found)}, #{found["applied"]} migrations, all there are")

  defp tables(%{"state" => "empty"} = found),
    do: ok("tables", "#{name(found)}, empty; the host makes its tables when it starts")

  defp tables(%{"state" => "older", "pending" => pending} = found) do
    advice = "Make a backup with the version that wrote it, then start the host, which brings it up to date."

    warning(
      "tables",
      "#{name(found)} of an older version: #{length(pending)} migrations are still to be run.",
      advice
    )
  end

  defp tables(%{"state" => "newer"} = found),
    do:
      fault(
        "tables",
        "#{name(found)} of a newer version than this.",
        "Use that version, or restore a backup from before it."
      )

  defp tables(found) do
    fault(
      "tables",
      "#{name(found)} was changed by hand, or a migration stopped half-way.",
      "Restore it from a backup."
    )
  end

  defp name(%{"database" => "sqlite"}), do: "SQLite"
  defp name(_found), do: "PostgreSQL"

  # The host makes its data folder, and no other.
  defp folder(finding, %{"database" => "sqlite", "state" => "empty"}, url, settings) do
    folder = url |> DatabaseURL.sqlite_file() |> Path.dirname()

    if File.dir?(folder) or folder == settings.data_dir,
      do: [],
      else: [
        fault(
          finding,
          "the folder of the SQLite file, #{folder}, is not there.",
          "Make it, owned by the host's user."
        )
      ]
  end

  defp folder(_finding, _found, _url, _settings), do: []

  defp latency(%{"latency_us" => microseconds}) when microseconds > @slow_us do
    advice = "Put the host nearer to its database, or look at that one's load."
    [warning("latency", "#{Float.round(microseconds / 1000, 1)} ms for one small question.", advice)]
  end

  defp latency(%{"latency_us" => 0}), do: []

  defp latency(%{"latency_us" => microseconds}),
    do: [ok("latency", "#{Float.round(microseconds / 1000, 2)} ms")]

  defp clock(%{"clock_ahead_seconds" => seconds}) when is_number(seconds) and abs(seconds) > @clock_seconds do
    way = if seconds > 0, do: "behind", else: "ahead of"
    message = "this machine's clock is #{round(abs(seconds))} s #{way} the database's."
    [warning("clock", message, "Have both kept by a time service.")]
  end

  defp clock(_found), do: []

  # A key made now would seal what comes, and open nothing of what is there.
  defp keys(%{"state" => state}, settings) when state not in ["empty"] do
    for key <- Secrets.missing(settings) do
      path = Secrets.path(settings.data_dir, key)
      advice = "Restore it from a backup of the secrets BEFORE the host is started, which would make another."
      fault("keys", "there is a database, and its #{key} is neither set nor in #{path}.", advice)
    end
  end

  defp keys(_found, _settings), do: []

  defp events(%{"events" => count}) when is_integer(count),
    do: [ok("events", "#{count} in the chain (awap verify reads them all)")]

  defp events(_found), do: []

  defp event_store(%{"event_store" => copy}, settings) do
    [copy(copy)] ++ folder("event store", copy, settings.event_store_url, settings)
  end

  defp event_store(_found, _settings), do: []

  defp copy(%{"state" => "current"} = copy),
    do: ok("event store", "#{name(copy)}, #{copy["events"]} events are copied to it")

  defp copy(%{"state" => "empty"} = copy),
    do: ok("event store", "#{name(copy)}, empty; events are copied to it once the host starts")

  defp copy(%{"state" => "older"} = copy),
    do:
      warning(
        "event store",
        "#{name(copy)} of an older version.",
        "Start the host, which brings it up to date."
      )

  defp copy(%{"state" => "newer"} = copy),
    do: fault("event store", "#{name(copy)} of a newer version than this.", "Use that version.")

  defp copy(%{"state" => "foreign"} = copy) do
    message = "#{name(copy)}, a database of TMAs, or one that was changed by hand."
    fault("event store", message, "Set EVENT_STORE_URL to an empty database, or leave it unset.")
  end

  # All else goes on, and what is written meanwhile is copied once it is back.
  defp copy(%{"state" => "unavailable", "message" => message}),
    do: warning("event store", message, "Look at EVENT_STORE_URL, and whether that database runs.")

  defp copy(%{"message" => message}), do: fault("event store", message, "Look at EVENT_STORE_URL.")
end
