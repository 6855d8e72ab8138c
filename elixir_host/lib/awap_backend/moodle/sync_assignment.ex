defmodule AwapBackend.Moodle.SyncAssignment do
  @moduledoc """
  The sync of one assignment: what was handed in since it was last seen.

  Moodle lists what changed at or after a second. The watermark is the latest change that was seen, by Moodle's own clock, and is asked for again with
  some seconds before it; what is known among the answers is told by its hash. It moves only when all that was listed has been dealt with, and never
  past this machine's clock, so that a clock of Moodle's that was ahead for a while hides nothing. Once a day everything is listed, whatever the clocks say.
  """

  alias AwapBackend.{Moodle, Repo}
  alias AwapBackend.Moodle.{Error, Participants, Sync, SyncWork}

  require Logger

  @overlap_s 5
  # Submissions that the store is asked about at once.
  @batch 500

  @doc "Syncs one assignment of the course with this short name."
  @spec run(Sync.t(), Moodle.assignment(), String.t()) ::
          {:ok, Sync.t()} | {:failed, Error.t() | map, Sync.t()} | {:stopped, Sync.t()}
  def run(sync, assignment, course) do
    Logger.metadata(assignment: assignment.id)
    known = sync.known[assignment.id]
    since = since(known, sync.relist_s)

    with {:ok, submissions, _warnings} <-
           Moodle.download_submissions(sync.client, assignment, since: since),
         {:ok, extensions} <- extensions(sync, assignment, since),
         {:ok, unseen} <- unseen(sync, assignment, submissions, extensions),
         sync = Sync.count(sync, "listed", length(submissions)),
         sync = Sync.count(sync, "unchanged", length(submissions) - length(unseen)),
         {:ok, context} <- context(sync, assignment, course, extensions, unseen) do
      take(sync, assignment, context, unseen, %{
        watermark: watermark(known, submissions),
        listed: since == nil
      })
    else
      {:error, error} ->
        unless Sync.everywhere?(error), do: put(sync, assignment, fault(error))
        {:failed, error, sync}
    end
  end

  # Seconds since 1970 from which on Moodle is asked; nil for all.
  defp since(%{"watermark" => watermark, "listed_at" => listed_at}, relist_s) when watermark != nil do
    case listed_at && DateTime.from_iso8601(listed_at) do
      {:ok, listed, _offset} ->
        age = DateTime.diff(DateTime.utc_now(), listed)
        if age >= 0 and age <= relist_s, do: max(watermark - @overlap_s, 0)

      _never ->
        nil
    end
  end

  defp since(_unknown, _relist_s), do: nil

  defp watermark(known, submissions) do
    latest = submissions |> Enum.map(& &1.time_modified) |> Enum.max(fn -> nil end)
    before = known && known["watermark"]
    # The first time, and where there was nothing yet, all is listed again: it is little.
    newest = Enum.max([latest || 0, before || 0])
    if newest > 0, do: min(newest, System.os_time(:second))
  end

  # Asked for with the full list; what was kept stays meanwhile. A student of whom work comes in is asked for then.
  defp extensions(sync, assignment, nil), do: Participants.flags(sync.client, assignment.id)
  defp extensions(_sync, _assignment, _since), do: {:ok, nil}

  defp unseen(sync, assignment, submissions, extensions) do
    submissions
    |> Enum.chunk_every(@batch)
    |> Enum.reduce_while({:ok, []}, fn batch, {:ok, found} ->
      request = %{"site" => sync.site, "submissions" => Enum.map(batch, &seen(&1, assignment, extensions))}

      case Repo.call("check_submissions", request, 30_000) do
        {:ok, %{"unseen" => ids}} ->
          ids = MapSet.new(ids)
          {:cont, {:ok, found ++ Enum.filter(batch, &(&1.id in ids))}}

        {:error, error} ->
          {:halt, {:error, error}}
      end
    end)
  end

  defp seen(submission, assignment, extensions) do
    seen = %{
      "submission_id" => submission.id,
      "seen" => SyncWork.seen(submission),
      "due_at" => SyncWork.time(assignment.due_at)
    }

    # A team has no extension of its own.
    if extensions == nil or submission.user_id == 0,
      do: seen,
      else: Map.put(seen, "extension_due_at", SyncWork.time(extension(extensions, submission.user_id)))
  end

  defp extension(extensions, user_id),
    do: Map.get(extensions, user_id, Participants.no_flags()).extension_due_at

  # What all submissions that are to be taken in need: asked for once, and only where there are any.
  defp context(_sync, _assignment, _course, _extensions, []), do: {:ok, nil}

  defp context(sync, assignment, course, extensions, unseen) do
    client = sync.client

    with {:ok, extensions} <-
           if(extensions, do: {:ok, extensions}, else: Participants.flags(client, assignment.id)),
         {:ok, definition} <- Moodle.get_definition(client, assignment.cmid),
         {:ok, fingerprints} <- Moodle.grade_fingerprints(client, assignment.id),
         {:ok, teams} <- teams(client, assignment),
         {:ok, people} <- people(client, unseen, teams) do
      {:ok,
       %{
         assignment: assignment,
         course: course,
         rubric: definition && definition.rubric,
         extension: &extension(extensions, &1),
         fingerprint: fingerprints,
         teams: teams,
         people: people
       }}
    end
  end

  # The members of each team, by its number.
  defp teams(_client, %{team?: false}), do: {:ok, %{}}

  defp teams(client, assignment) do
    with {:ok, participants} <- Moodle.list_participants(client, assignment.id),
         do: {:ok, Enum.group_by(participants, & &1.group_id, & &1.id)}
  end

  # By their ids: a list of participants leaves suspended students out, and hides names where marking is blind.
  defp people(client, unseen, teams) do
    ids =
      Enum.flat_map(unseen, fn submission ->
        if submission.user_id == 0,
          do: Map.get(teams, submission.group_id, []),
          else: [submission.user_id]
      end)

    with {:ok, people} <- Moodle.get_users(client, ids), do: {:ok, Map.new(people, &{&1.id, &1})}
  end

  defp take(sync, assignment, context, unseen, seen) do
    {outcome, sync, faults} =
      Enum.reduce_while(unseen, {:ok, sync, []}, fn submission, {:ok, sync, faults} ->
        case if(sync.stop?.(), do: :stopped, else: SyncWork.take(sync, context, submission)) do
          :stopped -> {:halt, {:stopped, sync, faults}}
          {:ok, what} -> {:cont, {:ok, Sync.count(sync, what, 1), faults}}
          {:error, error} -> refused(sync, submission, error, faults)
        end
      end)

    case outcome do
      :stopped -> {:stopped, sync}
      {:failed, error} -> {:failed, error, sync}
      :ok -> done(sync, assignment, faults, seen)
    end
  end

  # One submission's fault leaves the others to be taken in.
  defp refused(sync, submission, error, faults) do
    if Sync.everywhere?(error) do
      {:halt, {{:failed, error}, sync, faults}}
    else
      {code, message} = said(error)

      Logger.warning("A submission could not be taken in: #{message}", submission: submission.id, code: code)

      {:cont, {:ok, Sync.count(sync, "refused", 1), [{code, message} | faults]}}
    end
  end

  defp done(sync, assignment, [], %{watermark: watermark, listed: listed}) do
    fields = %{"listed" => listed} |> put_given("watermark", watermark)

    case put(sync, assignment, fields) do
      {:ok, _kept} -> {:ok, sync}
      {:error, error} -> {:failed, error, sync}
    end
  end

  # The watermark stays: what failed is listed again the next time.
  defp done(sync, assignment, faults, _seen) do
    {code, message} = List.last(faults)
    more = if tl(faults) == [], do: "", else: " (#{length(faults)} submissions failed.)"

    case put(sync, assignment, %{"error_code" => code, "error_message" => message <> more}) do
      {:ok, _kept} -> {:ok, sync}
      {:error, error} -> {:failed, error, sync}
    end
  end

  defp fault(error) do
    {code, message} = said(error)
    Logger.warning("An assignment could not be synced: #{message}", code: code)
    %{"error_code" => code, "error_message" => message}
  end

  defp said(%Error{code: code, message: message}), do: {code, message}
  defp said(%{"code" => code, "message" => message}), do: {code, message}

  defp put(sync, assignment, fields) do
    facts = %{
      "name" => assignment.name,
      "cmid" => assignment.cmid,
      "due_at" => SyncWork.time(assignment.due_at),
      "cutoff_at" => SyncWork.time(assignment.cutoff_at),
      "grade_max" => assignment.grade_max,
      "team" => assignment.team?,
      "time_modified" => SyncWork.time(assignment.time_modified)
    }

    %{
      "site" => sync.site,
      "assignment_id" => assignment.id,
      "course_id" => assignment.course_id,
      "facts" => facts
    }
    |> Map.merge(fields)
    |> then(&Repo.call("put_assignment", &1))
  end

  defp put_given(map, _key, nil), do: map
  defp put_given(map, key, value), do: Map.put(map, key, value)
end
