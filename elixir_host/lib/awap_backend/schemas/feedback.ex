defmodule AwapBackend.Schemas.Feedback do
  @moduledoc """
  A row of `feedback`: a draft for a tutor to edit and approve.

    * `id`, `tma_id` - UUIDs; one row for each TMA
    * `grade` - 0 to 100, or nil while a criterion that only a person may mark is open
    * `feedback_text` - what the student will read, in Markdown
    * `marking_criteria` - everything behind the mark: criteria, evidence, totals, what needs review, provenance
    * `strengths`, `improvements` - lists of sentences
    * `generated_at` - when it was drafted
    * `reviewed_by`, `reviewed_at` - who approved it and when; nil until then
    * `inserted_at`, `updated_at` - of the row; all times in UTC
    * `stale`, `superseded_by` - whether a newer version of the work was handed in, and its TMA
  """

  @enforce_keys [:id, :tma_id]
  defstruct [
    :id,
    :tma_id,
    :grade,
    :feedback_text,
    :marking_criteria,
    :generated_at,
    :reviewed_by,
    :reviewed_at,
    :inserted_at,
    :updated_at,
    :superseded_by,
    stale: false,
    strengths: [],
    improvements: []
  ]

  @type t :: %__MODULE__{
          id: String.t(),
          tma_id: String.t(),
          grade: float | nil,
          feedback_text: String.t() | nil,
          marking_criteria: map | nil,
          strengths: [String.t()],
          improvements: [String.t()],
          generated_at: DateTime.t() | nil,
          reviewed_by: String.t() | nil,
          reviewed_at: DateTime.t() | nil,
          inserted_at: DateTime.t() | nil,
          updated_at: DateTime.t() | nil,
          superseded_by: String.t() | nil,
          stale: boolean
        }

  @times ~w(generated_at reviewed_at inserted_at updated_at)a

  @doc "The struct of a row as the store gives it."
  @spec from_row(map) :: t
  def from_row(%{"id" => _, "tma_id" => _} = row), do: AwapBackend.Schemas.build(__MODULE__, row, @times)

  @doc "Whether a person has approved it. Nothing goes to a student before."
  @spec reviewed?(t) :: boolean
  def reviewed?(%__MODULE__{reviewed_by: by, reviewed_at: at}), do: not is_nil(by) and not is_nil(at)
end
