defmodule AwapBackend.Moodle.OutboxTest do
  @moduledoc "Approved grades go to Moodle: each once, whatever dies on the way, and what Moodle does not take is never a success."

  use AwapBackend.MoodleCase

  alias AwapBackend.Moodle.{Outbox, OutboxGrade}

  @moduletag :store
  @moduletag :capture_log

  setup do: start_both()

  # Written in Moodle by us, unless somebody else's is meant.
  defp grade(context, student), do: FakeMoodle.grade_of(context.moodle, context.assignment, student)

  defp claim(worker, lease_ms) do
    {:ok, %{"upload" => upload}} = Repo.call("claim_upload", %{"worker" => worker, "lease_ms" => lease_ms})
    upload
  end

  describe "once" do
    test "a reviewed grade and its feedback reach Moodle, once", context do
      {student, row} = marked(context)
      review(row, %{"grade" => 64.5, "feedback_text" => "Well **argued**.\n\n- One\n- Two <b>"})
      start_outbox(context)
      sent = upload(row, "sent")
      assert %{grade: 64.5, writes: 1, comment: comment} = grade(context, student)
      assert comment =~ "<p>Well <strong>argued</strong>.</p>"
      assert comment =~ "<ul><li>One</li><li>Two &lt;b&gt;</li></ul>"
      assert %{"attempts" => 1, "error_code" => nil, "finished_at" => finished} = sent
      assert finished
      Process.sleep(300)
      assert writes(context) == 1
    end

    test "a draft that nobody reviewed does not go", context do
      {student, row} = marked(context)
      start_outbox(context)
      Process.sleep(300)
      assert uploads(row) == [] and grade(context, student) == nil
    end

    test "unless configured otherwise", context do
      start_again(%{"MOODLE_UPLOAD" => "unreviewed"})
      {student, row} = marked(context)
      start_outbox(context)
      upload(row, "sent")
      assert %{grade: 70.0} = grade(context, student)
    end

    test "and none where they are off", context do
      start_again(%{"MOODLE_UPLOAD" => "off"})
      {_student, row} = marked(context)
      review(row)
      start_outbox(context)
      Process.sleep(300)
      assert uploads(row) == [] and writes(context) == 0
    end

    test "points are the share of what the assignment is worth", context do
      FakeMoodle.change_assignment(context.moodle, context.assignment, %{grade: 20})
      {student, row} = marked(context)
      review(row, %{"grade" => 85})
      start_outbox(context)
      upload(row, "sent")
      assert %{grade: 17.0} = grade(context, student)
    end

    test "killed between write and read-back, it is found there, and not written again", context do
      {student, row} = marked(context)
      review(row)

      # As far as a host gets that is killed then: the row is claimed, Moodle has the grade, and nobody says so.
      upload = claim("killed", 1)
      assert %{outcome: "sent"} = OutboxGrade.send(context.client, upload)
      assert %{"state" => "sending"} = hd(uploads(row))
      start_outbox(context)
      assert %{"attempts" => 2} = upload(row, "sent")
      assert %{grade: 64.0, writes: 1} = grade(context, student)
      assert writes(context) == 1
    end

    test "killed with its process while Moodle is slow to answer the write, it is there once", context do
      {student, row} = marked(context)
      review(row)
      FakeMoodle.fault(context.moodle, {:slow, 1_500}, on: "mod_assign_save_grade", times: 1)
      pid = start_outbox(context, lease_ms: 400)
      eventually(fn -> writes(context) == 1 end)
      tasks = Task.Supervisor.children(AwapBackend.Moodle.TaskSupervisor)
      for process <- [pid | tasks], do: Process.exit(process, :kill)
      start_outbox(context, name: :next_outbox)
      upload(row, "sent")
      assert %{grade: 64.0} = grade(context, student)
      eventually(fn -> grade(context, student).writes == 1 end)
      assert length(for(%{"state" => "sent"} <- uploads(row), do: 1)) == 1
    end

    test "killed before the write, it is written", context do
      {student, row} = marked(context)
      review(row)
      claim("killed", 1)
      start_outbox(context)
      upload(row, "sent")
      assert %{grade: 64.0, writes: 1} = grade(context, student)
    end

    test "the connection breaks after the write and before the answer: it is found there", context do
      {student, row} = marked(context)
      review(row)
      FakeMoodle.fault(context.moodle, :reset_after, on: "mod_assign_save_grade", times: 1)
      start_outbox(context)
      upload(row, "sent")
      assert %{grade: 64.0, writes: 1} = grade(context, student)
    end

    test "two outboxes send it once", context do
      {student, row} = marked(context)
      for name <- [:one, :two, :three], do: start_outbox(context, name: name)
      review(row)
      for name <- [:one, :two, :three], do: Outbox.wake(name)
      upload(row, "sent")
      Process.sleep(300)
      assert writes(context) == 1 and grade(context, student).writes == 1
    end

    test "a grade approved while Moodle is down is sent when it is back, once", context do
      {student, row} = marked(context)
      FakeMoodle.fault(context.moodle, :maintenance)
      review(row)
      start_outbox(context)
      eventually(fn -> match?([%{"attempts" => 1, "state" => "queued"}], uploads(row)) end, 30_000)
      assert %{"error_code" => "sitemaintenance", "next_attempt_at" => next} = hd(uploads(row))
      assert next
      FakeMoodle.heal(context.moodle)
      {:ok, _row} = Repo.call("retry_upload", %{"upload_id" => hd(uploads(row))["id"], "actor" => %{}})
      upload(row, "sent")
      assert %{grade: 64.0, writes: 1} = grade(context, student)
    end

    test "a later review takes the place of one that waits", context do
      {student, row} = marked(context)
      review(row, %{"grade" => 50})
      review(row, %{"grade" => 60})
      start_outbox(context)
      upload(row, "sent")
      assert %{grade: 60.0, writes: 1} = grade(context, student)
    end

    test "a later review of a grade that is in Moodle goes over it", context do
      {student, row} = marked(context)
      start_outbox(context)
      review(row, %{"grade" => 50})
      Outbox.wake(:test_outbox)
      upload(row, "sent")
      review(row, %{"grade" => 60})
      Outbox.wake(:test_outbox)
      eventually(fn -> match?(%{grade: 60.0, writes: 2}, grade(context, student)) end, 30_000)
    end

    test "a later review of one that arrived, of which nobody heard, is no conflict with ourselves",
         context do
      {student, row} = marked(context)
      review(row, %{"grade" => 50})
      upload = claim("w", 60_000)
      OutboxGrade.send(context.client, upload)

      request = %{
        "upload_id" => upload["upload_id"],
        "worker" => "w",
        "outcome" => "retry",
        "code" => "timeout"
      }

      {:ok, _retried} = Repo.call("finish_upload", Map.put(request, "actor", %{}))
      review(row, %{"grade" => 60})
      start_outbox(context)
      upload(row, "sent")
      assert %{grade: 60.0, writes: 2} = grade(context, student)
    end
  end

  describe "what Moodle does not take is reported, never as success" do
    test "a grade that was changed there is a conflict, until a person decides", context do
      {student, row} = marked(context)
      FakeMoodle.set_grade(context.moodle, context.assignment, student, grade: 33.0, comment: "Mine.")
      review(row)
      start_outbox(context)
      conflict = upload(row, "conflict")

      assert %{"error_code" => "grade_changed", "details" => %{"found" => 33.0, "approved" => 64.0}} =
               conflict

      assert %{grade: 33.0, comment: "Mine."} = grade(context, student)
      assert writes(context) == 0

      request = %{"upload_id" => conflict["id"], "overwrite" => true, "actor" => %{}}
      {:ok, _queued} = Repo.call("retry_upload", request)
      Outbox.wake(:test_outbox)
      upload(row, "sent")
      assert %{grade: 64.0} = grade(context, student)
    end

    test "a grade that was there when the work was fetched may be replaced", context do
      {student, _submission} = hand_in(context)
      FakeMoodle.set_grade(context.moodle, context.assignment, student, grade: 12.0, comment: "Earlier.")
      sync(context)
      [row] = all_marked()
      review(row)
      start_outbox(context)
      upload(row, "sent")
      assert %{grade: 64.0} = grade(context, student)
    end

    for {what, empty} <- ["an empty grade": nil, "no grade yet": -1.0] do
      test "a comment with #{what} is a person's work: taken in beside, and not replaced", context do
        {student, _submission} = hand_in(context)
        note = %{grade: unquote(empty), comment: "Please redo section 2."}
        FakeMoodle.set_grade(context.moodle, context.assignment, student, note)
        sync(context)
        [row] = all_marked()
        review(row)
        start_outbox(context)
        assert %{"error_code" => "grade_changed"} = conflict = upload(row, "conflict")
        assert %{comment: "Please redo section 2."} = grade(context, student)
        assert writes(context) == 0

        {:ok, _queued} =
          Repo.call("retry_upload", %{"upload_id" => conflict["id"], "overwrite" => true, "actor" => %{}})

        Outbox.wake(:test_outbox)
        upload(row, "sent")
        assert %{grade: 64.0} = grade(context, student)
      end
    end

    test "a team that someone has joined since, who would get a grade for others' work", context do
      FakeMoodle.change_assignment(context.moodle, context.assignment, %{teamsubmission: 1})
      for _ <- 1..2, do: FakeMoodle.put_user(context.moodle, context.course, %{groups: [7]})
      other = FakeMoodle.put_user(context.moodle, context.course, %{groups: [8]})
      FakeMoodle.set_grade(context.moodle, context.assignment, other, grade: 80.0, comment: "Yours.")
      hand_in_again(context, {:group, 7}, %{})
      sync(context)
      [row] = all_marked()
      FakeMoodle.change_user(context.moodle, other, %{groups: [7]})
      review(row)
      start_outbox(context)
      assert %{"error_code" => "team_changed"} = upload(row, "failed")
      assert %{grade: 80.0, comment: "Yours."} = grade(context, other)
      assert writes(context) == 0
    end

    test "work that was handed in again meanwhile", context do
      {student, row} = marked(context)
      review(row)
      FakeMoodle.advance(context.moodle, 60)
      hand_in_again(context, student, files: [{"/", "essay.txt", "A better one."}])
      start_outbox(context)
      assert %{"error_code" => "resubmitted"} = upload(row, "conflict")
      assert grade(context, student) == nil
    end

    for {what, gradebook} <- [locked: %{locked: true}, overridden: %{overridden: 12.0}] do
      test "a row that is #{what} in the gradebook", context do
        {student, row} = marked(context)

        FakeMoodle.set_gradebook(
          context.moodle,
          context.assignment,
          student,
          unquote(Macro.escape(gradebook))
        )

        review(row)
        start_outbox(context)
        failed = upload(row, "failed")
        assert failed["error_code"] == "grade_#{unquote(what)}" and failed["error_message"] =~ "Moodle"
        assert writes(context) == 0
        # Once that is lifted, a person has it sent again.
        FakeMoodle.set_gradebook(context.moodle, context.assignment, student, %{
          locked: false,
          overridden: nil
        })

        {:ok, _queued} = Repo.call("retry_upload", %{"upload_id" => failed["id"], "actor" => %{}})
        Outbox.wake(:test_outbox)
        upload(row, "sent")
        assert %{grade: 64.0} = grade(context, student)
      end
    end

    test "a student who was suspended since", context do
      {student, row} = marked(context)
      FakeMoodle.suspend(context.moodle, student)
      review(row)
      start_outbox(context)
      assert %{"error_code" => "not_taking_part"} = upload(row, "failed")
      assert writes(context) == 0
    end

    test "an assignment that is marked with a scale", context do
      {_student, row} = marked(context)
      FakeMoodle.change_assignment(context.moodle, context.assignment, %{grade: -4})
      review(row)
      start_outbox(context)
      assert %{"error_code" => "scale"} = upload(row, "failed")
    end

    test "a refused token is waited out: the grade goes when there is another", context do
      {student, row} = marked(context)
      FakeMoodle.fault(context.moodle, :bad_token)
      review(row)
      start_outbox(context)

      eventually(
        fn -> match?([%{"error_code" => "invalidtoken", "state" => "queued"}], uploads(row)) end,
        30_000
      )

      FakeMoodle.heal(context.moodle)
      {:ok, _queued} = Repo.call("retry_upload", %{"upload_id" => hd(uploads(row))["id"], "actor" => %{}})
      upload(row, "sent")
      assert %{grade: 64.0, writes: 1} = grade(context, student)
    end
  end

  describe "rubrics and guides" do
    @rubric {:rubric,
             [{"Argument", [{0, "None"}, {10, "Good"}]}, {"Style", [{0, "Poor"}, {5, "Fair"}, {10, "Fine"}]}]}
    @guide {:guide, [{"Argument", 60}, {"Style", 40}]}

    defp criteria(context, scores) do
      {:ok, [assignment], _} = AwapBackend.Moodle.get_assignments(context.client, context.course)
      {:ok, definition} = AwapBackend.Moodle.get_definition(context.client, assignment.cmid)

      ours =
        for question <- definition.rubric["questions"], criterion <- question["criteria"], do: criterion["id"]

      filled =
        for {id, score} <- Enum.zip(ours, scores),
            do: %{"id" => id, "score" => score, "comment" => "A remark."}

      %{"criteria" => filled}
    end

    test "a rubric goes criterion by criterion", context do
      FakeMoodle.change_assignment(context.moodle, context.assignment, %{definition: @rubric})
      {student, row} = marked(context)
      review(row, %{"grade" => 75, "marking_criteria" => criteria(context, [10, 5])})
      start_outbox(context)
      upload(row, "sent")
      assert %{grade: 75.0, fillings: fillings} = grade(context, student)
      assert inspect(fillings) =~ "A remark."
    end

    test "a guide goes with its scores", context do
      FakeMoodle.change_assignment(context.moodle, context.assignment, %{definition: @guide})
      {student, row} = marked(context)
      review(row, %{"grade" => 71.5, "marking_criteria" => criteria(context, [41.5, 30])})
      start_outbox(context)
      upload(row, "sent")
      assert %{grade: 71.5} = grade(context, student)
    end

    for {what, grade, scores, code} <- [
          {"a partial rubric", 50, [10], "criteria_incomplete"},
          {"a score that is no level", 70, [10, 4], "criteria_incomplete"},
          {"a grade that the criteria do not make", 90, [10, 5], "grade_and_criteria_differ"}
        ] do
      test "#{what} fails, and nothing is written", context do
        FakeMoodle.change_assignment(context.moodle, context.assignment, %{definition: @rubric})
        {student, row} = marked(context)
        review(row, %{"grade" => unquote(grade), "marking_criteria" => criteria(context, unquote(scores))})
        start_outbox(context)
        assert %{"error_code" => unquote(code)} = upload(row, "failed")
        assert writes(context) == 0 and grade(context, student) == nil
      end
    end

    test "a score over a guide's most fails, and nothing is written", context do
      FakeMoodle.change_assignment(context.moodle, context.assignment, %{definition: @guide})
      {_student, row} = marked(context)
      review(row, %{"grade" => 95, "marking_criteria" => criteria(context, [65, 30])})
      start_outbox(context)
      assert %{"error_code" => "filling_bad_score"} = upload(row, "failed")
      assert writes(context) == 0
    end
  end

  test "a team's grade goes to all its members, and to nobody else", context do
    FakeMoodle.change_assignment(context.moodle, context.assignment, %{teamsubmission: 1})
    members = for _ <- 1..2, do: FakeMoodle.put_user(context.moodle, context.course, %{groups: [7]})
    other = FakeMoodle.put_user(context.moodle, context.course, %{groups: [8]})
    hand_in_again(context, {:group, 7}, %{})
    sync(context)
    [row] = all_marked()
    review(row)
    start_outbox(context)
    upload(row, "sent")
    for member <- members, do: assert(%{grade: 64.0} = grade(context, member))
    assert grade(context, other) == nil
  end

  test "of a marking workflow it only ever makes ready for review", context do
    FakeMoodle.change_assignment(context.moodle, context.assignment, %{markingworkflow: 1})
    {student, row} = marked(context)
    review(row)
    start_outbox(context)
    upload(row, "sent")
    assert FakeMoodle.flags_of(context.moodle, context.assignment, student).workflowstate == "readyforreview"
  end

  test "stopping lets the grade in hand be finished", context do
    {student, row} = marked(context)
    review(row)
    FakeMoodle.fault(context.moodle, {:slow, 500}, on: "mod_assign_save_grade", times: 1)
    start_outbox(context)
    eventually(fn -> writes(context) == 1 end)
    :ok = stop_supervised(:test_outbox)
    assert %{"state" => "sent"} = hd(uploads(row))
    assert grade(context, student).writes == 1
  end

  test "no token and no student is in a log, an event, the audit log or a table", context do
    named = %{firstname: "Zebedee", lastname: "Quillfeather", idnumber: "P987654321"}

    log =
      ExUnit.CaptureLog.capture_log(fn ->
        {_student, _submission} = hand_in(context, %{}, named)
        sync(context)
        [row] = all_marked()
        FakeMoodle.fault(context.moodle, :bad_token, times: 2)
        review(row)
        start_outbox(context)
        eventually(fn -> match?([%{"attempts" => n} | _] when n > 0, uploads(row)) end, 30_000)
      end)

    clear = in_the_clear() <> log
    for secret <- [FakeMoodle.token(), "Zebedee", "Quillfeather", "P987654321"], do: refute(clear =~ secret)
  end

  test "whatever a text says, HTML of it is what was meant" do
    for {markdown, html} <- [
          {"a < b & \"c\"", "<p>a &lt; b &amp; &quot;c&quot;</p>"},
          {"<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"},
          {"## Aim\ntext", "<h3>Aim</h3>\n<p>text</p>"},
          {"1. one\n2. two", "<ol><li>one</li><li>two</li></ol>"},
          {"> quoted *so*", "<blockquote>quoted <em>so</em></blockquote>"},
          {"`x * y` and 2 * 3 * 4", "<p><code>x * y</code> and 2 * 3 * 4</p>"},
          {"one\ntwo\n\nthree", "<p>one<br>two</p>\n\n<p>three</p>"}
        ] do
      assert {markdown, AwapBackend.Moodle.OutboxHTML.from_markdown(markdown)} == {markdown, html}
    end
  end
end
