defmodule AwapBackendWeb.API.FeedbackParams do
  @moduledoc """
  Reads the body of `PATCH /api/feedback/:tma_id` into the store's `update_feedback`.

    * what to change: `grade` (0 to 100, or null), `feedback_text`, `strengths`, `improvements`, `marking_criteria`; what is
      absent stays;
    * `reviewed_by`, the name of who has reviewed it, or `reviewed: true`, which takes the name of the API key, or the `sub` of
      a user of the identity provider;
    * `expected_updated_at`, the `updated_at` that the change was made to.

  A front end that serves many tutors with one key says who it was with `reviewed_by`; the audit log has the key beside it.
  """

  alias AwapBackendWeb.API.BodyParams
  alias AwapBackendWeb.{Conn, ErrorView}

  @max_bytes 4 * 1_048_576
  @max_text 100_000
  @max_sentences 200
  @max_sentence 10_000
  # RFC 7396: the body is what to put in place of what is there.
  @types ["application/json", "application/merge-patch+json"]

  @changes ["grade", "feedback_text", "strengths", "improvements", "marking_criteria"]

  @doc "The data of `update_feedback`, less `tma_id` and `actor`."
  @spec read(Conn.t()) :: BodyParams.answer()
  def read(conn) do
    with {:ok, fields, conn} <- BodyParams.read(conn, readers(), types: @types, max_bytes: @max_bytes) do
      case request(fields, conn) do
        {:ok, request} -> {:ok, request, conn}
        {:error, faults} -> {:error, ErrorView.invalid(faults), conn}
      end
    end
  end

  defp readers do
    %{
      "grade" => &grade/1,
      "feedback_text" => &BodyParams.text(&1, 0..@max_text),
      "strengths" => &sentences/1,
      "improvements" => &sentences/1,
      "marking_criteria" => &criteria/1,
      "reviewed" => &boolean/1,
      "reviewed_by" => &BodyParams.name/1,
      "expected_updated_at" => &BodyParams.time/1
    }
  end

  defp request(fields, conn) do
    changes = Map.take(fields, @changes)

    with {:ok, reviewer} <- reviewer(fields, conn),
         :ok <- if(changes == %{} and reviewer == nil, do: {:error, nothing()}, else: :ok) do
      {:ok,
       %{
         "changes" => changes,
         "reviewed_by" => reviewer,
         "expected_updated_at" => fields["expected_updated_at"]
       }
       |> Map.reject(fn {_, value} -> value == nil end)}
    end
  end

  defp reviewer(%{"reviewed" => false, "reviewed_by" => _}, _conn),
    do: {:error, %{"reviewed_by" => "names a reviewer, and “reviewed” is false"}}

  defp reviewer(%{"reviewed_by" => name}, _conn), do: {:ok, name}
  defp reviewer(%{"reviewed" => true}, conn), do: {:ok, conn.caller["name"] || conn.caller["id"]}
  defp reviewer(_fields, _conn), do: {:ok, nil}

  defp nothing do
    %{
      "" => "changes nothing: give one of #{Enum.join(@changes, ", ")}, or “reviewed”: true, or “reviewed_by”"
    }
  end

  defp grade(nil), do: {:ok, nil}
  defp grade(grade) when is_number(grade) and grade >= 0 and grade <= 100, do: {:ok, grade}
  defp grade(_), do: {:error, "must be a number from 0 to 100, or null"}

  defp sentences(list) when is_list(list) and length(list) <= @max_sentences do
    if Enum.all?(list, &match?({:ok, _}, BodyParams.text(&1, 1..@max_sentence))),
      do: {:ok, list},
      else: {:error, "must be a list of strings of 1 to #{@max_sentence} characters"}
  end

  defp sentences(_), do: {:error, "must be a list of at most #{@max_sentences} strings"}

  defp criteria(%{} = criteria) do
    case BodyParams.large_numbers(criteria, "") do
      [] -> {:ok, criteria}
      [path | _] -> {:error, "has a number past 64 bits at “#{String.slice(path, 0, 64)}”"}
    end
  end

  defp criteria(_), do: {:error, "must be an object"}

  defp boolean(value) when is_boolean(value), do: {:ok, value}
  defp boolean(_), do: {:error, "must be true or false"}
end
