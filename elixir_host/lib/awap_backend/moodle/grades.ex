defmodule AwapBackend.Moodle.Grades do
  @moduledoc """
  Reads what Moodle holds of a student's or a team's grade: several functions each say a part, and some of it no function says.

  The grade of the attempt and who gave it come from `mod_assign_get_grades`; comment and files from the submission's status, which shows none until a workflow has released
  them; the workflow's state from the flags; lock and override from the gradebook's report, where the account may read it.
  """

  import AwapBackend.Moodle.Shape

  alias AwapBackend.Moodle.{Client, Error, Participants, Submissions}

  @type who :: integer | {:group, integer, [integer]}

  @typedoc """
  `grade` is nil where there is none. `feedback_comment` is nil where Moodle shows no feedback. `locked?` and `overridden?` are nil where the account may not know. `members` are
  the grades of each whom this covers, each with `touched_by`: who saved something of it, also a comment or a state without a grade. `fingerprint` stands for
  who gave or saved what when: it changes when anyone's grade or comment is written.
  """
  @type t :: %{
          user_id: integer,
          attempt: integer,
          submission_time_modified: integer,
          grade: float | nil,
          graded?: boolean,
          grader: integer | nil,
          time_modified: integer | nil,
          locked?: boolean | nil,
          overridden?: boolean | nil,
          workflow_state: String.t() | nil,
          feedback_comment: String.t() | nil,
          feedback_files: [map] | nil,
          filling: nil,
          members: [map],
          fingerprint: String.t()
        }

  @grade_items "gradereport_user_get_grade_items"

  @doc false
  @spec read_grade(Client.t(), map, who) :: {:ok, t} | {:error, Error.t()}
  def read_grade(client, assignment, who) do
    with {:ok, members} <- members(client, assignment, who) do
      again(client, assignment, members)
    end
  end

  @doc "As `read_grade/3`, of those who were looked up already."
  @spec again(Client.t(), map, [integer]) :: {:ok, t} | {:error, Error.t()}
  def again(client, assignment, [user | _] = members) do
    asked = %{assignment_id: assignment.id, user_id: user}

    with {:ok, status} <- Submissions.status(client, asked, known: true),
         {:ok, submission} <- handed_in(status),
         {:ok, rows} <- rows(client, assignment.id),
         {:ok, state} <- workflow_state(client, assignment, user),
         {:ok, books} <- gradebook(client, assignment, members) do
      {:ok, snapshot(submission, status, state, graded(members, rows, books, submission.attempt))}
    end
  end

  @doc """
  The fingerprints that `read_grade/3` would give, by one call for all of an assignment: a function of the users whom a grade covers and
  their attempt, which answers nil where none of them has a grade: a comment without one is not taken for what may be replaced.
  """
  @spec fingerprints(Client.t(), integer) ::
          {:ok, ([integer], non_neg_integer -> String.t() | nil)} | {:error, Error.t()}
  def fingerprints(client, assignment_id) do
    with {:ok, rows} <- rows(client, assignment_id) do
      {:ok,
       fn users, attempt ->
         members = graded(users, rows, %{}, attempt)
         if Enum.any?(members, & &1.grade), do: fingerprint(members)
       end}
    end
  end

  defp handed_in(%{submission: %{status: "submitted"} = submission}), do: {:ok, submission}
  defp handed_in(_other), do: {:error, Submissions.nothing_handed_in()}

  # Moodle gives a team's grade to whoever is in the team now, and nobody may get one for work that was not theirs.
  defp members(client, assignment, {:group, group, handed_in}) do
    with {:ok, people} <- Participants.list(client, assignment.id) do
      team = Enum.filter(people, &(&1.group_id == group))

      cond do
        team == [] -> {:error, Participants.not_taking_part()}
        Enum.any?(team, &(&1.id not in handed_in)) -> {:error, Participants.team_changed()}
        not Enum.any?(team, & &1.submitted?) -> {:error, Submissions.nothing_handed_in()}
        true -> {:ok, team |> Enum.sort_by(&{not &1.submitted?, &1.id}) |> Enum.map(& &1.id)}
      end
    end
  end

  # Only who takes part and has handed in: Moodle takes grades for anybody.
  defp members(client, assignment, user) do
    with {:ok, standing} <- Participants.standing(client, assignment.id) do
      case standing[user] do
        nil -> {:error, Participants.not_taking_part()}
        %{submitted?: false} -> {:error, Submissions.nothing_handed_in()}
        %{submitted?: true} -> {:ok, [user]}
      end
    end
  end

  @doc "Whether grades of an assignment can be read."
  @spec readable(Client.t(), integer) :: :ok | {:error, Error.t()}
  def readable(client, assignment_id), do: with({:ok, _rows} <- rows(client, assignment_id), do: :ok)

  defp rows(client, assignment_id) do
    with {:ok, answer} <- Client.read(client, "mod_assign_get_grades", %{assignmentids: [assignment_id]}) do
      # Grades that are not seen are not “none”: they would be overwritten.
      read(answer, fn answer -> with :ok <- seen(answer, "grades"), do: {:ok, rows_of(answer)} end)
    end
  end

  defp rows_of(answer) do
    for assignment <- answer["assignments"],
        row <- assignment["grades"],
        into: %{},
        do: {int(row["userid"]), row_of(row)}
  end

  defp row_of(row) do
    %{
      grade: grade_or_nil(row["grade"]),
      attempt: int(row["attemptnumber"]),
      grader: int(row["grader"]),
      time_modified: int(row["timemodified"])
    }
  end

  defp workflow_state(_client, %{workflow?: false}, _user), do: {:ok, nil}

  defp workflow_state(client, assignment, user) do
    with {:ok, flags} <- Participants.flags(client, assignment.id),
         do: {:ok, Map.get(flags, user, Participants.no_flags()).workflow_state}
  end

  defp graded(members, rows, books, attempt) do
    for user <- members do
      book = Map.get(books, user, %{locked?: nil, overridden?: nil})
      rows |> Map.get(user) |> row(attempt) |> Map.put(:user_id, user) |> Map.merge(book)
    end
  end

  # A row of an earlier attempt says nothing of this one. One without a grade says who has saved a comment, say, which Moodle need
  # not show; a row that Moodle makes by itself has nobody.
  defp row(%{attempt: attempt, grade: nil, grader: grader} = row, attempt)
       when is_integer(grader) and grader > 0,
       do: %{grade: nil, grader: nil, time_modified: nil, touched_by: grader, touched_at: row.time_modified}

  defp row(%{attempt: attempt, grade: grade} = row, attempt) when grade != nil,
    do: row |> Map.delete(:attempt) |> Map.merge(%{touched_by: row.grader, touched_at: row.time_modified})

  defp row(_none, _attempt),
    do: %{grade: nil, grader: nil, time_modified: nil, touched_by: nil, touched_at: nil}

  # --- the gradebook

  defp gradebook(client, assignment, members) do
    if client.site && @grade_items not in client.site.functions,
      do: {:ok, %{}},
      else: Enum.reduce_while(members, {:ok, %{}}, &book(client, assignment, &1, &2))
  end

  defp book(client, assignment, user, {:ok, books}) do
    case Client.read(client, @grade_items, %{courseid: assignment.course_id, userid: user}) do
      {:ok, answer} ->
        case read(answer, &{:ok, item(&1, assignment.id)}) do
          {:ok, nil} -> {:cont, {:ok, books}}
          {:ok, item} -> {:cont, {:ok, Map.put(books, user, item)}}
          {:error, error} -> {:halt, {:error, error}}
        end

      # The account may not know; reading back will tell.
      {:error, %Error{kind: kind}} when kind in [:access, :not_found] ->
        {:halt, {:ok, %{}}}

      {:error, %Error{code: "nopermissiontoviewgrades"}} ->
        {:halt, {:ok, %{}}}

      {:error, error} ->
        {:halt, {:error, error}}
    end
  end

  defp item(answer, assignment_id) do
    items = for grades <- list(answer["usergrades"]), item <- list(grades["gradeitems"]), do: item

    found =
      Enum.find(items, fn item ->
        item["itemmodule"] == "assign" and item["iteminstance"] == assignment_id and
          item["itemnumber"] in [0, nil]
      end)

    found &&
      %{
        locked?: on?(found["gradeislocked"]) or on?(found["locked"]),
        overridden?: on?(found["gradeisoverridden"])
      }
  end

  # --- together

  defp snapshot(submission, status, state, [first | _] = members) do
    feedback = status.feedback

    %{
      user_id: first.user_id,
      attempt: submission.attempt,
      submission_time_modified: submission.time_modified,
      grade: first.grade,
      graded?: first.grade != nil,
      grader: first.grader,
      time_modified: first.time_modified,
      locked?: any(members, :locked?),
      overridden?: any(members, :overridden?),
      workflow_state: state,
      feedback_comment: feedback && feedback.comment,
      feedback_files: feedback && feedback.files,
      # No function tells it without the right to manage rubrics.
      filling: nil,
      members: members,
      fingerprint: fingerprint(members)
    }
  end

  defp any(members, key) do
    values = Enum.map(members, & &1[key])
    if Enum.any?(values), do: true, else: if(nil in values, do: nil, else: false)
  end

  defp fingerprint(members) do
    parts =
      for member <- Enum.sort_by(members, & &1.user_id),
          do: touch(member)

    hash = :crypto.hash(:sha256, :erlang.term_to_binary(parts, minor_version: 2))
    "1:" <> (hash |> binary_part(0, 12) |> Base.url_encode64(padding: false))
  end

  defp touch(%{grade: nil, touched_by: by} = member) when by != nil,
    do: {member.user_id, nil, {:touched, by}, member.touched_at}

  defp touch(member), do: {member.user_id, member.grade, member.grader, member.time_modified}
end
