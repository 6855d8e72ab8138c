defmodule AwapBackend.FakeMoodle.People do
  @moduledoc "The fake Moodle's users, as participants of an assignment and by themselves."

  alias AwapBackend.FakeMoodle.{Functions, State}

  @doc "Users by a field; those there are not are left out."
  def by_field(state, %{"field" => field, "values" => values}) do
    wanted = Map.values(values)

    key =
      if field in ["id", "idnumber", "username", "email"],
        do: String.to_existing_atom(field),
        else: Functions.invalid()

    for {_id, user} <- state.users, to_string(Map.get(user, key)) in wanted, do: user(user)
  end

  defp user(user) do
    %{
      "id" => user.id,
      "username" => user.username,
      "firstname" => Functions.escaped(user.firstname),
      "lastname" => Functions.escaped(user.lastname),
      "fullname" => full_name(user),
      "email" => user.email,
      "department" => "",
      "idnumber" => user.idnumber,
      "suspended" => false
    }
  end

  defp full_name(user), do: Functions.escaped("#{user.firstname} #{user.lastname}")

  @doc "Those who take part: suspended ones do not; names are hidden where marking is blind, ids are not."
  def participants(state, params) do
    assignment = state.assignments[Functions.int(params["assignid"])]
    if assignment == nil, do: throw({:moodle, "dml_missing_record_exception", "invalidrecord"})

    everyone =
      for {_id, user} <- state.users, user.course == assignment.course, not user.suspended do
        state
        |> named(assignment, user, params["onlyids"] == "1")
        |> Map.merge(standing(state, assignment, user))
      end

    skip = Functions.int(params["skip"] || 0)
    limit = Functions.int(params["limit"] || 0)
    rest = Enum.drop(everyone, skip)
    if limit > 0, do: Enum.take(rest, limit), else: rest
  end

  defp named(_state, %{blindmarking: 1}, user, _only_ids?),
    do: %{"id" => user.id, "fullname" => "Participant #{user.id * 3}", "recordid" => user.id * 3}

  defp named(_state, _assignment, user, true),
    do: %{"id" => user.id, "fullname" => full_name(user), "recordid" => -1}

  defp named(_state, assignment, user, false) do
    team =
      if assignment.teamsubmission == 1 and user.groups != [],
        do: %{"groupid" => hd(user.groups), "groupname" => "Team #{hd(user.groups)}"},
        else: %{}

    user |> user() |> Map.merge(%{"recordid" => -1, "roles" => []}) |> Map.merge(team)
  end

  defp standing(state, assignment, user) do
    row = State.counting(state, assignment.id, user.id)
    status = if row, do: row.status, else: ""
    flags = State.flags_of(state, assignment.id, user.id)

    %{
      "submitted" => status == "submitted",
      "requiregrading" => status == "submitted",
      "grantedextension" => flags.extensionduedate > 0,
      "submissionstatus" => status
    }
  end

  @doc "Flags of those who have any."
  def flags(state, assignments) do
    {found, warnings} =
      assignments
      |> Enum.map(fn id ->
        rows =
          for {{^id, user}, flags} <- state.flags do
            %{
              "id" => id * 1_000 + user,
              "userid" => user,
              "locked" => flags.locked,
              "mailed" => 0,
              "extensionduedate" => flags.extensionduedate,
              "workflowstate" => flags.workflowstate,
              "allocatedmarker" => 0
            }
          end

        if rows == [],
          do:
            {nil,
             %{
               "item" => "assignment",
               "itemid" => id,
               "warningcode" => "3",
               "message" => "No user flags found"
             }},
          else: {%{"assignmentid" => id, "userflags" => rows}, nil}
      end)
      |> Enum.unzip()

    %{"assignments" => Enum.reject(found, &is_nil/1), "warnings" => Enum.reject(warnings, &is_nil/1)}
  end
end
