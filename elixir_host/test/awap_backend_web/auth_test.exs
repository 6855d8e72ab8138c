defmodule AwapBackendWeb.AuthTest do
  use AwapBackendWeb.ConnCase, async: true

  alias AwapBackendWeb.ConnCase.Answer

  test "a table of credentials" do
    port = start_endpoint()
    key = StandIn.key()

    table = [
      {"none", [], 401},
      {"the key", [{"authorization", "Bearer " <> key}], 200},
      {"a scheme in capitals", [{"authorization", "BEARER " <> key}], 200},
      {"a key that is not known", [{"authorization", "Bearer awap_nobody_has_this_key"}], 401},
      {"the key less its end", [{"authorization", "Bearer " <> binary_part(key, 0, 20)}], 401},
      {"the key and more", [{"authorization", "Bearer " <> key <> "0"}], 401},
      {"another scheme", [{"authorization", "Basic " <> Base.encode64("a:" <> key)}], 401},
      {"the key alone", [{"authorization", key}], 401},
      {"nothing after the scheme", [{"authorization", "Bearer "}], 401},
      {"bytes that are not UTF-8", [{"authorization", <<"Bearer ", 255, 254, 0xC3, "aaaaaaaaaaaaaaaa">>}],
       401},
      {"a key of a megabyte", [{"authorization", "Bearer " <> String.duplicate("a", 300)}], 401},
      {"two keys", [{"authorization", "Bearer " <> key}, {"authorization", "Bearer " <> key}], 401},
      {"a store that is gone", [{"authorization", "Bearer the_store_is_gone_now"}], 503}
    ]

    for {what, headers, status} <- table do
      answer = request(port, "GET", "/api/tmas", key: nil, headers: headers)
      assert {what, answer.status} == {what, status}
      refute answer.body =~ key

      case status do
        401 -> assert Answer.header(answer, "www-authenticate") =~ "Bearer"
        503 -> assert Answer.header(answer, "retry-after")
        200 -> :ok
      end
    end
  end

  test "every route but health asks for a key, before it looks at anything else" do
    port = start_endpoint()

    for {method, path, _, _, who} <- AwapBackendWeb.Router.routes() do
      path = String.replace(path, ~r/:\w+/, StandIn.id())
      status = request(port, method, path, key: nil, body: if(method == "POST", do: "{}", else: "")).status
      assert {path, status} == {path, if(who == :open, do: 200, else: 401)}
    end
  end

  test "a role that may not is told so" do
    port = start_endpoint()
    assert request(port, "GET", "/metrics").status == 403
    refute request(port, "GET", "/metrics", key: StandIn.admin_key()).status == 403
  end

  test "what the store said of a key is believed for a while, and asked for again after it" do
    defmodule Changing do
      def call("verify_api_key", _, _) do
        case Agent.get_and_update(:changing_store, &{&1, &1 + 1}) do
          0 -> {:ok, %{"id" => "1", "role" => "tutor"}}
          _ -> {:error, %{"code" => "not_found", "message" => "", "details" => %{}}}
        end
      end
    end

    start_supervised!(%{id: :store, start: {Agent, :start_link, [fn -> 0 end, [name: :changing_store]]}})
    port = start_endpoint(repo: Changing, key_ttl_ms: 300)
    assert request(port, "GET", "/api/tmas").status == 200
    assert request(port, "GET", "/api/tmas").status == 200
    Process.sleep(350)
    assert request(port, "GET", "/api/tmas").status == 401
    assert Agent.get(:changing_store, & &1) == 2
  end

  test "a key past its rate is told when to come again, and no other key with it" do
    port = start_endpoint(rate_limit: 3)
    # The minute may turn while this runs: then a count begins anew, once.
    answers = for _ <- 1..8, do: request(port, "GET", "/api/tmas")
    refused = Enum.filter(answers, &(&1.status == 429))
    assert length(refused) in 2..5
    assert String.to_integer(Answer.header(hd(refused), "retry-after")) in 1..60
    assert hd(refused).json["error"]["code"] == "too_many_requests"
    assert request(port, "GET", "/api/tmas", key: StandIn.admin_key()).status == 200
  end
end
