defmodule AwapBackend.StartTest do
  @moduledoc "Starting: with a store that cannot work, without one, twice."

  use AwapBackend.DataCase, async: false

  alias AwapBackend.{Config, Health, Postgres, Repo, Secrets, TMA}

  @moduletag :capture_log

  @tag :store
  test "a database that cannot be ends the start" do
    on_exit(fn -> restart(%{}) end)
    folder = new_folder()

    file = Path.join(folder, "awap.db")

    File.write!(
      file,
      "this is no database, and much longer than the header of one would be " <> String.duplicate("x", 4096)
    )

    assert_raise MatchError, ~r/not an SQLite database/, fn ->
      restart(%{"AWAP_DATA_DIR" => folder, "AWAP_TEST_DATABASE_URL" => "sqlite:" <> file})
    end

    refute Process.whereis(AwapBackend.Supervisor)
  end

  @tag :store
  test "no keys are made beside a database that has data" do
    start_host()
    database = Config.get(:database_url)
    on_exit(fn -> restart(%{}) end)
    elsewhere = new_folder()
    without_keys = %{"AWAP_PSEUDONYM_KEY" => "", "AWAP_SEAL_KEY" => ""}
    place = %{"AWAP_DATA_DIR" => elsewhere, "AWAP_TEST_DATABASE_URL" => database}

    assert_raise MatchError, ~r/the keys that it depends on/, fn ->
      restart(Map.merge(without_keys, place))
    end

    refute File.exists?(Secrets.path(elsewhere, :seal_key))

    empty = "sqlite:" <> Path.join(elsewhere, "awap.db")
    restart(Map.merge(without_keys, %{place | "AWAP_TEST_DATABASE_URL" => empty}))
    assert File.exists?(Secrets.path(elsewhere, :seal_key))
  end

  # The whole host, as an operator starts it, on a database that a later version has migrated.
  @tag :store
  @tag :postgres
  @tag timeout: 120_000
  test "a migration that cannot be ends the host with a status and the reason" do
    url = Postgres.create_database()
    on_exit(fn -> Postgres.drop_database(url) end)
    start_host(%{"AWAP_TEST_DATABASE_URL" => url})
    columns = "(version, description, success, checksum, execution_time)"

    Postgres.execute(
      url,
      "INSERT INTO _sqlx_migrations #{columns} VALUES (99990101000000, 'of a later version', true, '', 0)"
    )

    variables = %{
      "AWAP_TEST_DATABASE_URL" => url,
      "AWAP_DATA_DIR" => new_folder(),
      "MIX_ENV" => "test",
      "AWAP_LOG_LEVEL" => "error"
    }

    {said, status} =
      System.cmd("elixir", ["-S", "mix", "run", "--no-compile", "--no-deps-check", "--no-halt"],
        env: Map.merge(keys(), variables),
        stderr_to_stdout: true
      )

    assert status == 1
    assert said =~ "AwapBackend.FirstStart"
    assert said =~ "The database has migration 99990101000000, which this awap-store does not know"
  end

  test "without a store the host starts, says so, and refuses clearly" do
    folder = new_folder()
    program = Path.join(folder, "store.sh")
    File.write!(program, "#!/bin/sh\nexit 1\n")
    File.chmod!(program, 0o700)
    Application.put_env(:awap_backend, :first_start_wait_ms, 200)
    on_exit(fn -> Application.delete_env(:awap_backend, :first_start_wait_ms) end)

    start_host(%{"AWAP_STORE_EXECUTABLE" => program, "AWAP_DATA_DIR" => folder})
    assert %{"status" => "degraded", "serving" => false, "parts" => parts} = Health.refresh()
    assert parts["database"]["status"] == "down"
    assert {:error, %{"code" => "unavailable"}} = TMA.create_tma(%{"content" => "x"}, %{})
    assert {:error, %{"code" => "unavailable"}} = TMA.get_tma("018f0000-0000-7000-8000-000000000000")
  end

  @tag :store
  test "the administrator's key works, after a second start too" do
    folder = start_host()
    {key, path} = Secrets.api_key!(Config.get(:data_dir))
    assert path == Path.join(folder, "secrets/api_key")
    assert {:ok, %{"id" => id, "role" => "admin"}} = Repo.call("verify_api_key", %{"key" => key})
    restart(%{"AWAP_DATA_DIR" => folder})
    assert {:ok, %{"id" => ^id}} = Repo.call("verify_api_key", %{"key" => key})
    assert {:error, %{"code" => "not_found"}} = Repo.call("verify_api_key", %{"key" => key <> "x"})
  end
end
