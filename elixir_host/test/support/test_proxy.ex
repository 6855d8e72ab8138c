defmodule AwapBackend.TestProxy do
  @moduledoc "An HTTP proxy for tests: takes `CONNECT`, with a name and password if it is to, and passes bytes on."

  @doc "Starts one, linked; its port. `credentials` is `\"name:password\"` or nil; whoever asks is told what was asked for."
  def start(credentials \\ nil) do
    {:ok, socket} = :gen_tcp.listen(0, [:binary, active: false, ip: {127, 0, 0, 1}, reuseaddr: true])
    {:ok, port} = :inet.port(socket)
    owner = self()
    spawn_link(fn -> accept(socket, owner, credentials) end)
    port
  end

  defp accept(socket, owner, credentials) do
    with {:ok, client} <- :gen_tcp.accept(socket) do
      pid =
        spawn(fn ->
          receive do: (:go -> serve(client, owner, credentials))
        end)

      :gen_tcp.controlling_process(client, pid)
      send(pid, :go)
      accept(socket, owner, credentials)
    end
  end

  defp serve(client, owner, credentials) do
    head = head(client, "")
    [target] = Regex.run(~r/\ACONNECT (\S+) HTTP/, head, capture: :all_but_first)
    send(owner, {:connect, target})

    if credentials == nil or head =~ "Proxy-Authorization: Basic " <> Base.encode64(credentials) do
      [host, port] = String.split(target, ":")

      {:ok, server} =
        :gen_tcp.connect(to_charlist(host), String.to_integer(port), [:binary, :inet, active: false])

      :gen_tcp.send(client, "HTTP/1.1 200 Connection established\r\n\r\n")
      :inet.setopts(client, active: true)
      :inet.setopts(server, active: true)
      pump(client, server)
    else
      :gen_tcp.send(client, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
      :gen_tcp.close(client)
    end
  end

  defp head(client, read) do
    if String.ends_with?(read, "\r\n\r\n") do
      read
    else
      {:ok, more} = :gen_tcp.recv(client, 0, 10_000)
      head(client, read <> more)
    end
  end

  defp pump(client, server) do
    receive do
      {:tcp, ^client, data} -> :gen_tcp.send(server, data) && pump(client, server)
      {:tcp, ^server, data} -> :gen_tcp.send(client, data) && pump(client, server)
      {:tcp_closed, _socket} -> Enum.each([client, server], &:gen_tcp.close/1)
    end
  end
end
