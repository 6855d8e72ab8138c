defmodule AwapBackendWeb.OpenAPI.Shared do
  @moduledoc "What several resources have in common: ids and times, parameters of lists, headers."

  import AwapBackendWeb.OpenAPI.Parts

  @doc "Schemas of scalars."
  def schemas do
    %{
      "UUID" => string(format: "uuid", description: "Hyphenated; answers have it in lower case."),
      "Time" =>
        string(
          format: "date-time",
          pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{6}Z$",
          description: "UTC, to the microsecond."
        ),
      "Pseudonym" =>
        string(
          pattern: "^stu_[0-9a-f]{32}$",
          description: "Stands for a student; the same student, the same pseudonym."
        ),
      "Role" => string(enum: ["admin", "tutor", "service"], description: "What the holder of a key may do."),
      "Cursor" => string(pattern: "^[A-Za-z0-9_-]{1,255}$", description: "Where a page of a list begins."),
      "Name" =>
        string(
          minLength: 1,
          maxLength: 255,
          pattern: "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
          not: %{pattern: "^\\s*$"},
          description: "Without control characters, and not spaces alone."
        )
    }
  end

  @doc "Parameters."
  def parameters do
    %{
      "TMAId" => path("id", schema("UUID"), "The id of the TMA."),
      "FeedbackTMAId" => path("tma_id", schema("UUID"), "The id of the TMA that the feedback is on."),
      "JobId" => path("id", schema("UUID"), "The id of the job."),
      "GradeUploadId" => path("id", schema("UUID"), "The id of the upload."),
      "RubricName" =>
        path("name", schema("Name"), "What the rubric is called; percent-encoded, as any part of an address."),
      "KeyId" => path("id", schema("UUID"), "The id of the API key; never the key itself."),
      "Pseudonym" =>
        path("pseudonym", schema("Pseudonym"), "The student's pseudonym; never their own number."),
      "Limit" => query("limit", limit(200, 50), "How many rows to answer with at most."),
      "ExportLimit" => query("limit", limit(50, 20), "How many TMAs to answer with at most."),
      "EventLimit" => query("limit", limit(1000, 100), "How many events to answer with at most."),
      "Cursor" => query("cursor", schema("Cursor"), "The `next_cursor` of the page before."),
      "Reason" =>
        query("reason", reason(), "Why. Kept in the audit log for good, so it must name no one.")
        |> Map.put(:required, true),
      "Direction" =>
        query(
          "direction",
          string(enum: ["forward", "backward"], default: "forward"),
          "Oldest first, or newest first."
        ),
      "Types" =>
        query(
          "types",
          %{
            type: "array",
            items: string(minLength: 1, maxLength: 255, pattern: "^[^,\\u0000-\\u001f\\u007f]+$"),
            minItems: 1,
            maxItems: 50
          },
          "Only events of these types, with commas between them."
        )
        |> Map.merge(%{style: "form", explode: false, example: ["tma.completed", "tma.failed"]}),
      "Since" => query("since", string(format: "date-time"), "Only events recorded then or later."),
      "Until" => query("until", string(format: "date-time"), "Only events recorded before then."),
      "IfMatch" =>
        header(
          "If-Match",
          "The `ETag` of the state that the change is made to, several with commas between them, or `*`."
        ),
      "IfNoneMatch" =>
        header("If-None-Match", "The `ETag` of what the client has: if it is still so, the answer is 304."),
      "IdempotencyKey" => %{
        name: "Idempotency-Key",
        in: "header",
        required: false,
        description: """
        Makes a retry safe: the same key with the same body gets the first answer again, with `Idempotency-Replayed: true`;
        with another body 409. Keys are each caller's own.\
        """,
        schema: string(pattern: "^[\\x21-\\x7e]{1,255}$")
      }
    }
  end

  @doc "Headers of answers."
  def headers do
    %{
      "X-Request-Id" => %{
        description: "The id of the request, which logs and the audit log have too.",
        schema: string(minLength: 8, maxLength: 128, pattern: "^[A-Za-z0-9._:/=+-]+$")
      },
      "ETag" => %{description: "The state of what is answered.", schema: string(pattern: "^\"[!#-~]+\"$")},
      "Content-Disposition" => %{
        description: "What to save the file as.",
        schema: string(pattern: "^attachment; filename=")
      },
      "Location" => %{description: "Where the TMA is.", schema: string(format: "uri-reference")},
      "Retry-After" => %{description: "Seconds after which to try again.", schema: count()},
      "WWW-Authenticate" => %{description: "How to say who asks.", schema: string(pattern: "^Bearer")},
      "Idempotency-Replayed" => %{
        description: "There where the answer is that of an earlier request with this key.",
        schema: string(const: "true")
      },
      "Accept-Post" => %{description: "The media types that are taken.", schema: string()},
      "Accept-Patch" => %{description: "The media types that are taken.", schema: string()},
      "Cache-Control" => %{description: "How long it may be kept.", schema: string()},
      "Upgrade" => %{description: "The protocol that is spoken.", schema: string(const: "websocket")}
    }
  end

  @doc "A parameter of the query that only one operation has."
  @spec query(String.t(), map, String.t()) :: map
  def query(name, schema, description),
    do: %{name: name, in: "query", required: false, description: description, schema: schema}

  defp path(name, schema, description),
    do: %{name: name, in: "path", required: true, description: description, schema: schema}

  defp header(name, description),
    do: %{name: name, in: "header", required: false, description: description, schema: string()}

  defp limit(most, usual), do: %{type: "integer", minimum: 1, maximum: most, default: usual}

  defp reason do
    string(
      minLength: 1,
      maxLength: 255,
      pattern: "^[^\\u0000-\\u001f\\u007f]*$",
      not: %{pattern: "^\\s*$"},
      example: "subject access request"
    )
  end
end
