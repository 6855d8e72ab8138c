defmodule AwapBackend.Moodle.DefinitionsTest do
  @moduledoc "Moodle's rubrics and marking guides as rubrics of ours: made up, and as a real Moodle answered."
  use ExUnit.Case, async: true

  alias AwapBackend.Moodle.Definitions

  defp area(method, body) do
    key = if method == "rubric", do: "rubric_criteria", else: "guide_criteria"

    %{
      "activemethod" => method,
      "definitions" => [
        %{
          "id" => 3,
          "method" => method,
          "status" => 20,
          "name" => "TMA 01",
          "timemodified" => 17,
          method => %{key => body}
        }
      ]
    }
  end

  defp kinds(area) do
    {:ok, %{rubric: rubric}} = Definitions.definition(area)
    for question <- rubric["questions"], criterion <- question["criteria"], do: criterion["kind"]
  end

  defp levels(texts),
    do: for({text, i} <- Enum.with_index(texts), do: %{"id" => i, "score" => i * 10, "definition" => text})

  test "levels that say what an answer speaks of are marked by their words, others by a person" do
    criteria = [
      %{
        "id" => 1,
        "sortorder" => 1,
        "description" => "Person-centred care",
        "levels" =>
          levels([
            "Does not mention it.",
            "Describes practical care tasks such as washing and dressing.",
            "Explains how care planned with the person respects choices, dignity and identity."
          ])
      },
      %{
        "id" => 2,
        "sortorder" => 2,
        "description" => "Style",
        "levels" => levels(["None", "Partial", "Good", "Excellent"])
      }
    ]

    assert kinds(area("rubric", criteria)) == ["concepts", "human"]
  end

  test "so are the criteria of a marking guide" do
    guide = fn id, description ->
      %{
        "id" => id,
        "sortorder" => id,
        "shortname" => "Part #{id}",
        "description" => description,
        "maxscore" => 50
      }
    end

    criteria = [
      guide.(
        1,
        "<p>Explains why a binary search needs a sorted list, and how many comparisons each search makes.</p>"
      ),
      guide.(2, "<p>Style</p>")
    ]

    assert kinds(area("guide", criteria)) == ["concepts", "human"]
  end

  defp decoded(file) do
    {:ok, recorded} = file |> File.read!() |> AwapBackend.JSON.decode()
    recorded
  end

  @recorded Path.wildcard(
              Path.join(
                System.get_env("AWAP_DATA") || "../../shared/data",
                "moodle/wire/grading_definitions*.json"
              )
            )

  if @recorded == [] do
    @tag skip: "there are no recorded answers of Moodle (AWAP_DATA)"
  end

  test "what a real Moodle answered converts: ids, levels and marks are Moodle's" do
    for file <- @recorded, area <- decoded(file)["body"]["areas"] || [] do
      case Definitions.definition(area) do
        {:ok, nil} ->
          assert area["activemethod"] in [nil, ""] or area["definitions"] == []

        {:ok, %{method: method, rubric: rubric, definition: definition}} ->
          assert Atom.to_string(method) == area["activemethod"]
          theirs = Definitions.criteria(definition, method)
          ours = Enum.flat_map(rubric["questions"], & &1["criteria"])
          assert Enum.map(ours, & &1["id"]) == Enum.map(theirs, &"c#{&1["id"]}")
          assert rubric["max_mark"] == ours |> Enum.map(& &1["max_mark"]) |> Enum.sum()
          assert Enum.all?(ours, &(&1["title"] != "" and not (&1["title"] =~ "&amp;")))

        {:error, %{code: code}} ->
          flunk("#{Path.basename(file)}: #{code}")
      end
    end
  end
end
