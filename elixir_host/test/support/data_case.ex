defmodule AwapBackend.DataCase do
  @moduledoc """
  Tests against a host with a store of its own.

  The host is one for the whole VM, so these tests do not run beside others. `start_host/1` stops it and starts it anew,
  configured by environment variables, on a fresh folder; afterwards the usual one is back.

  The host runs on SQLite, or, where `AWAP_TEST_DATABASE=postgres` is set, on a PostgreSQL database of the folder's own: what
  holds on one has to hold on the other, and `scripts/test` runs the same tests on both.

  Tests say what they need by a tag: `:store` (`awap-store` built), `:core` (`awap-port` built), `:nif` (the host built with
  awap_nif), `:postgres` (a database to use), `:systemd` (`systemd-analyze`), `:small_disk` (leave to mount a file system in
  memory), `:podman` (containers run here), `:ai_image` (the image of awap-jail, built). Where it is not there, they are left out, and counted as such.
  """

  use ExUnit.CaseTemplate

  alias AwapBackend.{Config, OSProcess, Postgres, PubSub, SmallDisk, TMA}

  using do
    quote do
      import AwapBackend.DataCase
    end
  end

  @root Path.expand("../../..", __DIR__)
  @fake Path.expand("fake_core.pl", __DIR__)
  # The NIF reads its key once for the whole VM, and hosts of several tests share a PostgreSQL: all have the same keys.
  @keys %{"AWAP_PSEUDONYM_KEY" => String.duplicate("5a", 32), "AWAP_SEAL_KEY" => String.duplicate("a5", 32)}

  @doc "The core that misbehaves on request."
  def fake_core, do: @fake

  @doc "The keys that all hosts of the tests have, as variables."
  def keys, do: @keys

  @doc "The tags to leave out, as the programs they need are not built."
  def unbuilt do
    {:ok, settings} = Config.load(System.get_env(), :test, @root)

    programs =
      for {tag, key} <- [store: :store_executable, core: :core_executable], not built?(settings[key]), do: tag

    nif = if Code.ensure_loaded?(AwapBackend.CoreBridge.Native), do: [], else: [:nif]
    postgres = if postgres_url(), do: [], else: [:postgres]
    systemd = if System.find_executable("systemd-analyze"), do: [], else: [:systemd]
    release = if System.get_env("AWAP_TEST_RELEASE"), do: [], else: [:release]
    disk = if SmallDisk.possible?(), do: [], else: [:small_disk]
    programs ++ nif ++ postgres ++ systemd ++ release ++ disk ++ podman(programs)
  end

  # Said why, as there are many reasons.
  defp podman([_ | _]), do: [:podman, :ai_image]

  defp podman([]) do
    case AwapBackend.Jail.prepare() do
      :ok ->
        image = System.get_env("AWAP_TEST_AI_IMAGE", "")

        if image != "" and match?({:ok, _id, _digest}, AwapBackend.AI.Podman.image(image)),
          do: [],
          else: [:ai_image]

      {:error, why} ->
        IO.puts("Tests with real containers are left out: #{why}.")
        [:podman, :ai_image]
    end
  end

  @doc "A PostgreSQL database for the tests (`scripts/with-postgres` starts one), or nil."
  def postgres_url, do: System.get_env("AWAP_TEST_POSTGRES_URL")

  # A program that ends when asked to say what it is was not built from its sources yet.
  defp built?(nil), do: false

  defp built?(program) do
    case System.cmd(program, ["--version"], stderr_to_stdout: true) do
      {version, 0} -> version != ""
      _other -> false
    end
  end

  @doc """
  Starts the host anew, with these variables on top of the environment, and a data folder of its own unless `AWAP_DATA_DIR`
  is among them. Returns the data folder.
  """
  def start_host(variables \\ %{}) do
    folder = Map.get_lazy(variables, "AWAP_DATA_DIR", &new_folder/0)
    variables = Map.put(variables, "AWAP_DATA_DIR", folder)
    restart(variables)

    ExUnit.Callbacks.on_exit(fn -> restart(%{}) end)
    folder
  end

  @doc "Stops the host and starts it with these variables."
  def restart(variables) do
    # A stop and a start are told in the log.
    ExUnit.CaptureLog.capture_log(fn ->
      Application.stop(:awap_backend)
      database = database(variables["AWAP_DATA_DIR"])
      variables = [System.get_env(), @keys, database, variables] |> Enum.reduce(&Map.merge(&2, &1))
      settings = Config.load!(variables, :test, @root)
      Application.put_env(:awap_backend, :settings, settings)
      {:ok, _started} = Application.ensure_all_started(:awap_backend)
    end)

    :ok
  end

  @doc """
  The database of a data folder, as a variable: a host that is started again on its folder finds it again. (PostgreSQL's go
  with their server, when the tests are over.)
  """
  def database(nil), do: %{}

  def database(folder) do
    if System.get_env("AWAP_TEST_DATABASE") == "postgres" do
      known = :persistent_term.get({__MODULE__, folder}, nil) || Postgres.create_database()
      :persistent_term.put({__MODULE__, folder}, known)
      %{"AWAP_TEST_DATABASE_URL" => known}
    else
      %{}
    end
  end

  @doc "A folder that is removed after the test."
  def new_folder do
    folder = Path.join(System.tmp_dir!(), "awap-test-#{System.pid()}-#{System.unique_integer([:positive])}")
    File.mkdir_p!(folder)
    ExUnit.Callbacks.on_exit(fn -> File.rm_rf!(folder) end)
    folder
  end

  @doc "Waits until `check` holds."
  def eventually(check, milliseconds \\ 15_000) do
    cond do
      check.() -> :ok
      milliseconds <= 0 -> ExUnit.Assertions.flunk("it did not come to be")
      true -> Process.sleep(20) && eventually(check, milliseconds - 20)
    end
  end

  @doc "Submits a TMA and hears what becomes of it."
  def submit(content, fields \\ %{}, options \\ []) do
    params = Map.merge(%{"content" => content, "student" => %{"name" => "Zebedee Quillfeather"}}, fields)
    {:ok, created} = TMA.create_tma(params, %{"type" => "api_key", "id" => "test"}, options)
    PubSub.subscribe("tma:" <> created["id"])
    created
  end

  @doc "Where a version of a submission in Moodle comes from, as a sync says it."
  def moodle_origin(version) do
    %{
      "site" => "https://moodle.example",
      "course_id" => 2,
      "assignment_id" => 11,
      "submission_id" => 77,
      "attempt" => 0,
      "user_id" => 424_242,
      "seen" => "seen #{version}",
      "content_hash" => "content #{version}"
    }
  end

  @doc "Waits until the TMA is completed or failed; its row."
  def settled(%{"id" => id}, milliseconds \\ 10_000) do
    eventually(
      fn ->
        {:ok, row} = TMA.get_tma(id)
        row["status"] in ["completed", "failed"]
      end,
      milliseconds
    )

    {:ok, row} = TMA.get_tma(id)
    row
  end

  @doc "The processes of the operating system that serve as the core."
  def core_processes do
    for %{os_pid: pid} when is_integer(pid) <- AwapBackend.CoreBridge.status().processes, do: pid
  end

  @doc "Sends a signal (`-STOP`, `-KILL`) to a process."
  def signal(pid, signal), do: System.cmd("/bin/sh", ["-c", "kill #{signal} #{pid}"], stderr_to_stdout: true)

  @doc "Whether the process still runs."
  def running?(pid), do: pid |> OSProcess.identify() |> OSProcess.alive?()
end
