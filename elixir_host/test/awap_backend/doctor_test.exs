defmodule AwapBackend.DoctorTest do
  @moduledoc "What the doctor finds: each thing that can be wrong, once; that it shows no secret and changes nothing."

  use AwapBackend.DataCase, async: false

  import ExUnit.CaptureIO

  alias AwapBackend.{Doctor, JSON}
  alias AwapBackend.Doctor.{Finding, Machine}

  @root Path.expand("../../..", __DIR__)
  @secrets %{
    "SECRET_KEY_BASE" => String.duplicate("Sk3", 22),
    "MOODLE_CLIENT_SECRET" => "m00dle-hush",
    "MOODLE_TOKEN" => "m00dle-t0ken",
    "AWAP_SEAL_KEY" => String.duplicate("5e", 32),
    "AWAP_PSEUDONYM_KEY" => String.duplicate("9d", 32)
  }

  # Of a machine on which nothing is wrong.
  defp env(variables \\ %{}) do
    %{"AWAP_DATA_DIR" => new_folder(), "AWAP_PROFILE" => System.get_env("AWAP_PROFILE")}
    |> Map.merge(Map.reject(variables, fn {_name, value} -> is_nil(value) end))
    |> Map.reject(fn {_name, value} -> is_nil(value) end)
  end

  defp look(env, areas \\ Doctor.areas()),
    do: Doctor.findings(%{env: env, env_name: :test, root: @root}, areas)

  defp found(env, area, name), do: env |> look([area]) |> Enum.filter(&(&1.name == name))

  defp private(folder) do
    File.chmod!(folder, 0o700)
    folder
  end

  defp program(text) do
    path = Path.join(new_folder(), "program")
    File.write!(path, "#!/bin/sh\n" <> text)
    File.chmod!(path, 0o700)
    path
  end

  defp secret(folder, name, content, mode \\ 0o600) do
    File.mkdir_p!(Path.join(folder, "secrets"))
    File.chmod!(Path.join(folder, "secrets"), 0o700)
    path = Path.join([folder, "secrets", name])
    File.write!(path, content)
    File.chmod!(path, mode)
  end

  @tag :store
  @tag :core
  test "a machine on which nothing is wrong has no fault, and stays as it is" do
    folder = Path.join(new_folder(), "not/there/yet")
    findings = look(env(%{"AWAP_DATA_DIR" => folder}))
    assert Finding.worst(findings) != :fault, inspect(findings)
    refute File.exists?(Path.dirname(folder))
  end

  test "every variable at fault is named, and one that is misspelt" do
    env =
      env(%{"PORT" => "http", "AWAP_SEAL_KEY" => "abc", "AWAP_QUEUE_LIMITS" => "5", "AWAP_LOG" => "debug"})

    assert [port, key, misspelt] = found(env, "Configuration", "variables")
    assert {port.state, key.state, misspelt.state} == {:fault, :fault, :warning}
    assert port.message =~ "PORT has to be"
    assert key.message =~ "AWAP_SEAL_KEY has to be"
    assert misspelt.advice =~ "AWAP_QUEUE_LIMIT meant"
  end

  test "a program that is not there, does not run, or is of another version" do
    for {program, message} <- [
          {program("exit 1"), "does not run"},
          {program("echo awap-port 99.1.0"), "99.1.0"},
          {program("exit 0") |> tap(&File.chmod!(&1, 0o600)), "not found"}
        ] do
      assert [%{state: :fault} = finding] =
               found(env(%{"CORE_EXECUTABLE" => program}), "Programs", "awap-port")

      assert finding.message =~ message
    end
  end

  test "a data folder that all may enter, and secrets that others may read, are empty, or differ from the environment" do
    folder = new_folder()
    File.chmod!(folder, 0o755)
    assert [%{state: :warning, message: message}] = found(env(%{"AWAP_DATA_DIR" => folder}), "Data", "folder")
    assert message =~ "0755"

    for {name, content, mode, variables, state, message} <- [
          {"seal_key", "ab", 0o640, %{}, :fault, "can be read by others (mode 0640)"},
          {"pseudonym_key", " \n", 0o600, %{}, :fault, "is empty"},
          {"seal_key", String.duplicate("ab", 32), 0o600, @secrets, :warning,
           "another key than the environment"},
          {"seal_key", @secrets["AWAP_SEAL_KEY"] <> "\n", 0o600, @secrets, :ok, "for its user alone"}
        ] do
      folder = private(new_folder())
      secret(folder, name, content, mode)
      env = env(Map.put(variables, "AWAP_DATA_DIR", folder))
      assert [%{state: ^state} = finding] = found(env, "Data", "secrets")
      assert finding.message =~ message
    end
  end

  @tag :store
  test "a database without its keys is a fault before the host makes others" do
    folder = new_folder()
    url = %{"AWAP_TEST_DATABASE_URL" => "sqlite:#{folder}/awap.db"}
    start_host(Map.merge(url, %{"AWAP_DATA_DIR" => folder, "AWAP_SEAL_KEY" => ""}))
    env = env(%{"AWAP_DATA_DIR" => folder, "AWAP_PSEUDONYM_KEY" => String.duplicate("5a", 32)})
    assert found(Map.merge(env, url), "Database", "keys") == []
    assert [%{state: :ok}] = found(Map.merge(env, url), "Database", "tables")

    File.rm!(Path.join(folder, "secrets/seal_key"))
    assert [%{state: :fault} = finding] = found(Map.merge(env, url), "Database", "keys")
    assert finding.message =~ "seal_key"
    refute File.exists?(Path.join(folder, "secrets/seal_key"))
  end

  @tag :store
  test "a database that cannot be used, or is not there" do
    text = Path.join(new_folder(), "text.db")
    File.write!(text, String.duplicate("This is text, and no database. ", 40))

    for {url, message} <- [
          {"sqlite:" <> text, "not an SQLite database"},
          {"postgres://awap:hunter2@127.0.0.1:1/awap", ~r/does not answer|No connection/}
        ] do
      assert [%{state: :fault} = finding] = look(env(%{"AWAP_TEST_DATABASE_URL" => url}), ["Database"])
      assert finding.message =~ message
      refute inspect(finding) =~ "hunter2"
    end

    assert [%{state: :fault}] =
             found(env(%{"AWAP_TEST_DATABASE_URL" => "sqlite:/no/such/folder/awap.db"}), "Database", "folder")
  end

  test "the states of a database's tables" do
    for {state, expected} <- [{"empty", :ok}, {"older", :warning}, {"newer", :fault}, {"foreign", :fault}] do
      answer =
        ~s({"database":"postgres","state":"#{state}","applied":1,"pending":[2],"events":3,"latency_us":90000,"clock_ahead_seconds":-60.0})

      env = env(%{"AWAP_STORE_EXECUTABLE" => program("echo '#{answer}'")})
      assert [%{state: ^expected}] = found(env, "Database", "tables")
      assert [%{state: :warning, message: "90.0 ms" <> _}] = found(env, "Database", "latency")

      assert [%{state: :warning, message: "this machine's clock is 60 s ahead of" <> _}] =
               found(env, "Database", "clock")
    end
  end

  @tag :store
  test "the event store, where it is another database" do
    folder = new_folder()
    tmas = "sqlite:#{folder}/awap.db"
    events = "sqlite:#{folder}/events.db"
    urls = &%{"AWAP_TEST_DATABASE_URL" => tmas, "AWAP_TEST_EVENT_STORE_URL" => &1}
    start_host(Map.put(urls.(events), "AWAP_DATA_DIR", folder))

    for {url, state, message} <- [
          {events, :ok, "SQLite, 0 events"},
          {"sqlite:#{folder}/new.db", :ok, "SQLite, empty"},
          {"sqlite:#{folder}/../#{Path.basename(folder)}/awap.db", :fault, "SQLite, a database of TMAs"},
          {"postgres://awap:hunter2@127.0.0.1:1/awap", :warning, ""}
        ] do
      env = %{"AWAP_DATA_DIR" => folder} |> env() |> Map.merge(urls.(url))
      assert [%{state: ^state} = finding] = found(env, "Database", "event store")
      assert finding.message =~ message
      refute inspect(finding) =~ "hunter2"
    end

    assert found(env(urls.(tmas)), "Database", "event store") == []
    nowhere = found(env(urls.("sqlite:/no/such/folder/events.db")), "Database", "event store")
    assert [:ok, :fault] = Enum.map(nowhere, & &1.state)
  end

  test "a port that another program has, one that a host has, and one that others can reach" do
    {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
    {:ok, port} = :inet.port(socket)
    on_exit(fn -> :gen_tcp.close(socket) end)

    Task.start_link(fn ->
      {:ok, client} = :gen_tcp.accept(socket)
      :gen_tcp.send(client, "SSH-2.0-OpenSSH\r\n")
      :gen_tcp.close(client)
    end)

    assert [%{state: :fault}] = found(env(%{"PORT" => "#{port}"}), "Network", "port")
    assert [%{state: :warning}] = found(env(%{"AWAP_BIND" => "0.0.0.0"}), "Network", "reach")
    assert [%{state: :ok}] = found(env(%{"AWAP_BIND" => "::1"}), "Network", "reach")

    endpoint = start_supervised!({AwapBackendWeb.Endpoint, name: __MODULE__, server: true, port: 0})
    env = env(%{"PORT" => "#{AwapBackendWeb.Endpoint.port(endpoint)}"})
    assert [%{message: "an AWAP host runs on port" <> _}] = found(env, "Network", "port")
  end

  test "Moodle without TLS, or without credentials" do
    assert [%{state: :skipped}] = found(env(), "Moodle", "address")

    assert [%{state: :warning}] =
             found(env(%{"MOODLE_BASE_URL" => "http://moodle.example.ac.uk"}), "Moodle", "address")

    env = env(%{"MOODLE_BASE_URL" => "https://moodle.example.ac.uk"})
    assert [%{state: :fault}] = found(env, "Moodle", "credentials")
    assert [] = found(Map.put(env, "MOODLE_TOKEN", "t"), "Moodle", "credentials")
  end

  test "the jail: no image, no Podman, one that does not run, limits that would not hold" do
    assert [%{state: :skipped}] = found(env(), "AI jail", "image")
    path = System.get_env("PATH")
    on_exit(fn -> System.put_env("PATH", path) end)
    env = env(%{"AI_CONTAINER_IMAGE" => "localhost/awap-ai"})

    info = fn cgroups, controllers, rootless ->
      IO.iodata_to_binary(
        JSON.encode(%{
          "host" => %{
            "cgroupVersion" => cgroups,
            "cgroupControllers" => controllers,
            "ociRuntime" => %{"name" => "crun", "version" => "crun version 1.8"},
            "security" => %{"rootless" => rootless}
          },
          "version" => %{"Version" => "4.3.1"}
        })
      )
    end

    for {script, name, state} <- [
          {"echo 'cannot re-exec process'; exit 125", "podman", :warning},
          {"[ $1 = info ] && echo '#{info.("v2", ~w(cpu memory pids), true)}'", "cgroups", :ok},
          {"[ $1 = info ] && echo '#{info.("v2", ~w(memory), true)}'", "cgroups", :warning},
          {"[ $1 = info ] && echo '#{info.("v1", [], false)}'", "cgroups", :ok},
          {"[ $1 = info ] && echo '#{info.("v1", [], true)}'", "cgroups", :warning},
          {"[ $1 = info ] && echo '#{info.("v1", [], true)}'", "image", :warning},
          {"echo '#{info.("v1", [], true)}'", "image", :ok}
        ] do
      folder = new_folder()
      File.cp!(program(script), Path.join(folder, "podman"))
      System.put_env("PATH", folder <> ":" <> path)
      assert [%{state: ^state}] = found(env, "AI jail", name), script
    end
  end

  test "limits are read from the kernel's table" do
    table = """
    Limit                     Soft Limit           Hard Limit           Units
    Max core file size        0                    unlimited            bytes
    Max open files            1024                 524288               files
    Max processes             unlimited            unlimited            processes
    """

    assert Machine.limit(table, "Max open files") == 1024
    assert Machine.limit(table, "Max core file size") == 0
    assert Machine.limit(table, "Max processes") == :unlimited
  end

  test "as text and as JSON; the status is 1 where something is at fault; no secret is shown" do
    folder = private(new_folder())

    for {name, value} <- [{"seal_key", "s3al-in-file"}, {"api_key", "awap_in_file"}],
        do: secret(folder, name, value)

    url = "postgres://awap:hunter2@127.0.0.1:1/awap"

    env =
      env(Map.merge(@secrets, %{"AWAP_DATA_DIR" => folder, "AWAP_TEST_DATABASE_URL" => url, "PORT" => "x"}))

    context = %{env: env, env_name: :test, root: @root}

    text = capture_io(fn -> assert Doctor.run(context, :text) == 1 end)
    assert text =~ "FAULT    variables: PORT has to be a whole number"
    assert text =~ ~r/\d+ ok, \d+ to be looked at, \d+ at fault/

    json = capture_io(fn -> assert Doctor.run(context, :json) == 1 end)
    assert {:ok, %{"status" => "fault", "version" => _, "findings" => findings}} = JSON.decode(json)
    for finding <- findings, do: assert(Map.keys(finding) == ~w(advice area message name state))

    for secret <- ["hunter2", "s3al-in-file", "awap_in_file" | Map.values(@secrets)] do
      refute text =~ secret
      refute json =~ secret
    end
  end
end
