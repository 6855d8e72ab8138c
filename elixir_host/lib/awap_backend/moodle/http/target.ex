defmodule AwapBackend.Moodle.HTTP.Target do
  @moduledoc """
  Which server an address names, and whether the way there leads through a proxy.

  `https` addresses go through `HTTPS_PROXY` but for the hosts of `NO_PROXY`: `*`, a name, which covers what ends in it too, with or without a
  leading dot, or an IP address; a port after it is heeded. Plain `http` goes straight: it is for a Moodle on the same machine.
  """

  alias AwapBackend.Moodle.HTTP.Connection
  alias AwapBackend.Moodle.Secret

  @doc "Where `url` leads, given the options `proxy`, `no_proxy` and `ca_file`."
  @spec of(String.t(), keyword) :: {:ok, Connection.target()} | :error
  def of(url, options) do
    case URI.new(url) do
      {:ok, %URI{scheme: scheme, host: host, port: port}}
      when scheme in ["http", "https"] and host not in [nil, ""] ->
        scheme = if scheme == "https", do: :https, else: :http
        target = %{scheme: scheme, host: host, port: port, ca_file: options[:ca_file]}
        {:ok, Map.put(target, :proxy, proxy(target, options))}

      _other ->
        :error
    end
  end

  @doc "Host and port as the header `Host` has them."
  @spec authority(Connection.target()) :: String.t()
  def authority(%{scheme: :https, host: host, port: 443}), do: bracketed(host)
  def authority(%{scheme: :http, host: host, port: 80}), do: bracketed(host)
  def authority(%{host: host, port: port}), do: "#{bracketed(host)}:#{port}"

  defp bracketed(host), do: if(String.contains?(host, ":"), do: "[#{host}]", else: host)

  defp proxy(%{scheme: :http}, _options), do: nil

  defp proxy(target, options) do
    with address when address != nil <- options[:proxy],
         false <- Enum.any?(options[:no_proxy] || [], &excepted?(&1, target)),
         %URI{host: host, port: port, userinfo: userinfo} when host not in [nil, ""] <-
           URI.parse(reveal(address)) do
      {host, port, credentials(userinfo)}
    else
      _none -> nil
    end
  end

  defp reveal(%Secret{} = secret), do: Secret.reveal(secret)
  defp reveal(address), do: address

  defp credentials(nil), do: nil
  defp credentials(userinfo), do: userinfo |> URI.decode() |> Base.encode64() |> Secret.new()

  defp excepted?("*", _target), do: true

  defp excepted?(entry, %{host: host, port: port}) do
    {name, wanted} = split_port(String.downcase(entry))
    host = String.downcase(host)
    name = String.trim_leading(name, ".")
    (wanted == nil or wanted == port) and (host == name or String.ends_with?(host, "." <> name))
  end

  # More than one colon: an IPv6 address, without a port.
  defp split_port(entry) do
    with [name, digits] <- String.split(entry, ":"), {port, ""} <- Integer.parse(digits) do
      {name, port}
    else
      _no_port -> {entry |> String.trim_leading("[") |> String.trim_trailing("]"), nil}
    end
  end
end
