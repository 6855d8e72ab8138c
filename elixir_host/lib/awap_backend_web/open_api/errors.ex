defmodule AwapBackendWeb.OpenAPI.Errors do
  @moduledoc "The one shape of an error, and the answer for each status."

  import AwapBackendWeb.OpenAPI.Parts

  @doc "Schemas of errors."
  def schemas do
    %{
      "Error" =>
        object(%{
          error:
            object(%{
              code: string(minLength: 1, description: "For programs; each status has its own."),
              message: string(minLength: 1, description: "A sentence for a person."),
              details: any_object(description: "For programs; empty where there is nothing to add.")
            })
        })
    }
  end

  @doc "Answers that are errors, one for each status."
  def responses do
    %{
      "Error400" =>
        error(
          "The request cannot be read: not HTTP, not JSON, a broken form, an Idempotency-Key that is none.",
          ["invalid_request"],
          "The body of this request is not JSON."
        ),
      "Error401" =>
        error(
          "No API key or token, or one that is not known here, was revoked or has expired.",
          ["unauthorized"],
          "This API key is not known here.",
          headers: ["WWW-Authenticate"]
        ),
      "Error403" =>
        error("The caller's role may not do this.", ["forbidden"], "Your role may not do this.",
          details: %{roles: ["admin"]}
        ),
      "Error404" => error("There is no such thing.", ["not_found"], "There is no TMA of this id."),
      "ErrorNoFeedback" =>
        error(
          "There is no such TMA, or no feedback on it: not yet (`feedback_pending`, with `Retry-After`), or not at all.",
          ["not_found", "feedback_pending", "no_feedback"],
          "There is no feedback yet: this TMA waits for its turn.",
          code: "feedback_pending",
          details: %{tma_id: "0198c5a4-9f6b-7c33-8a53-2f1f0f8a3c11", status: "pending"},
          headers: ["Retry-After"]
        ),
      "Error408" =>
        error(
          "The request came too slowly.",
          ["timeout"],
          "The body of this request came too slowly. Send it again."
        ),
      "Error409" =>
        error(
          "What is there does not go with this change: another change came first, or the Idempotency-Key had another body.",
          ["conflict"],
          "This feedback was changed meanwhile: read it again, then make the change to what is there now.",
          details: %{
            current: %{updated_at: "2026-11-22T16:12:09.000000Z", reviewed_by: nil, reviewed_at: nil}
          }
        ),
      "Error412" =>
        error(
          "It is not as `If-Match` has it; `details.current` says how it is, `ETag` names that state.",
          ["precondition_failed"],
          "This feedback was changed meanwhile: read it again, then make the change to what is there now.",
          details: %{
            current: %{updated_at: "2026-11-22T16:12:09.000000Z", reviewed_by: nil, reviewed_at: nil}
          },
          headers: ["ETag"]
        ),
      "Error413" =>
        error(
          "The request, or what is in it, is larger than is taken.",
          ["limit_exceeded"],
          "This request is larger than the 67108864 bytes that are taken.",
          details: %{max_bytes: 67_108_864}
        ),
      "Error414" =>
        error("The address is too long.", ["limit_exceeded"], "The address of this request is too long."),
      "Error415" =>
        error(
          "The body is of a media type that is not taken; `details.accepted` lists those that are.",
          ["unsupported_media_type"],
          "Send this as application/json.",
          details: %{accepted: ["application/json"]},
          headers: ["Accept-Post", "Accept-Patch"]
        ),
      "Error422" =>
        error(
          "A field or a parameter is not right. `details.fields` has a message for each, which follows its name.",
          ["invalid_input", "unsupported_format", "document_damaged", "document_encrypted"],
          "“limit” is a whole number from 1 to 200.",
          details: %{fields: %{limit: "is a whole number from 1 to 200"}},
          schema: fields()
        ),
      "Error426" =>
        error(
          "The address speaks WebSocket, version 13.",
          ["upgrade_required"],
          "This address speaks WebSocket.",
          headers: ["Upgrade"]
        ),
      "Error429" =>
        error(
          "The caller has made its requests of this minute.",
          ["too_many_requests"],
          "This API key has made its 6000 requests of this minute. Try again in 12 s.",
          details: %{limit: 6000, window_seconds: 60},
          headers: ["Retry-After"]
        ),
      "Error431" =>
        error("The headers are too large.", ["limit_exceeded"], "The headers of this request are too large."),
      "Error500" =>
        error(
          "A fault of ours. What it was is in the log, under the answer's X-Request-Id.",
          ["internal"],
          "Something went wrong in the server. The log has it under this answer's x-request-id."
        ),
      "Error501" =>
        error(
          "This version does not do that.",
          ["not_implemented"],
          "This version of the host does not sync with Moodle."
        ),
      "Error503" =>
        error(
          "It cannot be done now: the database does not answer, the queue is full, something is not configured.",
          ["unavailable", "queue_full", "timeout", "not_configured"],
          "The database does not answer.",
          headers: ["Retry-After"]
        )
    }
  end

  defp error(description, [usual | _] = codes, message, options \\ []) do
    details = Keyword.get(options, :details, %{})
    code = Keyword.get(options, :code, usual)

    %{
      description: description,
      headers: headers(Keyword.get(options, :headers, [])),
      content: %{
        "application/json" => %{
          schema: %{allOf: [schema("Error"), narrowed(codes, options[:schema])]},
          example: %{error: %{code: code, message: message, details: details}}
        }
      }
    }
  end

  defp narrowed(codes, details) do
    properties = Map.merge(%{code: %{enum: codes}}, if(details, do: %{details: details}, else: %{}))
    %{properties: %{error: %{properties: properties}}}
  end

  defp fields do
    %{
      required: ["fields"],
      properties: %{
        fields: %{
          type: "object",
          description: "A message for each field, by its path (`content.attachments[0].data_base64`).",
          additionalProperties: string(minLength: 1)
        }
      }
    }
  end
end
