defmodule AwapBackendWeb.HTTP.ClientAddress do
  @moduledoc """
  The address that a request came from.

  It is the other end of the connection, unless that is a proxy of ours (`AWAP_TRUSTED_PROXIES`): then it is the last address in
  `X-Forwarded-For` that is not of such a proxy. What stands before that one was written by the client, and could be anything.
  """

  import Bitwise

  alias AwapBackendWeb.HTTP.HeaderValue

  @typedoc "A network: an address, and how many of its first bits count."
  @type network :: {:inet.ip_address(), 0..128}

  @doc "The address at the other end of a connection, nil where it is gone."
  @spec peer(:gen_tcp.socket()) :: :inet.ip_address() | nil
  def peer(socket) do
    case :inet.peername(socket) do
      {:ok, {address, _port}} -> plain(address)
      {:error, _} -> nil
    end
  end

  @doc "The address of the client, as text."
  @spec of(:inet.ip_address() | nil, [{String.t(), binary}], [network]) :: String.t() | nil
  def of(nil, _headers, _trusted), do: nil
  def of(peer, _headers, []), do: text(peer)

  def of(peer, headers, trusted) do
    if trusted?(peer, trusted) do
      headers |> HeaderValue.list("x-forwarded-for") |> Enum.reverse() |> client(peer, trusted) |> text()
    else
      text(peer)
    end
  end

  # From the nearest to the farthest: as far as one trusted proxy vouches for the next.
  defp client([], last, _trusted), do: last

  defp client([written | rest], last, trusted) do
    case parse(written) do
      {:ok, address} -> if trusted?(address, trusted), do: client(rest, address, trusted), else: address
      :error -> last
    end
  end

  # Some proxies write the port too.
  defp parse("[" <> rest) do
    case :binary.split(rest, "]") do
      [address, _port] -> parse_plain(address)
      _ -> :error
    end
  end

  defp parse(text) do
    case :binary.split(text, ":", [:global]) do
      [address, _port] -> parse_plain(address)
      _ -> parse_plain(text)
    end
  end

  defp parse_plain(text) when byte_size(text) <= 45 do
    case :inet.parse_strict_address(:binary.bin_to_list(text)) do
      {:ok, address} -> {:ok, plain(address)}
      {:error, :einval} -> :error
    end
  end

  defp parse_plain(_text), do: :error

  @doc "Reads a network: an address, or one with the number of bits that count, as `10.0.0.0/8`."
  @spec network(String.t()) :: {:ok, network} | :error
  def network(text) do
    {address, bits} =
      case :binary.split(text, "/") do
        [address, bits] -> {address, Integer.parse(bits)}
        [address] -> {address, nil}
      end

    with {:ok, address} <- parse_plain(address),
         all = if(tuple_size(address) == 4, do: 32, else: 128),
         {bits, ""} when bits in 0..all//1 <- bits || {all, ""} do
      {:ok, {address, bits}}
    else
      _ -> :error
    end
  end

  defp trusted?(address, networks), do: Enum.any?(networks, &in?(address, &1))

  defp in?(address, {network, bits}) when tuple_size(address) == tuple_size(network) do
    {number, width} = number(address)
    {wanted, _} = number(network)
    bsr(number, width - bits) == bsr(wanted, width - bits)
  end

  defp in?(_address, _network), do: false

  defp number(address) when tuple_size(address) == 4, do: {fold(address, 8), 32}
  defp number(address), do: {fold(address, 16), 128}

  defp fold(address, width),
    do: address |> Tuple.to_list() |> Enum.reduce(0, fn part, number -> bsl(number, width) + part end)

  # An IPv4 client of a socket that listens on IPv6.
  defp plain({0, 0, 0, 0, 0, 0xFFFF, high, low}),
    do: {bsr(high, 8), band(high, 255), bsr(low, 8), band(low, 255)}

  defp plain(address), do: address

  defp text(address), do: address |> :inet.ntoa() |> List.to_string()
end
