defmodule AwapBackendWeb.OpenAPI.Keys do
  @moduledoc "API keys."

  import AwapBackendWeb.OpenAPI.Parts

  @admin ["admin"]
  @id "0198c5a0-0b1c-7d3e-9f40-1a2b3c4d5e6f"

  def paths do
    %{
      "/api/keys" => %{
        get:
          operation(
            "listAPIKeys",
            "keys",
            @admin,
            "API keys, newest first, those that were revoked among them",
            parameters: parameters(["Limit", "Cursor"]),
            errors: [422],
            answers: %{
              200 =>
                answer("A page of them; none is in clear.", "APIKeyPage", %{
                  api_keys: [example()],
                  next_cursor: nil
                })
            }
          ),
        post:
          operation("createAPIKey", "keys", @admin, "Makes an API key",
            requestBody: %{
              required: true,
              content: %{
                "application/json" => %{
                  schema: schema("NewAPIKey"),
                  example: %{name: "Tutors' front end", role: "tutor"}
                }
              }
            },
            errors: [413, 415, 422],
            answers: %{
              201 =>
                answer(
                  "The key, in clear this once: only its hash is kept.",
                  "CreatedAPIKey",
                  %{
                    id: @id,
                    name: "Tutors' front end",
                    role: "tutor",
                    key: "awap_EXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEE"
                  },
                  links: %{revoke: %{operationId: "revokeAPIKey", parameters: %{id: "$response.body#/id"}}}
                )
            }
          )
      },
      "/api/keys/{id}" => %{
        parameters: parameters(["KeyId"]),
        delete:
          operation("revokeAPIKey", "keys", @admin, "Revokes an API key, for good",
            description: """
            It is refused from now on by this host, and by others on the same database within 15 seconds. Once revoked, revoking it
            again changes nothing.
            """,
            errors: [404, 422],
            answers: %{
              200 =>
                answer("Since when it is revoked.", "RevokedAPIKey", %{
                  id: @id,
                  revoked_at: "2026-11-23T09:02:41.000412Z"
                })
            }
          )
      }
    }
  end

  def schemas do
    %{
      "APIKey" =>
        object(%{
          id: schema("UUID"),
          name: string(description: "What it was made for."),
          role: schema("Role"),
          inserted_at: schema("Time"),
          last_used_at: nullable(schema("Time")) |> Map.put(:description, "To within five minutes."),
          revoked_at: nullable(schema("Time"))
        }),
      "APIKeyPage" => page(:api_keys, "APIKey"),
      "NewAPIKey" => object(%{name: schema("Name"), role: schema("Role")}),
      "CreatedAPIKey" =>
        object(%{
          id: schema("UUID"),
          name: schema("Name"),
          role: schema("Role"),
          key: string(pattern: "^awap_[A-Za-z0-9_-]{43}$")
        }),
      "RevokedAPIKey" => object(%{id: schema("UUID"), revoked_at: schema("Time")})
    }
  end

  defp example do
    %{
      id: @id,
      name: "Tutors' front end",
      role: "tutor",
      inserted_at: "2026-09-01T08:00:00.000000Z",
      last_used_at: "2026-11-22T16:10:03.184112Z",
      revoked_at: nil
    }
  end
end
