defmodule AwapBackend.Doctor.Network do
  @moduledoc "Whether the port can be listened on, by whom it can be reached, and whether TLS to others can be checked."

  import AwapBackend.Doctor.Finding

  alias AwapBackend.JSON

  @doc false
  def check(%{settings: settings}) do
    port(settings) ++ exposure(settings) ++ certificates(settings)
  end

  defp port(%{port: port, bind: bind}) when is_integer(port) and is_tuple(bind) do
    # As the endpoint listens: a port whose last connections have not run out is free.
    case :gen_tcp.listen(port, ip: bind, reuseaddr: true) do
      {:ok, socket} ->
        :gen_tcp.close(socket)
        [ok("port", "#{address(bind)} port #{port} is free")]

      {:error, :eaddrinuse} ->
        [taken(port, bind)]

      {:error, :eacces} ->
        [fault("port", "this user may not listen on port #{port}.", "Set PORT to one above 1023.")]

      {:error, :eaddrnotavail} ->
        [
          fault(
            "port",
            "this machine has no address #{address(bind)}.",
            "Set AWAP_BIND to one that it has, or 0.0.0.0 for all."
          )
        ]

      {:error, reason} ->
        [fault("port", "port #{port} cannot be listened on (#{reason}).", "Set PORT to another.")]
    end
  end

  defp port(_settings), do: []

  defp taken(port, bind) do
    case health(port, bind) do
      {:ok, %{"status" => status, "parts" => %{"database" => _, "core" => _}}} ->
        told = "an AWAP host runs on port #{port}; its health: #{status}"

        if status == "ok",
          do: ok("port", told),
          else: warning("port", told <> ".", "Ask it: curl http://127.0.0.1:#{port}/api/health")

      _other ->
        fault("port", "port #{port} is taken by another program.", "Stop that one, or set PORT to another.")
    end
  end

  defp health(port, bind) do
    {:ok, _started} = Application.ensure_all_started(:inets)
    url = to_charlist("http://#{host(bind)}:#{port}/api/health")

    case :httpc.request(:get, {url, []}, [timeout: 5_000], body_format: :binary) do
      {:ok, {_status, _headers, body}} -> JSON.decode(body)
      {:error, _reason} -> :error
    end
  end

  # What listens everywhere is reached at the loopback.
  defp host({0, 0, 0, 0}), do: "127.0.0.1"

  defp host(bind) when tuple_size(bind) == 8,
    do: "[#{if bind == {0, 0, 0, 0, 0, 0, 0, 0}, do: "::1", else: address(bind)}]"

  defp host(bind), do: address(bind)

  defp address(bind), do: bind |> :inet.ntoa() |> to_string()

  defp exposure(%{bind: bind}) when is_tuple(bind) do
    if elem(bind, 0) == 127 or bind == {0, 0, 0, 0, 0, 0, 0, 1} do
      [ok("reach", "from this machine alone")]
    else
      advice = "Let only a TLS proxy reach it: keys and students' work go over it in the clear."
      [warning("reach", "AWAP_BIND=#{address(bind)} lets other machines reach the HTTP API.", advice)]
    end
  end

  defp exposure(_settings), do: []

  defp certificates(%{moodle_base_url: "https:" <> _}) do
    [ok("certificates", "#{length(:public_key.cacerts_get())} authorities are trusted")]
  catch
    _kind, _none ->
      advice = "Install them (Debian: apt install ca-certificates)."
      [fault("certificates", "this system has none, so no TLS server can be trusted.", advice)]
  end

  defp certificates(_settings), do: []
end
