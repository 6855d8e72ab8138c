defmodule AwapBackendWeb.Auth.TokenTest do
  use AwapBackendWeb.ConnCase, async: true

  import AwapBackendWeb.JWTHelpers

  alias AwapBackendWeb.Auth.Token
  alias AwapBackendWeb.ConnCase.Answer

  @secret String.duplicate("a secret of the tests ", 4)

  defp endpoint(options \\ []), do: start_endpoint([secret_key_base: @secret] ++ options)
  defp exchange(port, wishes, options \\ []), do: post_json(port, "/api/tokens", wishes, options)

  defp token(claims \\ %{}) do
    {token, made} = Token.issue(Token.signing_key(@secret), "1", "tutor", 600)

    if claims == %{},
      do: token,
      else: compact(%{"alg" => "HS256", "typ" => "JWT"}, Map.merge(made, claims), hs256(signing_secret()))
  end

  defp signing_secret do
    {_, %{"k" => k}} = :jose_jwk.to_map(Token.signing_key(@secret).())
    Base.url_decode64!(k, padding: false)
  end

  defp now, do: System.os_time(:second)

  test "a key is exchanged for a token that lasts an hour and does what the key does" do
    port = endpoint()
    answer = request(port, "POST", "/api/tokens")
    assert answer.status == 200

    assert %{"access_token" => token, "token_type" => "Bearer", "expires_in" => 3600, "role" => "tutor"} =
             answer.json

    assert Answer.header(answer, "cache-control") == "no-store"
    assert %{"iss" => "awap", "aud" => "awap", "sub" => "1", "role" => "tutor", "jti" => jti} = claims(token)
    assert byte_size(jti) >= 22
    assert_in_delta claims(token)["exp"], now() + 3600, 60
    assert request(port, "GET", "/api/tmas", key: token).status == 200
    assert request(port, "GET", "/metrics", key: token).status == 403
  end

  test "another is another: no two tokens are alike" do
    port = endpoint()
    tokens = for _ <- 1..3, do: request(port, "POST", "/api/tokens").json["access_token"]
    assert Enum.uniq(tokens) == tokens
  end

  test "a token may be shorter, never longer, and have fewer rights, never more" do
    port = endpoint()
    assert %{"expires_in" => 60} = exchange(port, %{"expires_in" => 60}).json
    assert %{"expires_in" => 60} = exchange(port, %{"expires_in" => 60.0}).json

    for {wishes, key, field} <- [
          {%{"expires_in" => 3601}, StandIn.key(), "expires_in"},
          {%{"expires_in" => 59}, StandIn.key(), "expires_in"},
          {%{"expires_in" => -1}, StandIn.key(), "expires_in"},
          {%{"expires_in" => "60"}, StandIn.key(), "expires_in"},
          {%{"expires_in" => 60.5}, StandIn.key(), "expires_in"},
          {%{"role" => "admin"}, StandIn.key(), "role"},
          {%{"role" => "service"}, StandIn.key(), "role"},
          {%{"role" => "emperor"}, StandIn.admin_key(), "role"},
          {%{"role" => ["admin"]}, StandIn.admin_key(), "role"},
          {%{"sub" => "2"}, StandIn.admin_key(), "sub"}
        ] do
      answer = exchange(port, wishes, key: key)
      assert {wishes, answer.status} == {wishes, 422}
      assert is_map_key(answer.json["error"]["details"]["fields"], field)
    end

    assert %{status: 200, json: %{"access_token" => token, "role" => "service"}} =
             exchange(port, %{"role" => "service"}, key: StandIn.admin_key())

    assert claims(token)["sub"] == "2"
    assert request(port, "GET", "/metrics", key: token).status == 200
  end

  test "what is no wish is refused: other types, no object, no JSON" do
    port = endpoint()
    json = [{"content-type", "application/json"}]
    assert request(port, "POST", "/api/tokens", body: "{}").status == 415
    assert request(port, "POST", "/api/tokens", body: "[]", headers: json).status == 422
    assert request(port, "POST", "/api/tokens", body: "{", headers: json).status == 400
  end

  test "a token begets no token" do
    port = endpoint()
    token = request(port, "POST", "/api/tokens").json["access_token"]
    assert request(port, "POST", "/api/tokens", key: token).status == 403
  end

  test "each exchange is in the audit log, without the token; where it cannot be, there is none" do
    defmodule Audit do
      def call("verify_api_key", _, _), do: {:ok, %{"id" => "1", "name" => "a", "role" => "tutor"}}

      def call("record_audit", entry, _) do
        send(:token_audit, entry)

        if entry["metadata"]["role"] == "tutor" and entry["actor"]["user_agent"] == "no store",
          do: {:error, %{"code" => "unavailable", "message" => "", "details" => %{}}},
          else: {:ok, %{"id" => "7"}}
      end
    end

    Process.register(self(), :token_audit)
    port = endpoint(repo: Audit)
    token = request(port, "POST", "/api/tokens").json["access_token"]
    jti = claims(token)["jti"]
    assert_receive %{"action" => "token.create", "resource_id" => "1", "metadata" => %{"jti" => ^jti}} = entry
    refute inspect(entry, limit: :infinity) =~ token

    answer = request(port, "POST", "/api/tokens", headers: [{"user-agent", "no store"}])
    assert answer.status == 503
    refute is_map_key(answer.json, "access_token")
  end

  test "a table of tokens that are forged, spent or not for us" do
    port = endpoint(sign_in_limit: nil)
    good = token()
    assert request(port, "GET", "/api/tmas", key: good).status == 200, "what the others are made from is good"
    [header, payload, signature] = String.split(good, ".")
    claims = claims(good)
    b64 = &Base.url_encode64(&1, padding: false)
    rsa = key(:rsa)
    as = fn header -> compact(header, claims, hs256(signing_secret())) end

    table = [
      # algorithms
      {"none", compact(%{"alg" => "none"}, claims, fn _ -> "" end) <> "AA"},
      {"None", compact(%{"alg" => "None", "typ" => "JWT"}, claims, fn _ -> "x" end)},
      {"another HMAC with the right key",
       compact(%{"alg" => "HS512"}, claims, &:crypto.mac(:hmac, :sha512, signing_secret(), &1))},
      {"RS256 with a key of the attacker's", signed(rsa, "RS256", claims)},
      {"RS256 with a key in its header",
       signed(rsa, "RS256", claims, %{"jwk" => public(rsa), "jku" => "https://evil.example/jwks"})},
      {"no algorithm", as.(%{"typ" => "JWT"})},
      {"an algorithm that is no text", as.(%{"alg" => ["HS256"]})},
      # keys
      {"the raw SECRET_KEY_BASE", compact(%{"alg" => "HS256"}, claims, hs256(@secret))},
      {"the empty key", compact(%{"alg" => "HS256"}, claims, hs256(""))},
      {"another secret's key",
       elem(Token.issue(Token.signing_key(String.duplicate("b", 64)), "1", "tutor", 600), 0)},
      # the header
      {"an extension that must be understood", as.(%{"alg" => "HS256", "crit" => ["b64"], "b64" => false})},
      {"an extension that is of no use here", as.(%{"alg" => "HS256", "crit" => ["exp"]})},
      {"another type", as.(%{"alg" => "HS256", "typ" => "dpop+jwt"})},
      {"a header that is no object", compact("[]", claims, hs256(signing_secret()))},
      {"a header that is no JSON", compact("{\"alg\"", claims, hs256(signing_secret()))},
      # what was changed after signing
      {"another payload", Enum.join([header, b64.(~s({"sub":"2","role":"admin"})), signature], ".")},
      {"another role",
       Enum.join([header, b64.(AwapBackend.JSON.encode(%{claims | "role" => "admin"})), signature], ".")},
      {"another header", Enum.join([b64.(~s({"alg":"HS256"})), payload, signature], ".")},
      {"half a signature", Enum.join([header, payload, binary_part(signature, 0, 22)], ".")},
      {"no signature", header <> "." <> payload <> ".AA"},
      {"four parts", good <> ".AA"},
      {"two parts", header <> "." <> payload},
      {"a padded part", good <> "="},
      {"a payload that is no object", compact(%{"alg" => "HS256"}, "[1]", hs256(signing_secret()))},
      {"a token past all measure", token(%{"x" => String.duplicate("a", 5_000)})},
      # time
      {"expired", token(%{"exp" => now() - 31})},
      {"expired long ago", token(%{"exp" => 0})},
      {"without an end", compact(%{"alg" => "HS256"}, Map.delete(claims, "exp"), hs256(signing_secret()))},
      {"an end that is text", token(%{"exp" => Integer.to_string(now() + 600)})},
      {"an end in a year", token(%{"exp" => now() + 31_536_000})},
      {"an end past all numbers", token(%{"exp" => 1.0e300})},
      {"not yet valid", token(%{"nbf" => now() + 120})},
      {"issued tomorrow", token(%{"iat" => now() + 86_400})},
      {"a beginning that is text", token(%{"nbf" => "now"})},
      # who and for whom
      {"another issuer", token(%{"iss" => "https://evil.example"})},
      {"another audience", token(%{"aud" => "moodle"})},
      {"no audience", token(%{"aud" => nil})},
      {"a subject that is no text", token(%{"sub" => 1})},
      {"an unknown role", token(%{"role" => "emperor"})},
      {"more rights than the key", token(%{"role" => "admin"})},
      {"a key that is not known", token(%{"sub" => "77"})}
    ]

    for {what, token} <- table do
      answer = request(port, "GET", "/api/tmas", key: token)
      assert {what, answer.status} == {what, 401}
      assert Answer.header(answer, "www-authenticate") =~ ~s(error="invalid_token")
      refute answer.body =~ token
    end
  end

  test "clocks that differ a little do not matter" do
    port = endpoint()

    for claims <- [%{"exp" => now() - 5}, %{"nbf" => now() + 10, "iat" => now() + 10}],
        do: assert(request(port, "GET", "/api/tmas", key: token(claims)).status == 200)
  end

  test "a token ends with its key" do
    defmodule Revoking do
      def call("record_audit", _, _), do: {:ok, %{"id" => "7"}}

      def call("verify_api_key", _, _) do
        if Agent.get(:revoking_store, & &1),
          do: {:error, %{"code" => "not_found", "message" => "", "details" => %{}}},
          else: {:ok, %{"id" => "1", "name" => "a", "role" => "tutor"}}
      end
    end

    start_supervised!(%{id: :store, start: {Agent, :start_link, [fn -> false end, [name: :revoking_store]]}})
    port = endpoint(repo: Revoking, key_ttl_ms: 0)
    token = request(port, "POST", "/api/tokens").json["access_token"]
    assert request(port, "GET", "/api/tmas", key: token).status == 200
    Agent.update(:revoking_store, fn _ -> true end)
    assert request(port, "GET", "/api/tmas", key: token).status == 401
  end

  test "hosts that share SECRET_KEY_BASE take each other's tokens, and the others do not" do
    [one, two] = for _ <- 1..2, do: endpoint()
    token = request(one, "POST", "/api/tokens").json["access_token"]
    assert request(two, "GET", "/api/tmas", key: token).status == 200
    other = start_endpoint(secret_key_base: String.duplicate("c", 64))
    assert request(other, "GET", "/api/tmas", key: token).status == 401
  end
end
