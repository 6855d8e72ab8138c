defmodule AwapBackend.MoodleCase do
  @moduledoc """
  Tests of a host beside a fake Moodle: with one course, one assignment, and a core that does what a text tells it to.

  The host itself has no Moodle, so that nothing happens by itself: tests sync with `sync/2`, and send grades with `start_outbox/2`.
  """

  use ExUnit.CaseTemplate

  import AwapBackend.DataCase

  alias AwapBackend.{FakeMoodle, Repo, TMA}
  alias AwapBackend.Moodle.{Outbox, Sync}

  using do
    quote do
      use AwapBackend.DataCase
      import AwapBackend.MoodleCase
      alias AwapBackend.{FakeMoodle, Repo, TMA}
    end
  end

  @doc "A host and a Moodle: `moodle`, `client`, `course`, `assignment`, `site`."
  def start_both(variables \\ %{}) do
    start_host(Map.merge(%{"CORE_EXECUTABLE" => fake_core()}, variables))
    start_moodle()
  end

  @doc "Starts the host anew on its folder, with these variables."
  def start_again(variables) do
    folder = AwapBackend.Config.get(:data_dir)
    restart(Map.merge(%{"AWAP_DATA_DIR" => folder, "CORE_EXECUTABLE" => fake_core()}, variables))
  end

  @doc "A Moodle with a course and an assignment."
  def start_moodle do
    {:ok, moodle} = FakeMoodle.start()
    course = FakeMoodle.put_course(moodle, %{shortname: "KX201-26J"})
    assignment = FakeMoodle.put_assignment(moodle, course, %{name: "TMA 01"})
    client = FakeMoodle.client(moodle)
    %{moodle: moodle, client: client, course: course, assignment: assignment, site: client.base_url}
  end

  @doc "A student of the course, who hands in; `{student, submission}`."
  def hand_in(context, attributes \\ %{}, student \\ %{}) do
    student = FakeMoodle.put_user(context.moodle, context.course, student)
    {student, hand_in_again(context, student, attributes)}
  end

  @doc "Hands in for a student or a team; the submission."
  def hand_in_again(context, who, attributes) do
    attributes =
      Map.merge(%{files: [{"/", "essay.txt", "An essay of #{inspect(who)}."}]}, Map.new(attributes))

    FakeMoodle.put_submission(context.moodle, context.assignment, who, attributes)
  end

  @doc "Syncs; outcome and report."
  def sync(context, options \\ []), do: Sync.run(context.client, options)

  @doc "What was called since `FakeMoodle.forget_calls/1`, by function (`\"file\"` for files): how often."
  def calls(context), do: context.moodle |> FakeMoodle.calls() |> Enum.frequencies_by(& &1.function)

  @doc "The rows of all TMAs, oldest first."
  def rows do
    {:ok, %{"tmas" => rows}} = TMA.list_tmas(%{"limit" => 200})
    Enum.reverse(rows)
  end

  @doc "All that is kept of the student of a TMA, unsealed."
  def export(row) do
    request = %{
      "pseudonym" => row["student_id"],
      "reason" => "a test",
      "limit" => 50,
      "actor" => %{"id" => "test"}
    }

    {:ok, export} = Repo.call("export_student", request)
    export
  end

  @doc "The TMA as it came in."
  def original(row), do: Enum.find(export(row)["tmas"], &(&1["id"] == row["id"]))["original"]

  @doc "The files of a TMA as they came in: name to bytes."
  def attachments(row) do
    for file <- original(row)["content"]["attachments"],
        into: %{},
        do: {file["filename"], Base.decode64!(file["data_base64"])}
  end

  @doc "What can be seen in the clear: SQLite's files, and all rows of TMAs, events and the audit log."
  def in_the_clear do
    files = Path.wildcard(Path.join(AwapBackend.Config.get(:data_dir), "awap.db*"))
    {:ok, events} = Repo.call("query_events", %{"stream_id" => "$all", "opts" => %{"max_count" => 1_000}})
    {:ok, audit} = Repo.call("list_audit", %{"limit" => 200})
    told = inspect([rows(), events, audit], limit: :infinity, printable_limit: :infinity)
    IO.iodata_to_binary([told | Enum.map(files, &File.read!/1)])
  end

  @doc "Waits until all TMAs are marked."
  def all_marked do
    eventually(fn -> Enum.all?(rows(), &(&1["status"] in ["completed", "failed"])) end, 60_000)
    rows()
  end

  @doc "Syncs one submission in and has it marked; its row."
  def marked(context, attributes \\ %{}) do
    {_student, submission} = handed_in = hand_in(context, attributes)
    {outcome, _report} = sync(context)
    ExUnit.Assertions.assert(outcome == :ok)
    row = Enum.find(all_marked(), &(&1["origin"]["submission_id"] == submission))
    ExUnit.Assertions.assert(row["status"] == "completed")
    {elem(handed_in, 0), row}
  end

  @doc "Reviews the feedback of a TMA."
  def review(row, changes \\ %{"grade" => 64}) do
    request = %{"changes" => changes, "reviewed_by" => "Dr Ada Example"}
    {:ok, feedback} = TMA.update_feedback(row["id"], request, %{"type" => "user", "id" => "test"})
    feedback
  end

  @doc "Starts an outbox of the test's own."
  def start_outbox(context, options \\ []) do
    options = Keyword.merge([client: context.client, name: :test_outbox, poll_ms: 50], options)
    ExUnit.Callbacks.start_supervised!({Outbox, options}, id: options[:name], restart: :temporary)
  end

  @doc "The uploads of a TMA, newest first."
  def uploads(row) do
    {:ok, %{"uploads" => uploads}} = Repo.call("list_uploads", %{"tma_id" => row["id"]})
    uploads
  end

  @doc "Waits until the newest upload of a TMA is in this state; its row."
  def upload(row, state) do
    eventually(fn -> match?([%{"state" => ^state} | _], uploads(row)) end, 30_000)
    hd(uploads(row))
  end

  @doc "How often a grade was written in Moodle."
  def writes(context), do: Map.get(calls(context), "mod_assign_save_grade", 0)
end
