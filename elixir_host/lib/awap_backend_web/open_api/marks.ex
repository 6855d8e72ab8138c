defmodule AwapBackendWeb.OpenAPI.Marks do
  @moduledoc "Adding up a tutor's marks, and rubrics."

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

  def paths do
    %{
      "/api/feedback/{tma_id}/totals" => %{
        parameters: parameters(["FeedbackTMAId"]),
        post:
          operation("totalFeedback", "feedback", @people, "What feedback comes to with a tutor's marks",
            description: """
            The core puts the marks in place, adds up under the rubric's penalties, rounding and bands, and puts the marks into the
            headings of the text. Nothing is changed: what is answered is what `PATCH` takes. 409 where the rubric was not kept.
            """,
            requestBody:
              body("MarksChange", %{criteria: [%{id: "q1a-search", score: 12, comment: "Clear."}]}),
            errors: [404, 409, 413, 415, 422],
            answers: %{
              200 =>
                answer("The feedback with these marks; not saved.", "MarkedFeedback", %{
                  grade: 60.0,
                  feedback_text: "**Question 1(a)** (12 out of 20) …",
                  marking_criteria: %{
                    criteria: [],
                    totals: %{raw: 12.0, mark: 12.0, max_mark: 20.0, band: "Pass 3", penalties: []}
                  }
                })
            }
          )
      },
      "/api/rubrics/check" => %{
        post:
          operation("checkRubric", "tmas", @everyone, "Whether a rubric holds together, and what is in it",
            description: """
            JSON or YAML, in the full or the short form. None is kept: a TMA brings its own. 422 names the path of the fault, such as
            `rubric.questions[1].max_mark`.
            """,
            requestBody: body("RubricCheck", %{rubric: "criteria:\n  - name: Argument\n    weight: 1\n"}),
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
      "MarksChange" =>
        object(
          %{
            feedback_text:
              string(maxLength: 100_000, description: "The text as it is by now; absent, as it is saved."),
            criteria: %{
              type: "array",
              maxItems: 500,
              items:
                object(
                  %{
                    id: string(description: "Of a criterion of the feedback, each once."),
                    score: %{
                      type: ["number", "null"],
                      minimum: -1_000_000,
                      maximum: 1_000_000,
                      description: "Absent, it stays; null, it is open. Within the criterion's bounds."
                    },
                    comment: string(maxLength: 10_000)
                  },
                  optional: [:score, :comment]
                )
            }
          },
          optional: [:feedback_text]
        ),
      "MarkedFeedback" =>
        object(%{
          grade: %{type: ["number", "null"], minimum: 0, maximum: 100},
          feedback_text: string(),
          marking_criteria: any_object()
        }),
      "RubricCheck" =>
        object(%{
          rubric: %{
            description: "An object, a list of objects in the short form, or a string of JSON or YAML.",
            anyOf: [any_object(), %{type: "array"}, string(minLength: 1, maxLength: 2_097_152)]
          }
        }),
      "RubricOutline" => outline()
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
