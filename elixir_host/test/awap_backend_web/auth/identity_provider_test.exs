defmodule AwapBackendWeb.Auth.IdentityProviderTest do
  # Not async: it reads the log.
  use AwapBackendWeb.ConnCase

  import AwapBackendWeb.JWTHelpers, except: [claims: 1]
  import ExUnit.CaptureLog

  @issuer "https://login.university.test"
  @audience "awap.university.test"

  setup_all do
    keys = %{rsa: key(:rsa), p256: key(:p256), ed25519: key(:ed25519), encryption: key(:rsa)}
    folder = Path.join(System.tmp_dir!(), "awap-jwks-#{System.pid()}-#{System.unique_integer([:positive])}")
    File.mkdir_p!(folder)
    on_exit(fn -> File.rm_rf!(folder) end)
    %{keys: keys, path: Path.join(folder, "jwks.json")}
  end

  setup %{keys: keys, path: path} do
    File.write!(
      path,
      set([
        public(keys.rsa, %{"kid" => "r", "use" => "sig", "alg" => "RS256"}),
        public(keys.p256, %{"kid" => "e"}),
        public(keys.ed25519, %{"kid" => "d"}),
        # What a real set has beside them.
        public(key(:p384), %{"kid" => "p384"}),
        public(keys.encryption, %{"kid" => "enc", "use" => "enc"}),
        public(keys.encryption, %{"kid" => "oaep", "alg" => "RSA-OAEP"}),
        %{"kty" => "new"}
      ])
    )
  end

  defp endpoint(path, options \\ []) do
    provider = %{jwks: path, issuer: @issuer, audience: @audience, role_claim: "role"}
    provider = Map.merge(provider, Map.new(Keyword.get(options, :provider, [])))
    start_endpoint([identity_provider: provider, sign_in_limit: nil] ++ Keyword.delete(options, :provider))
  end

  defp claims(changes \\ %{}) do
    now = System.os_time(:second)

    Map.merge(
      %{
        "iss" => @issuer,
        "aud" => @audience,
        "sub" => "tutor-17",
        "role" => "tutor",
        "exp" => now + 900,
        "iat" => now
      },
      changes
    )
  end

  defp status(port, token, path \\ "/api/tmas"), do: request(port, "GET", path, key: token).status

  test "tokens signed with RS256, ES256 and EdDSA are taken", %{keys: keys, path: path} do
    port = endpoint(path)

    for {key, alg, kid} <- [{keys.rsa, "RS256", "r"}, {keys.p256, "ES256", "e"}, {keys.ed25519, "EdDSA", "d"}] do
      assert {alg, status(port, signed(key, alg, claims(), %{"kid" => kid}))} == {alg, 200}
    end

    audiences = claims(%{"aud" => ["moodle", @audience]})
    assert status(port, signed(keys.p256, "ES256", audiences, %{"kid" => "e", "typ" => "at+jwt"})) == 200
  end

  test "a table of tokens that are forged or not for us", %{keys: keys, path: path} do
    port = endpoint(path)
    es256 = fn claims, header -> signed(keys.p256, "ES256", claims, Map.merge(%{"kid" => "e"}, header)) end
    now = System.os_time(:second)
    {_, pem} = :jose_jwk.to_pem(:jose_jwk.to_public(keys.rsa))

    for {what, token} <- [
          {"HS256 with the public key as the secret",
           compact(%{"alg" => "HS256", "kid" => "r"}, claims(), hs256(pem))},
          {"HS256 with the whole set as the secret",
           compact(%{"alg" => "HS256", "kid" => "r"}, claims(), hs256(File.read!(path)))},
          {"none", compact(%{"alg" => "none", "kid" => "r"}, claims(), fn _ -> "x" end)},
          {"another key under a known kid", signed(key(:p256), "ES256", claims(), %{"kid" => "e"})},
          {"a kid that is not known", es256.(claims(), %{"kid" => "x"})},
          {"a kid of another key", es256.(claims(), %{"kid" => "d"})},
          {"a kid of a key of another algorithm", es256.(claims(), %{"kid" => "r"})},
          {"a path for a kid", es256.(claims(), %{"kid" => "../../../../dev/null"})},
          {"a kid that is no text", es256.(claims(), %{"kid" => 1})},
          {"no kid among several keys", signed(keys.p256, "ES256", claims())},
          {"no kid, with the first of several keys", signed(keys.rsa, "RS256", claims())},
          {"a key for encryption", signed(keys.encryption, "RS256", claims(), %{"kid" => "enc"})},
          {"a key of another algorithm", signed(keys.encryption, "RS256", claims(), %{"kid" => "oaep"})},
          {"an algorithm that the key is not for", signed(keys.rsa, "RS512", claims(), %{"kid" => "r"})},
          {"PS256", signed(keys.rsa, "PS256", claims(), %{"kid" => "r"})},
          {"another issuer", es256.(claims(%{"iss" => @issuer <> "/"}), %{})},
          {"the host's own issuer", es256.(claims(%{"iss" => "awap", "aud" => "awap"}), %{})},
          {"another audience", es256.(claims(%{"aud" => "moodle"}), %{})},
          {"no audience", es256.(Map.delete(claims(), "aud"), %{})},
          {"expired", es256.(claims(%{"exp" => now - 60}), %{})},
          {"without an end", es256.(Map.delete(claims(), "exp"), %{})},
          {"an end in a week", es256.(claims(%{"exp" => now + 604_800}), %{})},
          {"not yet valid", es256.(claims(%{"nbf" => now + 600}), %{})},
          {"no subject", es256.(Map.delete(claims(), "sub"), %{})},
          {"a subject past all measure", es256.(claims(%{"sub" => String.duplicate("a", 300)}), %{})},
          {"a subject that cannot be printed", es256.(claims(%{"sub" => "a\u0000b"}), %{})},
          {"no role", es256.(Map.delete(claims(), "role"), %{})},
          {"an unknown role", es256.(claims(%{"role" => "Admin"}), %{})},
          {"a role that is no text", es256.(claims(%{"role" => %{"admin" => true}}), %{})}
        ] do
      assert {what, status(port, token)} == {what, 401}
    end
  end

  test "roles come from the claim that is named, one or many, nested or not", %{keys: keys, path: path} do
    for {claim, more, metrics} <- [
          {"role", %{"role" => "tutor"}, 403},
          {"role", %{"role" => ["student", "tutor", "admin"]}, 200},
          {"roles", %{"role" => "tutor", "roles" => ["service"]}, 200},
          {"realm_access.roles", %{"realm_access" => %{"roles" => ["tutor", "offline_access"]}}, 403},
          {"https://awap.university.test/role", %{"https://awap.university.test/role" => "admin"}, 200},
          {"realm_access.roles", %{"realm_access" => "admin"}, 401}
        ] do
      port = endpoint(path, provider: [role_claim: claim])
      token = signed(keys.ed25519, "EdDSA", claims(more), %{"kid" => "d"})
      assert {claim, more, status(port, token, "/metrics")} == {claim, more, metrics}
    end
  end

  test "a user is one in the audit log and in the rate limit, and begets no token", %{keys: keys, path: path} do
    Process.register(self(), AwapBackendWeb.StandIn)
    port = endpoint(path, rate_limit: 100)
    token = signed(keys.ed25519, "EdDSA", claims(), %{"kid" => "d"})
    assert post_json(port, "/api/tmas", %{"content" => "text"}, key: token).status == 201
    assert_receive {:created, _, %{"id" => "tutor-17", "type" => "user"}, _}
    assert request(port, "POST", "/api/tokens", key: token).status == 403
  end

  test "a set of one key needs no kid", %{keys: keys, path: path} do
    File.write!(path, set([public(keys.ed25519)]))
    port = endpoint(path)
    assert status(port, signed(keys.ed25519, "EdDSA", claims())) == 200
    assert status(port, signed(keys.ed25519, "EdDSA", claims(), %{"kid" => "d"})) == 401
  end

  test "the file is read again when it changes; one that cannot be used changes nothing", %{
    keys: keys,
    path: path
  } do
    port = endpoint(path)
    old = signed(keys.p256, "ES256", claims(), %{"kid" => "e"})
    new_key = key(:p256)
    new = signed(new_key, "ES256", claims(), %{"kid" => "new"})
    assert {status(port, old), status(port, new)} == {200, 401}

    # Half of it: a file that is being written.
    log =
      capture_log(fn ->
        File.write!(path, ~s({"keys": [{"kty": "EC", ))
        looked_again(port, old)
        assert status(port, old) == 200
        looked_again(port, old)
      end)

    assert length(String.split(log, "AWAP_JWT_JWKS is not a JWK set")) == 2, "said once: #{log}"

    File.write!(path, set([public(new_key, %{"kid" => "new"})]))
    AwapBackend.DataCase.eventually(fn -> status(port, new) == 200 end)
    assert status(port, old) == 401

    capture_log(fn ->
      File.rm!(path)
      looked_again(port, new)
      assert status(port, new) == 200
    end)
  end

  # The file is looked at once a second.
  defp looked_again(port, token) do
    Process.sleep(1_100)
    status(port, token)
  end

  test "a file that cannot be used ends the start, and the variable is named", %{keys: keys, path: path} do
    Process.flag(:trap_exit, true)

    for {text, part} <- [
          {"", "is not a JWK set"},
          {"[]", "is not a JWK set"},
          {~s({"keys": {}}), "is not a JWK set"},
          {set([]), "has no key"},
          {set([public(key(:p384), %{"kid" => "a"})]), "has no key"},
          {set([public(key(:small_rsa), %{"kid" => "a"})]), "has no key"},
          {set([Map.put(public(keys.p256), "x", "AQAB")]), "has no key"},
          {set([public(keys.p256), public(keys.rsa)]), "“kid”"},
          {set([public(keys.p256, %{"kid" => "a"}), public(keys.rsa, %{"kid" => "a"})]), "“kid”"},
          {set([private(keys.p256)]), "private"},
          {set([%{"kty" => "oct", "k" => "c2VjcmV0"}]), "private"},
          {String.duplicate(" ", 2_000_000), "larger"},
          {:missing, "no such file"}
        ] do
      if text == :missing, do: File.rm!(path), else: File.write!(path, text)
      provider = %{jwks: path, issuer: @issuer, audience: @audience, role_claim: "role"}

      capture_log(fn ->
        assert {:error, {:shutdown, {:failed_to_start_child, _, {:configuration, sentence}}}} =
                 Endpoint.start_link(name: :no_keys, server: true, port: 0, identity_provider: provider)

        assert "AWAP_JWT_JWKS: " <> _ = sentence
        assert sentence =~ part
      end)
    end
  end

  test "without a provider its tokens are not taken", %{keys: keys} do
    port = start_endpoint()
    assert status(port, signed(keys.p256, "ES256", claims(), %{"kid" => "e"})) == 401
  end
end
