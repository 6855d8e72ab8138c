defmodule AwapBackend.ServiceManagerTest do
  @moduledoc "What systemd is told, on a socket like its own."

  use AwapBackend.DataCase, async: false

  alias AwapBackend.ServiceManager

  setup do
    on_exit(fn -> System.delete_env("NOTIFY_SOCKET") end)
  end

  test "that the host serves, and that it stops" do
    for path <- [Path.join(new_folder(), "notify"), "@awap-test-#{System.pid()}"] do
      address = String.replace_prefix(path, "@", <<0>>)
      {:ok, socket} = :gen_udp.open(0, [:binary, active: false, ifaddr: {:local, address}])
      System.put_env("NOTIFY_SOCKET", path)

      manager = start_supervised!(ServiceManager)
      assert {:ok, {_from, _port, "READY=1"}} = :gen_udp.recv(socket, 0, 5_000)
      stop_supervised!(ServiceManager)
      refute Process.alive?(manager)
      assert {:ok, {_from, _port, "STOPPING=1"}} = :gen_udp.recv(socket, 0, 5_000)
      :gen_udp.close(socket)
    end
  end

  test "where nobody asked, or nobody listens, the host goes on" do
    assert :ignore = ServiceManager.start_link([])
    System.put_env("NOTIFY_SOCKET", "/nonexistent/notify")

    ExUnit.CaptureLog.capture_log(fn ->
      assert {:ok, manager} = ServiceManager.start_link([])
      GenServer.stop(manager)
    end)
  end
end
