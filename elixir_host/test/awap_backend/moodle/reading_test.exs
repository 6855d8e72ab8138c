defmodule AwapBackend.Moodle.ReadingTest do
  @moduledoc "What is read from Moodle: courses, assignments, submissions, people."

  use ExUnit.Case, async: true

  alias AwapBackend.{FakeMoodle, Moodle}

  setup do
    {:ok, moodle} = FakeMoodle.start()
    course = FakeMoodle.put_course(moodle, %{shortname: "KX201", fullname: "Networks &  <Protocols>"})
    %{moodle: moodle, course: course, client: FakeMoodle.client(moodle)}
  end

  defp functions(moodle), do: moodle |> FakeMoodle.calls() |> Enum.map(& &1.function)

  test "the site says who the account is and which functions it lacks", %{moodle: moodle, client: client} do
    assert {:ok, site} = Moodle.site_info(client)
    assert site.site_name == "Example & Sons University"
    assert site.missing == []
    assert site.uploads? and site.downloads?

    FakeMoodle.set_functions(moodle, ["core_webservice_get_site_info", "mod_assign_get_assignments"])
    assert {:ok, %{missing: missing}} = Moodle.site_info(client)
    assert "mod_assign_save_grade" in missing
    refute "mod_assign_get_assignments" in missing
    # What is of help alone is not missed.
    refute "gradereport_user_get_grade_items" in missing
  end

  test "names are no longer escaped, and the site's own page is no course", %{client: client, course: course} do
    assert {:ok, [%{id: ^course, short_name: "KX201", full_name: "Networks &  <Protocols>", visible: true}]} =
             Moodle.get_courses(client)
  end

  test "an account that is enrolled nowhere gets the assignments", %{moodle: moodle} = context do
    id =
      FakeMoodle.put_assignment(moodle, context.course, %{
        name: "TMA 01: R&D",
        duedate: 1_790_000_000,
        grade: 50,
        teamsubmission: 1,
        blindmarking: 1,
        markingworkflow: 1,
        maxsubmissionsizebytes: 1_000_000,
        feedback_plugins: ["comments"]
      })

    assert {:ok, [assignment], []} = Moodle.get_assignments(context.client, context.course)
    assert %{id: ^id, name: "TMA 01: R&D", due_at: 1_790_000_000, cutoff_at: nil} = assignment
    assert %{grade_max: 50, scale: nil, team?: true, blind?: true, workflow?: true} = assignment
    assert assignment.feedback_plugins == MapSet.new(["comments"])
    assert assignment.max_bytes == 1_000_000
    [call] = FakeMoodle.calls(moodle)
    assert call.params["includenotenrolledcourses"] == "1"
  end

  test "what Moodle says of a part that failed comes back as a warning", %{client: client, course: course} do
    assert {:ok, [], [%{item: "course", item_id: 777, code: "2"}]} =
             Moodle.get_assignments(client, [course, 777])
  end

  test "a scale is no number of points", %{moodle: moodle, course: course, client: client} do
    FakeMoodle.put_assignment(moodle, course, %{grade: -4})
    assert {:ok, [%{grade_max: nil, scale: 4}], []} = Moodle.get_assignments(client, course)
  end

  describe "submissions" do
    setup %{moodle: moodle, course: course} do
      %{assignment: FakeMoodle.put_assignment(moodle, course), student: FakeMoodle.put_user(moodle, course)}
    end

    test "drafts, new and reopened rows are left out", %{moodle: moodle, course: course} = context do
      submitted = FakeMoodle.put_submission(moodle, context.assignment, context.student)

      for status <- ["draft", "new", "reopened"] do
        FakeMoodle.put_submission(moodle, context.assignment, FakeMoodle.put_user(moodle, course), %{
          status: status
        })
      end

      assert {:ok, [%{id: ^submitted, status: "submitted"}], []} =
               Moodle.download_submissions(context.client, context.assignment)
    end

    test "drafts are left out also by a site that was not asked to", %{moodle: moodle} = context do
      row = %{
        "id" => 1,
        "userid" => context.student,
        "groupid" => 0,
        "attemptnumber" => 0,
        "timemodified" => 1_790_000_000,
        "plugins" => []
      }

      rows =
        for {status, id} <- [{"draft", 1}, {"submitted", 2}],
            do: Map.merge(row, %{"status" => status, "id" => id})

      answer = %{
        "assignments" => [%{"assignmentid" => context.assignment, "submissions" => rows}],
        "warnings" => []
      }

      FakeMoodle.fault(moodle, {:answer, answer})
      assert {:ok, [%{id: 2}], []} = Moodle.download_submissions(context.client, context.assignment)
    end

    test "files of one name in two folders are two files, and odd names are kept",
         %{moodle: moodle} = context do
      name = "résumé – “1” #2 + 100%?.txt"
      files = [{"/", name, "one"}, {"/app/", name, "two"}]
      FakeMoodle.put_submission(moodle, context.assignment, context.student, %{files: files})
      assert {:ok, [submission], []} = Moodle.download_submissions(context.client, context.assignment)
      assert Enum.map(submission.files, &{&1.path, &1.name, &1.size}) == [{"/", name, 3}, {"/app/", name, 3}]
      assert Enum.uniq_by(submission.files, & &1.url) == submission.files
      assert submission.online_text == nil
    end

    test "online text comes with its embedded files", %{moodle: moodle} = context do
      FakeMoodle.put_submission(moodle, context.assignment, context.student, %{
        text: "<p>My answer</p>",
        text_files: [{"/", "diagram.png", <<137, 80>>}]
      })

      assert {:ok, [%{online_text: text, files: []}], []} =
               Moodle.download_submissions(context.client, context.assignment)

      assert %{html: "<p>My answer</p>", format: 1, files: [%{name: "diagram.png"}]} = text
    end

    test "`since` is inclusive and overlaps by a second, so that of two changes in one second none is lost",
         %{moodle: moodle, course: course} = context do
      other = FakeMoodle.put_user(moodle, course)
      at = 1_790_000_000
      one = FakeMoodle.put_submission(moodle, context.assignment, context.student, %{timemodified: at})

      assert {:ok, [%{time_modified: ^at}], []} =
               Moodle.download_submissions(context.client, context.assignment)

      two = FakeMoodle.put_submission(moodle, context.assignment, other, %{timemodified: at})
      old = FakeMoodle.put_user(moodle, course)
      FakeMoodle.put_submission(moodle, context.assignment, old, %{timemodified: at - 2})
      assert {:ok, rows, []} = Moodle.download_submissions(context.client, context.assignment, since: at)
      assert rows |> Enum.map(& &1.id) |> Enum.sort() == [one, two]
      assert List.last(FakeMoodle.calls(moodle)).params["since"] == to_string(at - 1)
    end

    test "the latest attempt alone is given", %{moodle: moodle} = context do
      FakeMoodle.put_submission(moodle, context.assignment, context.student)
      second = FakeMoodle.put_submission(moodle, context.assignment, context.student, %{attempt: 1})

      assert {:ok, [%{id: ^second, attempt: 1}], []} =
               Moodle.download_submissions(context.client, context.assignment)
    end

    test "a resubmission keeps its id and attempt; its time and files change", %{moodle: moodle} = context do
      first = %{files: [{"/", "a.txt", "one"}], timemodified: 1_790_000_000}
      id = FakeMoodle.put_submission(moodle, context.assignment, context.student, first)
      again = %{files: [{"/", "b.txt", "two"}], timemodified: 1_790_000_600}
      assert ^id = FakeMoodle.put_submission(moodle, context.assignment, context.student, again)

      assert {:ok, [%{id: ^id, attempt: 0, time_modified: 1_790_000_600, files: [%{name: "b.txt"}]}], []} =
               Moodle.download_submissions(context.client, context.assignment)
    end

    test "none is no warning; an unknown assignment and one without access are errors",
         %{moodle: moodle} = context do
      assert {:ok, [], []} = Moodle.download_submissions(context.client, context.assignment)
      assert {:error, %{kind: :not_found}} = Moodle.download_submissions(context.client, 99_999)

      warning = %{"item" => "assignment", "itemid" => 1, "warningcode" => "1", "message" => "No access"}
      FakeMoodle.fault(moodle, {:answer, %{"assignments" => [], "warnings" => [warning]}})

      assert {:error, %{kind: :access, code: "no_access"}} =
               Moodle.download_submissions(context.client, context.assignment)
    end

    test "an answer of another shape is an error and crashes nobody", %{moodle: moodle} = context do
      for answer <- [%{}, [], nil, "x", %{"assignments" => [%{"assignmentid" => "?"}]}] do
        FakeMoodle.fault(moodle, {:answer, answer}, times: 1)

        assert {:error, %{kind: :protocol, code: "unexpected_shape"}} =
                 Moodle.download_submissions(context.client, context.assignment)
      end
    end
  end

  test "a team's work is on the row of the team; members' rows are left out", %{moodle: moodle} = context do
    assignment = FakeMoodle.put_assignment(moodle, context.course, %{teamsubmission: 1})
    member = FakeMoodle.put_user(moodle, context.course, %{groups: [7]})

    team =
      FakeMoodle.put_submission(moodle, assignment, {:group, 7}, %{files: [{"/", "project.pdf", "%PDF"}]})

    FakeMoodle.put_submission(moodle, assignment, member)
    {:ok, [described], []} = Moodle.get_assignments(context.client, context.course)

    assert {:ok, [%{id: ^team, user_id: 0, group_id: 7, files: [_]}], []} =
             Moodle.download_submissions(context.client, described)

    assert {:ok, [_team], []} = Moodle.download_submissions(context.client, assignment, team?: true)
    assert {:ok, [_team_and, _member], []} = Moodle.download_submissions(context.client, assignment)
    assert {:ok, [%{group_id: 7, submitted?: true}]} = Moodle.list_participants(context.client, assignment)
  end

  test "nobody who handed in nothing is asked after, as Moodle would write a row for them",
       %{moodle: moodle} = context do
    assignment = FakeMoodle.put_assignment(moodle, context.course)
    student = FakeMoodle.put_user(moodle, context.course)
    suspended = FakeMoodle.put_user(moodle, context.course, %{suspended: true})
    FakeMoodle.put_submission(moodle, assignment, suspended)

    assert {:error, %{code: "no_submission"}} =
             Moodle.download_submission(context.client, %{assignment_id: assignment, user_id: student})

    assert {:error, %{code: "not_taking_part"}} =
             Moodle.download_submission(context.client, %{assignment_id: assignment, user_id: suspended})

    refute "mod_assign_get_submission_status" in functions(moodle)
    assert length(FakeMoodle.submissions(moodle, assignment)) == 1
  end

  test "a submission's standing: extension, lock, grade and feedback", %{moodle: moodle} = context do
    assignment = FakeMoodle.put_assignment(moodle, context.course)
    student = FakeMoodle.put_user(moodle, context.course)
    FakeMoodle.put_submission(moodle, assignment, student)
    FakeMoodle.set_flags(moodle, assignment, student, extensionduedate: 1_800_000_000, locked: 1)
    asked = %{assignment_id: assignment, user_id: student}

    assert {:ok, %{graded?: false, locked?: true, extension_due_at: 1_800_000_000, grade: nil, feedback: nil}} =
             Moodle.download_submission(context.client, asked)

    FakeMoodle.set_grade(moodle, assignment, student, grade: 61.5, comment: "<p>Good.</p>", grader: 9)

    assert {:ok, %{graded?: true, grade: %{grade: 61.5, grader: 9}, feedback: %{comment: "<p>Good.</p>"}}} =
             Moodle.download_submission(context.client, asked)
  end

  test "suspended students take no part; where marking is blind names are hidden and ids are not",
       %{moodle: moodle} = context do
    assignment = FakeMoodle.put_assignment(moodle, context.course)
    blind = FakeMoodle.put_assignment(moodle, context.course, %{blindmarking: 1})
    student = FakeMoodle.put_user(moodle, context.course, %{firstname: "Åse", lastname: "O'Hara & Co"})
    FakeMoodle.put_user(moodle, context.course, %{suspended: true})
    FakeMoodle.set_flags(moodle, assignment, student, extensionduedate: 1_800_000_000)

    assert {:ok, [person]} = Moodle.list_participants(context.client, assignment)
    assert %{id: ^student, full_name: "Åse O'Hara & Co", last_name: "O'Hara & Co", blind?: false} = person
    assert %{submitted?: false, submission_status: "", extension_due_at: 1_800_000_000} = person

    assert {:ok, [%{id: ^student, full_name: "Participant " <> _, email: nil, blind?: true}]} =
             Moodle.list_participants(context.client, blind)

    assert {:ok, [%{id: ^student, full_name: "Åse O'Hara & Co"}]} =
             Moodle.get_users(context.client, [student, 999])
  end
end
