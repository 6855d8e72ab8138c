defmodule AwapBackend.Moodle.Shape do
  @moduledoc """
  Reading Moodle's answers, of which nobody vouches for the shape: plugins and versions differ. What cannot be read is an error of this call, never a crash of
  whoever called.
  """

  alias AwapBackend.Moodle.{Error, HTML}

  @doc "What `fun` makes of an answer, or the error that the answer is not of the shape it should have."
  @spec read(term, (term -> result)) :: result | {:error, Error.t()} when result: term
  def read(answer, fun) do
    fun.(answer)
  rescue
    # The exception would quote the answer.
    _any in [
      FunctionClauseError,
      MatchError,
      KeyError,
      ArgumentError,
      BadMapError,
      CaseClauseError,
      Protocol.UndefinedError
    ] ->
      {:error, unexpected()}
  end

  defp unexpected do
    Error.new(:protocol, "unexpected_shape", "Moodle's answer is not of the shape that it should have.")
  end

  @doc "A whole number, which may come as text."
  @spec int(term) :: integer
  def int(value) when is_integer(value), do: value
  def int(value) when is_binary(value), do: String.to_integer(value)

  @doc "A number, which may come as text."
  @spec number(term) :: number
  def number(value) when is_number(value), do: value

  def number(value) when is_binary(value) do
    {number, ""} = Float.parse(value)
    number
  end

  @doc "A grade; nil for none: Moodle writes -1, or nothing where a marker left the field empty."
  @spec grade_or_nil(term) :: number | nil
  def grade_or_nil(value) when value in [nil, ""], do: nil

  def grade_or_nil(value) do
    grade = number(value)
    if grade >= 0, do: grade
  end

  @doc "A time in epoch seconds; nil for none, which Moodle writes as 0."
  @spec time(term) :: integer | nil
  def time(value) when value in [nil, 0, "0", ""], do: nil
  def time(value), do: int(value)

  @doc "Whether a switch is on, in any of the ways in which Moodle writes it."
  @spec on?(term) :: boolean
  def on?(value), do: value in [true, 1, "1"]

  @doc "A name as people write it."
  @spec name(term) :: String.t()
  def name(value) when is_binary(value), do: HTML.unescape(value)

  @doc "As `name/1`, nil where there is none."
  @spec name_or_nil(term) :: String.t() | nil
  def name_or_nil(value) when value in [nil, ""], do: nil
  def name_or_nil(value), do: name(value)

  @doc "A list, which Moodle may leave out."
  @spec list(term) :: list
  def list(nil), do: []
  def list(value) when is_list(value), do: value

  # Moodle's code of the warning that the account may not see an activity, which leaves that out as if there were nothing.
  @no_access "1"

  @doc "The error that Moodle left an activity out because the account may not see it; `:ok` where it did not. `what` is what was asked for."
  @spec seen(map, String.t()) :: :ok | {:error, Error.t()}
  def seen(answer, what) do
    if Enum.any?(warnings(answer), &(&1.code == @no_access)),
      do:
        {:error,
         Error.new(
           :access,
           "no_access",
           "The service account may not see the #{what} of this assignment in Moodle."
         )},
      else: :ok
  end

  @doc "What Moodle says of the parts of a call that failed."
  @spec warnings(map) :: [%{item: String.t(), item_id: integer | nil, code: String.t()}]
  def warnings(answer) do
    for %{} = warning <- list(answer["warnings"]) do
      id = warning["itemid"]

      %{
        item: to_string(warning["item"] || ""),
        item_id: if(is_integer(id), do: id),
        code: to_string(warning["warningcode"] || "")
      }
    end
  end
end
