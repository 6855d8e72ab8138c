defmodule AwapBackendWeb.API.RubricController do
  @moduledoc """
  Rubrics over HTTP: whether one holds together, what is in it, and those that the host keeps for all tutors.

  A TMA brings its own copy of its rubric: what is changed or removed here changes nothing that was handed in.
  """

  use AwapBackendWeb, :controller

  alias AwapBackendWeb.API.{BodyParams, Lookup, QueryParams}

  @max_bytes 2 * 1_048_576
  @timeout_ms 15_000
  @row ["id", "name", "sha256", "max_mark", "criteria", "updated_by", "inserted_at", "updated_at", "text"]

  @type answer :: Conn.t() | {:error, ErrorView.error()} | {:error, ErrorView.error(), Conn.t()}

  @doc """
  `POST /api/rubrics/check`: the outline of a rubric, in whichever form it is. 422 where it does not hold together, with
  the path of the fault.
  """
  @spec check(Conn.t()) :: answer
  def check(conn) do
    with {:ok, _} <- QueryParams.none(conn),
         {:ok, %{"rubric" => rubric}, conn} <-
           BodyParams.read(conn, %{"rubric" => &rubric/1}, required: ["rubric"], max_bytes: @max_bytes) do
      case outline(conn, rubric) do
        {:ok, outline} -> json(conn, 200, outline)
        {:error, error} -> {:error, error, conn}
      end
    end
  end

  @doc "`GET /api/rubrics`: the rubrics that are kept, newest first and in pages, without their text."
  @spec index(Conn.t()) :: answer
  def index(conn) do
    with {:ok, page} <- QueryParams.page(conn),
         {:ok, answer} <- store(conn, "list_rubrics", page) do
      rubrics = Enum.map(answer["rubrics"], &Map.take(&1, @row))
      json(conn, 200, %{"rubrics" => rubrics, "next_cursor" => answer["next_cursor"]})
    end
  end

  @doc "`GET /api/rubrics/:name`: a rubric that is kept, with its text."
  @spec show(Conn.t()) :: answer
  def show(conn) do
    with {:ok, _} <- QueryParams.none(conn),
         {:ok, name} <- name(conn),
         {:ok, rubric} <- store(conn, "get_rubric", %{"name" => name}) do
      json(conn, 200, Map.take(rubric, @row))
    end
  end

  @doc """
  `PUT /api/rubrics/:name`: keeps a rubric for all tutors, in place of one of the same name. 201 where it is new. 422 where
  it does not hold together; 409 where it is not as at `expected_updated_at`.
  """
  @spec put(Conn.t()) :: answer
  def put(conn) do
    readers = %{"rubric" => &rubric/1, "expected_updated_at" => &BodyParams.time/1}

    with {:ok, _} <- QueryParams.none(conn),
         {:ok, name} <- name(conn),
         {:ok, fields, conn} <- BodyParams.read(conn, readers, required: ["rubric"], max_bytes: @max_bytes) do
      with {:ok, outline} <- outline(conn, fields["rubric"]),
           {:ok, answer} <- store(conn, "put_rubric", kept(conn, name, fields, outline)) do
        json(conn, if(answer["created"], do: 201, else: 200), Map.take(answer["rubric"], @row))
      else
        {:error, error} -> {:error, error, conn}
      end
    end
  end

  @doc "`DELETE /api/rubrics/:name`: removes a rubric from those that are kept."
  @spec delete(Conn.t()) :: answer
  def delete(conn) do
    with {:ok, _} <- QueryParams.none(conn),
         {:ok, name} <- name(conn),
         {:ok, answer} <- store(conn, "delete_rubric", %{"name" => name, "actor" => actor(conn)}) do
      json(conn, 200, Map.take(answer, ["id"]))
    end
  end

  defp kept(conn, name, fields, outline) do
    criteria = outline["questions"] |> Enum.map(&length(&1["criteria"])) |> Enum.sum()

    fields
    |> Map.take(["expected_updated_at"])
    |> Map.merge(Map.take(outline, ["sha256", "max_mark"]))
    |> Map.merge(%{
      "name" => name,
      "text" => text(fields["rubric"]),
      "criteria" => criteria,
      "actor" => actor(conn)
    })
  end

  defp text(rubric) when is_binary(rubric), do: rubric
  defp text(rubric), do: rubric |> AwapBackend.JSON.encode() |> IO.iodata_to_binary()

  defp outline(conn, rubric), do: Lookup.answer(conn.config.tma.check_rubric(rubric), "rubric")

  defp store(conn, command, data) do
    case conn.config.repo.call(command, data, @timeout_ms) do
      {:error, %{"code" => "not_found"}} -> {:error, ErrorView.error(404, "There is no rubric of this name.")}
      answer -> Lookup.answer(answer, "rubric")
    end
  end

  # What cannot be a name is the name of nothing.
  defp name(conn) do
    with {:error, message} <- BodyParams.name(conn.params["name"]) do
      if conn.method == "PUT",
        do: {:error, ErrorView.invalid(%{"name" => message})},
        else: {:error, ErrorView.error(404, "There is no rubric of this name.")}
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
