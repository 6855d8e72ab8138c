defmodule AwapBackend.Drain do
  @moduledoc "Stopping a host with SIGTERM while it is in the middle of things, and what must have come of them."

  import ExUnit.Assertions

  alias AwapBackend.{Fixtures, RunningHost}

  @doc """
  Hands in every fixture, begins one more request, sends SIGTERM when half of it is there, and sends the rest once no other
  connection is taken.

  The request is answered 201, the host ends with status 0 and leaves no process; started again, every TMA that was answered
  201 is completed, once. Returns the host that runs then.
  """
  @spec check(RunningHost.t()) :: RunningHost.t()
  def check(host) do
    [last | others] = Fixtures.all()
    ids = for {_name, request, _described} <- others, do: submit(host, request)

    {type, body} = Fixtures.json(last)
    {first, rest} = String.split_at(body, div(String.length(body), 2))
    socket = begin(host, type, byte_size(body))
    :ok = :gen_tcp.send(socket, first)
    RunningHost.signal(host, "TERM")
    until_closed(host, System.monotonic_time(:millisecond) + 30_000)
    :ok = :gen_tcp.send(socket, rest)
    assert {:ok, "HTTP/1.1 201" <> _ = answer} = :gen_tcp.recv(socket, 0, 30_000)
    [_, id] = Regex.run(~r/"id":"([0-9a-f-]{36})"/, answer)

    assert RunningHost.ended(host) == 0
    assert RunningHost.processes(host) == []

    again = RunningHost.relaunch(host)

    for id <- [id | ids] do
      assert RunningHost.await(again, id)["status"] == "completed"
      {200, %{"events" => events}} = RunningHost.get(again, "/api/tmas/#{id}/events")
      assert Enum.count(events, &(&1["type"] == "tma.completed")) == 1
    end

    again
  end

  defp submit(host, request) do
    {201, %{"id" => id}} = RunningHost.post(host, "/api/tmas", request)
    id
  end

  # The host says `100 Continue` when it has read the head: from then on the request is in progress.
  defp begin(host, type, length) do
    {:ok, socket} = :gen_tcp.connect({127, 0, 0, 1}, host.number, [:binary, active: false])

    head = [
      "POST /api/tmas HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\nconnection: close\r\n",
      "content-type: #{type}\r\ncontent-length: #{length}\r\n",
      for({name, value} <- RunningHost.headers(host), do: [name, ": ", value, "\r\n"]),
      "\r\n"
    ]

    :ok = :gen_tcp.send(socket, head)
    assert {:ok, "HTTP/1.1 100 Continue\r\n\r\n"} = :gen_tcp.recv(socket, 0, 30_000)
    socket
  end

  defp until_closed(host, deadline) do
    case :gen_tcp.connect({127, 0, 0, 1}, host.number, [:binary], 1_000) do
      {:error, :econnrefused} ->
        :ok

      other ->
        with {:ok, socket} <- other, do: :gen_tcp.close(socket)

        assert System.monotonic_time(:millisecond) < deadline,
               "the host still takes connections after SIGTERM"

        Process.sleep(50)
        until_closed(host, deadline)
    end
  end
end
