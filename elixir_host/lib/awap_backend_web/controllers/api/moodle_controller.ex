defmodule AwapBackendWeb.API.MoodleController do
  @moduledoc "`POST /api/moodle/sync`: has new submissions fetched from Moodle now."

  use AwapBackendWeb, :controller

  alias AwapBackendWeb.API.QueryParams

  @doc "202 once the sync has begun; 503 where no Moodle site is configured."
  @spec sync(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def sync(conn) do
    with {:ok, _} <- QueryParams.none(conn) do
      case conn.config.moodle.sync_now() do
        :ok -> json(conn, 202, %{"status" => "started"})
        {:ok, %{} = sync} -> json(conn, 202, %{"status" => "started", "sync" => sync})
        {:error, reason} -> {:error, refusal(reason)}
      end
    end
  end

  defp refusal(:not_configured) do
    ErrorView.error(
      503,
      "No Moodle site is configured: set MOODLE_BASE_URL, MOODLE_CLIENT_ID and MOODLE_CLIENT_SECRET, and start the host anew.",
      %{},
      code: "not_configured"
    )
  end

  defp refusal(:not_supported),
    do: ErrorView.error(501, "This version of the host does not sync with Moodle.")

  defp refusal(%{"code" => _} = error), do: ErrorView.from_backend(error)

  defp refusal(_reason),
    do: ErrorView.error(503, "The sync with Moodle could not begin. The log says why.", %{}, retry_after: 60)
end
