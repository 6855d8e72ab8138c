defmodule AwapBackendWeb.Auth.Credential do
  @moduledoc """
  The credential of a request, as it was sent: an API key or a token (a JWT, RFC 7519), from `Authorization: Bearer …`.

  A browser cannot set that header on a WebSocket, and what stands in an address is logged by everyone on the way. So
  `/socket` takes the credential among its subprotocols too: `Sec-WebSocket-Protocol: awap.v1, awap.bearer.<credential>`.
  """

  alias AwapBackendWeb.Conn
  alias AwapBackendWeb.HTTP.HeaderValue

  @subprotocol "awap.bearer."
  @key_bytes 16..256
  @token_bytes 4_096

  @type t :: {:api_key | :token, String.t()}

  @doc "The credential; `:error` with `:none`, `:many` or `:malformed`."
  @spec read(Conn.t()) :: {:ok, t} | {:error, :none | :many | :malformed}
  def read(%Conn{} = conn) do
    case header(conn) ++ subprotocol(conn) do
      [] -> {:error, :none}
      [{:ok, text}] -> kind(text)
      [:error] -> {:error, :malformed}
      _ -> {:error, :many}
    end
  end

  defp header(conn), do: for({"authorization", value} <- conn.headers, do: bearer(value))

  defp bearer(value) do
    with [scheme, text] <- :binary.split(value, " "),
         "bearer" <- String.downcase(scheme, :ascii) do
      {:ok, HeaderValue.trim(text)}
    else
      _ -> :error
    end
  end

  defp subprotocol(%Conn{route: {_, "/socket", _, _, _}} = conn) do
    for @subprotocol <> text <- HeaderValue.list(conn.headers, "sec-websocket-protocol"), do: {:ok, text}
  end

  defp subprotocol(_conn), do: []

  # Three parts of which the first is a JSON object in base64url: no key that the store makes looks like that.
  defp kind("eyJ" <> _ = text) do
    case :binary.split(text, ".", [:global]) do
      [_, _, _] = parts ->
        if byte_size(text) <= @token_bytes and Enum.all?(parts, &base64url?/1),
          do: {:ok, {:token, text}},
          else: {:error, :malformed}

      _ ->
        key(text)
    end
  end

  defp kind(text), do: key(text)

  defp key(text) do
    if byte_size(text) in @key_bytes and token68?(text),
      do: {:ok, {:api_key, text}},
      else: {:error, :malformed}
  end

  defp base64url?(""), do: false
  defp base64url?(text), do: base64url_chars?(text)

  defp base64url_chars?(<<c, rest::binary>>)
       when c in ?a..?z or c in ?A..?Z or c in ?0..?9 or c in '-_',
       do: base64url_chars?(rest)

  defp base64url_chars?(rest), do: rest == ""

  defp token68?(<<c, rest::binary>>) when c in ?a..?z or c in ?A..?Z or c in ?0..?9 or c in '-._~+/=',
    do: token68?(rest)

  defp token68?(rest), do: rest == ""
end
