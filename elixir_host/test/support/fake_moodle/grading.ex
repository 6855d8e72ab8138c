defmodule AwapBackend.FakeMoodle.Grading do
  @moduledoc """
  The fake Moodle's marks: definitions, grades, the gradebook, and `save_grade` with all that it does without a word: a plain grade out of range, a rubric that
  is not complete, a grade that is locked or overridden, users that are not there.
  """

  alias AwapBackend.FakeMoodle.{Functions, State}

  @doc "Definitions of these activities."
  def definitions(state, cmids) do
    areas =
      for cmid <- cmids, Map.has_key?(state.definitions, cmid) do
        area(cmid, state.definitions[cmid])
      end

    %{"areas" => areas, "warnings" => []}
  end

  defp area(cmid, nil), do: area(cmid, nil, [])

  defp area(cmid, {method, criteria, time}) do
    content =
      case method do
        :rubric -> %{"rubric" => %{"rubric_criteria" => criteria}}
        :guide -> %{"guide" => %{"guide_criteria" => criteria, "guide_comments" => []}}
      end

    definition =
      Map.merge(content, %{
        "id" => cmid + 1,
        "method" => to_string(method),
        "name" => "How it is marked",
        "description" => "",
        "descriptionformat" => 1,
        "status" => 20,
        "timecreated" => time,
        "timemodified" => time
      })

    area(cmid, to_string(method), [definition])
  end

  defp area(cmid, method, definitions) do
    %{
      "cmid" => cmid,
      "contextid" => cmid + 7,
      "component" => "mod_assign",
      "areaname" => "submissions",
      "activemethod" => method,
      "definitions" => definitions
    }
  end

  @doc "The latest grade row of each user."
  def grades(state, assignments) do
    {found, warnings} =
      assignments
      |> Enum.map(fn id ->
        users = for %{assignment: ^id, user: user} <- state.grades, uniq: true, do: user
        rows = for user <- users, do: grade(State.grade_of(state, id, user))

        if rows == [],
          do:
            {nil,
             %{"item" => "assignment", "itemid" => id, "warningcode" => "3", "message" => "No grades found"}},
          else: {%{"assignmentid" => id, "grades" => rows}, nil}
      end)
      |> Enum.unzip()

    %{"assignments" => Enum.reject(found, &is_nil/1), "warnings" => Enum.reject(warnings, &is_nil/1)}
  end

  defp grade(row) do
    %{
      "id" => row.id,
      "userid" => row.user,
      "attemptnumber" => row.attempt,
      "timecreated" => row.timecreated,
      "timemodified" => row.timemodified,
      "grader" => row.grader,
      "grade" => decimal(row.grade)
    }
  end

  # A marker who leaves the field empty gives no grade, and what there is none of is no number.
  defp decimal(nil), do: ""
  defp decimal(number), do: :erlang.float_to_binary(number * 1.0, decimals: 5)

  @doc "The gradebook's items of a course, for a user."
  def grade_items(state, course, user) do
    items =
      for {id, %{course: ^course} = assignment} <- state.assignments do
        entry = Map.merge(%{locked: false, overridden: nil}, state.gradebook[{id, user}] || %{})

        %{
          "id" => id + 40_000,
          "itemname" => assignment.name,
          "itemtype" => "mod",
          "itemmodule" => "assign",
          "iteminstance" => id,
          "itemnumber" => 0,
          "cmid" => assignment.cmid,
          "graderaw" => final(state, assignment, user),
          "gradeislocked" => entry.locked,
          "gradeisoverridden" => entry.overridden != nil,
          "grademin" => 0,
          "grademax" => assignment.grade
        }
      end

    %{"usergrades" => [%{"courseid" => course, "userid" => user, "gradeitems" => items}], "warnings" => []}
  end

  # What the gradebook shows: nothing of what a workflow has not released.
  defp final(state, assignment, user) do
    case {state.gradebook[{assignment.id, user}], State.grade_of(state, assignment.id, user)} do
      {%{overridden: grade}, _row} when grade != nil ->
        grade

      {_entry, %{grade: grade}} when is_number(grade) and grade >= 0 ->
        if released?(state, assignment, user), do: grade

      _none ->
        nil
    end
  end

  defp released?(state, assignment, user) do
    assignment.markingworkflow == 0 or State.flags_of(state, assignment.id, user).workflowstate == "released"
  end

  @doc "Whether the attempt that is being marked has a grade."
  def graded?(state, assignment, user) do
    case State.row(state, assignment.id, user, State.attempt(state, assignment.id, user)) do
      %{grade: grade} when is_number(grade) and grade >= 0 -> true
      _none -> false
    end
  end

  @doc "How far marking is."
  def status(state, assignment, user) do
    if assignment.markingworkflow == 1 do
      case State.flags_of(state, assignment.id, user).workflowstate do
        "" -> "notmarked"
        workflow -> workflow
      end
    else
      if graded?(state, assignment, user), do: "graded", else: "notgraded"
    end
  end

  @doc "The feedback that is shown: none until it is released."
  def feedback(state, assignment, user) do
    row = State.row(state, assignment.id, user, State.attempt(state, assignment.id, user))
    final = final(state, assignment, user)
    comment? = row != nil and row.comment not in [nil, ""] and released?(state, assignment, user)

    if final == nil and not comment?,
      do: %{},
      else: %{"feedback" => Map.merge(shown(final), if(row, do: given(row), else: %{}))}
  end

  defp shown(nil), do: %{"gradefordisplay" => "-", "gradeddate" => 0}
  defp shown(final), do: %{"gradefordisplay" => "#{decimal(final)} / 100.00", "gradeddate" => 1}

  defp given(row) do
    %{
      "grade" => row |> grade() |> Map.put("assignment", row.assignment),
      "plugins" => [
        %{
          "type" => "comments",
          "name" => "Feedback comments",
          "fileareas" => [%{"area" => "feedback", "files" => []}],
          "editorfields" => [
            %{
              "name" => "comments",
              "description" => "Feedback comments",
              "text" => row.comment || "",
              "format" => 1
            }
          ]
        },
        %{
          "type" => "file",
          "name" => "Feedback files",
          "fileareas" => [
            %{
              "area" => "feedback_files",
              "files" =>
                for(
                  {name, bytes} <- row.files,
                  do: %{"filename" => name, "filepath" => "/", "filesize" => byte_size(bytes)}
                )
            }
          ]
        }
      ]
    }
  end

  # --- save_grade

  @doc "What `mod_assign_save_grade` does."
  def save(state, params) do
    assignment = state.assignments[Functions.int(params["assignmentid"])]
    if assignment == nil, do: throw({:moodle, "dml_missing_record_exception", "invalidrecord"})
    if not Regex.match?(~r/\A-?\d+(\.\d+)?\z/, params["grade"]), do: Functions.invalid()

    comment = get_in(params, ["plugindata", "assignfeedbackcomments_editor", "text"])

    if comment == nil and "comments" in assignment.feedback_plugins,
      do: throw({:moodle, "dml_write_exception", "dmlwriteexception"})

    params = Map.put(params, "comment", comment)
    Enum.reduce(receivers(state, assignment, params), state, &save_one(&2, assignment, &1, params))
  end

  defp receivers(state, assignment, params) do
    user = Functions.int(params["userid"])
    team = State.team(state, user)

    if params["applytoall"] == "1" and assignment.teamsubmission == 1 and team != 0,
      do: for({id, member} <- state.users, team in member.groups, do: id),
      else: [user]
  end

  # A row that is locked or overridden keeps its grade, and takes the comment.
  defp save_one(state, assignment, user, params) do
    now = State.now(state)
    attempt = Functions.int(params["attemptnumber"])
    attempt = if attempt == -1, do: State.attempt(state, assignment.id, user), else: attempt
    row = State.row(state, assignment.id, user, attempt) || State.blank(assignment.id, user, attempt, now)

    {grade, fillings} =
      if disabled?(state, assignment, user), do: {:kept, nil}, else: earned(state, assignment, params)

    row = %{row | comment: params["comment"], writes: row.writes + 1, files: files(state, row, params)}

    row =
      case grade do
        :kept -> row
        grade -> %{row | grade: grade, grader: state.service_user, timemodified: now, fillings: fillings}
      end

    state
    |> State.put_row(row)
    |> workflow(assignment, user, params)
    |> another_attempt(assignment, user, params)
  end

  defp files(state, row, params) do
    case get_in(params, ["plugindata", "files_filemanager"]) do
      nil -> row.files
      draft -> Map.get(state.drafts, Functions.int(draft), [])
    end
  end

  defp workflow(state, assignment, user, params) do
    {:ok, state} = State.set_flags(state, assignment.id, user, %{workflowstate: params["workflowstate"]})
    state
  end

  defp another_attempt(state, assignment, user, %{"addattempt" => "1"}) do
    attempt = State.attempt(state, assignment.id, user) + 1
    {_id, state} = State.put_submission(state, assignment.id, user, %{status: "reopened", attempt: attempt})
    state
  end

  defp another_attempt(state, _assignment, _user, _params), do: state

  defp disabled?(state, assignment, user) do
    case state.gradebook[{assignment.id, user}] do
      nil -> false
      entry -> entry.locked or entry.overridden != nil
    end
  end

  defp earned(state, assignment, params) do
    case state.definitions[assignment.cmid] do
      nil -> plain(assignment, params)
      {:rubric, criteria, _time} -> rubric(assignment, criteria, params["advancedgradingdata"]["rubric"])
      {:guide, criteria, _time} -> guide(assignment, criteria, params["advancedgradingdata"]["guide"])
    end
  end

  defp plain(assignment, params) do
    {grade, ""} = Float.parse(params["grade"])
    if grade >= 0 and grade <= assignment.grade, do: {grade, nil}, else: {:kept, nil}
  end

  defp rubric(_assignment, _criteria, nil), do: {-1.0, nil}

  defp rubric(assignment, criteria, data) do
    fillings = fillings(data, "levelid")

    scores =
      for criterion <- criteria do
        Enum.find_value(criterion["levels"], fn level ->
          if to_string(level["id"]) == fillings[to_string(criterion["id"])], do: level["score"]
        end)
      end

    if nil in scores do
      {0.0, nil}
    else
      least =
        criteria |> Enum.map(&(&1["levels"] |> Enum.map(fn l -> l["score"] end) |> Enum.min())) |> Enum.sum()

      most =
        criteria |> Enum.map(&(&1["levels"] |> Enum.map(fn l -> l["score"] end) |> Enum.max())) |> Enum.sum()

      {rounded((Enum.sum(scores) - least) / (most - least) * assignment.grade), data}
    end
  end

  defp guide(_assignment, _criteria, nil), do: {-1.0, nil}

  defp guide(assignment, criteria, data) do
    fillings = fillings(data, "score")

    scores =
      for criterion <- criteria do
        with text when text != nil <- fillings[to_string(criterion["id"])],
             {score, ""} when score >= 0 <- Float.parse(text),
             true <- score <= criterion["maxscore"] do
          score
        else
          _wrong -> nil
        end
      end

    if nil in scores,
      do: {:kept, nil},
      else:
        {rounded(
           Enum.sum(scores) / (criteria |> Enum.map(& &1["maxscore"]) |> Enum.sum()) * assignment.grade
         ), data}
  end

  # As a column with five decimals keeps it.
  defp rounded(grade), do: Float.round(grade * 1.0, 5)

  defp fillings(data, key) do
    for {_index, criterion} <- data["criteria"] || %{},
        filling = criterion["fillings"]["0"],
        into: %{},
        do: {criterion["criterionid"], filling[key]}
  end
end
