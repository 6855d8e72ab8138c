defmodule AwapBackend.Moodle.Filling do
  @moduledoc """
  A filled rubric or guide: checked against Moodle's definition, as `advancedgradingdata`, and the grade that Moodle makes of it.

  Moodle takes what is incomplete or wrong without a word and stores 0 or nothing, so every criterion has to be there, with a level of its own or a score within its range.
  """

  alias AwapBackend.Moodle.{Definitions, Error, Shape}

  @typedoc "By criterion: Moodle's id, or ours (`c12`). Remarks are plain text, which Moodle escapes itself where it shows them."
  @type t :: %{
          (integer | String.t()) => %{
            optional(:level_id) => integer,
            optional(:score) => number,
            optional(:remark) => String.t()
          }
        }

  # Moodle's number of plain text.
  @plain 2

  @doc """
  What to send, and the grades that Moodle may make of it: there are two where the least scores are not 0, as the service does not tell which of its two ways the
  rubric counts.
  """
  @spec prepare(t, map, number) :: {:ok, map, [float]} | {:error, Error.t()}
  def prepare(filling, %{method: method, definition: definition}, grade_max) do
    criteria = Definitions.criteria(definition, method)
    filling = Map.new(filling, fn {id, filled} -> {key(id), filled} end)
    ids = Enum.map(criteria, &Shape.int(&1["id"]))

    cond do
      Map.keys(filling) -- ids != [] ->
        {:error, invalid("filling_unknown_criterion", "names a criterion that Moodle's does not have")}

      ids -- Map.keys(filling) != [] ->
        {:error, invalid("filling_incomplete", "lacks a criterion")}

      true ->
        filled(method, criteria, filling, grade_max)
    end
  end

  defp key("c" <> id), do: key(id)
  defp key(id) when is_integer(id), do: id

  defp key(id) when is_binary(id) do
    case Integer.parse(id) do
      {number, ""} -> number
      _other -> id
    end
  end

  defp invalid(code, what), do: Error.new(:invalid, code, "The filled rubric #{what}: nothing was written.")

  defp filled(method, criteria, filling, grade_max) do
    with {:ok, scored} <- each(criteria, &scored(method, &1, filling[Shape.int(&1["id"])])) do
      data = %{method => %{criteria: Enum.map(scored, fn {data, _score} -> data end)}}
      score = scored |> Enum.map(fn {_data, score} -> score end) |> Enum.sum()
      {:ok, data, grades(method, criteria, score, grade_max)}
    end
  end

  defp each(criteria, fun) do
    Enum.reduce_while(criteria, {:ok, []}, fn criterion, {:ok, done} ->
      case fun.(criterion) do
        {:ok, one} -> {:cont, {:ok, done ++ [one]}}
        {:error, error} -> {:halt, {:error, error}}
      end
    end)
  end

  defp scored(:rubric, criterion, filled) do
    wanted = filled[:level_id]

    case Enum.find(criterion["levels"], &(Shape.int(&1["id"]) == wanted)) do
      nil -> {:error, invalid("filling_bad_level", "has a level that is not its criterion's")}
      level -> {:ok, {data(criterion, filled, %{levelid: wanted}), Shape.number(level["score"])}}
    end
  end

  defp scored(:guide, criterion, filled) do
    score = filled[:score]

    if is_number(score) and score >= 0 and score <= Shape.number(criterion["maxscore"]),
      do: {:ok, {data(criterion, filled, %{score: decimal(score)}), score}},
      else: {:error, invalid("filling_bad_score", "has a score out of its criterion's range")}
  end

  defp data(criterion, filled, answer) do
    id = Shape.int(criterion["id"])
    remark = %{criterionid: id, remark: filled[:remark] || "", remarkformat: @plain}
    %{criterionid: id, fillings: [Map.merge(remark, answer)]}
  end

  defp grades(:guide, criteria, score, grade_max) do
    most = criteria |> Enum.map(&Shape.number(&1["maxscore"])) |> Enum.sum()
    [stored(score / most * grade_max)]
  end

  defp grades(:rubric, criteria, score, grade_max) do
    scores = for criterion <- criteria, do: Enum.map(criterion["levels"], &Shape.number(&1["score"]))
    most = scores |> Enum.map(&Enum.max/1) |> Enum.sum()
    least = scores |> Enum.map(&Enum.min/1) |> Enum.sum()
    from_zero = max(score / most * grade_max, 0.0)
    from_least = if most > least, do: (score - least) / (most - least) * grade_max, else: from_zero
    Enum.uniq([stored(from_zero), stored(from_least)])
  end

  # As Moodle's columns keep it.
  defp stored(grade), do: Float.round(grade * 1.0, 5)

  @doc "A number as Moodle reads it, with five decimals at most."
  @spec decimal(number) :: String.t()
  def decimal(number), do: :erlang.float_to_binary(number * 1.0, [:compact, decimals: 5])
end
