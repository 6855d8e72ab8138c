defmodule AwapBackend.StartTest do
  @moduledoc "Starting: with a store that cannot work, without one, twice."

  use AwapBackend.DataCase, async: false

  alias AwapBackend.{Config, Health, Repo, Secrets, TMA}

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

    assert_raise MatchError, ~r/migration failed/, fn ->
      restart(%{"AWAP_DATA_DIR" => folder, "AWAP_TEST_DATABASE_URL" => "sqlite:" <> file})
    end

    refute Process.whereis(AwapBackend.Supervisor)
  end

  test "without a store the host starts, says so, and refuses clearly" do
    folder = new_folder()
    program = Path.join(folder, "store.sh")
    File.write!(program, "#!/bin/sh\nexit 1\n")
    File.chmod!(program, 0o700)
    Application.put_env(:awap_backend, :first_start_wait_ms, 200)
    on_exit(fn -> Application.delete_env(:awap_backend, :first_start_wait_ms) end)

    start_host(%{"AWAP_STORE_EXECUTABLE" => program, "AWAP_DATA_DIR" => folder})
    assert %{"status" => "down", "parts" => %{"database" => %{"status" => "down"}}} = Health.refresh()
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
