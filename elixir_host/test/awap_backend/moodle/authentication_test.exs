defmodule AwapBackend.Moodle.AuthenticationTest do
  @moduledoc "Where tokens come from, how long they hold, and that they show themselves nowhere."

  # Tokens are kept by the one process of the host.
  use ExUnit.Case, async: false

  import ExUnit.CaptureLog

  require Logger

  alias AwapBackend.{Config, FakeMoodle, Moodle}
  alias AwapBackend.FakeMoodle.OAuth
  alias AwapBackend.Moodle.{Client, Error, Secret, TokenProvider, Tokens, TokenVault}
  alias AwapBackend.Moodle.TokenProvider.{LoginToken, OAuth2, Saml, Static}

  setup do
    {:ok, moodle} = FakeMoodle.start()
    folder = Path.join(System.tmp_dir!(), "awap-auth-#{System.unique_integer([:positive])}")
    File.mkdir_p!(folder)
    on_exit(fn -> File.rm_rf!(folder) end)
    %{moodle: moodle, folder: folder}
  end

  defp client(moodle, provider), do: FakeMoodle.client(moodle, token_provider: provider)
  defp asked(moodle, what), do: Enum.count(FakeMoodle.calls(moodle), &(&1.function == what))

  defp settings(env) do
    {:ok, settings} =
      Config.load(Map.put(env, "AWAP_SEAL_KEY", String.duplicate("a5", 32)), :test, "/srv/awap")

    settings
  end

  describe "static" do
    test "sends the token that an administrator made", %{moodle: moodle} do
      settings =
        settings(%{"MOODLE_BASE_URL" => FakeMoodle.url(moodle), "MOODLE_TOKEN" => FakeMoodle.token()})

      assert settings.moodle_auth == :static
      assert {:ok, %{missing: []}} = Moodle.site_info(Moodle.client(settings: settings))
    end

    test "says so where there is none", %{moodle: moodle} do
      assert {:error, %{kind: :auth, code: "no_token", message: message}} =
               Moodle.site_info(client(moodle, {Static, token: nil}))

      assert message =~ "MOODLE_TOKEN"
      assert FakeMoodle.calls(moodle) == []
    end
  end

  describe "login_token" do
    defp account(moodle, more \\ %{}) do
      account = Map.merge(FakeMoodle.account(), more)

      {LoginToken,
       base_url: FakeMoodle.url(moodle),
       username: account.username,
       password: Secret.new(account.password),
       service: account.service}
    end

    test "asks Moodle for a token once, and keeps it", %{moodle: moodle} do
      client = client(moodle, account(moodle))
      for _ <- 1..3, do: assert({:ok, _} = Moodle.site_info(client))
      assert asked(moodle, "token") == 1
      assert FakeMoodle.calls(moodle) |> hd() |> Map.get(:method) == "POST"
    end

    test "is what there is where no token is set", %{moodle: moodle} do
      settings =
        settings(%{
          "MOODLE_BASE_URL" => FakeMoodle.url(moodle),
          "MOODLE_CLIENT_ID" => FakeMoodle.account().username,
          "MOODLE_CLIENT_SECRET" => FakeMoodle.account().password
        })

      assert settings.moodle_auth == :login_token
      assert {:ok, _} = Moodle.site_info(Moodle.client(settings: settings))
    end

    test "asks for another when Moodle no longer takes the first, and goes on, a write too", %{moodle: moodle} do
      client = client(moodle, account(moodle))
      assert {:ok, _} = Moodle.site_info(client)
      FakeMoodle.set_token(moodle, "0123456789abcdef0123456789abcdef")
      assert {:ok, _} = Moodle.site_info(client)
      assert asked(moodle, "token") == 2
      FakeMoodle.set_token(moodle, "fedcba9876543210fedcba9876543210")
      save = %{assignmentid: 1, userid: 1, grade: 1, attemptnumber: -1, addattempt: 0, workflowstate: ""}
      # The token was good; what it asked for is not there.
      assert {:error, %{code: "invalidrecord"}} = Client.write(client, "mod_assign_save_grade", save)
      assert asked(moodle, "token") == 3
    end

    test "says what is wrong with the account", %{moodle: moodle} do
      for {wrong, code} <- [
            {%{password: "no"}, "invalidlogin"},
            {%{username: "nobody"}, "invalidlogin"},
            {%{service: "nope"}, "servicenotavailable"}
          ] do
        assert {:error, %{kind: :auth, code: ^code}} =
                 Moodle.site_info(client(moodle, account(moodle, wrong)))
      end

      FakeMoodle.fault(moodle, :maintenance, on: :token)

      assert {:error, %{kind: :outage, code: "sitemaintenance"}} =
               Moodle.site_info(client(moodle, account(moodle)))

      assert {:error, %{code: "no_account"}} =
               Moodle.site_info(client(moodle, {LoginToken, base_url: "http://x"}))
    end
  end

  describe "oauth2" do
    defp oauth(moodle, options) do
      {id, secret} = OAuth.client()

      {OAuth2,
       Keyword.merge(
         [
           grant: :client_credentials,
           token_url: FakeMoodle.url(moodle) <> "/local/oauth2/token.php",
           client_id: id,
           client_secret: Secret.new(secret),
           send: :wstoken
         ],
         options
       )}
    end

    test "client credentials", %{moodle: moodle} do
      client = client(moodle, oauth(moodle, []))
      for _ <- 1..2, do: assert({:ok, _} = Moodle.site_info(client))
      assert asked(moodle, "oauth") == 1
    end

    test "a server that wants the client's secret in a header gets it there", %{moodle: moodle} do
      assert {:ok, _} = Moodle.site_info(client(moodle, oauth(moodle, scope: "basic")))
    end

    test "password", %{moodle: moodle} do
      good = oauth(moodle, grant: :password, username: "svc", password: Secret.new("pw"))
      assert {:ok, _} = Moodle.site_info(client(moodle, good))
      bad = oauth(moodle, grant: :password, username: "svc", password: Secret.new("no"))
      assert {:error, %{kind: :auth, code: "oauth_invalid_grant"}} = Moodle.site_info(client(moodle, bad))
      none = oauth(moodle, grant: :password)
      assert {:error, %{code: "oauth_incomplete"}} = Moodle.site_info(client(moodle, none))
    end

    test "a wrong client, and a server that answers something else", %{moodle: moodle} do
      wrong = oauth(moodle, client_secret: Secret.new("no"))
      assert {:error, %{kind: :auth, code: "oauth_invalid_client"}} = Moodle.site_info(client(moodle, wrong))
      FakeMoodle.fault(moodle, :html, on: :oauth)

      assert {:error, %{kind: :protocol, code: "oauth_no_token"}} =
               Moodle.site_info(client(moodle, oauth(moodle, send: :both)))
    end

    test "an authorization code works once; its refresh token outlives a restart, sealed", context do
      %{moodle: moodle, folder: folder} = context
      vault = TokenVault.of(%{data_dir: folder, seal_key: String.duplicate("a5", 32), seal_keys_old: nil})

      provider =
        oauth(moodle,
          grant: :authorization_code,
          code: Secret.new("good-1"),
          redirect_url: "https://awap.example/back",
          vault: vault
        )

      {module, options} = provider
      assert {:ok, token, memo} = module.fetch(options, nil, [])
      assert token.expires_in in 1..3600
      assert %Secret{} = memo

      # A restart: nothing is remembered but what is in the vault.
      assert {:ok, _token, _memo} = module.fetch(options, nil, [])
      grants = for %{function: "oauth", params: params} <- FakeMoodle.calls(moodle), do: params["grant_type"]
      assert grants == ["authorization_code", "refresh_token"]

      # Another process used the refresh token meanwhile: what it kept is used.
      assert {:ok, _token, _memo} = module.fetch(options, memo, [])

      sealed = File.read!(vault.path)
      refute sealed =~ "r3fr3sh"
      assert Bitwise.band(File.stat!(vault.path).mode, 0o077) == 0
      assert Secret.reveal(TokenVault.read(vault)) =~ "r3fr3sh"

      # Another key, and a changed file, open nothing; an older key does.
      other = String.duplicate("5b", 32)
      assert TokenVault.read(TokenVault.of(%{data_dir: folder, seal_key: other, seal_keys_old: nil})) == nil
      turned = TokenVault.of(%{data_dir: folder, seal_key: other, seal_keys_old: String.duplicate("a5", 32)})
      assert Secret.reveal(TokenVault.read(turned)) =~ "r3fr3sh"
      File.write!(vault.path, binary_part(sealed, 0, byte_size(sealed) - 1) <> "x")
      assert TokenVault.read(vault) == nil

      # Without it the code is used again, which is too late.
      assert {:error, %{code: "oauth_invalid_grant", message: message}, nil} = module.fetch(options, nil, [])
      assert message =~ "get a new one"
    end

    test "a person is sent to where they sign in", %{moodle: moodle} do
      {_module, options} =
        oauth(moodle, authorize_url: "https://id.example/auth", redirect_url: "https://awap.example/back")

      url = OAuth2.authorization_url(options, "st4te")
      assert %URI{host: "id.example", query: query} = URI.parse(url)

      assert %{"response_type" => "code", "redirect_uri" => "https://awap.example/back", "state" => "st4te"} =
               URI.decode_query(query)

      refute url =~ elem(OAuth.client(), 1)
    end

    test "the token is sent as the site expects it", %{moodle: moodle} do
      for {send, header?, field?} <- [{:wstoken, false, true}, {:bearer, true, false}, {:both, true, true}] do
        FakeMoodle.forget_calls(moodle)
        Moodle.site_info(client(moodle, oauth(moodle, send: send)))
        call = Enum.find(FakeMoodle.calls(moodle), &(&1.function == "core_webservice_get_site_info"))
        assert call.headers["authorization"] == "Bearer " <> FakeMoodle.token() == header?
        assert call.params["wstoken"] == FakeMoodle.token() == field?
      end
    end

    test "needs a token endpoint" do
      assert {:error, [problem]} = Config.load(%{"MOODLE_AUTH" => "oauth2"}, :test, "/srv/awap")
      assert problem =~ "MOODLE_OAUTH_TOKEN_URL"
      env = %{"MOODLE_AUTH" => "oauth2", "MOODLE_OAUTH_TOKEN_URL" => "https://id.example/token"}
      assert {OAuth2, options} = TokenProvider.of(settings(env))
      assert options[:grant] == :client_credentials
    end
  end

  test "saml is not supported, and a message says what to use", %{moodle: moodle} do
    provider = TokenProvider.of(settings(%{"MOODLE_AUTH" => "saml"}))
    assert {Saml, []} = provider

    assert {:error, %Error{kind: :not_supported, message: message}} =
             Moodle.site_info(client(moodle, provider))

    assert message =~ "MOODLE_AUTH=static" and message =~ "oauth2"
  end

  defmodule Short do
    @behaviour TokenProvider
    @impl true
    def fetch(options, memo, _http) do
      send(options[:owner], :fetched)
      {:ok, %{secret: Secret.new("t"), expires_in: options[:seconds], sent: :wstoken}, memo}
    end
  end

  test "a token that has ended is got anew, by a clock that nobody sets" do
    long = {Short, owner: self(), seconds: 3_600}
    for _ <- 1..2, do: assert({:ok, _} = Tokens.get(long, []))
    assert_received :fetched
    refute_received :fetched

    short = {Short, owner: self(), seconds: 1}
    assert {:ok, _} = Tokens.get(short, [])
    assert_received :fetched
    Process.sleep(2_100)
    assert {:ok, _} = Tokens.get(short, [])
    assert_received :fetched
  end

  describe "a token shows itself nowhere" do
    @secrets ["5e41ce0f7a2bd3968c1d04e7f95ab260", "k33p-m3-s3cr3t", "r3fr3sh", "cl13nt-s3cr3t"]

    defp hidden!(text), do: for(secret <- @secrets, do: refute(text =~ secret))

    test "not in what is inspected, by Elixir or Erlang", %{moodle: moodle} do
      for provider <- [{Static, token: Secret.new(FakeMoodle.token())}, account(moodle), oauth(moodle, [])] do
        client = client(moodle, provider)
        assert {:ok, _} = Moodle.site_info(client)
        hidden!(inspect(client, structs: false, limit: :infinity))
        hidden!(inspect(client))
        hidden!(to_string(:io_lib.format("~p ~w", [client, client])))
      end

      for process <- [Tokens, AwapBackend.Moodle.HTTP.Pool] do
        hidden!(to_string(:io_lib.format("~p", [:sys.get_status(process)])))
        hidden!(inspect(:sys.get_state(process), structs: false, limit: :infinity))
      end
    end

    test "not in an error, nor in a log, whatever goes wrong", %{moodle: moodle} do
      client = client(moodle, account(moodle))

      log =
        capture_log(fn ->
          for fault <- [
                :bad_token,
                :reset,
                :half,
                :html,
                :php_down,
                {:redirect, "http://x/?token=" <> FakeMoodle.token()}
              ] do
            FakeMoodle.fault(moodle, fault, on: "core_webservice_get_site_info")
            assert {:error, error} = Moodle.site_info(client)
            hidden!(inspect(error, structs: false, limit: :infinity))
            FakeMoodle.heal(moodle)
          end
        end)

      hidden!(log)
    end

    defmodule Crasher do
      @behaviour TokenProvider
      @impl true
      def fetch(options, _memo, _http), do: raise("with " <> String.duplicate("x", length(options)))
    end

    test "not in what is said of a crash: of a caller, of its task, of the process that keeps tokens", %{
      moodle: moodle
    } do
      client = client(moodle, {Static, token: Secret.new(FakeMoodle.token())})
      url = FakeMoodle.url(moodle)

      log =
        capture_log(fn ->
          # A caller that dies with client and token in hand.
          {pid, ref} =
            spawn_monitor(fn ->
              Client.with_token(client, fn token ->
                raise ArgumentError, "boom #{inspect(token)} #{inspect(client)}"
              end)
            end)

          assert_receive {:DOWN, ^ref, :process, ^pid, reason}, 5_000
          hidden!(inspect(reason, structs: false, limit: :infinity))

          # Arguments that no clause takes are in the stack trace.
          {pid, ref} =
            spawn_monitor(fn ->
              Client.with_token(client, fn token ->
                AwapBackend.Moodle.HttpClient.request(
                  %{method: "GET", url: url, query: [{"token", token.secret}, :bad]},
                  []
                )
              end)
            end)

          assert_receive {:DOWN, ^ref, :process, ^pid, reason}, 5_000
          hidden!(inspect(reason, structs: false, limit: :infinity))

          # The keeper of tokens itself.
          assert {:ok, _} = Moodle.site_info(client)
          crasher = {Crasher, password: Secret.new("k33p-m3-s3cr3t")}
          assert {:error, %{code: "provider_failed"}} = Tokens.get(crasher, [])
          pid = GenServer.whereis(Tokens)
          ref = Process.monitor(pid)
          # A message of a kind that it cannot take.
          GenServer.cast(Tokens, {:nonsense, Secret.new("k33p-m3-s3cr3t")})
          assert_receive {:DOWN, ^ref, :process, ^pid, _reason}, 5_000
          told()
        end)

      hidden!(log)
      wait_until(fn -> GenServer.whereis(Tokens) != nil end)
      assert {:ok, _} = Moodle.site_info(client)
    end

    test "not in what is said where arguments cannot be sent", %{moodle: moodle} do
      client = client(moodle, {Static, token: Secret.new(FakeMoodle.token())})

      log =
        capture_log(fn ->
          {pid, ref} = spawn_monitor(fn -> Client.read(client, "f", %{bad: {:a, :tuple}}) end)
          assert_receive {:DOWN, ^ref, :process, ^pid, reason}, 5_000
          hidden!(inspect(reason, structs: false, limit: :infinity))
          told()
        end)

      hidden!(log)
    end
  end

  # What a process said when it died is on its way to the log.
  defp told do
    Process.sleep(100)
    Logger.flush()
  end

  defp wait_until(fun) do
    unless fun.() do
      Process.sleep(5)
      wait_until(fun)
    end
  end
end
