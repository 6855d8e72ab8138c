defmodule AwapBackendWeb.HTTP.ClientAddressTest do
  use ExUnit.Case, async: true

  alias AwapBackendWeb.HTTP.ClientAddress

  @proxy {10, 0, 0, 1}

  defp of(peer, forwarded, trusted) do
    networks = for text <- trusted, do: text |> ClientAddress.network() |> elem(1)
    ClientAddress.of(peer, for(value <- forwarded, do: {"x-forwarded-for", value}), networks)
  end

  test "a table of addresses" do
    for {what, peer, forwarded, trusted, client} <- [
          {"no proxy is trusted", @proxy, ["203.0.113.7"], [], "10.0.0.1"},
          {"another is trusted", @proxy, ["203.0.113.7"], ["10.0.0.2"], "10.0.0.1"},
          {"it is trusted", @proxy, ["203.0.113.7"], ["10.0.0.1"], "203.0.113.7"},
          {"its network is trusted", @proxy, ["203.0.113.7"], ["10.0.0.0/8"], "203.0.113.7"},
          {"a network beside it is trusted", @proxy, ["203.0.113.7"], ["10.0.0.2/31"], "10.0.0.1"},
          {"the client wrote some before", @proxy, ["1.2.3.4, 203.0.113.7"], ["10.0.0.1"], "203.0.113.7"},
          {"in a header of its own", @proxy, ["1.2.3.4", "203.0.113.7"], ["10.0.0.1"], "203.0.113.7"},
          {"two proxies", @proxy, ["1.2.3.4, 203.0.113.7, 10.0.0.9"], ["10.0.0.0/24"], "203.0.113.7"},
          {"proxies all the way", @proxy, ["10.0.0.8, 10.0.0.9"], ["10.0.0.0/24"], "10.0.0.8"},
          {"nothing is said", @proxy, [], ["10.0.0.1"], "10.0.0.1"},
          {"nonsense is said", @proxy, ["1.2.3.4, unknown"], ["10.0.0.1"], "10.0.0.1"},
          {"a name is said", @proxy, ["localhost"], ["10.0.0.1"], "10.0.0.1"},
          {"much is said", @proxy, [String.duplicate("1", 5_000)], ["10.0.0.1"], "10.0.0.1"},
          {"with its port", @proxy, ["203.0.113.7:4711"], ["10.0.0.1"], "203.0.113.7"},
          {"IPv6", @proxy, ["2001:db8::1"], ["10.0.0.1"], "2001:db8::1"},
          {"IPv6 with its port", @proxy, ["[2001:db8::1]:4711"], ["10.0.0.1"], "2001:db8::1"},
          {"IPv4 within IPv6", @proxy, ["::ffff:203.0.113.7"], ["10.0.0.1"], "203.0.113.7"},
          {"a proxy on IPv6", {0, 0, 0, 0, 0, 0, 0, 1}, ["203.0.113.7"], ["::1"], "203.0.113.7"},
          {"0.0.0.0/0 is not ::/0", {0, 0, 0, 0, 0, 0, 0, 1}, ["203.0.113.7"], ["0.0.0.0/0"], "::1"},
          {"a connection that is gone", nil, ["203.0.113.7"], ["10.0.0.1"], nil}
        ] do
      assert {what, of(peer, forwarded, trusted)} == {what, client}
    end
  end

  test "what is no network" do
    for text <- ["", "/", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/8x", "10.0.0", "::1/129", "proxy.example"],
        do: assert({text, ClientAddress.network(text)} == {text, :error})
  end
end
