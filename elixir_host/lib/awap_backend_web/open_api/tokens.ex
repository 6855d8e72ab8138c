defmodule AwapBackendWeb.OpenAPI.Tokens do
  @moduledoc "Tokens, for which API keys are exchanged."

  import AwapBackendWeb.OpenAPI.Parts

  alias AwapBackendWeb.Auth.Token

  def paths do
    %{
      "/api/tokens" => %{
        post:
          operation("createToken", "keys", ["admin", "tutor", "service"], "Exchanges an API key for a token",
            description: """
            For where the key itself should not go, such as a browser: the token lasts an hour at most, has no more rights than the
            key, and ends when the key is revoked. A token is not exchanged for another: that is answered 403.
            """,
            requestBody: %{
              required: false,
              content: %{
                "application/json" => %{
                  schema: schema("TokenWishes"),
                  example: %{expires_in: 600, role: "tutor"}
                }
              }
            },
            errors: [413, 415, 422],
            answers: %{
              200 =>
                answer("The token.", "Token", %{
                  access_token: "eyJFWEFNUExFIjoxfQ.eyJFWEFNUExFIjoyfQ.RVhBTVBMRQ",
                  token_type: "Bearer",
                  expires_in: 600,
                  expires_at: "2026-11-22T16:20:00Z",
                  role: "tutor"
                })
            }
          )
      }
    }
  end

  def schemas do
    seconds = %{type: "integer", minimum: 60, maximum: Token.max_seconds()}

    %{
      "TokenWishes" =>
        object(
          %{
            expires_in:
              Map.put(seconds, :description, "Seconds that it lasts; an hour where it is not said."),
            role:
              Map.put(
                string(enum: ["admin", "tutor", "service"]),
                :description,
                "The role that it acts in: the key's own, or of an administrator's key any."
              )
          },
          optional: [:expires_in, :role]
        ),
      "Token" =>
        object(%{
          access_token: string(pattern: "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$"),
          token_type: string(const: "Bearer"),
          expires_in: seconds,
          expires_at: string(format: "date-time"),
          role: schema("Role")
        })
    }
  end
end
