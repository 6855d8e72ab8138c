defmodule AwapBackendWeb.Auth.SignIns do
  @moduledoc """
  Damps guessing: so many failed sign-ins a minute from one address, and past it what fails there is answered 429, and keys
  that this host has never let in are not even looked up.

  Who was let in before is let in still: a guesser behind the same address shuts out no one else. An IPv6 address counts as
  its /64, which is what one customer has. The count is this host's own.
  """

  alias AwapBackendWeb.{Conn, ErrorView, Window}

  # A minute's rows at most; whoever comes after shares one.
  @max_addresses 10_000

  @doc "Whether this address has failed too often in this minute."
  @spec too_many?(Conn.t()) :: boolean
  def too_many?(%Conn{config: %{sign_in_limit: nil}}), do: false

  def too_many?(%Conn{config: %{sign_in_limit: limit, counts: counts}} = conn),
    do: Window.count(counts, {:sign_in, row(counts, conn)}) >= limit

  @doc "Counts a failure."
  @spec failed(Conn.t()) :: :ok
  def failed(%Conn{config: %{sign_in_limit: nil}}), do: :ok

  def failed(%Conn{config: %{counts: counts}} = conn) do
    Window.add(counts, {:sign_in, row(counts, conn)})
    :ok
  end

  @doc "The answer past the limit."
  @spec refusal(Conn.t()) :: ErrorView.error()
  def refusal(%Conn{config: %{sign_in_limit: limit}}) do
    wait = Window.seconds_left()

    ErrorView.error(
      429,
      "More than #{limit} sign-ins from this address have failed in this minute. Try again in #{wait} s.",
      %{"limit" => limit, "window_seconds" => Window.seconds()},
      retry_after: wait,
      reason: :sign_in_limit
    )
  end

  # Where the table is full of others, those who are not in it count together.
  defp row(counts, conn) do
    address = network(conn.peer)
    known? = Window.count(counts, {:sign_in, address}) > 0
    if known? or :ets.info(counts, :size) < @max_addresses, do: address, else: :others
  end

  defp network(nil), do: :unknown

  defp network(address) do
    case :inet.parse_ipv6strict_address(String.to_charlist(address)) do
      {:ok, {a, b, c, d, _, _, _, _}} -> {a, b, c, d}
      {:error, :einval} -> address
    end
  end
end
