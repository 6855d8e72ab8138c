defmodule AwapBackend.HTTPClient do
  @moduledoc """
  A small HTTP/1.1 client for tests and measurements: one connection, kept open, opened again where the other side closed it.

  It costs little beside the host that is measured, tells a request that was never answered from one that was, and
  repeats nothing by itself. Answers are read by `Content-Length`, as the host writes them.
  """

  alias AwapBackend.JSON

  defstruct [:address, :socket]

  @type t :: %__MODULE__{address: {:inet.ip_address(), :inet.port_number()}, socket: :gen_tcp.socket() | nil}
  @type answer :: %{
          status: 100..599,
          headers: [{String.t(), String.t()}],
          body: binary
        }

  @doc "A client of the host on `port` of this machine; it connects when first used."
  @spec new(:inet.port_number()) :: t
  def new(port), do: %__MODULE__{address: {{127, 0, 0, 1}, port}}

  @doc """
  Sends one request and waits for its answer at most `timeout` milliseconds for each part of it.

  After an error nothing is known of what the other side did with the request, but where the reason is `:not_sent`.
  """
  @spec request(t, String.t(), String.t(), [{String.t(), iodata}], iodata, timeout) ::
          {:ok, answer, t} | {:error, term, t}
  def request(client, method, path, headers \\ [], body \\ "", timeout \\ 30_000) do
    with {:ok, client} <- connected(client) do
      bytes = head(method, path, headers, body)

      with :ok <- :gen_tcp.send(client.socket, [bytes, body]),
           {:ok, answer} <- answer(client.socket, method, timeout) do
        {:ok, answer, kept(client, answer)}
      else
        {:error, reason} -> {:error, reason, close(client)}
      end
    end
  end

  @doc "The body of an answer as JSON; nil where it is none."
  @spec json(answer) :: term
  def json(%{body: body}) do
    case JSON.decode(body) do
      {:ok, term} -> term
      {:error, _} -> nil
    end
  end

  @doc "The value of a header (`name` in lower case), or nil."
  @spec header(answer, String.t()) :: String.t() | nil
  def header(%{headers: headers}, name) do
    with {_, value} <- List.keyfind(headers, name, 0), do: value
  end

  @doc "Closes the connection; the next request opens another."
  @spec close(t) :: t
  def close(%{socket: nil} = client), do: client

  def close(client) do
    :gen_tcp.close(client.socket)
    %{client | socket: nil}
  end

  defp connected(%{socket: nil, address: {ip, port}} = client) do
    options = [:binary, active: false, packet: :http_bin, nodelay: true, send_timeout: 30_000]

    case :gen_tcp.connect(ip, port, options, 5_000) do
      {:ok, socket} -> {:ok, %{client | socket: socket}}
      {:error, _reason} -> {:error, :not_sent, client}
    end
  end

  defp connected(client), do: {:ok, client}

  defp head(method, path, headers, body) do
    length = if body == "", do: [], else: [{"content-length", Integer.to_string(IO.iodata_length(body))}]
    lines = for {name, value} <- [{"host", "localhost"} | length] ++ headers, do: [name, ": ", value, "\r\n"]
    [method, " ", path, " HTTP/1.1\r\n", lines, "\r\n"]
  end

  defp answer(socket, method, timeout) do
    with {:ok, {:http_response, _version, status, _reason}} <- :gen_tcp.recv(socket, 0, timeout),
         {:ok, headers} <- headers(socket, [], timeout) do
      case status do
        100 -> answer(socket, method, timeout)
        _ -> body(socket, method, %{status: status, headers: headers, body: ""}, timeout)
      end
    else
      {:ok, _not_http} -> {:error, :not_http}
      {:error, reason} -> {:error, reason}
    end
  end

  defp headers(socket, so_far, timeout) do
    case :gen_tcp.recv(socket, 0, timeout) do
      {:ok, {:http_header, _, name, _, value}} ->
        name = name |> to_string() |> String.downcase(:ascii)
        headers(socket, [{name, value} | so_far], timeout)

      {:ok, :http_eoh} ->
        {:ok, Enum.reverse(so_far)}

      {:ok, _not_http} ->
        {:error, :not_http}

      {:error, reason} ->
        {:error, reason}
    end
  end

  defp body(socket, method, answer, timeout) do
    length = String.to_integer(header(answer, "content-length") || "0")

    if method == "HEAD" or length == 0 do
      {:ok, answer}
    else
      :inet.setopts(socket, packet: :raw)

      with {:ok, body} <- :gen_tcp.recv(socket, length, timeout) do
        :inet.setopts(socket, packet: :http_bin)
        {:ok, %{answer | body: body}}
      end
    end
  end

  defp kept(client, answer) do
    if header(answer, "connection") == "close", do: close(client), else: client
  end
end
