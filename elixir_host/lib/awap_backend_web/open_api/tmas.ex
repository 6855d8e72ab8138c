defmodule AwapBackendWeb.OpenAPI.TMAs do
  @moduledoc "TMAs: handing in, reading, listing, their events."

  import AwapBackendWeb.OpenAPI.Parts

  alias AwapBackendWeb.OpenAPI.{Events, Shared, TMASubmission}

  @everyone ["admin", "tutor", "service"]

  @id "0198c5a4-9f6b-7c33-8a53-2f1f0f8a3c11"
  @job_id "0198c5a4-9f6b-7c33-8a53-2f2c7e0b9d42"
  @student "stu_3280e317f41b024e813ae3fc2800fedc"
  @submitted "2026-11-22T16:10:03.184112Z"

  @row %{
    id: @id,
    assignment_id: "TM112-25J-TMA02",
    course_id: "TM112-25J",
    student_id: @student,
    status: "completed",
    job_id: @job_id,
    error_message: nil,
    submitted_at: @submitted,
    processed_at: "2026-11-22T16:10:03.302771Z",
    inserted_at: @submitted,
    updated_at: "2026-11-22T16:10:03.302771Z",
    near_duplicates: 0,
    origin: nil
  }

  @doc "A row of `tmas`, less its content, as an example."
  def example, do: @row

  def paths do
    %{
      "/api/tmas" => %{
        post:
          operation("submitTMA", "tmas", @everyone, "Hands in a TMA",
            description: """
            As JSON, or as a form with the document itself. The answer comes once the TMA is on disk, its original sealed; from then
            on it ends `completed` or `failed`. A tutor's is marked before what a service hands in. Past `AWAP_QUEUE_LIMIT` the answer is
            503 with the code `queue_full`.
            """,
            parameters: parameters(["IdempotencyKey"]),
            requestBody: TMASubmission.body(),
            errors: [409, 413, 415, 422],
            answers: %{
              201 =>
                answer(
                  "It is on disk and will be marked.",
                  "AcceptedTMA",
                  %{
                    id: @id,
                    job_id: @job_id,
                    status: "pending",
                    student_id: @student,
                    submitted_at: @submitted
                  },
                  headers: ["Location", "Idempotency-Replayed"],
                  links: %{
                    tma: %{operationId: "getTMA", parameters: %{id: "$response.body#/id"}},
                    events: %{operationId: "listTMAEvents", parameters: %{id: "$response.body#/id"}},
                    feedback: %{operationId: "getFeedback", parameters: %{tma_id: "$response.body#/id"}}
                  }
                )
            }
          ),
        get:
          operation("listTMAs", "tmas", @everyone, "TMAs without their content, newest first",
            parameters:
              [
                Shared.query("status", schema("TMAStatus"), "Only those of this status."),
                Shared.query("assignment_id", id(), "Only those of this assignment."),
                Shared.query("course_id", id(), "Only those of this course."),
                Shared.query(
                  "student_id",
                  schema("Pseudonym"),
                  "Only those of the student of this pseudonym."
                ),
                Shared.query(
                  "near_duplicate",
                  string(enum: ["true", "false"]),
                  "Only those that have text in common with another of their cohort, or only those that have none."
                ),
                Shared.query(
                  "include",
                  string(enum: ["feedback"]),
                  "`feedback`: each with what a list shows of its feedback."
                )
              ] ++ parameters(["Limit", "Cursor"]),
            errors: [422],
            answers: %{200 => answer("A page of them.", "TMAPage", %{tmas: [@row], next_cursor: nil})}
          )
      },
      "/api/tmas/{id}" => %{
        parameters: parameters(["TMAId"]),
        get:
          operation("getTMA", "tmas", @everyone, "A TMA: its status, and its anonymized content",
            errors: [404, 422],
            answers: %{
              200 =>
                answer(
                  "The TMA. `content` is null until it is anonymized.",
                  "TMA",
                  Map.put(@row, :content, %{
                    text: "My tutor, [PERSON-1], asked for a linear search. …",
                    anonymization: %{pseudonym: @student, counts: %{NAME_OTHER: 1}, citations_kept: 6}
                  })
                )
            }
          )
      },
      "/api/tmas/{id}/events" => %{
        parameters: parameters(["TMAId"]),
        get:
          operation("listTMAEvents", "tmas", @everyone, "What has happened to a TMA",
            parameters: [from() | parameters(Events.filters())],
            errors: [404, 422],
            answers: %{
              200 => answer("A page of its events.", "EventPage", %{events: [Events.example()], next: nil})
            }
          )
      },
      "/api/tmas/{id}/near-duplicates" => %{
        parameters: parameters(["TMAId"]),
        get:
          operation(
            "listNearDuplicates",
            "tmas",
            ["admin", "tutor"],
            "TMAs of its cohort that have text in common with it",
            description: """
            A prompt to look, and no verdict: no mark depends on it. Each cohort (an assignment of a course) is compared soon after a TMA of it was
            marked; quotations, restated questions, cover sheets and reference lists are left out, and so is what many have. The socket tells
            `completed` once more of a TMA for which something else was found.
            """,
            errors: [404, 422],
            answers: %{
              200 =>
                answer("All of them, the most alike first.", "NearDuplicates", %{
                  near_duplicates: [
                    %{
                      tma_id: "0198c5a4-9f6b-7c33-8a53-2f1f0f8a3c12",
                      assignment_id: "TM112-25J-TMA02",
                      student_id: "stu_9b1de4417c6a0e52a2f4f3d0c8e7a611",
                      share: 0.31,
                      words: 52,
                      passages: [%{start: 120, end: 431, other_start: 88, other_end: 399, words: 52}],
                      found_at: "2026-11-22T16:10:05.410233Z"
                    }
                  ]
                })
            }
          )
      }
    }
  end

  defp from do
    Shared.query(
      "from_version",
      count(maximum: 9_007_199_254_740_991),
      "The version of the first event to answer with (backward: of the last), such as the `next` of the page before."
    )
  end

  # As they were handed in, so of any characters, and of the length that the store takes.
  defp id, do: string(minLength: 1, maxLength: 255, pattern: "^[^\\u0000-\\u001f\\u007f]*$")

  @doc "The columns of a row, less its content."
  def columns do
    %{
      id: schema("UUID"),
      assignment_id:
        string(
          minLength: 1,
          maxLength: 255,
          description: "As handed in, else the rubric's, else `unassigned`."
        ),
      course_id:
        string(
          minLength: 1,
          maxLength: 255,
          description: "As handed in, else the rubric's, else `unassigned`."
        ),
      student_id: schema("Pseudonym"),
      status: schema("TMAStatus"),
      job_id: nullable(schema("UUID")),
      error_message: nullable(string(description: "Why it failed.")),
      submitted_at: schema("Time"),
      processed_at: nullable(schema("Time")),
      inserted_at: schema("Time"),
      updated_at: schema("Time"),
      near_duplicates:
        count(description: "How many others of its cohort have text in common with it: a prompt to look."),
      origin: nullable(schema("Origin"))
    }
  end

  @doc "The anonymized content."
  def content do
    nullable(
      any_object(
        description: """
        The TMA as `anonymize_student` returns it (`content`, `anonymization`), with `parsed`: its text, which the evidence of the
        feedback points into, and its structure.\
        """
      )
    )
  end

  def schemas do
    %{
      "TMAStatus" => string(enum: ["pending", "processing", "completed", "failed"]),
      "AcceptedTMA" =>
        object(%{
          id: schema("UUID"),
          job_id: nullable(schema("UUID")),
          status: schema("TMAStatus"),
          student_id: schema("Pseudonym"),
          submitted_at: schema("Time")
        }),
      "TMASummary" =>
        object(Map.put(columns(), :feedback, nullable(schema("FeedbackBrief"))),
          optional: [:feedback],
          description: "A TMA without its content. `feedback` is there where it was asked for."
        ),
      "FeedbackBrief" =>
        object(%{
          grade: %{type: ["number", "null"], minimum: 0, maximum: 100},
          band: nullable(string(description: "Of the rubric's bands.")),
          needs_review: %{
            type: "array",
            items: string(),
            description:
              "Why a person must look at it, each reason once; what a person has marked since is left out."
          },
          reviewed_by: nullable(string()),
          reviewed_at: nullable(schema("Time")),
          updated_at: schema("Time")
        }),
      "TMA" => object(Map.put(columns(), :content, content())),
      "NearDuplicates" => object(%{near_duplicates: %{type: "array", items: schema("NearDuplicate")}}),
      "NearDuplicate" =>
        object(%{
          tma_id: schema("UUID"),
          assignment_id: string(minLength: 1, maxLength: 255),
          student_id: schema("Pseudonym"),
          share: %{
            type: "number",
            minimum: 0,
            maximum: 1,
            description: "The share of the shorter text that both have."
          },
          words: count(description: "Words in common."),
          passages: %{
            type: "array",
            maxItems: 20,
            items: schema("SharedPassage"),
            description: "The longest first."
          },
          found_at: schema("Time")
        }),
      "SharedPassage" =>
        object(
          %{start: count(), end: count(), other_start: count(), other_end: count(), words: count()},
          description: "A stretch of both: bytes (UTF-8) of each TMA's `parsed.text`, end exclusive."
        ),
      "TMAPage" => page(:tmas, "TMASummary")
    }
  end
end
