defmodule AwapBackend.Moodle.Definitions do
  @moduledoc """
  How an assignment is marked: Moodle's rubric or marking guide, as our rubric (`awap:rubric/1`).

  A criterion of ours is named after Moodle's (`c12`), has Moodle's levels or most points, and keeps Moodle's ids under `moodle`, so that what it was marked
  with can go back. Where its levels, or its description, say in words what a good answer speaks of, these words are what is looked for (`concepts` without
  points, which a tutor is always asked to read); where they say no more than “Partial” or “Good”, a person marks it. Marks are not rounded, as Moodle
  rounds none.
  """

  import AwapBackend.Moodle.Shape

  alias AwapBackend.Moodle.{Client, Error, HTML}

  # A definition that is ready to be used; others are drafts.
  @ready 20

  # Fewer words than this, each once, say how good an answer is and not what is in it.
  @telling 8

  @doc false
  def get(client, cmid) do
    arguments = %{cmids: [cmid], areaname: "submissions"}

    with {:ok, answer} <- Client.read(client, "core_grading_get_definitions", arguments) do
      read(answer, fn answer ->
        case Enum.find(answer["areas"], &(int(&1["cmid"]) == cmid)) do
          nil -> {:error, missing(warnings(answer))}
          area -> definition(area)
        end
      end)
    end
  end

  defp missing([]), do: Error.new(:not_found, "no_such_assignment", "Moodle has no such assignment.")

  defp missing(_warnings) do
    Error.new(
      :access,
      "no_access",
      "The service account may not see how this assignment is marked in Moodle."
    )
  end

  @doc "What `core_grading_get_definitions` says of one assignment; nil where it is marked by points alone."
  @spec definition(map) :: {:ok, map | nil} | {:error, Error.t()}
  def definition(%{"activemethod" => method} = area) when method in ["rubric", "guide"] do
    case Enum.find(list(area["definitions"]), &(&1["method"] == method and &1["status"] == @ready)) do
      # A method whose form is not ready is not used: points alone.
      nil -> {:ok, nil}
      definition -> {:ok, described(definition, if(method == "rubric", do: :rubric, else: :guide))}
    end
  end

  def definition(%{"activemethod" => none}) when none in [nil, ""], do: {:ok, nil}

  def definition(_other) do
    message = "The assignment is marked by a method that is neither rubric nor marking guide."
    {:error, Error.new(:not_supported, "unknown_method", message)}
  end

  defp described(definition, method) do
    criteria = criteria(definition, method)

    %{
      method: method,
      definition: definition,
      rubric: rubric(definition, method, criteria),
      time_modified: int(definition["timemodified"])
    }
  end

  @doc "Moodle's criteria of a definition, in their order."
  @spec criteria(map, :rubric | :guide) :: [map]
  def criteria(definition, :rubric), do: sorted(definition["rubric"]["rubric_criteria"])
  def criteria(definition, :guide), do: sorted(definition["guide"]["guide_criteria"])

  defp sorted(criteria), do: Enum.sort_by(criteria, &int(&1["sortorder"]))

  defp rubric(definition, method, criteria) do
    ours =
      criteria
      |> Enum.with_index(1)
      |> Enum.map(fn {criterion, number} -> criterion(criterion, method, number) end)

    max_mark = ours |> Enum.map(& &1["max_mark"]) |> Enum.sum()

    %{
      "schema" => "awap:rubric/1",
      "rubric_id" => "moodle-#{definition["id"]}",
      "version" => to_string(definition["timemodified"]),
      "max_mark" => max_mark,
      "rounding" => "none",
      "questions" => [
        %{
          "id" => "1",
          "title" => text(definition["name"], "Moodle"),
          "max_mark" => max_mark,
          "criteria" => ours
        }
      ]
    }
  end

  defp criterion(criterion, :rubric, number) do
    levels = for level <- criterion["levels"], do: level(level)

    %{
      "id" => "c#{criterion["id"]}",
      "title" => text(criterion["description"], "Criterion #{number}"),
      "max_mark" => levels |> Enum.map(& &1["score"]) |> Enum.max(),
      "kind" => kind(for %{"score" => score} = level when score > 0 <- levels, do: level["definition"]),
      "levels" => levels,
      "moodle" => %{
        "method" => "rubric",
        "criterionid" => int(criterion["id"]),
        "levelids" => Enum.map(levels, & &1["id"])
      }
    }
  end

  defp criterion(criterion, :guide, number) do
    description = HTML.to_text(criterion["description"] || "")

    %{
      "id" => "c#{criterion["id"]}",
      "title" => text(criterion["shortname"], "Criterion #{number}"),
      "description" => description,
      "max_mark" => number(criterion["maxscore"]),
      "kind" => kind([description]),
      "moodle" => %{
        "method" => "guide",
        "criterionid" => int(criterion["id"]),
        "descriptionmarkers" => HTML.to_text(criterion["descriptionmarkers"] || "")
      }
    }
  end

  defp kind(texts) do
    words = texts |> Enum.join(" ") |> String.downcase() |> String.split(~r/[^\p{L}]+/u, trim: true)
    telling = words |> Enum.filter(&(String.length(&1) >= 4)) |> Enum.uniq()
    if length(telling) >= @telling, do: "concepts", else: "human"
  end

  defp level(level) do
    score = number(level["score"])
    %{"id" => int(level["id"]), "score" => score, "definition" => text(level["definition"], "#{score}")}
  end

  defp text(html, instead) do
    case HTML.to_text(html || "") do
      "" -> instead
      text -> text
    end
  end
end
