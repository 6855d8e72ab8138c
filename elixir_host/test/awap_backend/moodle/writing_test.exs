defmodule AwapBackend.Moodle.WritingTest do
  @moduledoc "Grades that go to Moodle: checked, written, read back, compared. What Moodle did not store is never a success."

  use ExUnit.Case, async: true

  alias AwapBackend.{FakeMoodle, Moodle}

  setup do
    {:ok, moodle} = FakeMoodle.start()
    course = FakeMoodle.put_course(moodle)
    %{moodle: moodle, course: course, client: FakeMoodle.client(moodle)}
  end

  # An assignment with one student who has handed in, as the client sees both.
  defp assigned(context, attributes \\ %{}) do
    id = FakeMoodle.put_assignment(context.moodle, context.course, attributes)
    student = FakeMoodle.put_user(context.moodle, context.course)
    FakeMoodle.put_submission(context.moodle, id, student, %{timemodified: 1_790_000_000})
    Map.merge(context, %{assignment: described(context, id), student: student})
  end

  defp described(context, id) do
    {:ok, assignments, []} = Moodle.get_assignments(context.client, context.course)
    Enum.find(assignments, &(&1.id == id))
  end

  defp upload(context, more) do
    Map.merge(
      %{
        assignment: context.assignment,
        user_id: context.student,
        attempt: 0,
        grade: 66.5,
        feedback_html: "<p>Well argued.</p>",
        expected: nil
      },
      Map.new(more)
    )
  end

  defp write(context, more \\ %{}), do: Moodle.upload_grade(context.client, upload(context, more))
  defp stored(context), do: FakeMoodle.grade_of(context.moodle, context.assignment.id, context.student)

  defp saves(context),
    do: Enum.filter(FakeMoodle.calls(context.moodle), &(&1.function == "mod_assign_save_grade"))

  defp fingerprint(context) do
    {:ok, grade} = Moodle.read_grade(context.client, context.assignment, context.student)
    grade.fingerprint
  end

  describe "plain grades" do
    setup context, do: assigned(context)

    test "a grade and its feedback are written and read back", context do
      assert {:ok, %{outcome: :written, grade: grade}} = write(context)
      assert %{grade: 66.5, graded?: true, grader: 71, feedback_comment: "<p>Well argued.</p>"} = grade
      assert %{grade: 66.5, comment: "<p>Well argued.</p>", writes: 1} = stored(context)
      assert [%{params: params}] = saves(context)

      assert %{"addattempt" => "0", "applytoall" => "0", "attemptnumber" => "0", "workflowstate" => ""} =
               params
    end

    test "what is there already is not written again", context do
      assert {:ok, %{outcome: :written}} = write(context)
      assert {:ok, %{outcome: :already_there}} = write(context)
      assert %{writes: 1} = stored(context)
    end

    test "grades out of range are refused, and nothing is sent", context do
      for grade <- [100.001, 150, -0.5, -1, nil, "60", :nan] do
        assert {:error, %{kind: :invalid, code: "grade_out_of_range"}} = write(context, grade: grade)
      end

      assert saves(context) == []
      assert {:ok, %{outcome: :written}} = write(context, grade: 100)
    end

    test "a grade that was not stored is a failure", context do
      # Its range shrank between the check and the writing, as far as the client knows.
      FakeMoodle.change_assignment(context.moodle, context.assignment.id, %{grade: 50})
      assert {:error, %{code: "grade_not_stored", retryable?: false}} = write(context)
      assert %{grade: -1.0} = stored(context)
    end

    test "a scale is not for points", context do
      assignment = %{context.assignment | grade_max: nil, scale: 4}
      assert {:error, %{kind: :not_supported, code: "scale"}} = write(context, assignment: assignment)
    end

    test "a filled rubric is not for an assignment without one", context do
      assert {:error, %{code: "no_rubric_in_moodle"}} = write(context, filling: %{1 => %{level_id: 2}})
    end

    test "feedback is always sent, as an empty one would wipe what is there", context do
      for feedback <- ["", "  ", "<p>&nbsp;</p>", nil] do
        assert {:error, %{kind: :invalid, code: "no_feedback"}} = write(context, feedback_html: feedback)
      end

      assert saves(context) == []
    end

    test "feedback is escaped", context do
      html =
        ~s(<p>If a < b & c:</p><script>alert\(1\)</script><p onclick="x\(\)">hi</p><img src=x><a href="//e.x">e</a>)

      assert {:ok, %{outcome: :written}} = write(context, feedback_html: html)
      comment = stored(context).comment
      assert comment =~ "<p>If a &lt; b &amp; c:</p>"
      for bad <- ["<script", "<p onclick", "<img", "<a "], do: refute(comment =~ bad)

      assert {:ok, %{outcome: :written}} =
               write(context,
                 feedback_html: nil,
                 feedback_text: "One <b>\n\nTwo\nthree",
                 expected: fingerprint(context)
               )

      assert stored(context).comment == "<p>One &lt;b&gt;</p><p>Two<br />three</p>"
    end

    test "users that Moodle would take a grade for are checked first", context do
      drafting = FakeMoodle.put_user(context.moodle, context.course)
      FakeMoodle.put_submission(context.moodle, context.assignment.id, drafting, %{status: "draft"})
      idle = FakeMoodle.put_user(context.moodle, context.course)
      elsewhere = FakeMoodle.put_user(context.moodle, FakeMoodle.put_course(context.moodle))
      suspended = FakeMoodle.put_user(context.moodle, context.course)
      FakeMoodle.put_submission(context.moodle, context.assignment.id, suspended)
      FakeMoodle.suspend(context.moodle, suspended)

      for {user, code} <- [
            {drafting, "no_submission"},
            {idle, "no_submission"},
            {elsewhere, "not_taking_part"},
            {suspended, "not_taking_part"},
            {999_999, "not_taking_part"}
          ] do
        assert {:error, %{kind: :not_found, code: ^code}} = write(context, user_id: user)
      end

      assert saves(context) == []
      assert length(FakeMoodle.submissions(context.moodle, context.assignment.id)) == 3
    end

    test "a grade that changed since it was read is not overwritten", context do
      expected = fingerprint(context)

      FakeMoodle.set_grade(context.moodle, context.assignment.id, context.student,
        grade: 40.0,
        comment: "<p>Mine</p>",
        grader: 15
      )

      assert {:conflict, %{expected: ^expected, found: %{grade: 40.0, grader: 15}, reason: :grade_changed}} =
               write(context, expected: expected)

      assert {:conflict, %{reason: :grade_changed}} = write(context, expected: nil)
      assert saves(context) == []
      assert {:ok, %{outcome: :written}} = write(context, expected: fingerprint(context))
    end

    test "the same grade by another, with other words, is a conflict too", context do
      FakeMoodle.set_grade(context.moodle, context.assignment.id, context.student,
        grade: 66.5,
        comment: "<p>Mine</p>",
        grader: 15
      )

      assert {:conflict, %{reason: :grade_changed}} = write(context)
    end

    test "a second grade takes the place of our first", context do
      assert {:ok, %{grade: first}} = write(context)
      assert {:ok, %{outcome: :written}} = write(context, grade: 70, expected: first.fingerprint)

      assert {:ok, %{outcome: :written}} =
               write(context, grade: 70, feedback_html: "<p>Other words.</p>", expected: fingerprint(context))

      assert %{grade: 70.0, comment: "<p>Other words.</p>"} = stored(context)
    end

    test "work that was handed in again, or in a new attempt, does not get the old grade", context do
      assert {:conflict, %{reason: :resubmitted}} = write(context, submission_time_modified: 1_789_999_999)
      assert {:ok, %{outcome: :written}} = write(context, submission_time_modified: 1_790_000_000)
      FakeMoodle.put_submission(context.moodle, context.assignment.id, context.student, %{attempt: 1})

      assert {:conflict, %{reason: :new_attempt, found: %{attempt: 1, grade: nil}}} =
               write(context, grade: 10)

      # The grade of the attempt before is none of the new one.
      assert {:ok, %{outcome: :written, grade: %{attempt: 1}}} = write(context, attempt: 1)
    end

    test "grades that the account may not see are not taken for none", context do
      FakeMoodle.set_grade(context.moodle, context.assignment.id, context.student, grade: 40.0, grader: 15)

      warning = %{
        "item" => "assignment",
        "itemid" => context.assignment.id,
        "warningcode" => "1",
        "message" => "No"
      }

      FakeMoodle.fault(context.moodle, {:answer, %{"assignments" => [], "warnings" => [warning]}},
        on: "mod_assign_get_grades"
      )

      assert {:error, %{kind: :access, code: "no_access"}} = write(context)
      assert saves(context) == []
    end

    test "no attempt is ever added", context do
      write(context)
      write(context, grade: 1, expected: fingerprint(context))
      assert Enum.map(saves(context), & &1.params["addattempt"]) == ["0", "0"]
    end

    test "a locked or overridden grade is a failure, and nothing is sent", context do
      FakeMoodle.set_gradebook(context.moodle, context.assignment.id, context.student, locked: true)
      assert {:error, %{kind: :conflict, code: "grade_locked"}} = write(context)

      FakeMoodle.set_gradebook(context.moodle, context.assignment.id, context.student,
        locked: false,
        overridden: 12.0
      )

      assert {:error, %{kind: :conflict, code: "grade_overridden"}} = write(context)
      assert saves(context) == []
    end

    test "where the gradebook may not be read, a locked grade is found by reading back", context do
      FakeMoodle.set_gradebook(context.moodle, context.assignment.id, context.student, locked: true)
      FakeMoodle.set_functions(context.moodle, Enum.map(AwapBackend.Moodle.Courses.needed(), &elem(&1, 0)))
      assert {:error, %{code: "grade_not_stored"}} = write(context)
      {:ok, site} = Moodle.site_info(context.client)
      context = %{context | client: Moodle.knowing(context.client, site)}
      FakeMoodle.forget_calls(context.moodle)
      assert {:error, %{code: "grade_not_stored"}} = write(context)
      refute Enum.any?(FakeMoodle.calls(context.moodle), &(&1.function == "gradereport_user_get_grade_items"))
    end
  end

  describe "an answer that does not come" do
    setup context, do: assigned(context)

    test "is no failure where the grade is there, and the grade is written once", context do
      FakeMoodle.fault(context.moodle, :reset_after, on: "mod_assign_save_grade", times: 1)
      assert {:ok, %{outcome: :written}} = write(context)
      assert %{writes: 1} = stored(context)
    end

    test "is a failure where the grade is not there, and the same call again writes it once", context do
      FakeMoodle.fault(context.moodle, :reset, on: "mod_assign_save_grade", times: 1)
      assert {:error, %{kind: :unreachable, code: "outcome_unknown", retryable?: true}} = write(context)
      assert length(saves(context)) == 1
      assert stored(context) == nil
      assert {:ok, %{outcome: :written}} = write(context)
      assert %{writes: 1} = stored(context)
    end

    test "nor may it be read back: the next call finds the grade and writes nothing", context do
      FakeMoodle.fault(context.moodle, :reset_after, on: "mod_assign_save_grade", times: 1)
      # What is asked before writing is answered once.
      spawn_fault_after_save(context)
      assert {:error, %{code: "outcome_unknown", retryable?: true}} = write(context)
      FakeMoodle.heal(context.moodle)
      assert {:ok, %{outcome: :already_there}} = write(context)
      assert %{writes: 1} = stored(context)
    end
  end

  # Once the grade is saved, nothing is answered any more.
  defp spawn_fault_after_save(context) do
    moodle = context.moodle

    spawn_link(fn ->
      wait_until(fn -> Enum.any?(FakeMoodle.calls(moodle), &(&1.function == "mod_assign_save_grade")) end)
      FakeMoodle.fault(moodle, :database_down)
    end)

    FakeMoodle.fault(moodle, {:slow, 400}, on: "mod_assign_save_grade", times: 1)
  end

  defp wait_until(fun) do
    unless fun.() do
      Process.sleep(5)
      wait_until(fun)
    end
  end

  describe "a workflow" do
    setup context, do: assigned(context, %{markingworkflow: 1})

    test "gets grades as ready for review, and released only where a person says so", context do
      assert {:ok, %{outcome: :written, grade: %{workflow_state: "readyforreview", feedback_comment: nil}}} =
               write(context)

      assert FakeMoodle.flags_of(context.moodle, context.assignment.id, context.student).workflowstate ==
               "readyforreview"

      assert {:ok, %{outcome: :written}} =
               write(context, workflow_state: "released", expected: fingerprint(context))

      assert {:error, %{code: "bad_workflow_state"}} = write(context, workflow_state: "bananas")
    end

    test "shows no comment before release, and one without a grade is not written over", context do
      note = %{comment: "<p>Please redo section 2.</p>", grader: 15}
      FakeMoodle.set_grade(context.moodle, context.assignment.id, context.student, note)
      assert {:conflict, %{reason: :grade_changed, found: %{feedback_comment: nil} = found}} = write(context)
      # Overwritten by a person's decision, it is another once it was written anew.
      FakeMoodle.set_grade(
        context.moodle,
        context.assignment.id,
        context.student,
        Map.put(note, :timemodified, 1_799_999_999)
      )

      assert {:conflict, %{reason: :grade_changed}} = write(context, expected: found.fingerprint)
      assert saves(context) == []
      assert {:ok, %{outcome: :written}} = write(context, expected: fingerprint(context))
    end

    test "that was released by a person is not taken back", context do
      FakeMoodle.set_grade(context.moodle, context.assignment.id, context.student,
        grade: 50.0,
        comment: "x",
        workflowstate: "released"
      )

      assert {:error, %{kind: :conflict, code: "already_released"}} =
               write(context, expected: fingerprint(context))
    end

    test "shows no feedback before release: an earlier attempt of ours is known by who wrote and when",
         context do
      expected = fingerprint(context)
      assert {:ok, %{outcome: :written}} = write(context, expected: expected)
      # As after a crash before the end was stored.
      assert {:ok, %{outcome: :already_there}} = write(context, expected: expected)
      assert %{writes: 1} = stored(context)
      # New words for the same grade, from what is there now, are written.
      assert {:ok, %{outcome: :written}} =
               write(context, feedback_html: "<p>New words</p>", expected: fingerprint(context))

      assert %{writes: 2, comment: "<p>New words</p>"} = stored(context)
    end

    test "the same grade by another is a conflict, though the words cannot be seen", context do
      expected = fingerprint(context)

      FakeMoodle.set_grade(context.moodle, context.assignment.id, context.student,
        grade: 66.5,
        comment: "theirs",
        grader: 15,
        workflowstate: "readyforreview"
      )

      assert {:conflict, %{reason: :grade_changed}} = write(context, expected: expected)
    end
  end

  describe "rubrics and guides" do
    @rubric {:rubric,
             [
               {"Understanding &amp; use", [{0, "None"}, {10, "Some"}, {30, "Full"}]},
               {"Style", [{0, "Poor"}, {20, "Good"}]}
             ]}

    defp levels(definition) do
      for criterion <- hd(definition.rubric["questions"])["criteria"],
          do: {criterion["id"], criterion["levels"]}
    end

    test "a rubric of Moodle's is a rubric of ours", context do
      context = assigned(context, %{definition: @rubric})

      assert {:ok, %{method: :rubric, rubric: rubric}} =
               Moodle.get_definition(context.client, context.assignment.cmid)

      assert %{"schema" => "awap:rubric/1", "max_mark" => 50, "rounding" => "none", "questions" => [question]} =
               rubric

      assert [%{"title" => "Understanding & use", "max_mark" => 30, "kind" => "human"} = first, _second] =
               question["criteria"]

      assert %{"method" => "rubric", "criterionid" => id, "levelids" => [_, _, _]} = first["moodle"]
      assert first["id"] == "c#{id}"
      assert [%{"score" => 0, "definition" => "None"}, _, %{"score" => 30}] = first["levels"]
    end

    test "a guide of Moodle's is a rubric of ours; an assignment with neither has none", context do
      context = assigned(context, %{definition: {:guide, [{"Part 1", 60}, {"Part 2", 40}]}})

      assert {:ok, %{method: :guide, rubric: rubric}} =
               Moodle.get_definition(context.client, context.assignment.cmid)

      assert %{"max_mark" => 100, "questions" => [%{"criteria" => [first, _second]}]} = rubric
      assert %{"title" => "Part 1", "description" => "About Part 1", "max_mark" => 60} = first
      assert %{"method" => "guide", "descriptionmarkers" => "Look for Part 1"} = first["moodle"]

      plain = assigned(context).assignment
      assert {:ok, nil} = Moodle.get_definition(context.client, plain.cmid)
      assert {:error, %{kind: :not_found}} = Moodle.get_definition(context.client, 1)
    end

    test "a filled rubric goes back complete, and Moodle makes the grade of it", context do
      context = assigned(context, %{definition: @rubric, grade: 100})
      {:ok, definition} = Moodle.get_definition(context.client, context.assignment.cmid)
      [{one, ones}, {two, twos}] = levels(definition)

      filling = %{
        one => %{level_id: Enum.at(ones, 1)["id"], remark: "More <b> of it"},
        two => %{level_id: Enum.at(twos, 1)["id"]}
      }

      assert {:ok, %{outcome: :written, grade: %{grade: 60.0}}} = write(context, filling: filling)
      assert {:ok, %{outcome: :already_there}} = write(context, filling: filling)
      [%{params: params}] = saves(context)
      assert params["advancedgradingdata[rubric][criteria][0][fillings][0][remark]"] == "More <b> of it"
      assert params["advancedgradingdata[rubric][criteria][0][fillings][0][remarkformat]"] == "2"
      assert params["grade"] == "60.0"
    end

    test "a partial or wrong rubric is refused, and nothing is sent", context do
      context = assigned(context, %{definition: @rubric})
      {:ok, definition} = Moodle.get_definition(context.client, context.assignment.cmid)
      [{one, ones}, {two, twos}] = levels(definition)
      good = %{one => %{level_id: hd(ones)["id"]}, two => %{level_id: hd(twos)["id"]}}

      for {filling, code} <- [
            {nil, "filling_required"},
            {Map.delete(good, two), "filling_incomplete"},
            {%{}, "filling_incomplete"},
            {Map.put(good, "c999", %{level_id: 1}), "filling_unknown_criterion"},
            {Map.put(good, "rubbish", %{level_id: 1}), "filling_unknown_criterion"},
            {%{good | two => %{level_id: hd(ones)["id"]}}, "filling_bad_level"},
            {%{good | two => %{score: 20}}, "filling_bad_level"}
          ] do
        assert {:error, %{kind: :invalid, code: ^code}} = write(context, filling: filling)
      end

      assert saves(context) == []
    end

    test "a guide's scores are within their range, and with half points", context do
      context = assigned(context, %{definition: {:guide, [{"Part 1", 60}, {"Part 2", 40}]}})
      {:ok, definition} = Moodle.get_definition(context.client, context.assignment.cmid)
      [%{"criteria" => [%{"id" => one}, %{"id" => two}]}] = definition.rubric["questions"]

      for score <- [61, -1, nil, "5"] do
        assert {:error, %{code: "filling_bad_score"}} =
                 write(context, filling: %{one => %{score: score}, two => %{score: 1}})
      end

      assert saves(context) == []
      filling = %{one => %{score: 41.5}, two => %{score: 30}}
      assert {:ok, %{outcome: :written, grade: %{grade: 71.5}}} = write(context, filling: filling)
    end

    test "a rubric that changed while it was marked is a failure", context do
      context = assigned(context, %{definition: @rubric})
      {:ok, definition} = Moodle.get_definition(context.client, context.assignment.cmid)
      [{one, ones}, {two, twos}] = levels(definition)
      filling = %{one => %{level_id: hd(ones)["id"]}, two => %{level_id: hd(twos)["id"]}}
      FakeMoodle.change_assignment(context.moodle, context.assignment.id, %{definition: @rubric})
      assert {:error, %{code: "filling_unknown_criterion"}} = write(context, filling: filling)
    end
  end

  describe "teams" do
    setup context do
      id = FakeMoodle.put_assignment(context.moodle, context.course, %{teamsubmission: 1})
      members = for _ <- 1..3, do: FakeMoodle.put_user(context.moodle, context.course, %{groups: [7]})
      FakeMoodle.put_submission(context.moodle, id, {:group, 7}, %{files: [{"/", "p.pdf", "%PDF"}]})
      Map.merge(context, %{assignment: described(context, id), members: members, student: hd(members)})
    end

    test "the grade is applied to all, once, and each member's is read back", context do
      team = %{user_id: 0, group_id: 7, group_members: context.members}
      assert {:ok, %{outcome: :written, grade: %{members: members}}} = write(context, team)
      assert Enum.map(members, & &1.grade) == [66.5, 66.5, 66.5]
      assert [%{params: %{"applytoall" => "1"}}] = saves(context)
      assert {:ok, %{outcome: :already_there}} = write(context, team)

      FakeMoodle.set_grade(context.moodle, context.assignment.id, List.last(context.members),
        grade: 1.0,
        grader: 15
      )

      assert {:conflict, %{reason: :grade_changed}} = write(context, team)
    end

    test "a comment that somebody left to one member is not written over", context do
      note = %{comment: "<p>See me, Ann.</p>", grader: 15}
      FakeMoodle.set_grade(context.moodle, context.assignment.id, List.last(context.members), note)
      team = %{user_id: 0, group_id: 7, group_members: context.members}
      assert {:conflict, %{reason: :grade_changed}} = write(context, team)
      assert saves(context) == []
    end

    test "a member whose grade is locked makes it a failure", context do
      FakeMoodle.set_gradebook(context.moodle, context.assignment.id, List.last(context.members), locked: true)

      team = %{user_id: 0, group_id: 7, group_members: context.members}
      assert {:error, %{code: "grade_locked"}} = write(context, team)
      assert {:error, %{code: "no_members"}} = write(context, %{group_id: 7})
    end
  end

  describe "feedback files" do
    test "go along where the assignment takes them", context do
      context = assigned(context)
      files = [%{name: "marked – ünï.txt", content: "ticks"}, %{name: "notes.txt", content: "more"}]
      assert {:ok, %{outcome: :written}} = write(context, files: files)
      assert stored(context).files == [{"marked – ünï.txt", "ticks"}, {"notes.txt", "more"}]
      assert {:ok, %{outcome: :already_there}} = write(context, files: files)

      assert {:error, %{code: "feedback_files_present"}} =
               write(context, files: [%{name: "x", content: ""}], grade: 1, expected: fingerprint(context))
    end

    test "have names that Moodle keeps", context do
      context = assigned(context)

      assert {:ok, %{outcome: :written}} =
               write(context, files: [%{name: ~s(a "b"/../c?.txt\r\n), content: "x"}])

      assert [{"a _b__.._c_.txt__", "x"}] = stored(context).files
    end

    test "are left out where it does not", context do
      context = assigned(context, %{feedback_plugins: ["comments"]})
      assert {:ok, %{outcome: :written}} = write(context, files: [%{name: "x.txt", content: "x"}])
      refute Enum.any?(FakeMoodle.calls(context.moodle), &(&1.function == "upload"))
    end
  end
end
