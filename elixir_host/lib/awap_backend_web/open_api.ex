defmodule AwapBackendWeb.OpenAPI do
  @moduledoc """
  The description of the API, in OpenAPI 3.1: what `GET /api/openapi.json` answers.

  Each resource describes its addresses and its schemas in a module of its own under `AwapBackendWeb.OpenAPI`, as plain data
  written with `AwapBackendWeb.OpenAPI.Parts`. A test holds the addresses, methods and roles against the routes, and what a
  running endpoint answers against the schemas.
  """

  alias AwapBackendWeb.OpenAPI.{
    Audit,
    Errors,
    Events,
    Feedback,
    Host,
    Jobs,
    Keys,
    Marks,
    Moodle,
    Rubrics,
    Shared,
    Students,
    TMAs,
    TMASubmission,
    Tokens
  }

  @resources [Host, TMAs, Feedback, Marks, Rubrics, Jobs, Students, Audit, Keys, Tokens, Events, Moodle]

  @version Mix.Project.config()[:version]

  @description """
  AWAP anonymizes, parses and marks Tutor Marked Assignments (TMAs) and drafts feedback for a tutor to decide on.

  * **Who may ask**: every operation but those without `security` needs `Authorization: Bearer …`, with an API key or a JWT: one
    that `POST /api/tokens` gave for a key, or one of an identity provider that the host is configured to trust. `x-roles` lists the
    roles that may use an operation; what another asks is answered 403.
  * **Limits**: so many requests a minute for each key or user. `RateLimit-Policy: "key";q=6000;w=60` says how many, `RateLimit:
    "key";r=5999;t=37` how many are left and for how many seconds; past them the answer is 429 with `Retry-After`.
  * **Errors** have one shape, `{"error": {"code", "message", "details"}}`. Where the answer is 422, `details.fields` has a message
    for each field or parameter at fault. Messages never quote what a student wrote.
  * **Lists** are newest first and in pages: `next_cursor` is the `cursor` of the next page, null at the end. A query
    parameter that is not known is refused.
  * **Students** are named by pseudonyms alone, but in the answer of `GET /api/students/{pseudonym}`.
  * **HEAD** is answered wherever GET is, **OPTIONS** everywhere; any other method is answered 405 with `Allow`.
  * **`X-Request-Id`**: one of 8 to 128 letters, digits and `-_.:/=+` comes back in the answer and is kept in the log and the
    audit log; where there is none the server makes one.
  * **Times** are RFC 3339 in UTC, to the microsecond. Spans are byte offsets into UTF-8.
  """

  @tags [
    %{name: "tmas", description: "Handing in TMAs, and what becomes of them."},
    %{name: "feedback", description: "Drafts of feedback, their review, and what they were before."},
    %{name: "rubrics", description: "What TMAs are marked against."},
    %{name: "jobs", description: "TMAs that could not be marked."},
    %{name: "students", description: "A student's rights over their data."},
    %{name: "events", description: "What happened, chained by hash."},
    %{name: "audit", description: "Who did what."},
    %{name: "keys", description: "API keys, and tokens for them."},
    %{name: "moodle", description: "The Moodle site that TMAs come from."},
    %{name: "system", description: "How the host is, and what it can do."}
  ]

  @doc "The document, as terms that `AwapBackend.JSON` encodes."
  @spec document() :: map
  def document do
    %{
      openapi: "3.1.0",
      info: %{
        title: "AWAP",
        version: @version,
        summary: "Anonymizes, parses and marks TMAs, and drafts feedback.",
        description: @description,
        license: %{name: "Apache-2.0 OR MIT", identifier: "Apache-2.0 OR MIT"}
      },
      servers: [%{url: "/", description: "The host that serves this document."}],
      tags: @tags,
      security: [%{apiKey: []}, %{jwt: []}],
      paths: gather(& &1.paths()),
      components: %{
        securitySchemes: %{
          apiKey: %{
            type: "http",
            scheme: "bearer",
            description: "An API key, made by `POST /api/keys` or on the host's first start."
          },
          jwt: %{
            type: "http",
            scheme: "bearer",
            bearerFormat: "JWT",
            description:
              "A token that `POST /api/tokens` gave for an API key, or one of the identity provider that the host trusts."
          }
        },
        parameters: Shared.parameters(),
        headers: Shared.headers(),
        responses: Errors.responses(),
        schemas:
          [Shared.schemas(), Errors.schemas(), TMASubmission.schemas(), gather(& &1.schemas())]
          |> Enum.reduce(&merge/2)
      }
    }
  end

  defp gather(part), do: @resources |> Enum.map(part) |> Enum.reduce(&merge/2)

  # A name that is given twice would silently lose one of its meanings.
  defp merge(one, other) do
    Map.merge(one, other, fn name, _, _ -> raise ArgumentError, "#{name} is described twice" end)
  end
end
