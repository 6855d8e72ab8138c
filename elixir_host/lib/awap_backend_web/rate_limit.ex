defmodule AwapBackendWeb.RateLimit do
  @moduledoc """
  So many requests a minute for each API key, counted by minutes of the clock; past it the answer is 429, with the
  seconds to wait. The count is this host's own: two hosts on one database allow twice as much.
  """

  alias AwapBackendWeb.{Conn, ErrorView}

  @window_seconds 60

  @doc "Counts a request of the key that it bears, and refuses it past the endpoint's `rate_limit` (nil: none)."
  @spec check(Conn.t()) :: :ok | {:error, ErrorView.error()}
  def check(%Conn{config: %{rate_limit: nil}}), do: :ok
  def check(%Conn{api_key: nil}), do: :ok

  def check(%Conn{config: %{rate_limit: limit, cache: cache}, api_key: %{"id" => id}}) do
    now = System.monotonic_time(:second)
    window = Integer.floor_div(now, @window_seconds)
    row = {:rate, id, window}

    case :ets.update_counter(cache, row, {2, 1}, {row, 0}) do
      1 ->
        # The first of a minute clears the minutes before away.
        :ets.select_delete(cache, [{{{:rate, :_, :"$1"}, :_}, [{:<, :"$1", window}], [true]}])
        :ok

      count when count <= limit ->
        :ok

      _ ->
        wait = @window_seconds - Integer.mod(now, @window_seconds)

        {:error,
         ErrorView.error(
           429,
           "This API key has made its #{limit} requests of this minute. Try again in #{wait} s.",
           %{"limit" => limit, "window_seconds" => @window_seconds},
           retry_after: wait
         )}
    end
  end
end
