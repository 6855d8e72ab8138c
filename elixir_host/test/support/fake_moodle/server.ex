defmodule AwapBackend.FakeMoodle.Server do
  @moduledoc "The HTTP side of the fake Moodle: sockets, requests, answers, and the ways in which both can go wrong."

  alias AwapBackend.FakeMoodle
  alias AwapBackend.FakeMoodle.Site

  @doc "Listens; the listening socket, and its port."
  def listen(owner, options) do
    tcp = [:binary, active: false, packet: :raw, reuseaddr: true, backlog: 128, ip: {127, 0, 0, 1}]
    port = Keyword.get(options, :port, 0)

    {transport, {:ok, socket}} =
      case options[:tls] do
        nil -> {:gen_tcp, :gen_tcp.listen(port, tcp)}
        tls -> {:ssl, :ssl.listen(port, tcp ++ tls)}
      end

    {:ok, {_address, port}} = name(transport, socket)
    pid = spawn_link(fn -> accept(transport, socket, owner) end)
    {:ok, {transport, socket, pid}, port}
  end

  @doc "Ends listening, and every connection."
  def close({transport, socket, pid}) do
    # First: an acceptor that ends by itself leaves its connections be.
    Process.exit(pid, :kill)
    transport.close(socket)
  end

  defp name(:gen_tcp, socket), do: :inet.sockname(socket)
  defp name(:ssl, socket), do: :ssl.sockname(socket)

  defp accept(:gen_tcp = transport, socket, owner) do
    case :gen_tcp.accept(socket) do
      {:ok, client} -> serve(transport, client, owner) && accept(transport, socket, owner)
      {:error, _closed} -> :ok
    end
  end

  defp accept(:ssl = transport, socket, owner) do
    with {:ok, client} <- :ssl.transport_accept(socket) do
      pid = spawn_link(fn -> handshaken(client, owner) end)
      :ssl.controlling_process(client, pid)
      send(pid, :go)
      accept(transport, socket, owner)
    end
  end

  defp handshaken(client, owner) do
    receive do: (:go -> :ok)

    case :ssl.handshake(client, 10_000) do
      {:ok, client} -> begin(:ssl, client, owner)
      {:error, _reason} -> :ok
    end
  end

  defp serve(transport, client, owner) do
    pid =
      spawn_link(fn ->
        receive do: (:go -> begin(transport, client, owner))
      end)

    transport.controlling_process(client, pid)
    send(pid, :go)
    true
  end

  defp begin(transport, client, owner) do
    FakeMoodle.update(owner, &{:ok, %{&1 | connections: &1.connections + 1}})
    loop(%{transport: transport, socket: client, owner: owner, buffer: ""})
  catch
    :exit, _gone -> :ok
  end

  defp loop(connection) do
    with {:ok, request, connection} <- request(connection) do
      case answer(connection, request) do
        :keep -> loop(connection)
        :close -> connection.transport.close(connection.socket)
      end
    else
      {:error, _reason} -> connection.transport.close(connection.socket)
    end
  end

  # --- reading

  defp request(connection) do
    with {:ok, {:http_request, method, target, _version}, connection} <- packet(:http_bin, connection),
         {:ok, headers, connection} <- headers(connection, %{}),
         {:ok, body, connection} <- body(connection, headers) do
      {path, query} = target(target)
      request = %{method: to_string(method), path: path, query: query, headers: headers, body: body}
      {:ok, request, connection}
    else
      {:error, reason} -> {:error, reason}
      # It speaks no HTTP.
      _other -> {:error, :bad_request}
    end
  end

  defp target({:abs_path, target}), do: split(target)
  defp target(target), do: split(to_string(inspect(target)))

  defp split(target) do
    case String.split(target, "?", parts: 2) do
      [path, query] -> {path, query}
      [path] -> {path, ""}
    end
  end

  defp packet(type, connection) do
    case :erlang.decode_packet(type, connection.buffer, line_length: 65_536) do
      {:ok, packet, rest} -> {:ok, packet, %{connection | buffer: rest}}
      {:more, _length} -> with {:ok, connection} <- more(connection), do: packet(type, connection)
      {:error, reason} -> {:error, reason}
    end
  end

  defp headers(connection, read) do
    case packet(:httph_bin, connection) do
      {:ok, :http_eoh, connection} ->
        {:ok, read, connection}

      {:ok, {:http_header, _bit, name, _reserved, value}, connection} ->
        headers(connection, Map.put(read, name |> to_string() |> String.downcase(), value))

      _other ->
        {:error, :bad_request}
    end
  end

  defp body(connection, headers) do
    length = headers |> Map.get("content-length", "0") |> String.to_integer()
    whole(connection, length)
  end

  defp whole(connection, length) when byte_size(connection.buffer) >= length do
    <<body::binary-size(length), rest::binary>> = connection.buffer
    {:ok, body, %{connection | buffer: rest}}
  end

  defp whole(connection, length) do
    with {:ok, connection} <- more(connection), do: whole(connection, length)
  end

  defp more(connection) do
    with {:ok, data} <- connection.transport.recv(connection.socket, 0, 120_000),
         do: {:ok, %{connection | buffer: connection.buffer <> data}}
  end

  # --- answering

  defp answer(connection, request) do
    {faults, answer} = FakeMoodle.update(connection.owner, &Site.handle(&1, request))

    for {:slow, ms} <- faults, do: Process.sleep(ms)

    cond do
      :reset in faults or :reset_after in faults ->
        reset(connection)

      :half in faults ->
        written(connection, request, answer, :half)

      :wrong_length in faults ->
        written(connection, request, answer, :wrong_length)

      trickle = List.keyfind(Enum.filter(faults, &is_tuple/1), :trickle, 0) ->
        trickled(connection, answer, elem(trickle, 1))

      true ->
        written(connection, request, answer, :whole)
    end
  end

  # What is not read when a socket closes makes the other side see a reset, not an end.
  defp reset(%{transport: :gen_tcp} = connection) do
    :inet.setopts(connection.socket, linger: {true, 0})
    :close
  end

  defp reset(_connection), do: :close

  defp written(connection, request, {status, headers, body}, how) do
    body = IO.iodata_to_binary(body)
    chunked? = List.keymember?(headers, "Transfer-Encoding", 0)
    length = byte_size(body)
    sent = if how == :half, do: binary_part(body, 0, div(length, 2)), else: body
    announced = if how == :wrong_length, do: length + 7, else: length

    {framing, payload} =
      cond do
        request.method == "HEAD" -> {[{"Content-Length", "#{length}"}], ""}
        status == 304 -> {[], ""}
        chunked? and how == :half -> {[], chunk(sent)}
        chunked? and how == :wrong_length -> {[], [chunk(sent), "zz\r\n"]}
        chunked? -> {[], chunks(sent)}
        true -> {[{"Content-Length", "#{announced}"}], sent}
      end

    send_all(connection, [head(status, headers ++ framing), payload])
    if how == :whole, do: :keep, else: :close
  end

  # In several pieces, as PHP sends what it has made so far.
  defp chunks(<<first::binary-size(700), rest::binary>>), do: [chunk(first), chunks(rest)]
  defp chunks(""), do: "0\r\n\r\n"
  defp chunks(rest), do: [chunk(rest), "0\r\n\r\n"]

  defp chunk(""), do: ""
  defp chunk(data), do: [Integer.to_string(byte_size(data), 16), "\r\n", data, "\r\n"]

  defp trickled(connection, {status, headers, body}, pause) do
    body = IO.iodata_to_binary(body)
    headers = List.keydelete(headers, "Transfer-Encoding", 0)
    send_all(connection, head(status, headers ++ [{"Content-Length", "#{byte_size(body)}"}]))

    for <<byte <- body>> do
      send_all(connection, <<byte>>)
      Process.sleep(pause)
    end

    :close
  end

  defp head(status, headers) do
    [
      "HTTP/1.1 #{status} #{phrase(status)}\r\nServer: nginx\r\n",
      for({name, value} <- headers, do: [name, ": ", value, "\r\n"]),
      "\r\n"
    ]
  end

  defp phrase(200), do: "OK"
  defp phrase(206), do: "Partial Content"
  defp phrase(304), do: "Not Modified"
  defp phrase(_status), do: "Other"

  defp send_all(connection, data), do: connection.transport.send(connection.socket, data)
end
