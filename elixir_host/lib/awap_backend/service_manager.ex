defmodule AwapBackend.ServiceManager do
  @moduledoc """
  Tells the service manager that the host serves, and that it is stopping (`sd_notify(3)`).

  systemd then counts the host as started when its endpoint listens, not when its process is there. The last child of the
  tree: started when all else is, stopped first. Without `NOTIFY_SOCKET` there is nobody to tell, and it does nothing.
  """

  use GenServer

  require Logger

  def start_link(_options), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  @impl true
  def init(nil) do
    case System.get_env("NOTIFY_SOCKET", "") do
      "" ->
        :ignore

      path ->
        Process.flag(:trap_exit, true)
        tell(path, "READY=1")
        {:ok, path}
    end
  end

  @impl true
  def terminate(_reason, path), do: tell(path, "STOPPING=1")

  # A name that begins with @ is of Linux's abstract namespace, whose names begin with a zero byte.
  defp tell(path, message) do
    address = String.replace_prefix(path, "@", <<0>>)

    with {:ok, socket} <- :gen_udp.open(0, [:local]),
         :ok <- :gen_udp.send(socket, {:local, address}, 0, message) do
      :gen_udp.close(socket)
    else
      {:error, reason} -> Logger.warning("The service manager cannot be told #{message} (#{reason})")
    end
  end
end
