defmodule AwapBackend.Schemas.TMA do
  @moduledoc """
  A row of `tmas`, and what a submission has to look like to become one.

    * `id` - UUID
    * `assignment_id`, `course_id` - as submitted; where absent, what stands in for them
    * `student_id` - the student's pseudonym
    * `content` - the anonymized content, with `"parsed"` (its text, which evidence points into, and its structure) and
      `"anonymization"` (what was replaced, where); nil until it is anonymized
    * `status` - `"pending"`, `"processing"`, `"completed"`, `"failed"`
    * `job_id` - of the job that processes it
    * `error_message` - a sentence, where it failed
    * `submitted_at`, `processed_at`, `inserted_at`, `updated_at` - in UTC
    * `origin` - where it came from, and its other versions, as `awap-store/PROTOCOL.md` has it; nil where it was handed in here
  """

  @enforce_keys [:id, :status]
  defstruct [
    :id,
    :assignment_id,
    :student_id,
    :course_id,
    :content,
    :status,
    :job_id,
    :error_message,
    :submitted_at,
    :processed_at,
    :inserted_at,
    :updated_at,
    :origin
  ]

  @type t :: %__MODULE__{
          id: String.t(),
          assignment_id: String.t() | nil,
          student_id: String.t() | nil,
          course_id: String.t() | nil,
          content: map | nil,
          status: String.t(),
          job_id: String.t() | nil,
          error_message: String.t() | nil,
          submitted_at: DateTime.t() | nil,
          processed_at: DateTime.t() | nil,
          inserted_at: DateTime.t() | nil,
          updated_at: DateTime.t() | nil,
          origin: map | nil
        }

  @statuses ~w(pending processing completed failed)
  @times ~w(submitted_at processed_at inserted_at updated_at)a
  @ids ~w(tma_id assignment_id course_id student_id)
  @names ~w(name given_name family_name email username)
  @max_id 255
  @max_items 200

  @doc "The statuses a TMA can have."
  def statuses, do: @statuses

  @doc "The struct of a row as the store gives it."
  @spec from_row(map) :: t
  def from_row(%{"id" => _, "status" => status} = row) when status in @statuses do
    AwapBackend.Schemas.build(__MODULE__, row, @times)
  end

  @doc """
  Checks a submission: what is known has the right type, and there is content. Fields that are not known are left alone.

  Faults come as messages by field, the field named by its path (`content.attachments[0].data_base64`). Messages never
  quote a value.
  """
  @spec validate(term) :: {:ok, map} | {:error, %{String.t() => [String.t()]}}
  def validate(params) when is_map(params) do
    case ids(params) ++ student(params["student"]) ++ content(params["content"]) ++ rubric(params["rubric"]) do
      [] -> {:ok, params}
      faults -> {:error, Enum.group_by(faults, &elem(&1, 0), &elem(&1, 1))}
    end
  end

  def validate(_other), do: {:error, %{"" => ["A submission is a JSON object."]}}

  defp ids(params) do
    for key <- @ids, fault = id_fault(params[key]), do: {key, fault}
  end

  defp id_fault(nil), do: nil
  defp id_fault(value) when not is_binary(value), do: "must be a string"
  defp id_fault(value), do: if(String.length(value) > @max_id, do: "must be at most #{@max_id} characters")

  defp text?(value), do: is_nil(value) or is_binary(value)

  defp student(nil), do: []

  defp student(student) when is_map(student) do
    names =
      for key <- @names,
          value = student[key],
          not is_binary(value),
          do: {"student." <> key, "must be a string"}

    case student["aliases"] do
      nil -> names
      aliases when is_list(aliases) -> names ++ alias_faults(aliases)
      _other -> names ++ [{"student.aliases", "must be a list of strings"}]
    end
  end

  defp student(_other), do: [{"student", "must be an object"}]

  defp alias_faults(aliases) do
    if Enum.all?(aliases, &is_binary/1), do: [], else: [{"student.aliases", "must be a list of strings"}]
  end

  defp content(nil), do: [{"content", "is required: text, answers or attachments"}]
  defp content(""), do: [{"content", "must not be empty"}]
  defp content(text) when is_binary(text), do: []

  defp content(content) when is_map(content) do
    forms = Enum.reject([content["text"], content["answers"], content["attachments"]], &(&1 in [nil, "", []]))
    missing = if forms == [], do: [{"content", "must hold text, answers or attachments"}], else: []

    missing ++
      text(content["text"]) ++
      list("content.answers", content["answers"], ~w(question text), []) ++
      list("content.attachments", content["attachments"], ~w(data_base64), ~w(filename content_type))
  end

  defp content(_other), do: [{"content", "must be a string or an object"}]

  defp text(text) when is_nil(text) or is_binary(text), do: []
  defp text(_other), do: [{"content.text", "must be a string"}]

  defp list(_path, nil, _required, _optional), do: []

  defp list(path, items, _required, _optional) when is_list(items) and length(items) > @max_items do
    [{path, "must hold at most #{@max_items}"}]
  end

  defp list(path, items, required, optional) when is_list(items) do
    items
    |> Enum.with_index()
    |> Enum.flat_map(fn {item, index} -> item("#{path}[#{index}]", item, required, optional) end)
  end

  defp list(path, _other, _required, _optional), do: [{path, "must be a list"}]

  defp item(path, item, required, optional) when is_map(item) do
    missing =
      for key <- required, not is_binary(item[key]), do: {"#{path}.#{key}", "is required, as a string"}

    wrong = for key <- optional, not text?(item[key]), do: {"#{path}.#{key}", "must be a string"}

    missing ++ wrong
  end

  defp item(path, _other, _required, _optional), do: [{path, "must be an object"}]

  defp rubric(rubric) when is_nil(rubric) or is_map(rubric) or is_binary(rubric), do: []
  defp rubric(_other), do: [{"rubric", "must be an object, or a string of YAML or JSON"}]
end
