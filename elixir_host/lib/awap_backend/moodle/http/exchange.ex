defmodule AwapBackend.Moodle.HTTP.Exchange do
  @moduledoc """
  One request and its answer on a connection (HTTP/1.1), read as it comes: a body is handed on in pieces, so that nothing has to fit in
  memory, and more than was allowed is not read.

  Heads are parsed by Erlang's own `decode_packet`. A body that ends before its announced length is an error, never an answer. A whole
  exchange may take until `deadline`; between two pieces no more than `idle_timeout` may pass.
  """

  alias AwapBackend.Moodle.HTTP.Connection

  @max_head 65_536
  @max_line 16_384

  @typedoc "`deadline` in monotonic milliseconds."
  @type limits :: %{deadline: integer, idle_timeout: pos_integer}

  @type head :: %{status: 100..599, headers: [{String.t(), String.t()}]}

  @typedoc "Begins with the head, then takes each piece of the body. An error ends the reading."
  @type reader :: {
          (head -> {:ok, term} | {:error, term}),
          (binary, term -> {:ok, term} | {:error, term})
        }

  @doc """
  Sends a request and reads the answer with `reader`. `:keep` says that the connection can serve another; after an error it cannot.

  `{:error, :not_sent, reason}` where the request did not leave whole; `{:error, :sent, reason}` where nobody knows what became of it.
  """
  @spec run(Connection.t(), iodata, String.t(), reader, limits) ::
          {:ok, head, term, :keep | :close} | {:error, :not_sent | :sent, term}
  def run(connection, request, method, {begin, piece}, limits) do
    with {:send, :ok} <- {:send, Connection.send(connection, request, left(limits))},
         state = %{connection: connection, buffer: "", limits: limits},
         {:ok, head, version, state} <- head(state),
         {:ok, acc} <- begin.(head),
         {:ok, acc, rest} <- body(framing(method, head), state, acc, piece) do
      {:ok, head, acc, fate(version, head, rest, framing(method, head))}
    else
      {:send, {:error, reason}} -> {:error, :not_sent, reason}
      {:error, reason} -> {:error, :sent, reason}
    end
  end

  @doc "The value of a header (`name` in lower case), or nil."
  @spec header(head, String.t()) :: String.t() | nil
  def header(%{headers: headers}, name) do
    with {_name, value} <- List.keyfind(headers, name, 0), do: value
  end

  # --- head

  defp head(state) do
    case :erlang.decode_packet(:http_bin, state.buffer, line_length: @max_line) do
      {:ok, {:http_response, {1, _minor} = version, status, _phrase}, rest} ->
        headers(%{state | buffer: rest}, version, status, [])

      {:more, _length} ->
        with {:ok, state} <- more(state, @max_head), do: head(state)

      _other ->
        {:error, :protocol}
    end
  end

  defp headers(state, version, status, read) do
    case :erlang.decode_packet(:httph_bin, state.buffer, line_length: @max_line) do
      {:ok, {:http_header, _bit, name, _reserved, value}, rest} when length(read) < 200 ->
        headers(%{state | buffer: rest}, version, status, [{name(name), value} | read])

      # An interim answer; the one that was asked for follows.
      {:ok, :http_eoh, rest} when status in 100..199 and status != 101 ->
        head(%{state | buffer: rest})

      {:ok, :http_eoh, rest} ->
        {:ok, %{status: status, headers: Enum.reverse(read)}, version, %{state | buffer: rest}}

      {:more, _length} ->
        with {:ok, state} <- more(state, @max_head), do: headers(state, version, status, read)

      _other ->
        {:error, :protocol}
    end
  end

  defp name(name), do: name |> to_string() |> String.downcase(:ascii)

  # --- body

  defp framing("HEAD", _head), do: :none
  defp framing(_method, %{status: status}) when status in [204, 304], do: :none

  defp framing(_method, head) do
    case {header(head, "transfer-encoding"), header(head, "content-length")} do
      {nil, nil} -> :until_closed
      {nil, length} -> announced(length, head)
      {encoding, _length} -> encoded(String.downcase(encoding, :ascii))
    end
  end

  # Several lengths that differ: nobody knows where the answer ends.
  defp announced(length, head) do
    same? = Enum.all?(for({"content-length", value} <- head.headers, do: value == length), & &1)

    case Integer.parse(length) do
      {bytes, ""} when bytes >= 0 and same? -> {:length, bytes}
      _other -> :unknown
    end
  end

  defp encoded("chunked"), do: :chunked
  defp encoded(_other), do: :unknown

  defp body(:none, state, acc, _piece), do: {:ok, acc, state.buffer}
  defp body({:length, length}, state, acc, piece), do: exactly(state, length, acc, piece)
  defp body(:chunked, state, acc, piece), do: chunks(state, acc, piece)
  defp body(:until_closed, state, acc, piece), do: to_end(state, acc, piece)
  defp body(:unknown, _state, _acc, _piece), do: {:error, :protocol}

  defp exactly(state, 0, acc, _piece), do: {:ok, acc, state.buffer}

  defp exactly(%{buffer: ""} = state, length, acc, piece) do
    with {:ok, state} <- more(state, :infinity), do: exactly(state, length, acc, piece)
  end

  defp exactly(%{buffer: buffer} = state, length, acc, piece) do
    taken = min(byte_size(buffer), length)
    <<part::binary-size(taken), rest::binary>> = buffer

    with {:ok, acc} <- piece.(part, acc),
         do: exactly(%{state | buffer: rest}, length - taken, acc, piece)
  end

  defp chunks(state, acc, piece) do
    with {:ok, line, state} <- line(state),
         {:ok, size} <- chunk_size(line) do
      chunk(size, state, acc, piece)
    end
  end

  defp chunk(0, state, acc, _piece) do
    with {:ok, state} <- trailers(state), do: {:ok, acc, state.buffer}
  end

  defp chunk(size, state, acc, piece) do
    with {:ok, acc, rest} <- exactly(state, size, acc, piece),
         {:ok, "", state} <- line(%{state | buffer: rest}) do
      chunks(state, acc, piece)
    else
      {:ok, _line, _state} -> {:error, :protocol}
      error -> error
    end
  end

  defp chunk_size(line) do
    digits = line |> String.split(";", parts: 2) |> hd() |> String.trim()

    case Integer.parse(digits, 16) do
      {size, ""} when size >= 0 and byte_size(digits) <= 12 -> {:ok, size}
      _other -> {:error, :protocol}
    end
  end

  defp trailers(state) do
    case line(state) do
      {:ok, "", state} -> {:ok, state}
      {:ok, _trailer, state} -> trailers(state)
      error -> error
    end
  end

  defp line(state) do
    case :binary.split(state.buffer, "\r\n") do
      [line, rest] ->
        {:ok, line, %{state | buffer: rest}}

      [_part] ->
        with {:ok, state} <- more(state, @max_line), do: line(state)
    end
  end

  defp to_end(%{buffer: buffer} = state, acc, piece) do
    with {:ok, acc} <- piece.(buffer, acc) do
      case more(%{state | buffer: ""}, :infinity) do
        {:ok, state} -> to_end(state, acc, piece)
        {:error, :closed} -> {:ok, acc, ""}
        error -> error
      end
    end
  end

  defp more(%{buffer: buffer}, most) when is_integer(most) and byte_size(buffer) > most,
    do: {:error, :protocol}

  defp more(state, _most) do
    wait = min(left(state.limits), state.limits.idle_timeout)

    with {:ok, data} <- Connection.recv(state.connection, wait),
         do: {:ok, %{state | buffer: state.buffer <> data}}
  end

  # Where anything is unclear the connection is not used again.
  defp fate({1, 1}, head, "", framing) when framing != :until_closed do
    case header(head, "connection") do
      nil -> :keep
      value -> if String.downcase(value, :ascii) =~ "close", do: :close, else: :keep
    end
  end

  defp fate(_version, _head, _rest, _framing), do: :close

  defp left(%{deadline: deadline}), do: max(deadline - System.monotonic_time(:millisecond), 1)
end
