defmodule AwapBackend.ReleaseTest do
  @moduledoc """
  The commands of `bin/awap`: keys, backup, restore, verify, reseal, on both databases.

  As a command's store has the host's name, the host is stopped for them.
  """

  use AwapBackend.DataCase, async: false

  import ExUnit.CaptureIO

  alias AwapBackend.{EventStore, JSON, Postgres, Release, Repo, TMA}
  alias AwapBackend.Release.DatabaseURL

  @moduletag :store
  @moduletag timeout: 120_000
  @root Path.expand("../../..", __DIR__)

  # A database of its own for each test, by the variable that tests are given one by.
  defp new_database(:sqlite), do: "sqlite:#{new_folder()}/awap.db"

  defp new_database(:postgres) do
    url = Postgres.create_database()
    on_exit(fn -> Postgres.drop_database(url) end)
    url
  end

  defp psql(url, statement) do
    psql = Path.join(System.get_env("AWAP_TEST_POSTGRES_BIN", ""), "psql")
    {_said, 0} = System.cmd(psql, ["-qc", statement], env: DatabaseURL.libpq(url), stderr_to_stdout: true)
  end

  defp variables(url, folder \\ new_folder()),
    do: Map.merge(keys(), %{"AWAP_TEST_DATABASE_URL" => url, "AWAP_DATA_DIR" => folder})

  # Runs a command as another process would: with no host in this VM.
  defp awap(arguments, variables) do
    Application.stop(:awap_backend)
    env = Map.merge(System.get_env(), variables)
    context = %{env: env, env_name: :test, root: @root}
    me = self()

    told =
      capture_io(:stderr, fn ->
        said = capture_io(fn -> send(me, {:status, Release.run(arguments, context)}) end)
        send(me, {:said, said})
      end)

    assert_received {:status, status}
    assert_received {:said, said}
    {status, said, told}
  end

  # A host with one TMA marked, then stopped.
  defp with_feedback(variables) do
    start_host(variables)
    created = submit("By Zebedee Quillfeather. Photosynthesis stores light.")
    assert %{"status" => "completed"} = settled(created, 60_000)
    {:ok, feedback} = TMA.get_feedback(created["id"])
    {created["id"], feedback}
  end

  for kind <- [:sqlite, :postgres] do
    describe "on #{kind}" do
      if kind == :postgres, do: @describetag(:postgres)
      @kind kind

      @tag :core
      test "a backup is restored and goes on; nothing that is there is written over" do
        url = new_database(@kind)
        variables = variables(url)
        {id, feedback} = with_feedback(variables)
        file = Path.join(new_folder(), "awap.backup")

        assert {0, "", told} = awap(["backup", file], variables)
        assert told =~ file
        assert Bitwise.band(File.stat!(file).mode, 0o777) == 0o600
        assert File.ls!(Path.dirname(file)) == ["awap.backup"]
        before = File.read!(file)
        assert {1, "", _told} = awap(["backup", file], variables)
        assert File.read!(file) == before

        assert {1, "", told} = awap(["restore", file], variables)
        assert told =~ "there is a database already"

        elsewhere = variables(new_database(@kind))
        text = Path.join(new_folder(), "text")
        File.write!(text, String.duplicate("This is no backup. ", 500))
        assert {1, "", _told} = awap(["restore", text], elsewhere)
        assert {1, "", told} = awap(["verify"], elsewhere)
        assert told =~ "the database is empty"

        assert {0, "", told} = awap(["restore", file], elsewhere)
        assert told =~ "the events are whole"
        start_host(elsewhere)
        assert {:ok, ^feedback} = TMA.get_feedback(id)

        another = submit("Respiration frees what was stored.")
        assert %{"status" => "completed"} = settled(another, 60_000)
      end

      test "keys are made, listed and revoked" do
        variables = variables(new_database(@kind))
        start_host(variables)

        assert {0, key, told} =
                 awap(["key", "create", "--name", "Dr Ames’s marking", "--role", "service"], variables)

        assert String.trim(key) =~ ~r/^awap_[\w-]{43}$/
        refute told =~ String.trim(key)

        assert {0, json, ""} = awap(["key", "list", "--json"], variables)
        {:ok, keys} = JSON.decode(json)
        assert %{"id" => id, "role" => "service"} = Enum.find(keys, &(&1["name"] == "Dr Ames’s marking"))
        assert {0, table, ""} = awap(["key", "list"], variables)
        assert table =~ ~r/^#{id}  service  Dr Ames’s marking .*valid$/m
        refute table <> json =~ String.trim(key)

        start_host(variables)
        assert {:ok, %{"id" => ^id}} = Repo.call("verify_api_key", %{"key" => String.trim(key)})
        assert {0, "", _told} = awap(["key", "revoke", id], variables)
        assert {0, table, ""} = awap(["key", "list"], variables)
        assert table =~ ~r/^#{id} .*revoked \d{4}-\d\d-\d\d$/m
        start_host(variables)
        assert {:error, %{"code" => "not_found"}} = Repo.call("verify_api_key", %{"key" => String.trim(key)})
        assert {1, "", _told} = awap(["key", "revoke", "018f0000-0000-7000-8000-000000000000"], variables)

        assert {0, "awap_" <> _, told} = awap(["key", "create", "a front end"], variables)
        assert told =~ "“a front end” (tutor)"
      end

      @tag :core
      test "what an older key sealed is sealed anew, and the older key can go" do
        variables = variables(new_database(@kind))
        {_id, _feedback} = with_feedback(variables)
        old = variables["AWAP_SEAL_KEY"]
        changed = Map.put(variables, "AWAP_SEAL_KEY", String.duplicate("3c", 32))
        assert {1, "", told} = awap(["reseal"], changed)
        assert told =~ "is not in AWAP_SEAL_KEYS_OLD"
        assert {0, "", told} = awap(["reseal"], Map.put(changed, "AWAP_SEAL_KEYS_OLD", old))
        assert told =~ "AWAP_SEAL_KEYS_OLD can go"
        assert {0, "", "awap: 0 sealed anew" <> _} = awap(["reseal"], changed)
      end
    end
  end

  @tag :postgres
  test "a changed past is found" do
    url = new_database(:postgres)
    variables = variables(url)
    start_host(variables)
    submit("By Zebedee Quillfeather. Photosynthesis stores light.")
    assert {0, "", told} = awap(["verify"], variables)
    assert told =~ "the events are whole"
    psql(url, "UPDATE events SET data = '{}' WHERE global_position = 1")
    assert {1, "", told} = awap(["verify"], variables)
    assert told =~ "CHANGED: at position 1"
  end

  test "events are verified after a place, and their end is accepted by whoever knows why" do
    variables = variables(new_database(:sqlite))
    start_host(variables)
    for n <- 1..3, do: append(n)
    assert {0, "", told} = awap(["verify"], variables)
    assert [_all, place] = Regex.run(~r/They end at (3:[0-9a-f]{64})/, told)
    start_host(variables)
    append(4)
    assert {0, "", "awap: the events are whole: 1 read" <> _} = awap(["verify", "--after", place], variables)
    other = "3:" <> String.duplicate("0", 64)

    assert {1, "", "awap: the events were CHANGED: at position 3" <> _} =
             awap(["verify", "--after", other], variables)

    assert {1, "", told} = awap(["accept-events", "--reason", "nothing happened"], variables)
    assert told =~ "nothing to accept"

    # As under another key, or where all was made anew by someone who has not the key.
    another = Map.put(variables, "AWAP_PSEUDONYM_KEY", String.duplicate("0f", 32))
    assert {1, "", told} = awap(["verify"], another)
    assert told =~ "may have been CHANGED" and told =~ "awap accept-events"
    assert {0, "", told} = awap(["accept-events", "--reason", "the key was lost"], another)
    assert told =~ "up to position 4"
    assert {0, "", "awap: the events are whole: 5 read" <> _} = awap(["verify"], another)
  end

  test "with events kept elsewhere both are verified, and a restored database is told from its copy" do
    events = new_database(:sqlite)
    variables = Map.put(variables(new_database(:sqlite)), "AWAP_TEST_EVENT_STORE_URL", events)
    start_host(variables)
    append(1)
    file = Path.join(new_folder(), "awap.backup")
    assert {0, "", _told} = awap(["backup", file], variables)
    start_host(variables)
    append(2)
    eventually(fn -> match?({:ok, %{"events" => [_, _]}}, EventStore.read_stream("s")) end, 20_000)
    assert {0, "", _told} = awap(["verify"], variables)

    restored = Map.put(variables, "AWAP_TEST_DATABASE_URL", new_database(:sqlite))
    assert {0, "", told} = awap(["restore", file], restored)
    assert told =~ "set EVENT_STORE_URL to an empty database"
    assert {1, "", told} = awap(["verify"], restored)
    assert told =~ "the events at EVENT_STORE_URL are not the database's own: at position 2"
    refute told =~ "awap: the events were"

    # A database of TMAs is no event store.
    wrong = Map.put(restored, "AWAP_TEST_EVENT_STORE_URL", variables["AWAP_TEST_DATABASE_URL"])
    assert {1, "", told} = awap(["key", "list"], wrong)
    assert told =~ "the event store (EVENT_STORE_URL)"
  end

  defp append(n), do: {:ok, _event} = EventStore.append_event("s", %{"type" => "t", "data" => %{"n" => n}})

  test "a database that is not this version's is left alone, and the reason told" do
    program = Path.join(new_folder(), "store")

    for {state, reason} <- [
          {"empty", "start the host on it first"},
          {"older", "of an older version"},
          {"newer", "of a newer version"}
        ] do
      File.write!(program, ~s(#!/bin/sh\n[ "$1" = --check ] && echo '{"state":"#{state}"}'\n))
      File.chmod!(program, 0o700)
      variables = Map.put(variables(new_database(:sqlite)), "AWAP_STORE_EXECUTABLE", program)

      for command <- [["key", "list"], ["verify"], ["reseal"], ["backup", "/nonexistent/x"]] do
        assert {1, "", told} = awap(command, variables)
        assert told =~ reason
      end
    end
  end

  test "a key that is lost is not made anew" do
    folder = new_folder()
    url = new_database(:sqlite)
    variables = Map.drop(variables(url, folder), ["AWAP_SEAL_KEY"])
    start_host(Map.put(variables, "AWAP_SEAL_KEY", ""))
    File.rm!(Path.join(folder, "secrets/seal_key"))
    assert {1, "", told} = awap(["key", "list"], Map.put(variables, "AWAP_SEAL_KEY", ""))
    assert told =~ "secrets/seal_key: not there"
    refute File.exists?(Path.join(folder, "secrets/seal_key"))
  end

  test "wrong usage is 64, wrong settings 78, neither with a secret" do
    variables = variables(new_database(:sqlite))

    for arguments <- [
          ["nonsense"],
          ["key"],
          ["key", "create"],
          ["key", "create", "--name", "x", "--role", "king"],
          ["key", "create", "x", "--role", "king"],
          ["key", "create", "x", "y"],
          ["key", "create", "x", "--name", "y"],
          ["doctor", "-x"],
          ["verify", "-x"],
          ["verify", "--after", "3"],
          ["accept-events"]
        ] do
      assert {64, "", told} = awap(arguments, variables)
      assert told =~ "(awap help)"
    end

    assert {78, "", told} =
             awap(["key", "list"], Map.merge(variables, %{"PORT" => "x", "AWAP_SEAL_KEY" => "s3cr3t"}))

    assert told =~ "PORT has to be" and told =~ "AWAP_SEAL_KEY has to be"
    refute told =~ "s3cr3t"
    assert {0, help, ""} = awap(["help"], variables)
    assert help =~ "awap key create"
  end

  test "a PostgreSQL URL in the words of its own programs" do
    for {url, expected} <- [
          {"postgres://awap:p%40ss%2Fword@db.example.ac.uk:6432/awap?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem",
           %{
             "PGHOST" => "db.example.ac.uk",
             "PGPORT" => "6432",
             "PGUSER" => "awap",
             "PGPASSWORD" => "p@ss/word",
             "PGDATABASE" => "awap",
             "PGSSLMODE" => "verify-full",
             "PGSSLROOTCERT" => "/etc/ca.pem"
           }},
          {"postgres://awap@db.example.ac.uk/awap?ssl-mode=verify-full",
           %{
             "PGHOST" => "db.example.ac.uk",
             "PGUSER" => "awap",
             "PGDATABASE" => "awap",
             "PGSSLMODE" => "verify-full",
             "PGSSLROOTCERT" => "/etc/ssl/certs/ca-certificates.crt"
           }},
          {"postgres://awap@localhost/awap?host=/run/postgresql",
           %{"PGHOST" => "/run/postgresql", "PGUSER" => "awap", "PGDATABASE" => "awap"}}
        ] do
      assert Map.new(DatabaseURL.libpq(url)) == expected
    end

    assert DatabaseURL.sqlite_file("sqlite:/var/lib/a%20b.db?mode=rwc") == "/var/lib/a b.db"
    assert DatabaseURL.sqlite_file("sqlite:///var/lib/awap.db") == "/var/lib/awap.db"
  end
end
