defmodule AwapBackendWeb.OpenAPI.Feedback do
  @moduledoc "Feedback: reading, reviewing, its revisions."

  import AwapBackendWeb.OpenAPI.Parts

  alias AwapBackendWeb.OpenAPI.Shared

  @everyone ["admin", "tutor", "service"]
  @people ["admin", "tutor"]

  @grade %{type: ["number", "null"], minimum: 0, maximum: 100}

  @example %{
    id: "0198c5a4-a0d1-7f21-b3a9-5a0c4c6f8e01",
    tma_id: "0198c5a4-9f6b-7c33-8a53-2f1f0f8a3c11",
    grade: 84.5,
    feedback_text: "It is good to see you explain that a linear search checks each item in turn …",
    strengths: ["You explain in your opening paragraph how a linear search works."],
    improvements: ["Add one sentence to your first paragraph that names your main points."],
    marking_criteria: %{criteria: [], needs_review: []},
    generated_at: "2026-11-22T16:10:03.302771Z",
    reviewed_by: nil,
    reviewed_at: nil,
    inserted_at: "2026-11-22T16:10:03.302771Z",
    updated_at: "2026-11-22T16:10:03.302771Z",
    stale: false,
    superseded_by: nil
  }

  @doc "A row of `feedback` as an example."
  def example, do: @example

  @doc "A revision as an example."
  def revision_example do
    @example
    |> Map.take([
      :grade,
      :feedback_text,
      :strengths,
      :improvements,
      :marking_criteria,
      :reviewed_by,
      :reviewed_at
    ])
    |> Map.merge(%{
      revision: 1,
      written_at: "2026-11-22T16:10:03.302771Z",
      replaced_at: "2026-11-23T09:02:41.000412Z",
      replaced_by: "0198c5a0-0b1c-7d3e-9f40-1a2b3c4d5e6f"
    })
  end

  def paths do
    %{
      "/api/feedback/{tma_id}" => %{
        parameters: parameters(["FeedbackTMAId"]),
        get:
          operation("getFeedback", "feedback", @everyone, "The feedback on a TMA",
            description: "`ETag` names its state, for `If-Match` when it is changed.",
            parameters: parameters(["IfNoneMatch"]),
            errors: [422],
            answers: %{
              200 => answer("The feedback.", "Feedback", @example, headers: ["ETag"]),
              304 => bare("It is as `If-None-Match` has it.", ["ETag"]),
              404 => ref(:responses, "ErrorNoFeedback")
            }
          ),
        patch:
          operation("updateFeedback", "feedback", @people, "Edits and reviews feedback",
            description: """
            What is given is changed, what is absent stays (RFC 7396). What was there before is kept as a revision.

            `reviewed_by` marks the feedback as reviewed by that name, `reviewed: true` by the name of the API key, or the `sub` of a user of the
            identity provider: a front end that serves many tutors with one key sends `reviewed_by`. Whoever is named, the audit log has who asked. An edit
            with neither takes an earlier review away, since what was reviewed is no longer what is there.

            With `If-Match` (412) or `expected_updated_at` (409) nothing is overwritten that was changed since it was read. With neither, the
            last change stands.
            """,
            parameters: parameters(["IfMatch"]),
            requestBody: %{
              required: true,
              content:
                Map.new(["application/json", "application/merge-patch+json"], fn type ->
                  {type,
                   %{
                     schema: schema("FeedbackUpdate"),
                     example: %{
                       grade: 82,
                       improvements: ["Name your main points in the first paragraph."],
                       reviewed_by: "Dr Ada Example",
                       expected_updated_at: @example.updated_at
                     }
                   }}
                end)
            },
            errors: [409, 412, 413, 415, 422],
            answers: %{
              200 =>
                answer(
                  "The feedback as it is now.",
                  "Feedback",
                  Map.merge(@example, %{
                    grade: 82.0,
                    reviewed_by: "Dr Ada Example",
                    reviewed_at: "2026-11-23T09:02:41.000412Z",
                    updated_at: "2026-11-23T09:02:41.000412Z"
                  }),
                  headers: ["ETag"]
                ),
              404 => ref(:responses, "ErrorNoFeedback")
            }
          )
      },
      "/api/feedback/{tma_id}/document" => %{
        parameters: parameters(["FeedbackTMAId"]),
        get:
          operation("writeFeedback", "feedback", @everyone, "The feedback as a Word file for the student",
            description: """
            Heading, mark and band, the criteria's marks, the feedback's text, who approved it. The student is named by the pseudonym alone,
            and what is not approved yet says that it is a draft. The same feedback gives the same bytes.
            """,
            parameters: [
              Shared.query("format", string(enum: ["docx"], default: "docx"), "What kind of file.")
              | parameters(["IfNoneMatch"])
            ],
            errors: [422],
            answers: %{
              200 => %{
                description: "The file.",
                headers: headers(["ETag", "Content-Disposition"]),
                content: %{
                  "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => %{
                    schema: string(contentMediaType: "application/octet-stream")
                  }
                }
              },
              304 => bare("It is as `If-None-Match` has it.", ["ETag"]),
              404 => ref(:responses, "ErrorNoFeedback")
            }
          )
      },
      "/api/feedback/{tma_id}/revisions" => %{
        parameters: parameters(["FeedbackTMAId"]),
        get:
          operation(
            "listFeedbackRevisions",
            "feedback",
            @people,
            "The feedback as it was before each edit, oldest first",
            errors: [422],
            answers: %{
              200 =>
                answer(
                  "All of them; none where it was never edited.",
                  "FeedbackRevisions",
                  %{revisions: [revision_example()]}
                ),
              404 => ref(:responses, "ErrorNoFeedback")
            }
          )
      }
    }
  end

  defp fields do
    %{
      grade: Map.put(@grade, :description, "Null while a criterion that only a person may mark is open."),
      feedback_text: string(description: "What the student will read, in Markdown."),
      strengths: %{type: "array", items: string(), description: "What was done well."},
      improvements: %{type: "array", items: string(), description: "What to do better."},
      marking_criteria:
        nullable(
          any_object(
            description:
              "Everything behind the mark: criteria, evidence with spans of the text, totals, what needs review."
          )
        ),
      reviewed_by: nullable(string(description: "Who has reviewed it; null until then.")),
      reviewed_at: nullable(schema("Time"))
    }
  end

  def schemas do
    %{
      "Feedback" =>
        fields()
        |> Map.merge(%{
          id: schema("UUID"),
          tma_id: schema("UUID"),
          generated_at: schema("Time"),
          inserted_at: schema("Time"),
          updated_at: schema("Time"),
          stale: %{
            type: "boolean",
            description: "Whether a newer version of the work was handed in, which this is not about."
          },
          superseded_by: nullable(schema("UUID"))
        })
        |> object(),
      "FeedbackRevision" =>
        fields()
        |> Map.merge(%{
          revision: %{type: "integer", minimum: 1, description: "1 is the draft."},
          written_at: schema("Time"),
          replaced_at: schema("Time"),
          replaced_by: nullable(string(description: "The id of the key or token that made the edit."))
        })
        |> object(),
      "FeedbackRevisions" => object(%{revisions: %{type: "array", items: schema("FeedbackRevision")}}),
      "FeedbackUpdate" => update()
    }
  end

  defp update do
    sentences = %{type: "array", items: string(minLength: 1, maxLength: 10_000), maxItems: 200}

    object(
      %{
        grade: @grade,
        feedback_text: string(maxLength: 100_000),
        strengths: sentences,
        improvements: sentences,
        marking_criteria:
          any_object(description: "In place of what is there, whole. Numbers have to fit into 64 bits."),
        reviewed: %{type: "boolean", default: false, description: "True: reviewed, by whoever asks."},
        reviewed_by: schema("Name"),
        expected_updated_at:
          string(
            format: "date-time",
            description: "The `updated_at` of the feedback that the change is made to."
          )
      },
      optional: [
        :grade,
        :feedback_text,
        :strengths,
        :improvements,
        :marking_criteria,
        :reviewed,
        :reviewed_by,
        :expected_updated_at
      ],
      description: "At least one change or a review. `reviewed: false` does not go with `reviewed_by`."
    )
    |> Map.merge(%{
      anyOf:
        for(
          name <- ["grade", "feedback_text", "strengths", "improvements", "marking_criteria", "reviewed_by"],
          do: %{required: [name]}
        ) ++ [%{required: ["reviewed"], properties: %{reviewed: %{const: true}}}],
      not: %{required: ["reviewed", "reviewed_by"], properties: %{reviewed: %{const: false}}}
    })
  end
end
