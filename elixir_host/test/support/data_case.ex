defmodule AwapBackend.DataCase do
  @moduledoc """
  Tests against a host with a store of its own.

  The host is one for the whole VM, so these tests do not run beside others. `start_host/1` stops it and starts it anew,
  configured by environment variables, on a fresh folder; afterwards the usual one is back.

  Tests of what needs the built programs say so: `@moduletag :store` (`awap-store`), `@moduletag :core` (`awap-port`). Where a
  program is not built, such tests are skipped and counted as skipped.
  """

  use ExUnit.CaseTemplate

  alias AwapBackend.{Config, OSProcess, PubSub, TMA}

  using do
    quote do
      import AwapBackend.DataCase
    end
  end

  @root Path.expand("../../..", __DIR__)
  @fake Path.expand("fake_core.pl", __DIR__)

  @doc "The core that misbehaves on request."
  def fake_core, do: @fake

  @doc "The tags to leave out, as the programs they need are not built."
  def unbuilt do
    {:ok, settings} = Config.load(System.get_env(), :test, @root)

    for {tag, key, command} <- [
          {:store, :store_executable, "health_check"},
          {:core, :core_executable, "health_check"}
        ],
        not answers?(settings[key], command),
        do: tag
  end

  # A program that ends when asked to say what it is was not built from its sources yet.
  defp answers?(nil, _command), do: false

  defp answers?(program, _command),
    do: match?({_output, 0}, System.cmd(program, ["--version"], stderr_to_stdout: true))

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
      settings = Config.load!(Map.merge(System.get_env(), variables), :test, @root)
      Application.put_env(:awap_backend, :settings, settings)
      {:ok, _started} = Application.ensure_all_started(:awap_backend)
    end)

    :ok
  end

  @doc "A folder that is removed after the test."
  def new_folder do
    folder = Path.join(System.tmp_dir!(), "awap-test-#{System.pid()}-#{System.unique_integer([:positive])}")
    File.mkdir_p!(folder)
    ExUnit.Callbacks.on_exit(fn -> File.rm_rf!(folder) end)
    folder
  end

  @doc "Waits until `check` holds."
  def eventually(check, milliseconds \\ 5_000) do
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
