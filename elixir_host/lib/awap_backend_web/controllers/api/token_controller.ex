defmodule AwapBackendWeb.API.TokenController do
  @moduledoc """
  `POST /api/tokens`: an API key is exchanged for a token that lasts an hour at most, for where the key itself should not go.

  The body is optional, a JSON object with `expires_in` (seconds, 60 to 3600) and `role`: a key may have a token act as
  itself, an administrator's as any role. Each is in the audit log, by its `jti`.
  """

  use AwapBackendWeb, :controller

  alias AwapBackendWeb.API.{BodyParams, QueryParams}
  alias AwapBackendWeb.Auth.Token

  @min_seconds 60
  @max_bytes 65_536
  @timeout_ms 15_000

  @doc "200 with the token, as RFC 6749 has it; 403 where a token is sent: one that begets another would never end."
  @spec create(Conn.t()) :: Conn.t() | {:error, ErrorView.error()} | {:error, ErrorView.error(), Conn.t()}
  def create(%Conn{caller: %{"credential" => "key"} = key} = conn) do
    with {:ok, _} <- QueryParams.none(conn),
         {:ok, wishes, conn} <- wishes(conn, key) do
      role = Map.get(wishes, "role", key["role"])
      seconds = Map.get(wishes, "expires_in", Token.max_seconds())
      {token, claims} = Token.issue(conn.config.signing_key, key["id"], role, seconds)

      case record(conn, claims) do
        {:ok, _} -> json(conn, 200, answer(token, claims, seconds))
        {:error, error} -> {:error, ErrorView.from_backend(error), conn}
      end
    end
  end

  def create(_conn) do
    {:error, ErrorView.error(403, "Only an API key is exchanged for a token.", %{}, reason: :credential)}
  end

  defp wishes(%Conn{framing: :none} = conn, _key), do: {:ok, %{}, conn}

  defp wishes(conn, key) do
    BodyParams.read(conn, %{"expires_in" => &seconds/1, "role" => &role(&1, key)}, max_bytes: @max_bytes)
  end

  # JSON has one kind of number: 600.0 is as whole as 600.
  defp seconds(value) when is_float(value) and trunc(value) == value, do: value |> trunc() |> seconds()

  defp seconds(value) do
    if is_integer(value) and value in @min_seconds..Token.max_seconds(),
      do: {:ok, value},
      else: {:error, "must be a whole number of seconds from #{@min_seconds} to #{Token.max_seconds()}"}
  end

  defp role(value, key) do
    if is_binary(value) and Token.may_act_as?(key["role"], value),
      do: {:ok, value},
      else: {:error, "must be a role that this API key can give"}
  end

  defp answer(token, claims, seconds) do
    %{
      "access_token" => token,
      "token_type" => "Bearer",
      "expires_in" => seconds,
      "expires_at" => claims["exp"] |> DateTime.from_unix!() |> DateTime.to_iso8601(),
      "role" => claims["role"]
    }
  end

  defp record(conn, claims) do
    entry = %{
      "action" => "token.create",
      "resource_type" => "api_key",
      "resource_id" => claims["sub"],
      "metadata" => Map.take(claims, ["jti", "role", "exp"]),
      "actor" => actor(conn)
    }

    conn.config.repo.call("record_audit", entry, @timeout_ms)
  end
end
