defmodule AwapBackendWeb.OpenAPI.Students do
  @moduledoc "A student's rights: all that is kept about them, and its erasure."

  import AwapBackendWeb.OpenAPI.Parts

  alias AwapBackendWeb.OpenAPI.{Audit, Events, Feedback, TMAs}

  @admin ["admin"]
  @student "stu_3280e317f41b024e813ae3fc2800fedc"

  def paths do
    %{
      "/api/students/{pseudonym}" => %{
        parameters: parameters(["Pseudonym", "Reason"]),
        get:
          operation("exportStudent", "students", @admin, "All that is kept about a student",
            description: """
            In pages of their TMAs, newest first. **This answer names the student**: it is the only one that does. Each page is kept in
            the audit log with its reason.
            """,
            parameters: parameters(["ExportLimit", "Cursor"]),
            errors: [404, 422],
            answers: %{200 => answer("A page of it.", "StudentExport", example())}
          ),
        delete:
          operation("eraseStudent", "students", @admin, "Erases all that is kept about a student",
            description: """
            TMAs, originals, feedback and its revisions, jobs and the sealed identity, in one transaction. Events and the audit log stay,
            with the pseudonym alone. Not to be undone; earlier backups still hold it.
            """,
            errors: [404, 422],
            answers: %{
              200 =>
                answer("How many rows of what are gone.", "Erasure", %{
                  erased: %{
                    tmas: 2,
                    originals: 2,
                    feedback: 2,
                    feedback_revisions: 1,
                    jobs: 2,
                    idempotency_keys: 0,
                    origins: 1,
                    uploads: 1,
                    identities: 1
                  }
                })
            }
          )
      }
    }
  end

  def schemas do
    %{
      "StudentExport" =>
        object(%{
          pseudonym: schema("Pseudonym"),
          identity:
            nullable(
              any_object(
                description: "What was said of the student when TMAs were handed in; null where nothing was."
              )
            ),
          tmas: %{type: "array", items: schema("ExportedTMA")},
          audit: schema("AuditPage"),
          next_cursor: nullable(schema("Cursor"))
        }),
      "ExportedTMA" =>
        TMAs.columns()
        |> Map.merge(%{
          content: TMAs.content(),
          original:
            nullable(any_object(description: "The TMA as it came in; null where it is no longer kept.")),
          original_damaged: %{
            type: "boolean",
            description: "Whether the original is kept and cannot be opened."
          },
          origin_details:
            nullable(
              any_object(
                description:
                  "Where it came from Moodle: its files, and (of the newest version) whose work it is there."
              )
            ),
          in_common: %{
            type: "array",
            items: any_object(),
            description:
              "What it has in common with other TMAs (share, words, places), and not whose they are."
          },
          uploads: %{type: "array", items: schema("GradeUpload")},
          feedback: nullable(schema("Feedback")),
          feedback_revisions: %{type: "array", items: schema("FeedbackRevision")},
          jobs: %{type: "array", items: schema("JobRecord")},
          events: %{type: "array", items: schema("Event")},
          audit: %{type: "array", items: schema("AuditEntry")}
        })
        |> object(),
      "JobRecord" =>
        object(%{
          id: schema("UUID"),
          status: string(enum: ["available", "leased", "completed", "failed"]),
          attempts: count(),
          error_code: nullable(string()),
          error_message: nullable(string()),
          inserted_at: schema("Time"),
          finished_at: nullable(schema("Time"))
        }),
      "Erasure" =>
        object(%{
          erased:
            ~w(tmas originals feedback feedback_revisions jobs idempotency_keys origins uploads identities)a
            |> Map.new(&{&1, count()})
            |> object()
        })
    }
  end

  defp example do
    tma =
      Map.merge(TMAs.example(), %{
        content: %{text: "[STUDENT] writes that …"},
        original: %{content: %{text: "Zoë Example writes that …"}, student: %{name: "Zoë Example"}},
        original_damaged: false,
        origin_details: nil,
        in_common: [],
        uploads: [],
        feedback: Feedback.example(),
        feedback_revisions: [Feedback.revision_example()],
        jobs: [
          %{
            id: "0198c5a4-9f6b-7c33-8a53-2f2c7e0b9d42",
            status: "completed",
            attempts: 1,
            error_code: nil,
            error_message: nil,
            inserted_at: "2026-11-22T16:10:03.184112Z",
            finished_at: "2026-11-22T16:10:03.302771Z"
          }
        ],
        events: [Events.example()],
        audit: [Audit.example()]
      })

    %{
      pseudonym: @student,
      identity: %{student_id: "Z0000001", student: %{name: "Zoë Example"}},
      tmas: [tma],
      audit: %{entries: [Audit.example()], next_cursor: nil},
      next_cursor: nil
    }
  end
end
