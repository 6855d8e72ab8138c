defmodule AwapBackendWeb.OpenAPI.Jobs do
  @moduledoc "Jobs that were given up."

  import AwapBackendWeb.OpenAPI.Parts

  @people ["admin", "tutor"]

  @job_id "0198c5a4-9f6b-7c33-8a53-2f2c7e0b9d42"
  @tma_id "0198c5a4-9f6b-7c33-8a53-2f1f0f8a3c11"

  def paths do
    %{
      "/api/jobs/failed" => %{
        get:
          operation(
            "listFailedJobs",
            "jobs",
            @people,
            "Jobs that were given up, with the reason, newest first",
            parameters: parameters(["Limit", "Cursor"]),
            errors: [422],
            answers: %{
              200 => answer("A page of them.", "FailedJobPage", %{jobs: [example()], next_cursor: nil})
            }
          )
      },
      "/api/jobs/{id}/retry" => %{
        parameters: parameters(["JobId"]),
        post:
          operation("retryJob", "jobs", @people, "Tries a job again that was given up",
            description:
              "It gets all its attempts anew. 409 where it was not given up, or its original is no longer kept.",
            errors: [404, 409, 422],
            answers: %{
              202 =>
                answer(
                  "It waits for its turn; `Location` is where its TMA is.",
                  "RetriedJob",
                  %{job_id: @job_id, tma_id: @tma_id, status: "pending"},
                  headers: ["Location"]
                )
            }
          )
      }
    }
  end

  def schemas do
    %{
      "FailedJob" =>
        object(%{
          job_id: schema("UUID"),
          tma_id: schema("UUID"),
          assignment_id: string(),
          course_id: string(),
          student_id: schema("Pseudonym"),
          attempts: count(description: "How often it was tried."),
          max_attempts: count(description: "How often it may be tried."),
          error_code: nullable(string(description: "Why it was given up, for programs.")),
          error_message: nullable(string(description: "Why it was given up, for a person.")),
          failed_at: schema("Time"),
          retryable: %{type: "boolean", description: "False once the original is gone."}
        }),
      "FailedJobPage" => page(:jobs, "FailedJob"),
      "RetriedJob" =>
        object(%{job_id: schema("UUID"), tma_id: schema("UUID"), status: string(const: "pending")})
    }
  end

  defp example do
    %{
      job_id: @job_id,
      tma_id: @tma_id,
      assignment_id: "TM112-25J-TMA02",
      course_id: "TM112-25J",
      student_id: "stu_3280e317f41b024e813ae3fc2800fedc",
      attempts: 1,
      max_attempts: 5,
      error_code: "document_encrypted",
      error_message: "The document is protected by a password: save it without one and hand it in again.",
      failed_at: "2026-11-22T16:10:03.302771Z",
      retryable: true
    }
  end
end
