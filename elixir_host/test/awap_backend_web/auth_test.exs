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
    defmodule Counting do
      def call("record_audit", _, _), do: {:ok, %{"id" => "7"}}

      def call("verify_api_key", _, _) do
        case Agent.get_and_update(:counting_store, &{&1, &1 + 1}) do
          0 -> {:ok, %{"id" => "1", "role" => "tutor"}}
          _ -> {:error, %{"code" => "not_found", "message" => "", "details" => %{}}}
        end
      end
    end

    store = %{id: :store, start: {Agent, :start_link, [fn -> 0 end, [name: :counting_store]]}}

    for {ttl, second, asked} <- [{600_000, 200, 1}, {0, 401, 2}] do
      start_supervised!(store)
      port = start_endpoint(repo: Counting, key_ttl_ms: ttl)
      assert request(port, "GET", "/api/tmas").status == 200
      assert {ttl, request(port, "GET", "/api/tmas").status} == {ttl, second}
      assert {ttl, Agent.get(:counting_store, & &1)} == {ttl, asked}
      stop_supervised!(:store)
    end
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

  test "the answer says what a key has left" do
    port = start_endpoint(rate_limit: 3)

    left =
      for _ <- 1..3 do
        answer = request(port, "GET", "/api/tmas")
        assert Answer.header(answer, "ratelimit-policy") == ~s("key";q=3;w=60)

        assert [_, left, seconds] =
                 Regex.run(~r/\A"key";r=(\d+);t=(\d+)\z/, Answer.header(answer, "ratelimit"))

        assert String.to_integer(seconds) in 1..60
        String.to_integer(left)
      end

    # The minute may turn, once.
    assert left in [[2, 1, 0], [2, 1, 2], [2, 2, 1]]
    assert Answer.header(request(port, "GET", "/api/health"), "ratelimit") == nil
  end

  test "a limit for all together counts every key, and no one who has none" do
    port = start_endpoint(rate_limit_global: 4)
    for _ <- 1..20, do: request(port, "GET", "/api/tmas", key: nil)

    statuses =
      for i <- 1..10 do
        key = if rem(i, 2) == 0, do: StandIn.key(), else: StandIn.admin_key()
        request(port, "GET", "/api/tmas", key: key).status
      end

    assert Enum.count(statuses, &(&1 == 200)) in 4..8
    assert 429 in statuses
    assert request(port, "GET", "/api/health").status == 200
  end

  describe "failed sign-ins" do
    defmodule Lookups do
      def call("record_audit", _, _), do: {:ok, %{"id" => "7"}}

      def call("verify_api_key", %{"key" => key} = question, timeout) do
        if pid = Process.whereis(:lookups), do: send(pid, {:looked_up, key})
        StandIn.call("verify_api_key", question, timeout)
      end
    end

    test "past the limit are answered 429 and not looked up, and who was let in before is let in still" do
      Process.register(self(), :lookups)
      port = start_endpoint(repo: Lookups, sign_in_limit: 5, key_ttl_ms: 0)
      assert request(port, "GET", "/api/tmas").status == 200

      # The minute may turn, once: then the count begins anew.
      answers =
        for i <- 1..20,
            do:
              request(port, "GET", "/api/tmas", key: "awap_guess_number_#{String.pad_leading("#{i}", 4, "0")}")

      refused = Enum.filter(answers, &(&1.status == 429))
      assert length(refused) in 10..16
      assert Enum.count(answers, &(&1.status == 401)) in 4..10
      assert String.to_integer(Answer.header(hd(refused), "retry-after")) in 1..60
      assert request(port, "GET", "/api/tmas").status == 200
      assert length(guesses()) in 5..11
    end

    defp guesses do
      receive do
        {:looked_up, "awap_guess" <> _ = key} -> [key | guesses()]
        {:looked_up, _} -> guesses()
      after
        0 -> []
      end
    end

    test "are none where no credential was sent" do
      port = start_endpoint(sign_in_limit: 2)
      for _ <- 1..8, do: assert(request(port, "GET", "/api/tmas", key: nil).status == 401)
      assert request(port, "GET", "/api/tmas").status == 200
    end

    test "are counted by client behind a trusted proxy, and by connection otherwise" do
      guess = fn port, client ->
        headers = [{"x-forwarded-for", client}]
        request(port, "GET", "/api/tmas", key: "awap_a_wrong_key_that_is_long", headers: headers).status
      end

      # More tries than two minutes have room for, as the minute may turn between them.
      port = start_endpoint(sign_in_limit: 3, trusted_proxies: [{{127, 0, 0, 1}, 32}])
      for _ <- 1..8, do: guess.(port, "203.0.113.7")
      assert guess.(port, "198.51.100.9, 203.0.113.7") == 429
      assert guess.(port, "203.0.113.8") == 401
      for _ <- 1..8, do: guess.(port, "2001:db8:0:1::1")
      assert guess.(port, "2001:db8:0:1:ffff::2") == 429
      assert guess.(port, "2001:db8:0:2::1") == 401

      port = start_endpoint(sign_in_limit: 3)
      for i <- 1..8, do: guess.(port, "203.0.113.#{i}")
      assert guess.(port, "203.0.113.99") == 429
    end
  end

  test "credentials are compared by hash: no secret is in the endpoint's tables" do
    port = start_endpoint()
    request(port, "GET", "/api/tmas")

    for table <- :ets.all(), :ets.info(table, :name) in [:awap_web_cache, :awap_web_counts, :awap_refusals] do
      refute inspect(:ets.tab2list(table), limit: :infinity, printable_limit: :infinity) =~ StandIn.key()
    end
  end
end
