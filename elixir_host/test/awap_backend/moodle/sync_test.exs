defmodule AwapBackend.Moodle.SyncTest do
  @moduledoc "What was handed in at Moodle becomes TMAs: each once, whole, of the right student, and whatever goes wrong nothing half."

  use AwapBackend.MoodleCase

  alias AwapBackend.Telemetry

  @moduletag :store
  @moduletag :capture_log

  setup do: start_both()

  defp sha1(bytes), do: Base.encode16(:crypto.hash(:sha, bytes), case: :lower)

  defp left_over, do: Path.wildcard(Path.join(AwapBackend.Moodle.SyncWork.folder(), "*"))

  describe "a first sync, and a second" do
    test "each submitted work is stored once, files identical by SHA-1, odd names kept", context do
      odd = "résumé – Zoës “TMA” №1? (final).txt"
      bytes = :crypto.strong_rand_bytes(50_000)
      {_student, submission} = hand_in(context, %{files: [{"/", odd, bytes}, {"/", "b.txt", "b"}]})
      hand_in(context)
      assert {:ok, %{"stored" => 2, "failed" => 0, "refused" => 0}} = sync(context)
      row = Enum.find(rows(), &(&1["origin"]["submission_id"] == submission))
      assert attachments(row) == %{odd => bytes, "b.txt" => "b"}
      [tma] = export(row)["tmas"]

      assert Enum.map(tma["origin_details"]["files"], & &1["sha1"]) |> Enum.sort() ==
               Enum.sort([sha1(bytes), sha1("b")])

      assert row["course_id"] == "KX201-26J" and row["assignment_id"] == "moodle:#{context.assignment}"
      assert length(rows()) == 2
    end

    test "two files of one name in two folders are both kept", context do
      hand_in(context, %{files: [{"/", "a.txt", "one"}, {"/drafts/", "a.txt", "two"}]})
      assert {:ok, %{"stored" => 1}} = sync(context)
      assert attachments(hd(rows())) == %{"a.txt" => "one", "drafts/a.txt" => "two"}
    end

    test "a second sync stores nothing and downloads no body", context do
      for _ <- 1..3, do: hand_in(context)
      assert {:ok, %{"stored" => 3}} = sync(context)
      assert calls(context)["file"] == 3
      FakeMoodle.forget_calls(context.moodle)
      assert {:ok, %{"stored" => 0, "versions" => 0}} = sync(context)
      assert length(rows()) == 3
      refute Map.has_key?(calls(context), "file")
      # Nor does it ask who they are, or what they are marked by.
      refute Map.has_key?(calls(context), "core_user_get_users_by_field")
      refute Map.has_key?(calls(context), "core_grading_get_definitions")
    end

    test "two changes in the same second across the boundary are both caught", context do
      second = System.os_time(:second) - 100
      {_one, first} = hand_in(context, %{timemodified: second})
      assert {:ok, %{"stored" => 1}} = sync(context)
      # Within the second that was the latest seen, and after it was.
      {_two, second_one} = hand_in(context, %{timemodified: second})
      assert {:ok, %{"stored" => 1, "unchanged" => 1}} = sync(context)

      assert Enum.map(rows(), & &1["origin"]["submission_id"]) |> Enum.sort() ==
               Enum.sort([first, second_one])

      assert {:ok, %{"stored" => 0}} = sync(context)
    end

    test "nothing of Moodle's becomes a path on this machine, and no download is left on it",
         context do
      hand_in(context, %{files: [{"/../../../tmp/", "awap-escaped.txt", "x"}, {"/", "..", "y"}]})
      {outcome, _report} = sync(context)
      assert outcome in [:ok, :partial]
      refute File.exists?("/tmp/awap-escaped.txt")
      assert left_over() == []
    end
  end

  describe "resubmission" do
    test "is a new version of the same TMA: the old one kept, its feedback stale", context do
      {student, old} = marked(context)
      FakeMoodle.advance(context.moodle, 10)
      hand_in_again(context, student, files: [{"/", "essay.txt", "A better essay."}])
      assert {:ok, %{"stored" => 0, "versions" => 1}} = sync(context)
      [first, second] = rows()
      assert first["id"] == old["id"] and first["origin"]["superseded_by"] == second["id"]
      assert second["origin"]["version"] == 2 and second["origin"]["previous_id"] == first["id"]
      assert attachments(second) == %{"essay.txt" => "A better essay."}
      assert {:ok, %{"stale" => true, "superseded_by" => by}} = TMA.get_feedback(first["id"])
      assert by == second["id"]
      assert {:ok, %{"versions" => 0}} = sync(context)
    end

    test "of the same file under another time is none", context do
      {student, _submission} = hand_in(context)
      sync(context)
      FakeMoodle.advance(context.moodle, 60)
      hand_in_again(context, student, %{})
      assert {:ok, %{"versions" => 0, "stored" => 0}} = sync(context)
      FakeMoodle.forget_calls(context.moodle)
      sync(context)
      refute Map.has_key?(calls(context), "file"), "it is not downloaded each time"
      assert length(rows()) == 1
    end

    test "a new attempt follows the one before", context do
      {student, _submission} = hand_in(context)
      sync(context)
      FakeMoodle.advance(context.moodle, 10)
      hand_in_again(context, student, attempt: 1, files: [{"/", "essay.txt", "Again."}])
      assert {:ok, %{"versions" => 1}} = sync(context)
      assert [%{"origin" => %{"attempt" => 0}}, %{"origin" => %{"attempt" => 1, "version" => 2}}] = rows()
    end
  end

  describe "who" do
    test "drafts, new and reopened rows are left alone", context do
      for status <- ["draft", "new", "reopened"], do: hand_in(context, %{status: status})
      before = FakeMoodle.submissions(context.moodle, context.assignment)
      assert {:ok, %{"listed" => 0, "stored" => 0}} = sync(context)
      assert rows() == []

      assert FakeMoodle.submissions(context.moodle, context.assignment) == before,
             "nothing was written in Moodle"
    end

    test "nobody without a submission is asked after, as that would write a row", context do
      FakeMoodle.put_user(context.moodle, context.course)
      hand_in(context)
      sync(context)
      refute Map.has_key?(calls(context), "mod_assign_get_submission_status")
      assert length(FakeMoodle.submissions(context.moodle, context.assignment)) == 1
    end

    test "a suspended student's work is taken in, with their name to look for", context do
      {student, _submission} = hand_in(context, %{}, %{firstname: "Zebedee", lastname: "Quillfeather"})
      FakeMoodle.suspend(context.moodle, student)
      assert {:ok, %{"stored" => 1}} = sync(context)
      assert export(hd(rows()))["identity"]["student"]["name"] == "Zebedee Quillfeather"
    end

    test "blind marking hides nobody from anonymization: the name is the real one", context do
      FakeMoodle.change_assignment(context.moodle, context.assignment, %{blindmarking: 1})
      hand_in(context, %{}, %{firstname: "Zebedee", lastname: "Quillfeather"})
      sync(context)
      identity = export(hd(rows()))["identity"]
      assert %{"name" => "Zebedee Quillfeather", "family_name" => "Quillfeather"} = identity["student"]
      assert identity["student_id"] =~ "P"
    end

    test "the work of a team is one TMA, of the team, with all its members to look for", context do
      FakeMoodle.change_assignment(context.moodle, context.assignment, %{teamsubmission: 1})

      members =
        for name <- ["Ida", "Zoë"],
            do: FakeMoodle.put_user(context.moodle, context.course, %{firstname: name, groups: [7]})

      for member <- members, do: hand_in_again(context, member, status: "submitted", files: [])
      hand_in_again(context, {:group, 7}, files: [{"/", "team.txt", "Ours."}])
      assert {:ok, %{"stored" => 1, "refused" => 0}} = sync(context)
      assert [%{"origin" => %{"group_id" => 7}} = row] = rows()
      aliases = original(row)["student"]["aliases"]
      for name <- ["Ida", "Zoë"], do: assert(Enum.any?(aliases, &(&1 =~ name)))
      [tma] = export(row)["tmas"]
      assert tma["origin_details"]["owner"]["members"] == Enum.sort(members)
    end

    test "work of someone whom Moodle does not name is not taken in: it could not be anonymized", context do
      hand_in(context)
      FakeMoodle.fault(context.moodle, {:answer, []}, on: "core_user_get_users_by_field")
      assert {:partial, %{"refused" => 1, "stored" => 0}} = sync(context)
      assert rows() == []
      FakeMoodle.heal(context.moodle)
      assert {:ok, %{"stored" => 1}} = sync(context)
    end

    test "the student is in no table in the clear, nor is the token", context do
      files = [{"/", "quillfeather.txt", "By Zebedee Quillfeather."}]
      named = %{idnumber: "P987654321", firstname: "Zebedee", lastname: "Quillfeather"}
      hand_in(context, %{files: files}, named)
      assert {:ok, %{"stored" => 1}} = sync(context)
      all_marked()
      clear = in_the_clear()
      for secret <- ["P987654321", "uillfeather", FakeMoodle.token()], do: refute(clear =~ secret)
    end
  end

  describe "what was handed in" do
    test "online text is an attachment, with its pictures kept and given to no worker", context do
      hand_in(context, %{
        files: [],
        text: ~s(<p>My answer. <img src="@@PLUGINFILE@@/p.png" alt="a plot"></p>),
        text_files: [{"/", "p.png", "a picture"}]
      })

      assert {:ok, %{"stored" => 1}} = sync(context)
      row = hd(rows())
      assert %{"online-text.html" => html} = attachments(row)
      assert html =~ "My answer." and map_size(attachments(row)) == 1
      assert [%{"filename" => "p.png", "data_base64" => picture}] = original(row)["unread_attachments"]
      assert Base.decode64!(picture) == "a picture"
      assert row["origin"]["unread_files"] == 1 and row["origin"]["files"] == 2
    end

    test "online text and files are one TMA", context do
      hand_in(context, %{text: "<p>Covering note.</p>"})
      sync(context)
      assert attachments(hd(rows())) |> Map.keys() == ["essay.txt", "online-text.html"]
    end

    test "a picture beside an essay does not keep it from being marked, one alone says why", context do
      hand_in(context, %{files: [{"/", "essay.txt", "An essay."}, {"/", "p.png", "picture"}]})
      hand_in(context, %{files: [{"/", "only.png", "picture"}]})
      sync(context)

      assert Enum.map(rows(), &(&1 |> attachments() |> Map.keys())) |> Enum.sort() == [
               ["essay.txt"],
               ["only.png"]
             ]
    end

    test "a work that is too large is refused whole, before it is downloaded; the others are taken in",
         context do
      start_again(%{"AWAP_MAX_BODY_BYTES" => "100000"})

      hand_in(context, %{
        files: [{"/", "a.txt", String.duplicate("a", 60_000)}, {"/", "b.txt", String.duplicate("b", 60_000)}]
      })

      hand_in(context)
      assert {:partial, %{"stored" => 1, "refused" => 1}} = sync(context)
      assert calls(context)["file"] == 1
      {:ok, %{"failing" => [failing]}} = Repo.call("sync_state", %{"site" => context.site})
      assert failing["error_code"] == "submission_too_large"
    end

    test "a rubric in Moodle is the TMA's rubric", context do
      rubric = {:rubric, [{"Argument", [{0, "None"}, {10, "Good"}]}]}
      FakeMoodle.change_assignment(context.moodle, context.assignment, %{definition: rubric})
      hand_in(context)
      sync(context)

      assert %{"schema" => "awap:rubric/1", "questions" => [%{"criteria" => [criterion]}]} =
               original(hd(rows()))["rubric"]

      assert criterion["title"] == "Argument" and criterion["moodle"]["method"] == "rubric"
    end

    test "due dates and extensions are kept, and set right later without a download", context do
      due = 1_800_000_000
      FakeMoodle.change_assignment(context.moodle, context.assignment, %{duedate: due})
      {student, _submission} = hand_in(context)
      FakeMoodle.set_flags(context.moodle, context.assignment, student, %{extensionduedate: due + 86_400})
      sync(context)

      assert %{"due_at" => "2027-01-15T08:00:00.000000Z", "extension_due_at" => "2027-01-16T08:00:00.000000Z"} =
               hd(rows())["origin"]

      FakeMoodle.change_assignment(context.moodle, context.assignment, %{duedate: due + 3_600})
      FakeMoodle.forget_calls(context.moodle)
      sync(context)
      assert hd(rows())["origin"]["due_at"] == "2027-01-15T09:00:00.000000Z"
      assert hd(rows())["origin"]["extension_due_at"] == "2027-01-16T08:00:00.000000Z"
      refute Map.has_key?(calls(context), "file")
    end

    test "sync jobs wait behind whatever people hand in", context do
      start_again(%{"AWAP_WORKERS" => "1"})
      for _ <- 1..4, do: submit("SLOW", %{}, priority: 10)
      hand_in(context)
      assert {:ok, %{"stored" => 1}} = sync(context)
      %{"id" => id} = submit("A person's.")
      rows = all_marked()
      synced = Enum.find(rows, & &1["origin"])
      person = Enum.find(rows, &(&1["id"] == id))
      assert synced["submitted_at"] < person["submitted_at"]
      assert person["processed_at"] < synced["processed_at"]
    end
  end

  describe "which courses" do
    test "all that the account sees, or those that are named and those that TMAs are kept of", context do
      other = FakeMoodle.put_course(context.moodle, %{shortname: "OTHER"})
      FakeMoodle.put_assignment(context.moodle, other, %{name: "Elsewhere"})
      assert {:ok, %{"courses" => 2, "assignments" => 2}} = sync(context)
      start_again(%{"MOODLE_COURSES" => "OTHER"})
      assert {:ok, %{"courses" => 1, "assignments" => 1}} = sync(context)
      submit("An essay.", %{"course_id" => "KX201-26J"})
      assert {:ok, %{"courses" => 2}} = sync(context)
    end
  end

  describe "what goes wrong" do
    test "a failure in one assignment leaves the others done", context do
      other = FakeMoodle.put_assignment(context.moodle, context.course, %{name: "TMA 02"})
      third = FakeMoodle.put_assignment(context.moodle, context.course, %{name: "TMA 03"})
      for assignment <- [context.assignment, other, third], do: hand_in(%{context | assignment: assignment})

      FakeMoodle.fault(context.moodle, {:answer, %{"exception" => "x", "errorcode" => "nopermissions"}},
        on: "core_grading_get_definitions",
        times: 1
      )

      assert {:partial, %{"stored" => 2, "failed" => 1}} = sync(context)
      {:ok, %{"failing" => [failing]}} = Repo.call("sync_state", %{"site" => context.site})
      assert failing["error_code"] == "nopermissions"
      assert {:ok, %{"stored" => 1}} = sync(context)
      assert length(rows()) == 3
    end

    # Each fault of a file leaves nothing half-stored; the next sync has it whole.
    for fault <- [:json_file, :half, :wrong_bytes, :wrong_length, :reset, :html] do
      test "a file: #{inspect(fault)}", context do
        hand_in(context, %{files: [{"/", "essay.txt", String.duplicate("An essay. ", 30)}]})
        hand_in(context)
        FakeMoodle.fault(context.moodle, unquote(Macro.escape(fault)), on: :file)
        {outcome, report} = sync(context)

        assert rows() == []
        assert outcome != :ok and report["stored"] == 0

        FakeMoodle.heal(context.moodle)
        assert {:ok, _report} = sync(context)
        assert length(rows()) == 2
        for row <- rows(), do: assert(row |> attachments() |> Map.fetch!("essay.txt") =~ "An essay")
        assert left_over() == []
      end
    end

    test "slow answers and slow files are waited for", context do
      hand_in(context)
      FakeMoodle.fault(context.moodle, {:slow, 200})
      FakeMoodle.fault(context.moodle, {:trickle, 5}, on: :file)
      assert {:ok, %{"stored" => 1}} = sync(context)
    end

    for fault <- [
          :bad_token,
          :expired_token,
          :ip_blocked,
          :maintenance,
          {:maintenance_cli, 1},
          :web_services_off,
          :php_down,
          :database_down,
          :reset,
          :html
        ] do
      test "Moodle: #{inspect(fault)}", context do
        hand_in(context)
        FakeMoodle.fault(context.moodle, unquote(Macro.escape(fault)))
        assert {{:failed, error}, %{"stored" => 0}} = sync(context)
        refute inspect(error) =~ FakeMoodle.token()
        assert rows() == []
        FakeMoodle.heal(context.moodle)
        assert {:ok, %{"stored" => 1}} = sync(context)
      end
    end

    test "an outage half-way keeps what was done, and the next sync does the rest once", context do
      for _ <- 1..4, do: hand_in(context)
      {:ok, seen} = Agent.start_link(fn -> 0 end)

      tell = fn report ->
        if report["stored"] == 2 and Agent.get_and_update(seen, &{&1, &1 + 1}) == 0,
          do: FakeMoodle.fault(context.moodle, :database_down)
      end

      assert {{:failed, %{kind: :outage}}, %{"stored" => 2}} = sync(context, tell: tell)
      FakeMoodle.heal(context.moodle)
      assert {:ok, %{"stored" => 2}} = sync(context)
      assert length(rows()) == 4
    end

    test "a sync that is stopped between two submissions is taken up by the next", context do
      for _ <- 1..4, do: hand_in(context)
      {:ok, done} = Agent.start_link(fn -> 0 end)

      options = [
        tell: fn report -> Agent.update(done, fn _ -> report["stored"] end) end,
        stop?: fn -> Agent.get(done, & &1) >= 2 end
      ]

      assert {:stopped, %{"stored" => 2}} = sync(context, options)
      assert {:ok, %{"stored" => 2}} = sync(context)
    end

    test "a full queue is waited for, and nothing is lost", context do
      start_again(%{"AWAP_QUEUE_LIMIT" => "2", "AWAP_WORKERS" => "1"})
      for _ <- 1..5, do: hand_in(context)
      eventually(fn -> slow() == :full end)
      test = self()
      refused = fn _event, _measurements, metadata, _config -> send(test, {:refused, metadata.code}) end
      :ok = Telemetry.attach(__MODULE__, [:awap_backend, :tma, :refused], refused)
      on_exit(fn -> Telemetry.detach(__MODULE__) end)
      assert {:ok, %{"stored" => 5}} = sync(context)
      assert_received {:refused, "queue_full"}
      assert Enum.count(rows(), & &1["origin"]) == 5
    end

    defp slow do
      with {:error, %{"code" => "queue_full"}} <- TMA.create_tma(%{"content" => "SLOW"}, %{}), do: :full
    end

    test "without a store nothing is marked as seen", context do
      hand_in(context)
      :ok = Supervisor.terminate_child(AwapBackend.Supervisor, Repo)
      assert {{:failed, %{"code" => "unavailable"}}, _report} = sync(context)
      {:ok, _pid} = Supervisor.restart_child(AwapBackend.Supervisor, Repo)
      eventually(fn -> match?({:ok, _}, Repo.call("health_check", %{})) end, 30_000)
      assert {:ok, %{"stored" => 1}} = sync(context)
    end
  end

  describe "clocks" do
    test "a clock of Moodle's that was ahead for a while hides nothing", context do
      FakeMoodle.advance(context.moodle, 7 * 86_400)
      hand_in(context)
      assert {:ok, %{"stored" => 1}} = sync(context)
      FakeMoodle.advance(context.moodle, -7 * 86_400)
      FakeMoodle.advance(context.moodle, 30)
      hand_in(context)
      assert {:ok, %{"stored" => 1}} = sync(context)
    end

    test "what is backdated is found by the daily full list", context do
      hand_in(context)
      sync(context)
      hand_in(context, %{timemodified: 1_700_000_000})
      assert {:ok, %{"stored" => 0}} = sync(context)
      assert {:ok, %{"stored" => 1}} = sync(context, relist_s: -1)
    end
  end
end
