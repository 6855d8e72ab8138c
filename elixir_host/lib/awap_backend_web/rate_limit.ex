defmodule AwapBackendWeb.RateLimit do
  @moduledoc """
  So many requests a minute for each API key (a user of the identity provider counts as one), and if wanted for all
  together; past it the answer is 429, with the seconds to wait. The counts are this host's own: two hosts on one database
  allow twice as much.

  What a key has left stands in the answer as `draft-ietf-httpapi-ratelimit-headers-10` has it: `RateLimit-Policy:
  "key";q=6000;w=60` (so many in so many seconds) and `RateLimit: "key";r=5999;t=37` (so many left, for so many seconds).
  """

  alias AwapBackendWeb.{Conn, ErrorView, Window}

  @doc """
  Counts a request of whom it bears, and refuses it past the endpoint's `rate_limit` or `rate_limit_global` (nil: none).
  """
  @spec check(Conn.t()) :: {:ok, Conn.t()} | {:error, ErrorView.error()}
  def check(%Conn{config: config} = conn) do
    with {:ok, conn} <- own(conn, config.rate_limit),
         :ok <- all(config.counts, config.rate_limit_global) do
      {:ok, conn}
    end
  end

  defp own(conn, nil), do: {:ok, conn}

  defp own(%Conn{caller: %{"type" => type, "id" => id}, config: %{counts: counts}} = conn, limit) do
    case limit - Window.add(counts, {:rate, type, id}) do
      left when left >= 0 ->
        {:ok,
         Enum.reduce(fields(limit, left), conn, fn {name, value}, conn ->
           Conn.put_header(conn, name, value)
         end)}

      _ ->
        {:error, refusal("This API key has made its #{limit} requests of this minute.", limit, :rate_limit)}
    end
  end

  defp all(_counts, nil), do: :ok

  defp all(counts, limit) do
    if Window.add(counts, :rate_global) <= limit,
      do: :ok,
      else:
        {:error,
         refusal("This server has answered its #{limit} requests of this minute.", limit, :rate_limit_global)}
  end

  defp fields(limit, left) do
    [
      {"ratelimit-policy", ~s("key";q=#{limit};w=#{Window.seconds()})},
      {"ratelimit", ~s("key";r=#{left};t=#{Window.seconds_left()})}
    ]
  end

  defp refusal(sentence, limit, reason) do
    wait = Window.seconds_left()

    ErrorView.error(
      429,
      "#{sentence} Try again in #{wait} s.",
      %{"limit" => limit, "window_seconds" => Window.seconds()},
      retry_after: wait,
      headers: if(reason == :rate_limit, do: fields(limit, 0), else: []),
      reason: reason
    )
  end
end
