defmodule AwapBackendWeb.OpenAPI.Rubrics do
  @moduledoc "Rubrics: whether one holds together, and those that the host keeps for all tutors."

  import AwapBackendWeb.OpenAPI.Parts

  @everyone ["admin", "tutor", "service"]
  @people ["admin", "tutor"]

  @outline %{
    rubric_id: "TM112-25J-TMA02",
    form: "awap:rubric/1",
    sha256: "8dc979746d877508c6b44c16cab04100dfca42221c6649d06dbcda435629b0db",
    max_mark: 20.0,
    rounding: "half_up_int",
    bands: [%{name: "Pass", min: 40.0}, %{name: "Fail", min: 0.0}],
    limit_words: 500,
    stops_reading: false,
    questions: [
      %{
        id: "1(a)",
        max_mark: 20.0,
        prompt: "Compare the two searches.",
        criteria: [
          %{
            id: "q1a-search",
            title: "How the two searches work",
            description: "",
            max_mark: 20.0,
            by_level: false,
            human: false,
            levels: [%{score: 10.0, definition: "One of the two is explained"}],
            points: [["binary-middle", "a binary search compares the target with the middle item"]]
          }
        ]
      }
    ],
    common_errors: [],
    bonus_points: []
  }

  @text "title: Essay\ntotal_points: 10\ncriteria:\n  - name: Argument\n    weight: 10\n    description: A claim with reasons for it.\n"

  @summary %{
    id: "0198c5a4-a0d1-7f21-b3a9-5a0c4c6f8e01",
    name: "TM112-25J-TMA02",
    sha256: "8dc979746d877508c6b44c16cab04100dfca42221c6649d06dbcda435629b0db",
    max_mark: 20.0,
    criteria: 3,
    updated_by: "0198c5a0-0b1c-7d3e-9f40-1a2b3c4d5e6f",
    inserted_at: "2026-11-22T16:10:03.302771Z",
    updated_at: "2026-11-22T16:10:03.302771Z"
  }

  @rubric Map.put(@summary, :text, @text)

  def paths do
    %{
      "/api/rubrics" => %{
        get:
          operation("listRubrics", "rubrics", @everyone, "The rubrics that the host keeps",
            description: "Without their text. Nothing in a rubric is about a student.",
            parameters: parameters(["Limit", "Cursor"]),
            errors: [422],
            answers: %{200 => answer("A page.", "RubricPage", %{rubrics: [@summary], next_cursor: nil})}
          )
      },
      "/api/rubrics/{name}" => %{
        parameters: parameters(["RubricName"]),
        get:
          operation("getRubric", "rubrics", @everyone, "A rubric that the host keeps, with its text",
            errors: [404, 422],
            answers: %{200 => answer("The rubric.", "Rubric", @rubric)}
          ),
        put:
          operation("putRubric", "rubrics", @people, "Keeps a rubric for all tutors",
            description: """
            In place of one of the same name; the same text again changes nothing. What was handed in with the one before keeps that. 422
            names the path of what does not hold together. With `expected_updated_at`, 409 where it was changed or removed since then.
            """,
            requestBody: body("RubricPut", %{rubric: @text}),
            errors: [409, 413, 415, 422],
            answers: %{
              200 => answer("It takes the place of one of the same name.", "Rubric", @rubric),
              201 => answer("It is new.", "Rubric", @rubric)
            }
          ),
        delete:
          operation("deleteRubric", "rubrics", @people, "Removes a rubric from those that the host keeps",
            description: "What was handed in with it has its own copy.",
            errors: [404, 422],
            answers: %{200 => answer("It is gone.", "RubricGone", Map.take(@summary, [:id]))}
          )
      },
      "/api/rubrics/check" => %{
        post:
          operation("checkRubric", "rubrics", @everyone, "Whether a rubric holds together, and what is in it",
            description: """
            JSON or YAML, in the full or the short form. None is kept by this: a TMA brings its own, and `PUT` keeps one. 422 names the path of the fault, such as
            `rubric.questions[1].max_mark`.
            """,
            requestBody: body("RubricCheck", %{rubric: @text}),
            errors: [413, 415, 422],
            answers: %{200 => answer("Its outline.", "RubricOutline", @outline)}
          )
      }
    }
  end

  defp body(schema, example) do
    %{required: true, content: %{"application/json" => %{schema: schema(schema), example: example}}}
  end

  def schemas do
    %{
      "RubricPage" => page(:rubrics, "RubricSummary"),
      "RubricSummary" => object(fields()),
      "Rubric" => object(Map.put(fields(), :text, string(description: "JSON or YAML, as it was written."))),
      "RubricPut" =>
        object(
          %{
            rubric: source(),
            expected_updated_at:
              string(format: "date-time", description: "The `updated_at` that the change was made to.")
          },
          optional: [:expected_updated_at]
        ),
      "RubricGone" => object(%{id: schema("UUID")}),
      "RubricCheck" => object(%{rubric: source()}),
      "RubricOutline" => outline()
    }
  end

  defp source do
    %{
      description: "An object, a list of objects in the short form, or a string of JSON or YAML.",
      anyOf: [any_object(), %{type: "array"}, string(minLength: 1, maxLength: 2_097_152)]
    }
  end

  defp fields do
    %{
      id: schema("UUID"),
      name: schema("Name"),
      sha256: string(description: "Of what the rubric means, however it is written."),
      max_mark: %{type: "number"},
      criteria: count(description: "How many there are."),
      updated_by: nullable(string(description: "Who kept it last: the id of an API key or a user.")),
      inserted_at: schema("Time"),
      updated_at: schema("Time")
    }
  end

  defp outline do
    object(%{
      rubric_id: string(),
      form: string(enum: ["awap:rubric/1", "simple", "general"]),
      sha256: string(),
      max_mark: %{type: "number"},
      rounding: string(enum: ["none", "half_up_int", "half_up_0.5"]),
      bands: list(%{name: string(), min: %{type: "number"}}),
      limit_words: %{type: ["integer", "null"]},
      stops_reading: %{type: "boolean", description: "Whether words over the limit are left unread."},
      questions:
        list(%{
          id: string(),
          max_mark: %{type: "number"},
          prompt: string(),
          criteria:
            list(%{
              id: string(),
              title: string(),
              description: string(),
              max_mark: %{type: "number"},
              by_level: %{type: "boolean", description: "Whether only the levels' own scores may be given."},
              human: %{type: "boolean", description: "Whether only a person may mark it."},
              levels: list(%{score: %{type: "number"}, definition: string()}),
              points: %{
                type: "array",
                items: %{type: "array", items: string(), minItems: 2, maxItems: 2},
                description: "What is looked for: the id that evidence bears, and the rubric's words."
              }
            })
        }),
      common_errors: list(%{text: string(), marks: %{type: "number"}}),
      bonus_points: list(%{text: string(), marks: %{type: "number"}})
    })
  end

  defp list(properties), do: %{type: "array", items: object(properties)}
end
