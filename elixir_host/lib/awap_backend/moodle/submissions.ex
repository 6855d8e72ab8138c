defmodule AwapBackend.Moodle.Submissions do
  @moduledoc "What was handed in, and where one student's submission stands."

  import AwapBackend.Moodle.Shape

  alias AwapBackend.Moodle.{Client, Error, Participants}

  # Moodle's code of the warning that there are none.
  @none "3"

  @doc false
  def submitted(client, assignment, options) do
    {id, team?} = assignment_id(assignment)

    # To the second and inclusive: one more, so that two changes in one second are both seen. Who calls knows what it has.
    since = options[:since] && max(options[:since] - 1, 0)
    arguments = %{assignmentids: [id], status: "submitted", since: since}

    with {:ok, answer} <- Client.read(client, "mod_assign_get_submissions", arguments) do
      read(answer, fn answer -> of_assignment(answer, id, team? || options[:team?] || false) end)
    end
  end

  defp assignment_id(%{id: id, team?: team?}), do: {id, team?}
  defp assignment_id(id) when is_integer(id), do: {id, nil}

  defp of_assignment(answer, id, team?) do
    warnings = warnings(answer)
    found = Enum.find(answer["assignments"], &(int(&1["assignmentid"]) == id))

    with :ok <- seen(answer, "submissions") do
      if found,
        do: {:ok, rows(found["submissions"], id, team?), Enum.reject(warnings, &(&1.code == @none))},
        else: {:error, Error.new(:not_found, "no_such_assignment", "Moodle has no such assignment.")}
    end
  end

  # Where teams hand in, a member's own row has no files: the team's has them.
  defp rows(rows, id, team?) do
    for row <- rows,
        row["status"] == "submitted",
        not (team? and int(row["userid"]) != 0),
        do: submission(row, id)
  end

  @doc "A submission as this part of AWAP knows it, from Moodle's row."
  def submission(row, assignment_id) do
    plugins = list(row["plugins"])

    %{
      id: int(row["id"]),
      assignment_id: assignment_id,
      user_id: int(row["userid"]),
      group_id: int(row["groupid"] || 0),
      attempt: int(row["attemptnumber"]),
      status: row["status"],
      time_modified: int(row["timemodified"]),
      files: for(%{"type" => "file"} = plugin <- plugins, file <- files(plugin), do: file),
      online_text: Enum.find_value(plugins, &online_text/1)
    }
  end

  @doc "The files of a plugin's areas."
  def files(plugin) do
    for area <- list(plugin["fileareas"]), file <- list(area["files"]) do
      %{
        area: area["area"],
        path: file["filepath"] || "/",
        name: file["filename"],
        size: int(file["filesize"] || 0),
        mime_type: file["mimetype"],
        url: file["fileurl"],
        time_modified: time(file["timemodified"])
      }
    end
  end

  defp online_text(%{"type" => "onlinetext"} = plugin) do
    case Enum.find(list(plugin["editorfields"]), &(&1["name"] == "onlinetext")) do
      %{"text" => text} = field when is_binary(text) ->
        if String.trim(text) != "", do: %{html: text, format: int(field["format"] || 1), files: files(plugin)}

      _none ->
        nil
    end
  end

  defp online_text(_plugin), do: nil

  @doc false
  def status(client, %{assignment_id: assignment, user_id: user}, options) do
    with :ok <- has_row(client, assignment, user, options),
         {:ok, answer} <-
           Client.read(client, "mod_assign_get_submission_status", %{assignid: assignment, userid: user}) do
      read(answer, &{:ok, standing(&1, assignment)})
    end
  end

  # Asking after the submission of someone who has none makes Moodle write one.
  defp has_row(client, assignment, user, options) do
    if options[:known], do: :ok, else: looked_up(client, assignment, user)
  end

  defp looked_up(client, assignment, user) do
    with {:ok, participants} <- Participants.standing(client, assignment) do
      case Map.get(participants, user) do
        nil -> {:error, Participants.not_taking_part()}
        %{status: status} when status in ["", "new"] -> {:error, nothing_handed_in()}
        _has_row -> :ok
      end
    end
  end

  @doc "The error that there is no submission."
  def nothing_handed_in,
    do:
      Error.new(
        :not_found,
        "no_submission",
        "This student has handed in nothing for the assignment in Moodle."
      )

  defp standing(answer, assignment) do
    attempt = answer["lastattempt"] || %{}
    own = attempt["submission"] && submission(attempt["submission"], assignment)
    team = attempt["teamsubmission"] && submission(attempt["teamsubmission"], assignment)
    feedback = answer["feedback"]

    %{
      submission: team || own,
      own_submission: own,
      graded?: on?(attempt["graded"]),
      locked?: on?(attempt["locked"]),
      grading_status: attempt["gradingstatus"],
      extension_due_at: time(attempt["extensionduedate"]),
      grade: feedback && grade(feedback["grade"]),
      feedback: feedback && feedback(feedback)
    }
  end

  defp grade(nil), do: nil

  defp grade(grade) do
    %{
      grade: grade_or_nil(grade["grade"]),
      grader: int(grade["grader"] || -1),
      attempt: int(grade["attemptnumber"]),
      time_modified: int(grade["timemodified"])
    }
  end

  defp feedback(feedback) do
    plugins = list(feedback["plugins"])
    comments = Enum.find(plugins, &(&1["type"] == "comments"))
    field = comments && Enum.find(list(comments["editorfields"]), &(&1["name"] == "comments"))

    files =
      for %{"type" => "file"} = plugin <- plugins,
          area <- list(plugin["fileareas"]),
          file <- list(area["files"]) do
        %{name: file["filename"], size: int(file["filesize"] || 0), url: file["fileurl"]}
      end

    # Shown at all: else nobody can say what the comment is.
    %{comment: if(field, do: field["text"] || ""), files: files}
  end
end
