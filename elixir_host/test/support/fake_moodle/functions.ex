defmodule AwapBackend.FakeMoodle.Functions do
  @moduledoc """
  The functions of the fake Moodle's web service. As on a real one, a parameter that a function does not have is refused, as is one that is missing.
  """

  alias AwapBackend.FakeMoodle.{Grading, People, Site, State}

  # Parameters: those that must be there, those that may.
  @functions %{
    "core_webservice_get_site_info" => {[], []},
    "core_course_get_courses" => {[], ["options"]},
    "core_user_get_users_by_field" => {["field", "values"], []},
    "core_grading_get_definitions" => {["cmids", "areaname"], ["activeonly"]},
    "core_grading_get_gradingform_instances" => {["definitionid"], ["since"]},
    "core_files_upload" => {[], []},
    "gradereport_user_get_grade_items" => {["courseid"], ["userid", "groupid"]},
    "mod_assign_get_assignments" => {[], ["courseids", "capabilities", "includenotenrolledcourses"]},
    "mod_assign_get_submissions" => {["assignmentids"], ["status", "since", "before"]},
    "mod_assign_get_submission_status" => {["assignid"], ["userid", "groupid"]},
    "mod_assign_get_grades" => {["assignmentids"], ["since"]},
    "mod_assign_get_user_flags" => {["assignmentids"], []},
    "mod_assign_list_participants" =>
      {["assignid", "groupid", "filter"], ["skip", "limit", "onlyids", "includeenrolments", "tablesort"]},
    "mod_assign_save_grade" =>
      {["assignmentid", "userid", "grade", "attemptnumber", "addattempt", "workflowstate"],
       ["applytoall", "plugindata", "advancedgradingdata"]}
  }

  @doc "The functions there are."
  def names, do: Map.keys(@functions)

  @doc "Calls one; its answer."
  def call(state, function, params) do
    {required, optional} = Map.fetch!(@functions, function)
    missing? = Enum.any?(required, &(not Map.has_key?(params, &1)))
    unknown? = Enum.any?(Map.keys(params), &(&1 not in required and &1 not in optional))
    if missing? or unknown?, do: invalid()
    run(function, state, params)
  end

  @doc "Refuses a parameter."
  def invalid, do: throw({:moodle, "core\\exception\\invalid_parameter_exception", "invalidparameter"})

  @doc "A parameter as a whole number."
  def int(value) do
    case Integer.parse(to_string(value)) do
      {number, ""} -> number
      _other -> invalid()
    end
  end

  defp ints(map),
    do: map |> Enum.sort_by(fn {index, _} -> int(index) end) |> Enum.map(fn {_, value} -> int(value) end)

  @doc "A name as Moodle gives it out."
  def escaped(name),
    do: name |> String.replace("&", "&amp;") |> String.replace("<", "&lt;") |> String.replace(">", "&gt;")

  defp run("core_webservice_get_site_info", state, _params) do
    functions = if state.functions == :all, do: names(), else: state.functions

    {%{
       "sitename" => "Example &amp; Sons University",
       "username" => "svc-awap",
       "firstname" => "Marking",
       "lastname" => "Service",
       "fullname" => "Marking Service",
       "userid" => state.service_user,
       "siteurl" => state.url,
       "release" => "4.5.1 (Build: 20241202)",
       "version" => "2024100701",
       "userprivateaccesskey" => "pr1vate-access-key",
       "downloadfiles" => 1,
       "uploadfiles" => 1,
       "usermaxuploadfilesize" => 33_554_432,
       "functions" => for(name <- functions, do: %{"name" => name, "version" => "2024100700"})
     }, state}
  end

  defp run("core_course_get_courses", state, _params) do
    site = %{"id" => 1, "shortname" => "EX", "fullname" => "Example", "format" => "site", "categoryid" => 0}

    courses =
      for {_id, course} <- state.courses do
        %{
          "id" => course.id,
          "shortname" => escaped(course.shortname),
          "fullname" => escaped(course.fullname),
          "displayname" => escaped(course.fullname),
          "format" => "topics",
          "startdate" => 0,
          "enddate" => 0
        }
        |> Map.merge(if Map.has_key?(course, :visible), do: %{"visible" => course.visible}, else: %{})
      end

    {[site | courses], state}
  end

  defp run("core_user_get_users_by_field", state, params), do: {People.by_field(state, params), state}
  defp run("mod_assign_list_participants", state, params), do: {People.participants(state, params), state}

  defp run("mod_assign_get_user_flags", state, params),
    do: {People.flags(state, ints(params["assignmentids"])), state}

  defp run("core_grading_get_definitions", state, params),
    do: {Grading.definitions(state, ints(params["cmids"])), state}

  defp run("core_grading_get_gradingform_instances", _state, _params),
    do: throw({:moodle, "core\\exception\\required_capability_exception", "nopermissions"})

  defp run("mod_assign_get_grades", state, params),
    do: {Grading.grades(state, ints(params["assignmentids"])), state}

  defp run("gradereport_user_get_grade_items", state, params),
    do: {Grading.grade_items(state, int(params["courseid"]), int(params["userid"] || 0)), state}

  defp run("mod_assign_save_grade", state, params), do: {nil, Grading.save(state, params)}

  defp run("mod_assign_get_assignments", state, params) do
    asked = ints(params["courseids"] || %{})
    all? = params["includenotenrolledcourses"] in ["1", "true"]

    # The account is enrolled nowhere.
    courses = if all?, do: for(id <- asked, course = state.courses[id], do: course(state, course)), else: []
    unknown = if all?, do: asked -- Map.keys(state.courses), else: asked

    warnings =
      for id <- unknown,
          do: %{"item" => "course", "itemid" => id, "warningcode" => "2", "message" => "No access"}

    {%{"courses" => courses, "warnings" => warnings}, state}
  end

  defp run("mod_assign_get_submissions", state, params) do
    since = int(params["since"] || 0)
    before = int(params["before"] || 0)

    {assignments, warnings} =
      params["assignmentids"]
      |> ints()
      |> Enum.filter(&state.assignments[&1])
      |> Enum.map(&assignment_submissions(state, &1, params["status"] || "", since, before))
      |> Enum.unzip()

    {%{"assignments" => assignments, "warnings" => List.flatten(warnings)}, state}
  end

  defp run("mod_assign_get_submission_status", state, params) do
    assignment =
      state.assignments[int(params["assignid"])] ||
        throw({:moodle, "dml_missing_record_exception", "invalidrecord"})

    user = int(params["userid"] || 0)
    state = touched(state, assignment, user)
    {status(state, assignment, user), state}
  end

  defp course(state, course) do
    %{
      "id" => course.id,
      "fullname" => escaped(course.fullname),
      "shortname" => escaped(course.shortname),
      "timemodified" => State.now(state),
      "assignments" =>
        for(
          {_id, assignment} <- state.assignments,
          assignment.course == course.id,
          do: assignment(assignment)
        )
    }
  end

  defp assignment(assignment) do
    kept =
      ~w(id cmid course grade duedate cutoffdate timemodified teamsubmission blindmarking markingworkflow markinganonymous)a

    assignment
    |> Map.take(kept)
    |> Map.new(fn {key, value} -> {to_string(key), value} end)
    |> Map.merge(%{
      "name" => escaped(assignment.name),
      "intro" => assignment.intro,
      "introformat" => 1,
      "nosubmissions" => 0,
      "maxattempts" => -1,
      "configs" => configs(assignment)
    })
  end

  defp configs(assignment) do
    [
      %{
        "plugin" => "file",
        "subtype" => "assignsubmission",
        "name" => "maxsubmissionsizebytes",
        "value" => to_string(assignment.maxsubmissionsizebytes)
      },
      %{"plugin" => "file", "subtype" => "assignsubmission", "name" => "enabled", "value" => "1"}
      | for(plugin <- ["comments", "file", "editpdf"]) do
          enabled = if plugin in assignment.feedback_plugins, do: "1", else: "0"
          %{"plugin" => plugin, "subtype" => "assignfeedback", "name" => "enabled", "value" => enabled}
        end
    ]
  end

  # The latest attempt of each alone, in no order.
  defp assignment_submissions(state, id, status, since, before) do
    rows =
      state
      |> State.submissions(id)
      |> Enum.filter(&(&1 == State.latest(state, id, &1.user, &1.group)))
      |> Enum.filter(&(status == "" or &1.status == status))
      |> Enum.filter(&(&1.timemodified >= since and (before == 0 or &1.timemodified <= before)))
      |> Enum.sort_by(&:erlang.phash2(&1.id))

    warnings =
      if rows == [],
        do: [%{"item" => "module", "itemid" => id, "warningcode" => "3", "message" => "None"}],
        else: []

    {%{"assignmentid" => id, "submissions" => Enum.map(rows, &submission(state, &1))}, warnings}
  end

  @doc "A submission as Moodle gives it out."
  def submission(state, row) do
    %{
      "id" => row.id,
      "userid" => row.user,
      "groupid" => row.group,
      "attemptnumber" => row.attempt,
      "timecreated" => row.timecreated,
      "timemodified" => row.timemodified,
      "timestarted" => nil,
      "status" => row.status,
      "gradingstatus" => "notgraded",
      "plugins" => [
        %{
          "type" => "onlinetext",
          "name" => "Online text",
          "fileareas" => [
            %{
              "area" => "submissions_onlinetext",
              "files" =>
                files(state, row, "assignsubmission_onlinetext", "submissions_onlinetext", row.text_files)
            }
          ],
          "editorfields" => [
            %{"name" => "onlinetext", "description" => "Online text", "text" => row.text, "format" => 1}
          ]
        },
        %{
          "type" => "file",
          "name" => "File submissions",
          "fileareas" => [
            %{
              "area" => "submission_files",
              "files" => files(state, row, "assignsubmission_file", "submission_files", row.files)
            }
          ]
        },
        %{"type" => "comments", "name" => "Submission comments"}
      ]
    }
  end

  defp files(state, row, component, area, files) do
    for file <- files do
      %{
        "filename" => file.name,
        "filepath" => file.path,
        "filesize" => file.size,
        "fileurl" => file_url(state, row, component, area, file),
        "timemodified" => file.time,
        "mimetype" => Site.mime(file.name),
        "isexternalfile" => false,
        "icon" => "f/document"
      }
    end
  end

  @doc "The address of a submission's file."
  def file_url(state, row, component, area, file) do
    path =
      Enum.map_join(
        String.split(file.path <> file.name, "/"),
        "/",
        &URI.encode(&1, fn c -> URI.char_unreserved?(c) end)
      )

    "#{state.url}/webservice/pluginfile.php/#{row.assignment + 900}/#{component}/#{area}/#{row.id}#{path}"
  end

  # Asking writes a row for who has none.
  defp touched(state, assignment, user) do
    if State.latest(state, assignment.id, user, 0) do
      state
    else
      {_id, state} = State.put_submission(state, assignment.id, user, %{status: "new"})
      state
    end
  end

  defp status(state, assignment, user) do
    row = State.latest(state, assignment.id, user, 0)
    team = State.team(state, user)
    team_row = if assignment.teamsubmission == 1, do: State.latest(state, assignment.id, 0, team)
    flags = State.flags_of(state, assignment.id, user)

    attempt = %{
      "submission" => submission(state, row),
      "submissionsenabled" => true,
      "locked" => flags.locked == 1,
      "graded" => Grading.graded?(state, assignment, user),
      "canedit" => false,
      "extensionduedate" => if(flags.extensionduedate == 0, do: nil, else: flags.extensionduedate),
      "blindmarking" => assignment.blindmarking == 1,
      "gradingstatus" => Grading.status(state, assignment, user),
      "usergroups" => if(team == 0, do: [], else: [team])
    }

    attempt =
      if team_row,
        do: Map.merge(attempt, %{"teamsubmission" => submission(state, team_row), "submissiongroup" => team}),
        else: attempt

    %{"lastattempt" => attempt, "warnings" => []}
    |> Map.merge(Grading.feedback(state, assignment, user))
  end
end
