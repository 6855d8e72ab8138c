defmodule AwapBackend.Moodle.Sync do
  @moduledoc """
  One sync: what was handed in at the Moodle site since the last one becomes TMAs.

  Course by course and assignment by assignment; one that fails leaves the others done. What is done stays done, so that a sync which is stopped or
  killed at any point is simply done again: known submissions are found by hashes, and nothing of them is downloaded. Where Moodle itself is down, or refuses the
  account, it ends at once.

  Which courses: those that `MOODLE_COURSES` names (short names or numbers), and those that TMAs are kept of; where it names none, all that the account
  sees.

  `AwapBackend.Moodle.SyncScheduler` runs it, with the lease of which there is one over all hosts.
  """

  alias AwapBackend.{Config, Moodle, Repo}
  alias AwapBackend.Moodle.{Error, SyncAssignment}

  require Logger

  # Courses of one call.
  @courses 20
  # Once a day everything is listed, whatever the clocks say.
  @relist_s 24 * 60 * 60

  defstruct [:client, :site, :actor, :tell, :stop?, :relist_s, known: %{}, report: %{}]

  @typedoc "What a sync does things with, and what it has done so far."
  @type t :: %__MODULE__{}

  @counts ~w(courses assignments listed stored versions unchanged gone refused failed)
  # Moodle as a whole: whatever else were asked of it would end the same way.
  @everywhere [:unreachable, :outage, :auth, :not_configured]

  @doc """
  Syncs, in the calling process. Options: `:tell`, called with the report whenever it has grown; `:stop?`, asked between submissions; `:relist_s`,
  seconds after which all submissions of an assignment are listed, and not only those since it was last seen (a day).

  The report has counts by string key; outcome `:ok`, `:partial` where some assignments or submissions failed, `:stopped`, or `{:failed, error}`
  where it could not go on.
  """
  @spec run(Moodle.Client.t(), keyword) ::
          {:ok | :partial | :stopped | {:failed, Error.t() | map}, report :: map}
  def run(client, options \\ []) do
    sync = %__MODULE__{
      client: client,
      site: client.base_url,
      actor: %{"type" => "system", "id" => "moodle-sync"},
      tell: Keyword.get(options, :tell, fn _report -> :ok end),
      stop?: Keyword.get(options, :stop?, fn -> false end),
      relist_s: Keyword.get(options, :relist_s, @relist_s),
      report: Map.new(@counts, &{&1, 0})
    }

    with {:ok, client} <- known_site(client),
         {:ok, known} <- known(sync.site),
         {:ok, courses} <- courses(client) do
      sync = count(%{sync | client: client, known: known}, "courses", length(courses))
      courses |> Enum.chunk_every(@courses) |> each_chunk(sync) |> ended()
    else
      {:error, error} -> {{:failed, error}, sync.report}
    end
  end

  # What the account may not call is not called.
  defp known_site(client) do
    with {:ok, site} <- Moodle.site_info(client) do
      if site.missing != [] do
        Logger.warning("The service account in Moodle lacks the functions #{Enum.join(site.missing, ", ")}")
      end

      {:ok, Moodle.knowing(client, site)}
    end
  end

  defp known(site) do
    with {:ok, %{"assignments" => rows}} <- Repo.call("list_assignments", %{"site" => site}),
         do: {:ok, Map.new(rows, &{&1["assignment_id"], &1})}
  end

  defp courses(client) do
    with {:ok, %{"course_ids" => kept}} <- Repo.call("list_courses", %{}),
         {:ok, courses} <- Moodle.get_courses(client) do
      {:ok, Enum.filter(courses, &wanted?(&1, Config.get(:moodle_courses), kept))}
    end
  end

  defp wanted?(course, named, kept) do
    cond do
      course.short_name in kept -> true
      named == [] -> course.visible
      true -> course.short_name in named or Integer.to_string(course.id) in named
    end
  end

  defp each_chunk(chunks, sync) do
    Enum.reduce_while(chunks, {:ok, sync}, fn courses, {outcome, sync} ->
      case chunk(sync, courses) do
        {:ok, sync} -> {:cont, {outcome, sync}}
        ended -> {:halt, ended}
      end
    end)
  end

  defp chunk(sync, courses) do
    case Moodle.get_assignments(sync.client, Enum.map(courses, & &1.id)) do
      {:ok, assignments, warnings} ->
        for %{item_id: id} <- warnings do
          Logger.warning("Moodle does not show the assignments of a course", course: id)
        end

        sync = count(sync, "failed", length(warnings))
        names = Map.new(courses, &{&1.id, &1.short_name})
        each_assignment(sync, assignments, names)

      {:error, error} ->
        failed(sync, error)
    end
  end

  defp each_assignment(sync, assignments, names) do
    Enum.reduce_while(assignments, {:ok, sync}, fn assignment, {:ok, sync} ->
      if sync.stop?.() do
        {:halt, {:stopped, sync}}
      else
        sync = count(sync, "assignments", 1)

        case SyncAssignment.run(sync, assignment, names[assignment.course_id]) do
          {:ok, sync} -> {:cont, {:ok, sync}}
          {:failed, error, sync} -> {:cont, failed(sync, error)} |> halted()
          {:stopped, sync} -> {:halt, {:stopped, sync}}
        end
      end
    end)
  end

  defp halted({:cont, {:ok, _sync} = going_on}), do: {:cont, going_on}
  defp halted({:cont, ended}), do: {:halt, ended}

  # An assignment's own fault leaves the others to be done.
  defp failed(sync, %Error{kind: kind} = error) when kind in @everywhere, do: {{:failed, error}, sync}
  defp failed(sync, %Error{}), do: {:ok, count(sync, "failed", 1)}
  # The store's fault is everyone's.
  defp failed(sync, %{"code" => _} = error), do: {{:failed, error}, sync}

  defp ended({:ok, %{report: %{"failed" => 0, "refused" => 0} = report}}), do: {:ok, report}
  defp ended({:ok, sync}), do: {:partial, sync.report}
  defp ended({outcome, sync}), do: {outcome, sync.report}

  @doc "Adds to a count of the report, and tells of it."
  @spec count(t, String.t(), non_neg_integer) :: t
  def count(sync, _name, 0), do: sync

  def count(sync, name, number) do
    report = Map.update!(sync.report, name, &(&1 + number))
    sync.tell.(report)
    %{sync | report: report}
  end

  @doc "Whether an error is Moodle's as a whole, or the store's, so that nothing else can be done either."
  @spec everywhere?(Error.t() | map) :: boolean
  def everywhere?(%Error{kind: kind}), do: kind in @everywhere
  def everywhere?(%{"code" => code}), do: code in ["unavailable", "timeout", "not_configured"]
end
