defmodule AwapBackendWeb.OpenAPI.Audit do
  @moduledoc "The audit log."

  import AwapBackendWeb.OpenAPI.Parts

  alias AwapBackendWeb.OpenAPI.Shared

  @doc "An entry as an example."
  def example do
    %{
      id: "0198c5a4-9f70-7d10-9c1e-7b6a5f4e3d2c",
      action: "tma.create",
      resource_type: "tma",
      resource_id: "0198c5a4-9f6b-7c33-8a53-2f1f0f8a3c11",
      actor_id: "0198c5a0-0b1c-7d3e-9f40-1a2b3c4d5e6f",
      actor_type: "api_key",
      metadata: %{request_id: "kJ0vQnq0m2w1b3xX9sYp"},
      ip_address: "192.0.2.17",
      user_agent: "curl/7.88.1",
      result: "ok",
      error_message: nil,
      timestamp: "2026-11-22T16:10:03.184112Z"
    }
  end

  def paths do
    %{
      "/api/audit" => %{
        get:
          operation("listAuditEntries", "audit", ["admin"], "Who did what to which row, newest first",
            parameters:
              [
                Shared.query("action", word(), "Only this action, such as `tma.create` or `student.export`."),
                Shared.query(
                  "resource_type",
                  word(),
                  "Only what was done to this kind of thing, such as `tma` or `api_key`."
                ),
                Shared.query("resource_id", schema("UUID"), "Only what was done to the row of this id."),
                Shared.query(
                  "pseudonym",
                  schema("Pseudonym"),
                  "Only readings, exports and erasures of this student's data."
                )
              ] ++ parameters(["Limit", "Cursor"]),
            errors: [422],
            answers: %{200 => answer("A page of it.", "AuditPage", %{entries: [example()], next_cursor: nil})}
          )
      }
    }
  end

  def schemas do
    %{
      "AuditEntry" =>
        object(%{
          id: schema("UUID"),
          action: string(minLength: 1),
          resource_type: string(minLength: 1),
          resource_id: nullable(schema("UUID")),
          actor_id: nullable(string(description: "The id of a key or token, the name of a worker.")),
          actor_type: %{enum: ["api_key", "user", "worker", "system", nil]},
          metadata:
            any_object(description: "The request's id, and what else there is to know; it names no one."),
          ip_address: nullable(string()),
          user_agent: nullable(string()),
          result: nullable(string(description: "`ok`, `refused` or `failed`.")),
          error_message: nullable(string()),
          timestamp: schema("Time")
        }),
      "AuditPage" => page(:entries, "AuditEntry")
    }
  end

  defp word, do: string(minLength: 1, maxLength: 255, pattern: "^[^\\u0000-\\u001f\\u007f]*$")
end
