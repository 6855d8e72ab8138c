defmodule AwapBackend.Moodle.OutboxGrade do
  @moduledoc """
  One approved grade as Moodle takes it: points, or a filled rubric or guide, with the feedback as HTML; and what became of sending it.

  Points are the grade's share of what the assignment is worth. With a rubric or guide Moodle makes the grade of the criteria, so each criterion goes as it was
  marked, and the grade that was approved has to be what they make: where it is not, nothing is sent, and the row says so.
  """

  alias AwapBackend.Moodle
  alias AwapBackend.Moodle.{Error, OutboxHTML}

  # Grades of ours have one decimal at most where a person gave them; this is for sums of fractions.
  @tolerance 0.51
  # No grade of Moodle's has this fingerprint: with it nothing is written, only looked at.
  @look_only "none"
  @later [:unreachable, :outage, :auth, :access]

  @typedoc "As the store's `finish_upload` takes it."
  @type outcome :: %{
          required(:outcome) => String.t(),
          optional(:seen) => String.t() | nil,
          optional(:code) => String.t() | nil,
          optional(:message) => String.t() | nil,
          optional(:details) => map,
          optional(:rest_ms) => non_neg_integer | nil
        }

  @doc "Sends a claimed grade; what became of it."
  @spec send(Moodle.Client.t(), map) :: outcome
  def send(client, upload) do
    with {:ok, assignment} <- assignment(client, upload),
         {:ok, definition} <- Moodle.get_definition(client, assignment.cmid),
         {:ok, request} <- request(assignment, definition, upload, upload) do
      client |> Moodle.upload_grade(request) |> judged(client, assignment, definition, upload, request)
    else
      {:error, error} -> refused(error)
    end
  end

  defp assignment(client, %{"course_id" => course, "assignment_id" => id}) do
    with {:ok, assignments, _warnings} <- Moodle.get_assignments(client, course) do
      case Enum.find(assignments, &(&1.id == id)) do
        nil ->
          {:error, Error.new(:not_found, "no_such_assignment", "Moodle has no such assignment any more.")}

        assignment ->
          {:ok, assignment}
      end
    end
  end

  # `marked` is what is sent: the upload itself, or one before it.
  defp request(assignment, definition, upload, marked) do
    with {:ok, grade} <- grade(assignment, definition, marked) do
      owner = upload["owner"]

      {:ok,
       Map.merge(grade, %{
         assignment: assignment,
         user_id: owner["user_id"],
         group_id: upload["group_id"],
         group_members: owner["members"],
         attempt: upload["submission_attempt"],
         submission_time_modified: seconds(upload["submitted_at"]),
         feedback_html: OutboxHTML.from_markdown(marked["feedback_text"]),
         expected: owner["expected"]
       })}
    end
  end

  defp seconds(nil), do: nil

  defp seconds(text) do
    {:ok, time, _offset} = DateTime.from_iso8601(text)
    DateTime.to_unix(time)
  end

  defp grade(%{grade_max: most}, nil, %{"grade" => grade}) when is_number(most),
    do: {:ok, %{grade: Float.round(grade * most / 100, 5)}}

  # Not marked with points: the upload says so.
  defp grade(_assignment, nil, _marked), do: {:ok, %{grade: nil}}

  defp grade(_assignment, definition, marked) do
    criteria = (marked["marking_criteria"] || %{})["criteria"] || []
    ours = for question <- definition.rubric["questions"], criterion <- question["criteria"], do: criterion
    filled = for criterion <- ours, do: {criterion, Enum.find(criteria, &(&1["id"] == criterion["id"]))}

    with {:ok, filling} <- filling(filled), do: agrees(filling, filled, marked["grade"])
  end

  defp filling(filled) do
    Enum.reduce_while(filled, {:ok, %{}}, fn {criterion, marked}, {:ok, filling} ->
      case answer(criterion, marked) do
        {:ok, answer} -> {:cont, {:ok, Map.put(filling, criterion["moodle"]["criterionid"], answer)}}
        {:error, error} -> {:halt, {:error, error}}
      end
    end)
  end

  defp answer(criterion, %{"score" => score} = marked) when is_number(score) do
    remark = marked["comment"] || ""

    case criterion["moodle"]["method"] do
      "guide" ->
        {:ok, %{score: score, remark: remark}}

      "rubric" ->
        case Enum.find(criterion["levels"], &(abs(&1["score"] - score) < 0.00001)) do
          nil ->
            {:error, unfilled("“#{criterion["title"]}” has a score that is none of its levels' in Moodle")}

          level ->
            {:ok, %{level_id: level["id"], remark: remark}}
        end
    end
  end

  defp answer(criterion, _unmarked),
    do: {:error, unfilled("“#{criterion["title"]}” is not marked")}

  defp unfilled(what) do
    message =
      "The assignment is marked with a rubric or guide in Moodle, and #{what}: complete the criteria of the feedback (marking_criteria), then review it again."

    Error.new(:invalid, "criteria_incomplete", message)
  end

  # What a person approved is what has to arrive. Moodle counts a rubric from 0, or from its least score.
  defp agrees(filling, filled, grade) do
    scores = for {_criterion, marked} <- filled, do: marked["score"]
    most = for({criterion, _marked} <- filled, do: criterion["max_mark"]) |> Enum.sum()
    least = for({criterion, _marked} <- filled, do: least(criterion)) |> Enum.sum()
    made = [Enum.sum(scores) / most * 100, (Enum.sum(scores) - least) / max(most - least, 0.00001) * 100]

    if Enum.any?(made, &(abs(&1 - grade) <= @tolerance)),
      do: {:ok, %{filling: filling}},
      else: {:error, disagrees()}
  end

  defp least(%{"levels" => levels}), do: levels |> Enum.map(& &1["score"]) |> Enum.min()
  defp least(_guide), do: 0

  defp disagrees do
    message =
      "In Moodle the grade is made of the criteria, and those of the feedback (marking_criteria) make another than the grade that was approved: change one or the other, then review it again."

    Error.new(:invalid, "grade_and_criteria_differ", message)
  end

  # --- what became of it

  defp judged({:ok, %{grade: found}}, _client, _assignment, _definition, _upload, _request),
    do: %{outcome: "sent", seen: found.fingerprint}

  defp judged(
         {:conflict, %{reason: :grade_changed} = conflict},
         client,
         assignment,
         definition,
         upload,
         request
       ) do
    # It may be one of ours, of which nobody heard that it had arrived.
    earlier = Enum.find_value(upload["earlier"] || [], &ours(client, assignment, definition, upload, &1))

    if earlier do
      case Moodle.upload_grade(client, %{request | expected: earlier}) do
        {:ok, %{grade: found}} -> %{outcome: "sent", seen: found.fingerprint}
        {:conflict, conflict} -> conflict(conflict, upload)
        {:error, error} -> refused(error)
      end
    else
      conflict(conflict, upload)
    end
  end

  defp judged({:conflict, conflict}, _client, _assignment, _definition, upload, _request),
    do: conflict(conflict, upload)

  defp judged({:error, error}, _client, _assignment, _definition, _upload, _request), do: refused(error)

  # The fingerprint of what Moodle has, if that is what `marked` says.
  defp ours(client, assignment, definition, upload, marked) do
    with {:ok, request} <- request(assignment, definition, upload, marked),
         {:ok, %{outcome: :already_there, grade: found}} <-
           Moodle.upload_grade(client, %{request | expected: @look_only}) do
      found.fingerprint
    else
      _not_ours -> nil
    end
  end

  defp conflict(%{found: found, reason: reason}, upload) do
    %{
      outcome: "conflict",
      seen: found.fingerprint,
      code: Atom.to_string(reason),
      message: said(reason),
      details: %{"found" => found.grade, "approved" => upload["grade"]}
    }
  end

  defp said(:grade_changed) do
    "The grade or comment in Moodle is not what it was when the work was fetched or last graded from here: look there, then have this one sent over it, or leave it."
  end

  defp said(:new_attempt),
    do: "The student has begun another attempt in Moodle: this grade is for the one before."

  defp said(:resubmitted) do
    "The work was handed in again in Moodle: this grade is for the version before. The next sync fetches it."
  end

  defp refused(%Error{kind: kind, code: code, message: message} = error) do
    again? = error.retryable? or kind in @later

    %{
      outcome: if(again?, do: "retry", else: "failed"),
      code: code,
      message: message,
      rest_ms: error.retry_after && error.retry_after * 1_000
    }
  end
end
