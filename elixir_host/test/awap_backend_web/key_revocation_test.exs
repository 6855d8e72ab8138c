defmodule AwapBackendWeb.KeyRevocationTest do
  @moduledoc "A key that is revoked ends at once, with all that hangs on it, on the real store."

  use AwapBackendWeb.ConnCase
  use AwapBackend.DataCase

  import AwapBackendWeb.SocketClient

  alias AwapBackend.{Config, Repo, Secrets, TMA}

  @moduletag :store

  setup do
    start_host()
    {admin, _path} = Secrets.api_key!(Config.get(:data_dir))
    # Long enough that nothing but the revocation ends a key within this test.
    port = start_endpoint(tma: TMA, repo: Repo, key_ttl_ms: 600_000)

    made =
      for _ <- 1..2,
          do: post_json(port, "/api/keys", %{"name" => "a key", "role" => "tutor"}, key: admin).json

    %{port: port, admin: admin, doomed: hd(made), other: List.last(made)}
  end

  test "requests, tokens and sockets of the key are refused; those of another are not", context do
    %{port: port, doomed: doomed, other: other} = context
    token = request(port, "POST", "/api/tokens", key: doomed["key"]).json["access_token"]
    lost = [doomed["key"], token]
    sockets = for key <- lost, do: open(port, key: key)
    kept = open(port, key: other["key"])
    for key <- [other["key"] | lost], do: assert(request(port, "GET", "/api/tmas", key: key).status == 200)

    assert request(port, "DELETE", "/api/keys/" <> doomed["id"], key: context.admin).status == 200

    for key <- lost, do: assert(request(port, "GET", "/api/tmas", key: key).status == 401)
    for socket <- sockets, do: assert(hear(socket) == {:close, 1008})
    assert request(port, "GET", "/api/tmas", key: other["key"]).status == 200
    say(kept, %{"subscribe" => "*"})
    assert %{"event" => "subscribed"} = hear(kept)
  end

  test "also while others use it", context do
    %{port: port, doomed: doomed} = context
    busy = for _ <- 1..8, do: Task.async(fn -> use_until_refused(port, doomed["key"]) end)
    assert request(port, "DELETE", "/api/keys/" <> doomed["id"], key: context.admin).status == 200
    Enum.each(busy, &Task.await(&1, 60_000))
    assert request(port, "GET", "/api/tmas", key: doomed["key"]).status == 401
  end

  defp use_until_refused(port, key) do
    if request(port, "GET", "/api/tmas", key: key).status == 200, do: use_until_refused(port, key)
  end
end
