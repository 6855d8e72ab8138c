defmodule AwapBackend.Moodle.Participants do
  @moduledoc """
  Who takes part in an assignment, and who users are.

  Suspended students do not take part. Where marking is blind Moodle gives “Participant 12” as a name here, and the real name to whoever asks for the user.
  """

  import AwapBackend.Moodle.Shape

  alias AwapBackend.Moodle.{Client, Error}

  # Users at once: their ids are in one form.
  @batch 100

  @doc false
  def list(client, assignment_id) do
    with {:ok, answer} <- ask(client, assignment_id, %{}),
         {:ok, people} <- read(answer, &{:ok, Enum.map(&1, fn person -> participant(person) end)}),
         {:ok, flags} <- flags(client, assignment_id) do
      {:ok, Enum.map(people, &Map.merge(&1, Map.get(flags, &1.id, no_flags())))}
    end
  end

  defp participant(person) do
    blind? = is_integer(person["recordid"]) and person["recordid"] > 0

    %{
      id: int(person["id"]),
      full_name: name(person["fullname"]),
      first_name: name_or_nil(person["firstname"]),
      last_name: name_or_nil(person["lastname"]),
      email: name_or_nil(person["email"]),
      id_number: name_or_nil(person["idnumber"]),
      username: name_or_nil(person["username"]),
      blind?: blind?,
      group_id: int(person["groupid"] || 0),
      submitted?: on?(person["submitted"]),
      submission_status: person["submissionstatus"] || ""
    }
  end

  @doc "Where each participant's submission stands, by their id, without who they are: `%{submitted?, status}`."
  @spec standing(Client.t(), integer) :: {:ok, %{integer => map}} | {:error, Error.t()}
  def standing(client, assignment_id) do
    with {:ok, answer} <- ask(client, assignment_id, %{onlyids: 1}) do
      read(answer, fn people ->
        {:ok,
         Map.new(people, fn person ->
           {int(person["id"]),
            %{submitted?: on?(person["submitted"]), status: person["submissionstatus"] || ""}}
         end)}
      end)
    end
  end

  defp ask(client, assignment_id, more) do
    arguments = Map.merge(%{assignid: assignment_id, groupid: 0, filter: ""}, more)
    Client.read(client, "mod_assign_list_participants", arguments)
  end

  @doc "The error that a user takes no part."
  def not_taking_part do
    Error.new(
      :not_found,
      "not_taking_part",
      "This student does not take part in the assignment in Moodle: not enrolled, or suspended."
    )
  end

  @doc "The error that a team has members who were not in it when its work was handed in."
  def team_changed do
    Error.new(
      :conflict,
      "team_changed",
      "Someone is in the team in Moodle now who was not when its work was fetched, and would get this grade too: give it in Moodle."
    )
  end

  @doc "Extension, lock and workflow of each user who has any of these, by their id."
  @spec flags(Client.t(), integer) :: {:ok, %{integer => map}} | {:error, Error.t()}
  def flags(client, assignment_id) do
    with {:ok, answer} <- Client.read(client, "mod_assign_get_user_flags", %{assignmentids: [assignment_id]}) do
      read(answer, fn answer ->
        with :ok <- seen(answer, "extensions and workflow"), do: {:ok, flags_of(answer)}
      end)
    end
  end

  defp flags_of(answer) do
    for assignment <- answer["assignments"], row <- assignment["userflags"], into: %{}, do: flag(row)
  end

  defp flag(row) do
    {int(row["userid"]),
     %{
       extension_due_at: time(row["extensionduedate"]),
       locked?: on?(row["locked"]),
       workflow_state: row["workflowstate"] || ""
     }}
  end

  @doc "What holds of a user without flags."
  def no_flags, do: %{extension_due_at: nil, locked?: false, workflow_state: ""}

  @doc false
  def users(client, ids) do
    ids
    |> Enum.uniq()
    |> Enum.chunk_every(@batch)
    |> Enum.reduce_while({:ok, []}, fn batch, {:ok, found} ->
      case batch(client, batch) do
        {:ok, users} -> {:cont, {:ok, found ++ users}}
        {:error, error} -> {:halt, {:error, error}}
      end
    end)
  end

  defp batch(client, ids) do
    with {:ok, answer} <- Client.read(client, "core_user_get_users_by_field", %{field: "id", values: ids}) do
      read(answer, &{:ok, Enum.map(&1, fn user -> user(user) end)})
    end
  end

  defp user(user) do
    %{
      id: int(user["id"]),
      full_name: name(user["fullname"]),
      first_name: name_or_nil(user["firstname"]),
      last_name: name_or_nil(user["lastname"]),
      email: name_or_nil(user["email"]),
      id_number: name_or_nil(user["idnumber"]),
      username: name_or_nil(user["username"])
    }
  end
end
