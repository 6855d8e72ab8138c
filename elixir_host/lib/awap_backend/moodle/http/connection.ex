defmodule AwapBackend.Moodle.HTTP.Connection do
  @moduledoc """
  One connection to a server: TCP, or TLS whose certificate and host name are checked, directly or through a proxy (`CONNECT`).

  Certificates are checked against the system's authorities, or those of `ca_file`. There is no option to do without.
  """

  alias AwapBackend.Moodle.Secret

  @enforce_keys [:transport, :socket]
  defstruct [:transport, :socket]

  @type t :: %__MODULE__{transport: :gen_tcp | :ssl, socket: term}

  @typedoc "Where to: `proxy` is nil, or `{host, port, credentials}` with the credentials of a `Proxy-Authorization`, or nil."
  @type target :: %{
          scheme: :http | :https,
          host: String.t(),
          port: :inet.port_number(),
          proxy: {String.t(), :inet.port_number(), Secret.t() | nil} | nil,
          ca_file: Path.t() | nil
        }

  @tcp [:binary, active: false, packet: :raw, nodelay: true, keepalive: true, send_timeout_close: true]
  # Where an IPv4 address is of no use there may be another.
  @try_ipv6 [:nxdomain, :eafnosupport, :ehostunreach, :enetunreach, :eaddrnotavail]

  @doc "Connects within `timeout` milliseconds. A reason is one of those that `AwapBackend.Moodle.HTTP.Failure` knows."
  @spec open(target, timeout) :: {:ok, t} | {:error, term}
  def open(target, timeout) do
    deadline = now() + timeout

    case target do
      %{scheme: :http} -> plain(target.host, target.port, deadline)
      %{proxy: nil} -> direct_tls(target, deadline)
      _through_proxy -> proxied_tls(target, deadline)
    end
  end

  @doc "Sends all of it."
  @spec send(t, iodata, timeout) :: :ok | {:error, term}
  def send(%__MODULE__{transport: :gen_tcp, socket: socket}, data, timeout) do
    with :ok <- :inet.setopts(socket, send_timeout: timeout), do: :gen_tcp.send(socket, data)
  end

  # The time-out is on the socket below, set when it was made.
  def send(%__MODULE__{transport: :ssl, socket: socket}, data, _timeout), do: :ssl.send(socket, data)

  @doc "What has come, as soon as anything has."
  @spec recv(t, timeout) :: {:ok, binary} | {:error, term}
  def recv(%__MODULE__{transport: transport, socket: socket}, timeout), do: transport.recv(socket, 0, timeout)

  @doc "Gives the socket to another process."
  @spec give(t, pid) :: :ok | {:error, term}
  def give(%__MODULE__{transport: transport, socket: socket}, pid),
    do: transport.controlling_process(socket, pid)

  @doc "Whether a connection that lay idle is still open, and nothing came that nobody asked for."
  @spec usable?(t) :: boolean
  def usable?(connection), do: recv(connection, 0) == {:error, :timeout}

  @doc "Closes it."
  @spec close(t) :: :ok
  def close(%__MODULE__{transport: transport, socket: socket}) do
    transport.close(socket)
    :ok
  end

  defp plain(host, port, deadline) do
    with {:ok, socket} <- tcp(host, port, deadline),
         do: {:ok, %__MODULE__{transport: :gen_tcp, socket: socket}}
  end

  defp direct_tls(target, deadline) do
    with {:ok, socket} <- tcp(target.host, target.port, deadline), do: upgrade(socket, target, deadline)
  end

  defp proxied_tls(%{proxy: {host, port, credentials}} = target, deadline) do
    with {:ok, socket} <- tcp(host, port, deadline) do
      case tunnel(socket, target, credentials, deadline) do
        :ok ->
          upgrade(socket, target, deadline)

        {:error, reason} ->
          :gen_tcp.close(socket)
          {:error, {:proxy, reason}}
      end
    end
  end

  defp tcp(host, port, deadline) do
    name = to_charlist(host)
    options = [{:send_timeout, 30_000} | @tcp]

    case :gen_tcp.connect(name, port, [:inet | options], left(deadline)) do
      {:ok, socket} -> {:ok, socket}
      {:error, reason} when reason in @try_ipv6 -> tcp6(name, port, options, deadline, reason)
      {:error, reason} -> {:error, {:connect, reason}}
    end
  end

  defp tcp6(name, port, options, deadline, reason) do
    case :gen_tcp.connect(name, port, [:inet6 | options], left(deadline)) do
      {:ok, socket} -> {:ok, socket}
      {:error, _reason} -> {:error, {:connect, reason}}
    end
  end

  defp tunnel(socket, target, credentials, deadline) do
    authority = "#{target.host}:#{target.port}"

    authorization =
      if credentials, do: ["Proxy-Authorization: Basic ", Secret.reveal(credentials), "\r\n"], else: []

    request = ["CONNECT ", authority, " HTTP/1.1\r\nHost: ", authority, "\r\n", authorization, "\r\n"]

    with :ok <- :gen_tcp.send(socket, request), do: tunnel_answer(socket, "", deadline)
  end

  # Nothing follows the head: the server at the other end waits for us to speak.
  defp tunnel_answer(socket, read, deadline) do
    cond do
      String.ends_with?(read, "\r\n\r\n") ->
        case read do
          <<"HTTP/1.", _minor, " 2", _rest::binary>> -> :ok
          <<"HTTP/1.", _minor, " ", status::binary-size(3), _rest::binary>> -> {:error, {:status, status}}
          _other -> {:error, :protocol}
        end

      byte_size(read) > 16_384 ->
        {:error, :protocol}

      true ->
        with {:ok, more} <- :gen_tcp.recv(socket, 0, left(deadline)),
             do: tunnel_answer(socket, read <> more, deadline)
    end
  end

  defp upgrade(socket, target, deadline) do
    case tls_options(target) do
      {:ok, options} -> handshake(socket, options, deadline)
      {:error, reason} -> refuse(socket, reason)
    end
  end

  defp handshake(socket, options, deadline) do
    case :ssl.connect(socket, options, left(deadline)) do
      {:ok, tls} -> {:ok, %__MODULE__{transport: :ssl, socket: tls}}
      {:error, reason} -> refuse(socket, tls_reason(reason))
    end
  end

  defp refuse(socket, reason) do
    :gen_tcp.close(socket)
    {:error, {:tls, reason}}
  end

  # The name that is asked for is the name that is checked, be it a host's or an address.
  defp tls_options(target) do
    with {:ok, authorities} <- authorities(target.ca_file) do
      {:ok,
       authorities ++
         [
           verify: :verify_peer,
           versions: [:"tlsv1.3", :"tlsv1.2"],
           server_name_indication: to_charlist(target.host),
           customize_hostname_check: [match_fun: match(target.host)],
           log_level: :none
         ]}
    end
  end

  defp match(host) do
    https = :public_key.pkix_verify_hostname_match_fun(:https)
    address = :inet.parse_strict_address(to_charlist(host))

    fn
      {:dns_id, _name}, {:iPAddress, bytes} -> same_address?(address, bytes)
      asked, presented -> https.(asked, presented)
    end
  end

  defp same_address?({:ok, address}, bytes) do
    size = if tuple_size(address) == 4, do: 8, else: 16
    expected = for part <- Tuple.to_list(address), into: <<>>, do: <<part::size(size)>>
    IO.iodata_to_binary(bytes) == expected
  end

  defp same_address?(_name, _bytes), do: false

  defp authorities(nil) do
    {:ok, [cacerts: :public_key.cacerts_get()]}
  catch
    _kind, _none -> {:error, :no_authorities}
  end

  defp authorities(file), do: {:ok, [cacertfile: to_charlist(file)]}

  # An alert's text quotes the certificate; its name says enough.
  defp tls_reason({:tls_alert, {name, _text}}), do: name
  defp tls_reason(reason) when is_atom(reason), do: reason
  defp tls_reason(_other), do: :failed

  defp left(deadline), do: max(deadline - now(), 1)
  defp now, do: System.monotonic_time(:millisecond)
end
