defmodule AwapBackend.FakeMoodle.State do
  @moduledoc "What the fake Moodle's database holds, and how tests change it."

  defstruct url: nil,
            token: nil,
            functions: :all,
            clock: 0,
            next_id: 100,
            courses: %{},
            users: %{},
            assignments: %{},
            submissions: [],
            grades: [],
            flags: %{},
            gradebook: %{},
            definitions: %{},
            files: %{},
            drafts: %{},
            calls: [],
            faults: [],
            connections: 0,
            service_user: 71

  @doc "An empty site at this address."
  def new(url, options) do
    %__MODULE__{
      url: url,
      token: AwapBackend.FakeMoodle.token(),
      functions: Keyword.get(options, :functions, :all)
    }
  end

  @doc "Its time, in epoch seconds."
  def now(state), do: System.os_time(:second) + state.clock

  @doc "A new id."
  def id(state), do: {state.next_id, %{state | next_id: state.next_id + 1}}

  def put_course(state, attributes) do
    {id, state} = if attributes[:id], do: {attributes.id, state}, else: id(state)
    course = Map.merge(%{id: id, shortname: "KX#{id}", fullname: "Course #{id}"}, Map.new(attributes))
    {id, put_in(state.courses[id], course)}
  end

  @defaults %{
    name: "TMA 01",
    intro: "<p>Answer all questions.</p>",
    grade: 100,
    duedate: 0,
    cutoffdate: 0,
    teamsubmission: 0,
    blindmarking: 0,
    markingworkflow: 0,
    markinganonymous: 0,
    feedback_plugins: ["comments", "file"],
    maxsubmissionsizebytes: 20_971_520
  }

  def put_assignment(state, course, attributes) do
    {id, state} = id(state)
    {definition, attributes} = attributes |> Map.new() |> Map.pop(:definition)

    assignment =
      @defaults
      |> Map.merge(%{id: id, cmid: id + 5_000, course: course, timemodified: now(state)})
      |> Map.merge(attributes)

    {made, state} = definition(state, definition)
    state = put_in(state.definitions[assignment.cmid], made)
    {id, put_in(state.assignments[id], assignment)}
  end

  def change_assignment(state, id, attributes) do
    {definition, attributes} = attributes |> Map.new() |> Map.pop(:definition)
    attributes = Map.put_new(attributes, :timemodified, now(state))
    state = update_in(state.assignments[id], &Map.merge(&1, attributes))

    if definition do
      {made, state} = definition(state, definition)
      {:ok, put_in(state.definitions[state.assignments[id].cmid], made)}
    else
      {:ok, state}
    end
  end

  # Ids are the database's: criteria and levels have each their own.
  defp definition(state, nil), do: {nil, state}

  defp definition(state, {:rubric, criteria}) do
    {criteria, state} =
      Enum.map_reduce(Enum.with_index(criteria, 1), state, fn {{description, levels}, order}, state ->
        {id, state} = id(state)

        {levels, state} =
          Enum.map_reduce(levels, state, fn {score, text}, state ->
            {level, state} = id(state)
            {%{"id" => level, "score" => score, "definition" => text, "definitionformat" => 1}, state}
          end)

        criterion = %{
          "id" => id,
          "sortorder" => order,
          "description" => description,
          "descriptionformat" => 1,
          "levels" => levels
        }

        {criterion, state}
      end)

    {{:rubric, criteria, now(state)}, state}
  end

  defp definition(state, {:guide, criteria}) do
    {criteria, state} =
      Enum.map_reduce(Enum.with_index(criteria, 1), state, fn {{name, most}, order}, state ->
        {id, state} = id(state)

        criterion = %{
          "id" => id,
          "sortorder" => order,
          "shortname" => name,
          "description" => "<p>About #{name}</p>",
          "descriptionformat" => 1,
          "descriptionmarkers" => "Look for #{name}",
          "descriptionmarkersformat" => 1,
          "maxscore" => most
        }

        {criterion, state}
      end)

    {{:guide, criteria, now(state)}, state}
  end

  def put_user(state, course, attributes) do
    {id, state} = id(state)

    user =
      Map.merge(
        %{
          id: id,
          course: course,
          username: "u#{id}",
          firstname: "Ida",
          lastname: "Testsen #{id}",
          email: "u#{id}@students.example.invalid",
          idnumber: "P#{id}",
          groups: [],
          suspended: false
        },
        Map.new(attributes)
      )

    {id, put_in(state.users[id], user)}
  end

  def change_user(state, id, attributes), do: {:ok, update_in(state.users[id], &Map.merge(&1, attributes))}

  def put_submission(state, assignment, who, attributes) do
    {user, group} = with {:group, group} <- who, do: {0, group}, else: (user -> {user, 0})
    present = latest(state, assignment, user, group)
    attempt = attributes[:attempt] || (present && present.attempt) || 0

    if present && present.attempt == attempt,
      do: changed(state, present, attributes),
      else: added(state, assignment, {user, group}, attempt, attributes)
  end

  defp added(state, assignment, {user, group}, attempt, attributes) do
    {id, state} = id(state)

    submission = %{
      id: id,
      assignment: assignment,
      user: user,
      group: group,
      attempt: attempt,
      timecreated: now(state),
      timemodified: nil,
      status: "submitted",
      files: [],
      text: "",
      text_files: []
    }

    filled(%{state | submissions: state.submissions ++ [submission]}, submission, attributes)
  end

  defp changed(state, present, attributes), do: filled(state, present, attributes)

  defp filled(state, submission, attributes) do
    attributes = attributes |> Map.delete(:attempt) |> Map.put_new(:timemodified, now(state))
    attributes = Map.put_new(attributes, :status, "submitted")
    {:ok, state} = {:ok, store_files(state, attributes)}
    submission = Map.merge(submission, without_bytes(attributes, state))
    submissions = Enum.map(state.submissions, &if(&1.id == submission.id, do: submission, else: &1))
    {submission.id, %{state | submissions: submissions}}
  end

  # Bytes are kept by their SHA-1, as Moodle keeps them.
  defp store_files(state, attributes) do
    files = Map.get(attributes, :files, []) ++ Map.get(attributes, :text_files, [])
    Enum.reduce(files, state, fn {_path, _name, bytes}, state -> put_in(state.files[sha1(bytes)], bytes) end)
  end

  defp without_bytes(attributes, state) do
    Map.new(attributes, fn
      {key, files} when key in [:files, :text_files] ->
        {key, Enum.map(files, fn {path, name, bytes} -> file(path, name, bytes, now(state)) end)}

      other ->
        other
    end)
  end

  @doc "A file as the database has it."
  def file(path, name, bytes, time),
    do: %{path: path, name: name, sha1: sha1(bytes), size: byte_size(bytes), time: time}

  @doc "SHA-1 in hexadecimal."
  def sha1(bytes), do: Base.encode16(:crypto.hash(:sha, bytes), case: :lower)

  @doc "The latest attempt's row of a user or group, or nil."
  def latest(state, assignment, user, group) do
    state.submissions
    |> Enum.filter(&(&1.assignment == assignment and &1.user == user and &1.group == group))
    |> Enum.max_by(& &1.attempt, fn -> nil end)
  end

  @doc "The row that counts for a user: their team's in team work."
  def counting(state, assignment, user) do
    if state.assignments[assignment].teamsubmission == 1,
      do: latest(state, assignment, 0, team(state, user)),
      else: latest(state, assignment, user, 0)
  end

  @doc "A user's team, 0 for none."
  def team(state, user), do: List.first((state.users[user] || %{groups: []}).groups) || 0

  def submissions(state, assignment), do: Enum.filter(state.submissions, &(&1.assignment == assignment))

  def set_grade(state, assignment, user, attributes) do
    attempt = attributes[:attempt] || attempt(state, assignment, user)
    row = row(state, assignment, user, attempt) || blank(assignment, user, attempt, now(state))
    {workflow, attributes} = Map.pop(attributes, :workflowstate)

    row =
      row |> Map.merge(%{grader: 15, timemodified: now(state)}) |> Map.merge(Map.drop(attributes, [:attempt]))

    state = put_row(state, row)

    {:ok, state} =
      if workflow, do: set_flags(state, assignment, user, %{workflowstate: workflow}), else: {:ok, state}

    {:ok, state}
  end

  @doc "The attempt number that is being marked."
  def attempt(state, assignment, user) do
    case counting(state, assignment, user) do
      nil -> 0
      submission -> submission.attempt
    end
  end

  @doc "The grade row of an attempt."
  def row(state, assignment, user, attempt),
    do: Enum.find(state.grades, &(&1.assignment == assignment and &1.user == user and &1.attempt == attempt))

  @doc "A grade row that says nothing."
  def blank(assignment, user, attempt, now) do
    %{
      assignment: assignment,
      user: user,
      attempt: attempt,
      grade: -1.0,
      grader: -1,
      comment: nil,
      files: [],
      fillings: nil,
      timecreated: now,
      timemodified: now,
      writes: 0
    }
  end

  @doc "Puts a grade row in the place of the one it changes."
  def put_row(state, row) do
    {id, state} = if row[:id], do: {row.id, state}, else: id(state)
    others = Enum.reject(state.grades, &(&1.id == id))
    %{state | grades: others ++ [Map.put(row, :id, id)]}
  end

  def grade_of(state, assignment, user) do
    state.grades
    |> Enum.filter(&(&1.assignment == assignment and &1.user == user))
    |> Enum.max_by(& &1.attempt, fn -> nil end)
  end

  def set_gradebook(state, assignment, user, attributes) do
    entry = Map.merge(%{locked: false, overridden: nil}, state.gradebook[{assignment, user}] || %{})
    {:ok, put_in(state.gradebook[{assignment, user}], Map.merge(entry, attributes))}
  end

  def set_flags(state, assignment, user, attributes),
    do:
      {:ok, put_in(state.flags[{assignment, user}], Map.merge(flags_of(state, assignment, user), attributes))}

  def flags_of(state, assignment, user),
    do: state.flags[{assignment, user}] || %{locked: 0, extensionduedate: 0, workflowstate: ""}

  def add_fault(state, fault, options) do
    fault = %{fault: fault, on: options[:on], times: options[:times]}
    {:ok, %{state | faults: state.faults ++ [fault]}}
  end

  @doc "The faults that hold for this, used up by one."
  def take_faults(state, what) do
    {hit, _missed} = Enum.split_with(state.faults, &(&1.on in [nil, what] and &1.times != 0))

    faults =
      Enum.map(state.faults, fn fault ->
        if fault in hit and fault.times, do: %{fault | times: fault.times - 1}, else: fault
      end)

    {Enum.map(hit, & &1.fault), %{state | faults: Enum.reject(faults, &(&1.times == 0))}}
  end
end
