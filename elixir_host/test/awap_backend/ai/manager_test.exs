defmodule AwapBackend.AI.ManagerTest do
  @moduledoc "The pool: who is served, who waits, who is refused, and what happens to those whose container or caller dies."
  use AwapBackend.DataCase, async: false

  import AwapBackend.JailCase

  alias AwapBackend.AI.{Container, Manager, Podman}
  alias AwapBackend.{Health, Jail}

  describe "without containers" do
    test "where no image is configured, requests are refused at once and health says so" do
      start_host(%{})
      assert Manager.status() == :disabled
      assert {:error, %{"code" => "not_configured"}} = suggest("see")
      assert %{"status" => "degraded", "code" => "not_configured"} = Manager.health()
      assert Health.refresh()["status"] == "ok"
    end

    test "where there is no Podman, requests are refused at once, health is degraded, and the host is up" do
      start_host(%{"AI_CONTAINER_IMAGE" => Jail.image(), "AI_PODMAN" => "/bin/false"})
      eventually(fn -> Manager.info().problem =~ "Podman does not work" end, 20_000)
      assert {:error, %{"code" => "unavailable", "details" => %{"reason" => "no_container"}}} = suggest("see")
      assert Manager.health()["status"] == "degraded"
      assert Health.refresh()["status"] == "degraded"
      assert Health.refresh()["parts"]["database"]["status"] == "ok"
    end
  end

  describe "with containers" do
    @describetag :podman
    @describetag timeout: 180_000

    test "an image that is not there is said to be missing, and is not asked of a registry" do
      :ok = Jail.prepare()
      start_host(Map.put(Jail.variables(), "AI_CONTAINER_IMAGE", "registry.invalid/none:1"))
      eventually(fn -> Manager.info().problem =~ "no image" end, 20_000)
      assert {:error, %{"code" => "unavailable"}} = suggest("see")
    end

    test "what an earlier run left is removed, also where AI is no longer configured" do
      start_jail(%{"MAX_AI_CONTAINERS" => "1"})
      folder = AwapBackend.Config.get(:data_dir)
      name = "awap-ai-#{Podman.instance()}-7"
      options = [image: Jail.image(), label: Podman.label()]
      ["run" | arguments] = Container.arguments(name, options)
      made = ["create" | arguments -- ["--attach", "stdin", "--attach", "stdout", "--replace"]]
      {_id, 0} = System.cmd("podman", made, stderr_to_stdout: true)
      File.write!(Podman.pidfile(name), "")
      assert name in Jail.containers()
      restart(%{"AWAP_DATA_DIR" => folder})
      eventually(fn -> Jail.containers() == [] and not File.exists?(Podman.pidfile(name)) end, 20_000)
    end

    test "as many are served at once as there are containers; the next waits its turn" do
      start_jail(%{"MAX_AI_CONTAINERS" => "2"})
      tasks = for _n <- 1..6, do: Task.async(fn -> suggest("sleep", "300", 20_000) end)
      eventually(fn -> match?(%{busy: 2, waiting: waiting} when waiting > 0, Manager.info()) end, 5_000)
      assert for({:ok, %{"slept" => true}, _about} <- Task.await_many(tasks, 30_000), do: 1) |> length() == 6
      assert %{busy: 0, waiting: 0} = Manager.info()
    end

    test "past the queue's limit a request is refused, and past its deadline it waits no longer" do
      start_jail(%{"MAX_AI_CONTAINERS" => "1", "AI_QUEUE_LIMIT" => "1"})
      first = Task.async(fn -> suggest("sleep", "3000", 20_000) end)
      eventually(fn -> Manager.info().busy == 1 end, 5_000)
      second = Task.async(fn -> suggest("see", "", 200) end)
      eventually(fn -> Manager.info().waiting == 1 end, 5_000)
      assert {:error, %{"code" => "unavailable", "details" => %{"reason" => "overload"}}} = suggest("see")
      assert {:error, %{"code" => "timeout"}} = Task.await(second, 10_000)
      assert {:ok, %{"slept" => true}, _about} = Task.await(first, 30_000)
    end

    test "a request whose container is killed is tried once on another" do
      start_jail(%{"MAX_AI_CONTAINERS" => "2"})
      task = Task.async(fn -> suggest("sleep", "1500", 30_000) end)
      eventually(fn -> Manager.info().busy == 1 end, 5_000)
      # Whichever it is, it dies; the other takes the request up.
      busy = busy_slot()
      System.cmd("podman", ["kill", Enum.find(Jail.containers(), &String.ends_with?(&1, "-#{busy}"))])
      assert {:ok, %{"slept" => true}, _about} = Task.await(task, 40_000)
      eventually(fn -> Manager.info().ready == 2 end, 20_000)
    end

    test "a caller that dies has its container replaced, so that the next does not wait for nobody's answer" do
      start_jail(%{"MAX_AI_CONTAINERS" => "1"})
      caller = spawn(fn -> suggest("hang", "", 600_000) end)
      eventually(fn -> Manager.info().busy == 1 end, 5_000)
      Process.exit(caller, :kill)
      assert {:ok, _seen, _about} = suggest("see", "", 30_000)
    end

    test "a manager that dies comes back with its containers, and leaves none of the old" do
      start_jail(%{"MAX_AI_CONTAINERS" => "2"})
      before = Manager |> Process.whereis()
      Process.exit(before, :kill)
      eventually(fn -> (pid = Process.whereis(Manager)) && pid != before end, 10_000)
      eventually(fn -> Manager.info().ready == 2 end, 60_000)
      assert length(Jail.containers()) == 2
    end

    @tag :ai_image
    test "the image that AWAP ships is understood, and has no model until one is given" do
      image = System.fetch_env!("AWAP_TEST_AI_IMAGE")
      start_jail(%{"MAX_AI_CONTAINERS" => "1", "AI_CONTAINER_IMAGE" => image})
      assert Manager.info().problem =~ "AI_MODEL"
      assert Manager.health()["status"] == "degraded"
      assert {:error, %{"code" => code}} = Manager.request("suggest", %{}, 10_000)
      assert code in ["not_configured", "invalid_input"]
    end

    test "who answered is known by the image's digest" do
      start_jail(%{"MAX_AI_CONTAINERS" => "1"})
      assert {:ok, _seen, %{"image_digest" => "sha256:" <> _hex}} = suggest("see")
    end
  end

  defp busy_slot do
    Enum.find_value(:sys.get_state(Manager).containers, fn {_pid, container} ->
      container.ticket && container.slot
    end)
  end
end
