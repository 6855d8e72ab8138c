defmodule AwapBackend.AI.ContainerTest do
  @moduledoc "What a real container can see and do, and that nothing of it stays."
  use AwapBackend.DataCase, async: false

  import AwapBackend.JailCase

  alias AwapBackend.AI.{Manager, Podman}
  alias AwapBackend.{Jail, OSProcess}

  @moduletag :podman
  @moduletag timeout: 180_000

  setup do
    # Podman passes proxies on, passwords and all, unless it is told not to.
    System.put_env("http_proxy", "http://svc:s3cr3t@proxy.invalid:3128")
    on_exit(fn -> System.delete_env("http_proxy") end)
    start_jail(%{"MAX_AI_CONTAINERS" => "1"})
    :ok
  end

  describe "what the container sees" do
    test "there is no interface but the loopback, and no route" do
      assert {:ok, seen, _about} = suggest("see")
      interfaces = for [_all, name] <- Regex.scan(~r/^\s*(\S+):/m, seen["interfaces"]), do: name
      assert interfaces == ["lo"]
      assert seen["routes"] |> String.split("\n", trim: true) |> length() <= 1
      assert {:ok, %{"done" => false}, _about} = suggest("connect")
    end

    test "it has no capability, no way to new privileges, a seccomp filter, and is nobody" do
      assert {:ok, %{"status" => status}, _about} = suggest("see")
      assert status =~ ~r/^CapEff:\s*0000000000000000$/m
      assert status =~ ~r/^CapBnd:\s*0000000000000000$/m
      assert status =~ ~r/^NoNewPrivs:\s*1$/m
      assert status =~ ~r/^Seccomp:\s*2$/m
      assert status =~ ~r/^Uid:\s*65534\s+65534\s+65534\s+65534$/m
      assert status =~ ~r/^Gid:\s*65534\s+65534/m
    end

    test "its environment has nothing of ours" do
      assert {:ok, %{"environment" => environment}, _about} = suggest("see")
      for secret <- Map.values(AwapBackend.DataCase.keys()), do: refute(environment =~ secret)
      refute environment =~ "AWAP_"
      refute environment =~ "s3cr3t"
      refute environment =~ "DATABASE_URL"
    end

    test "nothing can be written but in /tmp, and nothing there can be run" do
      for path <- ~w(/x /etc/x /dev/x /proc/x /var/x /inmate /data/x /run/x /var/tmp/x /dev/shm/x) do
        assert {:ok, %{"done" => false}, _about} = suggest("write", path)
      end

      assert {:ok, %{"done" => true}, _about} = suggest("write", "/tmp/x")
      assert {:ok, %{"done" => false}, _about} = suggest("run")
    end
  end

  describe "what the container can take" do
    test "a fork bomb ends at the limit of processes" do
      assert {:ok, %{"children" => children}, _about} = suggest("fork_bomb", "", 20_000)
      assert children < 64
      assert {:ok, _seen, _about} = suggest("see")
    end

    test "one that takes more memory than it may is killed, and that is known" do
      events = collect([:awap_backend, :ai, :container])
      assert {:error, %{"code" => "unavailable"}} = suggest("eat", "", 60_000)
      assert_receive {^events, _measurements, %{state: :down, reason: reason}}, 30_000
      # On cgroups of version 1 Podman hears of the kill alone.
      assert reason in [:out_of_memory, :killed]
      eventually(fn -> Manager.status() == :ok end, 20_000)
    end

    test "it has one processor's time, however many threads it runs" do
      assert {:ok, %{"cpu" => stat}, _about} = suggest("spin", "", 30_000)
      # Fields 14 and 15 of stat, in hundredths of a second: four threads spun for two seconds.
      fields = String.split(stat)
      used = String.to_integer(Enum.at(fields, 13)) + String.to_integer(Enum.at(fields, 14))
      assert used < 300
    end
  end

  describe "what becomes of it" do
    test "one that ends is replaced, and nothing of it stays" do
      [name] = Jail.containers()
      was = Jail.inspect(name, "{{.Id}}")
      assert {:error, %{"code" => "unavailable"}} = suggest("abort")
      eventually(fn -> Manager.status() == :ok end, 20_000)
      assert [^name] = Jail.containers()
      assert Jail.inspect(name, "{{.Id}}") != was
    end

    test "one that hangs is killed at the deadline, and replaced" do
      assert {:error, %{"code" => "timeout"}} = suggest("hang", "", 500)
      eventually(fn -> Manager.info().ready == 1 and match?({:ok, _, _}, suggest("see")) end, 20_000)
      assert length(Jail.containers()) == 1
    end

    test "one that floods, and one that talks nonsense, are killed and replaced" do
      for what <- ["flood", "garbage"] do
        assert {:error, %{"code" => code}} = suggest(what, "", 5_000)
        assert code in ["unavailable", "timeout"]
        eventually(fn -> match?({:ok, _, _}, suggest("see")) end, 20_000)
      end

      assert length(Jail.containers()) == 1
    end

    test "one that announces an answer of two gigabytes takes no memory of ours, and is replaced" do
      before = :erlang.memory(:total)
      assert {:error, %{"code" => "unavailable"}} = suggest("swell", "", 20_000)
      assert :erlang.memory(:total) - before < 200_000_000
      eventually(fn -> match?({:ok, _, _}, suggest("see")) end, 20_000)
    end

    test "what it writes to stderr is in no log of ours" do
      assert {:ok, %{"done" => true}, _about} = suggest("shout")
      [name] = Jail.containers()
      {target, 0} = System.cmd("readlink", ["/proc/#{podman_client(name)}/fd/2"])
      assert String.trim(target) == "/dev/null"
    end

    test "kill -9 of the client leaves no container running" do
      [name] = Jail.containers()
      was = Jail.inspect(name, "{{.State.Pid}}") |> String.to_integer() |> OSProcess.identify()
      client = podman_client(name)
      signal(client, "-KILL")
      eventually(fn -> not OSProcess.alive?(was) end, 20_000)
      eventually(fn -> Manager.status() == :ok end, 20_000)
      assert Jail.containers() == [name]
    end

    test "kill -9 of conmon leaves no container running" do
      [name] = Jail.containers()
      was = Jail.inspect(name, "{{.State.Pid}}") |> String.to_integer() |> OSProcess.identify()
      conmon = Jail.inspect(name, "{{.State.ConmonPid}}")
      signal(conmon, "-KILL")
      eventually(fn -> not OSProcess.alive?(was) end, 20_000)
      eventually(fn -> match?({:ok, _, _}, suggest("see")) end, 20_000)
      assert Jail.containers() == [name]
    end

    test "a hung container whose host is gone is removed at the next start" do
      hang_in_background()
      # As kill -9 of the VM leaves it: nobody is there to remove it.
      [name] = Jail.containers()
      was = Jail.inspect(name, "{{.State.Pid}}") |> String.to_integer() |> OSProcess.identify()
      # Held, as by itself it would end the container when its pipes close.
      client = podman_client(name)
      signal(client, "-STOP")
      container = kill_owner()
      assert OSProcess.alive?(was)
      eventually(fn -> not OSProcess.alive?(was) end, 30_000)
      signal(client, "-CONT")
      eventually(fn -> not running?(client) end, 20_000)
      refute Process.alive?(container)
      eventually(fn -> Manager.status() == :ok end, 20_000)
    end

    test "when the host stops, nothing stays" do
      Application.stop(:awap_backend)
      assert Jail.containers() == []
      assert {:ok, 0} = Podman.reap()
    end
  end
end
