defmodule AwapBackend.ConfigTest do
  use ExUnit.Case, async: true

  alias AwapBackend.Config

  @root "/srv/awap"
  @production %{
    "DATABASE_URL" => "postgres://awap:secret@db/awap",
    "SECRET_KEY_BASE" => String.duplicate("x", 64),
    "MOODLE_BASE_URL" => "https://moodle.example.ac.uk/",
    "MOODLE_CLIENT_ID" => "awap",
    "MOODLE_CLIENT_SECRET" => "hush"
  }

  test "in development everything has a default that works" do
    assert {:ok, settings} = Config.load(%{}, :dev, @root)
    assert settings.database_url == "sqlite:/srv/awap/var/awap.db"
    assert {settings.port, settings.bind, settings.core_mode} == {4000, {127, 0, 0, 1}, :port}
  end

  test "an empty variable counts as unset" do
    assert {:ok, %{port: 4000}} = Config.load(%{"PORT" => " "}, :dev, @root)
  end

  test "production requires what it cannot do without, and says all that is missing at once" do
    assert {:error, problems} = Config.load(%{}, :prod, @root)

    for name <- Map.keys(@production) do
      assert Enum.any?(problems, &(&1 == "#{name} is not set, and is required in prod."))
    end

    assert {:ok, settings} = Config.load(@production, :prod, @root)
    assert settings.moodle_base_url == "https://moodle.example.ac.uk"
  end

  for {name, value, part} <- [
        {"PORT", "http", "whole number from 0 to 65535"},
        {"PORT", "65536", "whole number"},
        {"PORT", "4000x", "whole number"},
        {"AWAP_BIND", "localhost", "IP address"},
        {"DATABASE_URL", "mysql://db/awap", "sqlite:"},
        {"DATABASE_URL", "sqlite:", "sqlite:"},
        {"DATABASE_URL", "postgres://host", "sqlite:"},
        {"AWAP_SEAL_KEY", "abcd", "exactly 32 bytes"},
        {"AWAP_SEAL_KEY", String.duplicate("z", 64), "exactly 32 bytes"},
        {"AWAP_PSEUDONYM_KEY", String.duplicate("a", 62), "32 bytes or more"},
        {"AWAP_CORE_MODE", "socket", "port, nif"},
        {"AWAP_LOG_LEVEL", "loud", "debug, info, warning, error"},
        {"CORE_EXECUTABLE", "/nonexistent", "program"},
        {"CORE_EXECUTABLE", "/etc/passwd", "program"},
        {"MOODLE_BASE_URL", "moodle.university.test", "https://"},
        {"SECRET_KEY_BASE", "short", "at least 64"},
        {"AWAP_WORKERS", "0", "from 1"},
        {"AWAP_TRUSTED_PROXIES", "proxy.example", "IP addresses or networks"},
        {"AWAP_TRUSTED_PROXIES", "10.0.0.1, 10.0.0.0/33", "IP addresses or networks"},
        {"AWAP_SIGN_IN_LIMIT", "none", "whole number"}
      ] do
    test "#{name}=#{value} is refused by name, its value not quoted" do
      assert {:error, [problem]} = Config.load(%{unquote(name) => unquote(value)}, :dev, @root)
      assert String.starts_with?(problem, unquote(name) <> " ")
      assert problem =~ unquote(part)

      if unquote(value) not in ["sqlite:", "port"],
        do: refute(problem =~ ~r/\b#{Regex.escape(unquote(value))}\b/)
    end
  end

  test "an identity provider is configured wholly or not at all" do
    jwks = __ENV__.file
    all = %{"AWAP_JWT_JWKS" => jwks, "AWAP_JWT_ISSUER" => "https://login", "AWAP_JWT_AUDIENCE" => "awap"}

    assert {:ok, %{identity_provider: %{jwks: ^jwks, issuer: "https://login", role_claim: "role"}}} =
             Config.load(all, :dev, @root)

    assert {:ok, %{identity_provider: nil}} = Config.load(%{}, :dev, @root)

    for {name, _} <- all do
      assert {:error, [problem]} = Config.load(Map.delete(all, name), :dev, @root)
      assert String.starts_with?(problem, name <> " is not set, and goes with ")
    end

    assert {:error, ["AWAP_JWT_JWKS does not name a file."]} =
             Config.load(%{all | "AWAP_JWT_JWKS" => "/nonexistent/jwks.json"}, :dev, @root)
  end

  test "trusted proxies are addresses and networks" do
    env = %{"AWAP_TRUSTED_PROXIES" => "127.0.0.1, 10.0.0.0/8,::1"}

    assert {:ok,
            %{trusted_proxies: [{{127, 0, 0, 1}, 32}, {{10, 0, 0, 0}, 8}, {{0, 0, 0, 0, 0, 0, 0, 1}, 128}]}} =
             Config.load(env, :dev, @root)
  end

  test "tests keep off the database of the shell they run in" do
    env = %{"DATABASE_URL" => "postgres://db/live", "EVENT_STORE_URL" => "postgres://db/live"}
    assert {:ok, %{database_url: "sqlite:" <> _, event_store_url: nil}} = Config.load(env, :test, @root)
  end

  test "every variable is described; secrets are hidden from the processes we start" do
    for variable <- Config.variables(), do: assert(String.length(variable.doc) > 5)
    hidden = for {name, nil} <- Config.hidden_from_children(), do: name

    for name <- ~w(SECRET_KEY_BASE AWAP_SEAL_KEY DATABASE_URL MOODLE_CLIENT_SECRET MOODLE_TOKEN),
        do: assert(name in hidden)
  end

  test "the README's table has every variable, and no other" do
    readme = File.read!(Path.expand("../../README.md", __DIR__))
    told = for [_line, name] <- Regex.scan(~r/^\| `([A-Z_]+)` \|/m, readme), do: name
    assert told == Enum.map(Config.variables(), & &1.name)
  end

  test "asking for a setting there is not shows no other" do
    error = assert_raise ArgumentError, fn -> Config.get(:no_such_setting) end
    assert error.message == "there is no setting :no_such_setting"
  end

  test "secrets come as systemd's credentials too, where the environment does not set them" do
    folder = Path.join(System.tmp_dir!(), "awap-credentials-#{System.pid()}")
    File.mkdir_p!(folder)
    on_exit(fn -> File.rm_rf!(folder) end)

    for name <- ~w(awap_seal_key secret_key_base port),
        do: File.write!(Path.join(folder, name), "of the file\n")

    env = %{
      "CREDENTIALS_DIRECTORY" => folder,
      "SECRET_KEY_BASE" => "of the environment",
      "AWAP_SEAL_KEY" => ""
    }

    read = Config.Environment.read(env)
    assert read["AWAP_SEAL_KEY"] == "of the file\n"
    assert read["SECRET_KEY_BASE"] == "of the environment"
    refute Map.has_key?(read, "PORT")
    assert Config.Environment.read(%{"PORT" => "1"}) == %{"PORT" => "1"}
  end
end
