defmodule AwapBackend.Moodle.Courses do
  @moduledoc "The site, its courses and their assignments."

  import AwapBackend.Moodle.Shape

  alias AwapBackend.Moodle.Client

  # What AWAP calls, and what for.
  @needed [
    {"core_webservice_get_site_info", "to know what the account may do"},
    {"core_course_get_courses", "to see the courses"},
    {"mod_assign_get_assignments", "to see the assignments"},
    {"mod_assign_get_submissions", "to see what was handed in"},
    {"mod_assign_get_submission_status", "to read extensions and feedback"},
    {"mod_assign_list_participants", "to know who takes part"},
    {"mod_assign_get_user_flags", "to read extensions and the workflow"},
    {"core_user_get_users_by_field", "to know who handed in"},
    {"core_grading_get_definitions", "to read rubrics and marking guides"},
    {"mod_assign_get_grades", "to read grades, and to read back what was written"},
    {"mod_assign_save_grade", "to write grades and feedback"}
  ]

  # Without it a locked grade is found by reading back.
  @helpful [
    {"gradereport_user_get_grade_items", "to see before writing that a grade is locked or overridden"}
  ]

  @doc "The functions that are needed, and what each is for."
  @spec needed() :: [{String.t(), String.t()}]
  def needed, do: @needed

  @doc "Those that are of use where the account has them."
  @spec helpful() :: [{String.t(), String.t()}]
  def helpful, do: @helpful

  @doc false
  def site_info(client) do
    with {:ok, answer} <- Client.read(client, "core_webservice_get_site_info"), do: read(answer, &site/1)
  end

  defp site(answer) do
    functions = for %{"name" => name} <- answer["functions"], into: MapSet.new(), do: name

    {:ok,
     %{
       site_name: name(answer["sitename"]),
       release: answer["release"] || "unknown",
       user_id: int(answer["userid"]),
       user_name: name_or_nil(answer["username"]),
       functions: functions,
       missing: for({needed, _why} <- @needed, needed not in functions, do: needed),
       downloads?: on?(Map.get(answer, "downloadfiles", 1)),
       uploads?: on?(Map.get(answer, "uploadfiles", 1)),
       max_upload_bytes: answer["usermaxuploadfilesize"]
     }}
  end

  @doc false
  def courses(client) do
    with {:ok, answer} <- Client.read(client, "core_course_get_courses") do
      read(answer, fn courses ->
        # The site's own page counts as a course.
        {:ok, for(course <- courses, course["format"] != "site", do: course(course))}
      end)
    end
  end

  defp course(course) do
    %{
      id: int(course["id"]),
      short_name: name(course["shortname"]),
      full_name: name(course["fullname"]),
      visible: on?(Map.get(course, "visible", 1))
    }
  end

  @doc false
  def assignments(_client, []), do: {:ok, [], []}

  def assignments(client, course_ids) do
    # The account is enrolled nowhere: without the second argument it gets nothing.
    arguments = %{courseids: List.wrap(course_ids), includenotenrolledcourses: 1}

    with {:ok, answer} <- Client.read(client, "mod_assign_get_assignments", arguments) do
      read(answer, fn answer ->
        assignments =
          for course <- answer["courses"],
              assignment <- course["assignments"],
              do: assignment(course, assignment)

        {:ok, assignments, warnings(answer)}
      end)
    end
  end

  defp assignment(course, assignment) do
    grade = int(assignment["grade"])
    configs = list(assignment["configs"])

    %{
      id: int(assignment["id"]),
      cmid: int(assignment["cmid"]),
      course_id: int(assignment["course"] || course["id"]),
      name: name(assignment["name"]),
      intro: assignment["intro"] || "",
      due_at: time(assignment["duedate"]),
      cutoff_at: time(assignment["cutoffdate"]),
      grade_max: if(grade > 0, do: grade),
      # Moodle writes a scale as a negative number.
      scale: if(grade < 0, do: -grade),
      team?: on?(assignment["teamsubmission"]),
      blind?: on?(assignment["blindmarking"]),
      markers_anonymous: on?(assignment["markinganonymous"]),
      workflow?: on?(assignment["markingworkflow"]),
      feedback_plugins: feedback_plugins(configs),
      max_bytes: max_bytes(configs),
      time_modified: int(assignment["timemodified"])
    }
  end

  defp feedback_plugins(configs) do
    for %{"subtype" => "assignfeedback", "name" => "enabled", "plugin" => plugin} = config <- configs,
        on?(config["value"]),
        into: MapSet.new(),
        do: plugin
  end

  # 0 is the course's limit, which is not told.
  defp max_bytes(configs) do
    sizes =
      for %{"subtype" => "assignsubmission", "plugin" => "file", "name" => "maxsubmissionsizebytes"} = config <-
            configs,
          size = int(config["value"]),
          size > 0,
          do: size

    List.first(sizes)
  end
end
