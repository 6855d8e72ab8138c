defmodule AwapBackend.Moodle.Upload do
  @moduledoc """
  Writes a grade and its feedback: checks, writes, reads back, compares.

  `mod_assign_save_grade` answers nothing whether it stored something or not, and overwrites what others wrote, so all is looked at before, and what counts is what
  can be read afterwards. It is idempotent: where Moodle has exactly this already nothing is written, also where an earlier attempt wrote it and was not there to read
  the answer.
  """

  alias AwapBackend.Moodle.{Client, Courses, Definitions, Error, Files, Filling, Grades, HTML}

  @review "readyforreview"
  @released "released"
  # A person took it further than we did.
  @at_review [@review, "inreview", "readyforrelease", @released]

  @doc false
  def run(client, upload) do
    with {:ok, plan} <- plan(client, upload),
         {:ok, found} <- Grades.read_grade(client, upload.assignment, plan.who) do
      judge(client, upload, plan, found)
    end
  end

  # --- what is wanted

  defp plan(client, upload) do
    assignment = upload.assignment

    with :ok <- markable(assignment),
         {:ok, who} <- who(upload),
         {:ok, comment} <- comment(upload),
         {:ok, state} <- state(assignment, upload[:workflow_state]),
         {:ok, definition} <- Definitions.get(client, assignment.cmid),
         {:ok, data, grades} <- wanted(definition, upload) do
      files = if "file" in assignment.feedback_plugins, do: named(upload[:files] || []), else: []
      {:ok, %{who: who, comment: comment, state: state, data: data, grades: grades, files: files}}
    end
  end

  # As they will be found when they are read back.
  defp named(files), do: for(file <- files, do: %{file | name: Files.kept_name(file.name)})

  defp markable(%{grade_max: max}) when is_number(max), do: :ok

  defp markable(%{scale: scale}) when scale != nil do
    message =
      "The assignment is marked with a scale of Moodle's; AWAP gives points. Give this grade in Moodle."

    {:error, Error.new(:not_supported, "scale", message)}
  end

  defp markable(_assignment), do: {:error, invalid("not_marked", "The assignment is not marked in Moodle.")}

  defp who(%{assignment: %{team?: true}} = upload) do
    case upload[:group_members] do
      [_ | _] = members -> {:ok, {:group, upload[:group_id] || 0, members}}
      _none -> {:error, invalid("no_members", "A team's grade needs the team's members.")}
    end
  end

  defp who(%{user_id: user}) when is_integer(user) and user > 0, do: {:ok, user}
  defp who(_upload), do: {:error, invalid("no_user", "A grade needs the student whose it is.")}

  # An empty comment would wipe the one that is there.
  defp comment(upload) do
    html =
      cond do
        is_binary(upload[:feedback_html]) -> HTML.safe(upload.feedback_html)
        is_binary(upload[:feedback_text]) -> HTML.from_text(upload.feedback_text)
        true -> ""
      end

    if HTML.to_text(html) == "",
      do: {:error, invalid("no_feedback", "A grade goes to Moodle with feedback, and there is none.")},
      else: {:ok, html}
  end

  defp state(%{workflow?: false}, _state), do: {:ok, ""}
  defp state(_assignment, nil), do: {:ok, @review}
  defp state(_assignment, state) when state in [@review, @released], do: {:ok, state}

  defp state(_assignment, _other) do
    {:error,
     invalid("bad_workflow_state", "A grade goes to Moodle as ready for review, or released by a person.")}
  end

  defp wanted(nil, %{filling: filling}) when filling != nil do
    {:error,
     invalid("no_rubric_in_moodle", "The grade has a filled rubric, and the assignment in Moodle has none.")}
  end

  defp wanted(nil, %{assignment: %{grade_max: max}} = upload) do
    grade = upload[:grade]

    if is_number(grade) and grade >= 0 and grade <= max,
      do: {:ok, nil, [Float.round(grade * 1.0, 5)]},
      else:
        {:error,
         invalid("grade_out_of_range", "The grade is not within 0 and #{max}, the most that Moodle takes.")}
  end

  defp wanted(definition, upload) do
    case upload[:filling] do
      %{} = filling ->
        Filling.prepare(filling, definition, upload.assignment.grade_max)

      _none ->
        {:error,
         invalid(
           "filling_required",
           "The assignment is marked with a rubric or guide in Moodle, and the grade has none filled."
         )}
    end
  end

  defp invalid(code, message), do: Error.new(:invalid, code, message)

  # --- what is there

  defp judge(client, upload, plan, found) do
    cond do
      moved_on = moved_on(upload, found) -> conflict(upload, found, moved_on)
      there?(plan, found) == true -> {:ok, %{outcome: :already_there, grade: found}}
      true -> unless_touched(client, upload, plan, found)
    end
  end

  defp unless_touched(client, upload, plan, found) do
    case untouched(client, upload, plan, found) do
      {:ok, true} -> writable(client, upload, plan, found)
      {:ok, false} -> ours_or_conflict(client, upload, plan, found)
      {:error, error} -> {:error, error}
    end
  end

  defp moved_on(upload, found) do
    cond do
      upload[:attempt] != nil and upload.attempt != found.attempt -> :new_attempt
      changed?(upload[:submission_time_modified], found.submission_time_modified) -> :resubmitted
      true -> nil
    end
  end

  defp changed?(nil, _now), do: false
  defp changed?(then, now), do: then != now

  defp conflict(upload, found, reason),
    do: {:conflict, %{expected: upload[:expected], found: found, reason: reason}}

  # True, false, or that Moodle does not show enough to say.
  defp there?(plan, found) do
    parts = [graded?(plan, found), commented?(plan, found), filed?(plan, found), advanced?(plan, found)]
    if false in parts, do: false, else: if(:unknown in parts, do: :unknown, else: true)
  end

  defp graded?(plan, found),
    do: Enum.all?(found.members, &(&1.grade != nil and close?(&1.grade, plan.grades)))

  defp close?(grade, grades), do: Enum.any?(grades, &(abs(&1 - grade) < 0.00002))

  defp commented?(_plan, %{feedback_comment: nil}), do: :unknown
  defp commented?(plan, %{feedback_comment: comment}), do: HTML.same_text?(plan.comment, comment)

  defp filed?(%{files: []}, _found), do: true
  defp filed?(_plan, %{feedback_files: nil}), do: :unknown

  defp filed?(plan, %{feedback_files: files}) do
    there = MapSet.new(files, &{&1.name, &1.size})
    Enum.all?(plan.files, &({&1.name, byte_size(&1.content)} in there))
  end

  defp advanced?(%{state: ""}, _found), do: true
  defp advanced?(%{state: @review}, found), do: found.workflow_state in @at_review
  defp advanced?(%{state: state}, found), do: found.workflow_state == state

  # Nobody but us has given a grade, or saved a comment without one, since the work was taken. Of comments Moodle shows none before
  # a workflow has released them, and of a team one member's.
  defp untouched(client, upload, plan, found) do
    case upload[:expected] do
      nil -> untouched_from_the_first(client, plan, found)
      %{fingerprint: fingerprint} -> {:ok, fingerprint == found.fingerprint}
      fingerprint -> {:ok, fingerprint == found.fingerprint}
    end
  end

  defp untouched_from_the_first(client, plan, found) do
    touched_by = for %{touched_by: by} <- found.members, by != nil, uniq: true, do: by

    cond do
      Enum.any?(found.members, & &1.grade) -> {:ok, false}
      commented_by_another?(plan, found) -> {:ok, false}
      touched_by == [] -> {:ok, true}
      true -> with {:ok, account} <- account(client), do: {:ok, touched_by == [account]}
    end
  end

  defp commented_by_another?(_plan, %{feedback_comment: nil}), do: false

  defp commented_by_another?(plan, %{feedback_comment: comment}),
    do: HTML.to_text(comment) != "" and not HTML.same_text?(plan.comment, comment)

  # Somebody has: an earlier attempt of ours, whose end we did not see, or another person.
  defp ours_or_conflict(client, upload, plan, found) do
    with :unknown <- there?(plan, found),
         {:ok, account} <- account(client),
         true <- Enum.all?(found.members, &(&1.grader == account)) do
      {:ok, %{outcome: :already_there, grade: found}}
    else
      {:error, error} -> {:error, error}
      _not_ours -> conflict(upload, found, :grade_changed)
    end
  end

  defp account(%{site: %{user_id: id}}), do: {:ok, id}
  defp account(client), do: with({:ok, site} <- Courses.site_info(client), do: {:ok, site.user_id})

  defp writable(client, upload, plan, found) do
    cond do
      found.locked? ->
        {:error, Error.new(:conflict, "grade_locked", "The grade is locked in Moodle's gradebook.")}

      found.overridden? ->
        {:error, Error.new(:conflict, "grade_overridden", "The grade is overridden in Moodle's gradebook.")}

      released_by_another?(plan, found) ->
        {:error, already_released()}

      others_files?(plan, found) ->
        {:error, others_files()}

      true ->
        write(client, upload, plan, found)
    end
  end

  # To go back to review would take the grade from the student; to go on would release ours without anyone having said so.
  defp released_by_another?(%{state: @review}, found),
    do: found.workflow_state in ["readyforrelease", @released]

  defp released_by_another?(_plan, _found), do: false

  defp already_released do
    message =
      "The grade is released, or ready for it, in Moodle: take it back to review there, or release this one."

    Error.new(:conflict, "already_released", message)
  end

  # Sending files takes the place of all that are there.
  defp others_files?(%{files: []}, _found), do: false
  defp others_files?(_plan, %{feedback_files: nil}), do: false

  defp others_files?(plan, %{feedback_files: files}) do
    ours = MapSet.new(plan.files, & &1.name)
    Enum.any?(files, &(&1.name not in ours))
  end

  defp others_files do
    Error.new(
      :conflict,
      "feedback_files_present",
      "There are other feedback files in Moodle, which these would replace."
    )
  end

  # --- writing

  defp write(client, upload, plan, found) do
    with {:ok, draft} <- draft(client, plan.files),
         :ok <- save(client, arguments(upload, plan, found, draft)) do
      read_back(client, upload, plan, found)
    else
      # Whether it was stored, reading says.
      {:unknown, error} -> read_back(client, upload, plan, found, error)
      {:error, error} -> {:error, error}
    end
  end

  defp draft(_client, []), do: {:ok, nil}
  defp draft(client, files), do: Files.upload(client, files)

  defp save(client, arguments) do
    case Client.write(client, "mod_assign_save_grade", arguments) do
      {:ok, _nothing} ->
        :ok

      {:error, %Error{code: "outcome_unknown"} = error} ->
        {:unknown, error}

      {:error, %Error{code: "dmlwriteexception"}} ->
        {:error,
         Error.new(:protocol, "dmlwriteexception", "Moodle could not write the grade to its database.")}

      {:error, %Error{} = error} ->
        {:error, error}
    end
  end

  defp arguments(upload, plan, found, draft) do
    plugins = %{assignfeedbackcomments_editor: %{text: plan.comment, format: 1}}

    %{
      assignmentid: upload.assignment.id,
      userid: found.user_id,
      # Not read where there is a rubric; should that have gone meanwhile, it is the same grade.
      grade: Filling.decimal(hd(plan.grades)),
      # The attempt that was marked, be there a newer one by now.
      attemptnumber: found.attempt,
      addattempt: 0,
      workflowstate: plan.state,
      applytoall: if(upload.assignment.team?, do: 1, else: 0),
      plugindata: if(draft, do: Map.put(plugins, :files_filemanager, draft), else: plugins),
      advancedgradingdata: plan.data
    }
  end

  defp read_back(client, upload, plan, before, unknown \\ nil) do
    members = Enum.map(before.members, & &1.user_id)

    case Grades.again(client, upload.assignment, members) do
      {:ok, found} -> compare(plan, before, found, unknown)
      {:error, error} -> {:error, unread(error)}
    end
  end

  defp unread(error) do
    message = "The grade was sent, and could not be read back. #{error.message}"
    %{error | code: "outcome_unknown", message: message, retryable?: true}
  end

  defp compare(plan, _before, found, nil) do
    if there?(plan, found) == false,
      do: {:error, not_stored(plan, found)},
      else: {:ok, %{outcome: :written, grade: found}}
  end

  # No answer came. What Moodle does not show proves nothing, but that the row was written since does.
  defp compare(plan, before, found, unknown) do
    case there?(plan, found) do
      true -> {:ok, %{outcome: :written, grade: found}}
      :unknown when found.fingerprint != before.fingerprint -> {:ok, %{outcome: :written, grade: found}}
      _not_seen -> {:error, unknown}
    end
  end

  defp not_stored(plan, found) do
    what =
      cond do
        graded?(plan, found) == false ->
          {"grade_not_stored", "the grade: it may be locked or overridden in the gradebook"}

        advanced?(plan, found) == false ->
          {"workflow_not_stored", "the state of the workflow"}

        commented?(plan, found) == false ->
          {"feedback_not_stored", "the feedback comment"}

        true ->
          {"files_not_stored", "the feedback files"}
      end

    {code, part} = what
    Error.new(:protocol, code, "Moodle took the grade without an error, but did not store #{part}.")
  end
end
