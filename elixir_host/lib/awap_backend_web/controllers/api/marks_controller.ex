defmodule AwapBackendWeb.API.MarksController do
  @moduledoc """
  What a tutor's marks come to, before they are saved.

  The core adds up: it knows the rubric's penalties, rounding and bands. Nothing is changed here; what is answered is what
  `PATCH /api/feedback/:tma_id` takes.
  """

  use AwapBackendWeb, :controller

  alias AwapBackendWeb.API.{BodyParams, Lookup, QueryParams}

  @max_bytes 4 * 1_048_576
  @max_criteria 500
  @max_comment 10_000
  @max_text 100_000

  @doc """
  `POST /api/feedback/:tma_id/totals`: the feedback with these marks and comments. 422 names what is out of bounds, 409 says
  where the rubric was not kept.
  """
  @spec totals(Conn.t()) :: Conn.t() | {:error, ErrorView.error()} | {:error, ErrorView.error(), Conn.t()}
  def totals(conn) do
    with {:ok, _} <- QueryParams.none(conn),
         {:ok, id} <- Lookup.id(conn.params["tma_id"], "TMA"),
         {:ok, %{"criteria" => criteria} = body, conn} <-
           BodyParams.read(conn, readers(), required: ["criteria"], max_bytes: @max_bytes) do
      revised = conn.config.tma.revise_feedback(id, criteria, body["feedback_text"], actor(conn))

      case Lookup.answer(revised, "feedback") do
        {:ok, revised} -> json(conn, 200, Map.take(revised, ["grade", "feedback_text", "marking_criteria"]))
        {:error, error} -> {:error, error, conn}
      end
    end
  end

  defp readers, do: %{"criteria" => &criteria/1, "feedback_text" => &BodyParams.text(&1, 0..@max_text)}

  defp criteria(list) when is_list(list) and length(list) <= @max_criteria do
    case Enum.find_index(list, &(not change?(&1))) do
      nil ->
        {:ok, list}

      at ->
        {:error,
         "has an entry, number #{at + 1}, that is not an object of “id”, “score” (a number or null) and “comment” (a string of at most #{@max_comment} characters)"}
    end
  end

  defp criteria(_other), do: {:error, "must be a list of at most #{@max_criteria} objects"}

  defp change?(%{"id" => id} = change) when is_binary(id) do
    Map.keys(change) -- ["id", "score", "comment"] == [] and score?(change["score"]) and
      comment?(Map.get(change, "comment", ""))
  end

  defp change?(_other), do: false

  defp score?(score), do: score == nil or (is_number(score) and abs(score) <= 1_000_000)
  defp comment?(comment), do: match?({:ok, _}, BodyParams.text(comment, 0..@max_comment))
end
