defmodule AwapBackendWeb.API.RubricController do
  @moduledoc """
  Rubrics over HTTP: whether one holds together, and what is in it. None is kept here; a TMA brings its own.
  """

  use AwapBackendWeb, :controller

  alias AwapBackendWeb.API.{BodyParams, Lookup, QueryParams}

  @max_bytes 2 * 1_048_576

  @doc """
  `POST /api/rubrics/check`: the outline of a rubric, in whichever form it is. 422 where it does not hold together, with
  the path of the fault.
  """
  @spec check(Conn.t()) :: Conn.t() | {:error, ErrorView.error()} | {:error, ErrorView.error(), Conn.t()}
  def check(conn) do
    with {:ok, _} <- QueryParams.none(conn),
         {:ok, %{"rubric" => rubric}, conn} <-
           BodyParams.read(conn, %{"rubric" => &rubric/1}, required: ["rubric"], max_bytes: @max_bytes) do
      case Lookup.answer(conn.config.tma.check_rubric(rubric), "rubric") do
        {:ok, outline} -> json(conn, 200, outline)
        {:error, error} -> {:error, error, conn}
      end
    end
  end

  defp rubric(rubric) when is_map(rubric) or is_list(rubric) do
    case BodyParams.large_numbers(rubric, "") do
      [] -> {:ok, rubric}
      _ -> {:error, "has a number past 64 bits"}
    end
  end

  defp rubric(rubric), do: BodyParams.text(rubric, 1..@max_bytes)
end
