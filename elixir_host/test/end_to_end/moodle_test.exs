defmodule AwapBackend.EndToEnd.MoodleTest do
  @moduledoc "A whole host beside a Moodle: from what is handed in there to the grade in its gradebook, killed where it hurts."
  use ExUnit.Case, async: false

  import AwapBackend.DataCase, only: [eventually: 2]

  alias AwapBackend.{FakeMoodle, RunningHost}

  @moduletag timeout: 300_000

  setup do
    {:ok, moodle} = FakeMoodle.start()
    course = FakeMoodle.put_course(moodle, %{shortname: "KX201-26J"})
    assignment = FakeMoodle.put_assignment(moodle, course)
    student = FakeMoodle.put_user(moodle, course, %{firstname: "Zebedee", lastname: "Quillfeather"})
    essay = "By Zebedee Quillfeather. A linear search checks each item in turn."
    FakeMoodle.put_submission(moodle, assignment, student, %{files: [{"/", "essay.txt", essay}]})

    variables = %{
      "MOODLE_BASE_URL" => FakeMoodle.url(moodle),
      "MOODLE_TOKEN" => FakeMoodle.token(),
      "AWAP_LEASE_MS" => "15000"
    }

    host = RunningHost.start(variables)
    on_exit(fn -> RunningHost.remove(host) end)
    %{host: host, moodle: moodle, assignment: assignment, student: student}
  end

  defp marked(host) do
    eventually(
      fn -> match?({200, %{"tmas" => [%{"status" => "completed"}]}}, RunningHost.get(host, "/api/tmas")) end,
      60_000
    )

    {200, %{"tmas" => [row]}} = RunningHost.get(host, "/api/tmas")
    row
  end

  defp review(host, row) do
    body = ~s({"grade": 64, "reviewed_by": "Dr Ada Example"})
    headers = [{"content-type", "application/json"}, {"connection", "close"} | RunningHost.headers(host)]
    client = AwapBackend.HTTPClient.new(host.number)

    {:ok, answer, _client} =
      AwapBackend.HTTPClient.request(client, "PATCH", "/api/feedback/#{row["id"]}", headers, body)

    assert answer.status == 200
  end

  defp grade(context), do: FakeMoodle.grade_of(context.moodle, context.assignment, context.student)

  defp sent?(host) do
    match?({200, %{"uploads" => [%{"state" => "sent"}]}}, RunningHost.get(host, "/api/moodle/outbox"))
  end

  test "kill -9 between writing a grade and reading it back: it is in Moodle once", %{host: host} = context do
    row = marked(host)
    assert row["origin"]["version"] == 1
    # The write is done at once; it is the answer that comes late.
    FakeMoodle.fault(context.moodle, {:slow, 3_000}, on: "mod_assign_save_grade", times: 1)
    review(host, row)
    saves = fn -> Enum.count(FakeMoodle.calls(context.moodle), &(&1.function == "mod_assign_save_grade")) end
    eventually(fn -> saves.() == 1 end, 60_000)
    RunningHost.kill(host)
    eventually(fn -> match?(%{grade: 64.0}, grade(context)) end, 30_000)

    again = RunningHost.relaunch(host)
    eventually(fn -> RunningHost.serves?(again) end, 120_000)
    eventually(fn -> sent?(again) end, 120_000)
    assert %{grade: 64.0, writes: 1} = grade(context)
    assert saves.() == 1
    log = File.read!(RunningHost.log(host))
    for secret <- [FakeMoodle.token(), "Quillfeather", "Zebedee"], do: refute(log =~ secret)
    assert RunningHost.stop(again) == 0
  end

  test "SIGTERM in the middle of a sync: it ends in order, and the next start takes up the rest",
       %{host: host} = context do
    marked(host)
    students = for _ <- 1..8, do: FakeMoodle.put_user(context.moodle, course(context))

    for student <- students,
        do:
          FakeMoodle.put_submission(context.moodle, context.assignment, student, %{
            files: [{"/", "e.txt", "Essay #{student}."}]
          })

    FakeMoodle.fault(context.moodle, {:slow, 400}, on: :file)
    eventually(fn -> match?({202, _}, RunningHost.post(host, "/api/moodle/sync", %{})) end, 30_000)
    eventually(fn -> length(tmas(host)) >= 3 end, 60_000)
    assert RunningHost.stop(host) == 0
    FakeMoodle.heal(context.moodle)
    again = RunningHost.relaunch(host)
    eventually(fn -> RunningHost.serves?(again) end, 120_000)

    eventually(
      fn ->
        match?({202, _}, RunningHost.post(again, "/api/moodle/sync", %{})) or length(tmas(again)) == 9
      end,
      30_000
    )

    eventually(fn -> length(tmas(again)) == 9 end, 60_000)
    RunningHost.stop(again)
  end

  defp course(context) do
    FakeMoodle.read(context.moodle, & &1.assignments[context.assignment].course)
  end

  defp tmas(host) do
    case RunningHost.get(host, "/api/tmas") do
      {200, %{"tmas" => tmas}} -> tmas
      _other -> []
    end
  end
end
