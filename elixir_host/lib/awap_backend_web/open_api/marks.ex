defmodule AwapBackendWeb.OpenAPI.Marks do
  @moduledoc "Adding up a tutor's marks."

  import AwapBackendWeb.OpenAPI.Parts

  @people ["admin", "tutor"]

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
        })
    }
  end
end
