defmodule AwapBackendWeb.OpenAPI.Moodle do
  @moduledoc "The sync with Moodle, and the outbox of grades."

  import AwapBackendWeb.OpenAPI.Parts

  alias AwapBackendWeb.OpenAPI.Shared

  @everyone ["admin", "tutor", "service"]
  @people ["admin", "tutor"]
  @states ["queued", "sending", "sent", "conflict", "failed", "superseded"]

  @tma_id "0198c5a4-9f6b-7c33-8a53-2f1f0f8a3c11"
  @time "2026-11-23T09:02:41.000412Z"

  @upload %{
    id: "0198c5a4-b1c2-7a10-9d55-6a1b2c3d4e5f",
    tma_id: @tma_id,
    feedback_id: "0198c5a4-a0d1-7f21-b3a9-5a0c4c6f8e01",
    assignment_id: "moodle:12",
    course_id: "TM112-25J",
    student_id: "stu_3280e317f41b024e813ae3fc2800fedc",
    state: "conflict",
    grade: 82.0,
    reviewed_by: "Dr Ada Example",
    attempts: 1,
    next_attempt_at: nil,
    error_code: "changed",
    error_message: "The grade in Moodle was changed since the work was fetched.",
    details: %{expected: nil, found: 75},
    inserted_at: @time,
    updated_at: @time,
    finished_at: @time
  }

  def paths do
    %{
      "/api/moodle/sync" => %{
        get:
          operation("getMoodleSync", "moodle", @everyone, "How the sync with Moodle is",
            description: "503 with the code `not_configured` where no site is configured.",
            errors: [422],
            answers: %{200 => answer("How it is, and how the last one went.", "MoodleSyncState", state())}
          ),
        post:
          operation("syncMoodle", "moodle", @everyone, "Fetches new submissions from Moodle now",
            description: """
            It goes on by itself; `GET` says how far it is. 409 where one is running already, on this host or another on the same database. 503 with
            the code `not_configured` where no site is configured.
            """,
            errors: [409, 422, 501],
            answers: %{202 => answer("The sync has begun.", "MoodleSync", %{status: "started"})}
          )
      },
      "/api/moodle/outbox" => %{
        get:
          operation("listMoodleOutbox", "moodle", @people, "Grades on their way to Moodle, newest first",
            parameters:
              [
                Shared.query("state", schema("GradeUploadState"), "Only those in this state."),
                Shared.query("tma_id", schema("UUID"), "Only those of this TMA.")
              ] ++ parameters(["Limit", "Cursor"]),
            errors: [422],
            answers: %{
              200 => answer("A page of them.", "GradeUploadPage", %{uploads: [@upload], next_cursor: nil})
            }
          )
      },
      "/api/moodle/outbox/{id}/retry" => %{
        parameters: parameters(["GradeUploadId"]),
        post:
          operation("retryMoodleUpload", "moodle", @people, "Sends a grade to Moodle again",
            description: """
            For one that failed, is in conflict, or rests. `overwrite=true` decides a conflict: the grade that Moodle was found to have may be
            replaced; should it have changed once more, that is another conflict. 409 where it was sent, or the feedback or the work has changed since
            it was approved.
            """,
            parameters: [
              Shared.query(
                "overwrite",
                %{type: "boolean", default: false},
                "Whether to replace what was found."
              )
            ],
            errors: [404, 409, 422],
            answers: %{
              202 =>
                answer(
                  "It waits to be sent.",
                  "GradeUpload",
                  Map.merge(@upload, %{state: "queued", next_attempt_at: @time, finished_at: nil})
                )
            }
          )
      }
    }
  end

  defp state do
    %{
      running: false,
      started_at: @time,
      finished_at: @time,
      outcome: "partial",
      report: %{assignments: 12, stored: 3, failed: 1},
      failing: [
        %{
          assignment_id: 12,
          course_id: 2,
          error_code: "too_large",
          error_message: "A file is larger than AWAP takes.",
          synced_at: @time
        }
      ],
      uploads: %{queued: 0, sending: 0, conflict: 1, failed: 0}
    }
  end

  def schemas do
    %{
      "MoodleSync" =>
        object(
          %{
            status: string(const: "started"),
            sync: any_object(description: "What the sync says of itself.")
          },
          optional: [:sync]
        ),
      "MoodleSyncState" =>
        object(%{
          running: %{type: "boolean", description: "Whether one runs now, on any host of this database."},
          started_at: nullable(schema("Time")),
          finished_at: nullable(schema("Time")),
          outcome: %{type: ["string", "null"], enum: ["ok", "partial", "failed", "stopped", nil]},
          report: any_object(description: "Counts of the sync that runs, or of the last one."),
          failing: %{
            type: "array",
            items:
              object(%{
                assignment_id: count(),
                course_id: count(),
                error_code: string(),
                error_message: nullable(string()),
                synced_at: schema("Time")
              }),
            description: "Assignments of which the last sync failed."
          },
          uploads: object(Map.new([:queued, :sending, :conflict, :failed], &{&1, count()}))
        }),
      "Origin" => origin(),
      "GradeUploadState" => string(enum: @states),
      "GradeUpload" => upload(),
      "GradeUploadPage" => page(:uploads, "GradeUpload")
    }
  end

  defp origin do
    object(
      %{
        source: string(const: "moodle"),
        site: string(),
        course_id: count(),
        assignment_id: count(),
        submission_id: count(),
        attempt: count(),
        group_id: nullable(count(description: "The team whose work it is.")),
        version: %{
          type: "integer",
          minimum: 1,
          description: "Which version of the work; a resubmission is the next."
        },
        previous_id: nullable(schema("UUID")),
        superseded_by: nullable(schema("UUID")),
        submitted_at: nullable(schema("Time")),
        due_at: nullable(schema("Time")),
        extension_due_at: nullable(schema("Time")),
        files: count(),
        unread_files: count(description: "How many of the files are not read, such as pictures.")
      },
      description:
        "Where the TMA came from: numbers are the site's. The TMAs before and after it may be gone."
    )
  end

  defp upload do
    object(%{
      id: schema("UUID"),
      tma_id: schema("UUID"),
      feedback_id: schema("UUID"),
      assignment_id: string(),
      course_id: string(),
      student_id: schema("Pseudonym"),
      state: schema("GradeUploadState"),
      grade: %{type: ["number", "null"], minimum: 0, maximum: 100},
      reviewed_by: nullable(string()),
      attempts: count(description: "How often it was tried."),
      next_attempt_at: nullable(schema("Time")),
      error_code: nullable(string(description: "Why it was not sent, for programs.")),
      error_message: nullable(string(description: "Why it was not sent, for a person.")),
      details: nullable(any_object(description: "The numbers that a conflict is about.")),
      inserted_at: schema("Time"),
      updated_at: schema("Time"),
      finished_at: nullable(schema("Time"))
    })
  end
end
