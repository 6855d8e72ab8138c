defmodule AwapBackendWeb.HTTP.Head do
  @moduledoc """
  The head of an HTTP/1.1 request: request line and headers (RFC 9112), read by the VM's own packet parser and then
  checked for what lets two servers disagree on where a request ends.

  Refused: a missing or doubled `Host`, `Content-Length` together with `Transfer-Encoding`, lengths that differ or are no
  number, a transfer coding other than `chunked`, a name with a space before its colon.
  """

  alias AwapBackendWeb.HTTP.HeaderValue

  @max_headers 100
  @max_request_line 8_192

  # The names that the packet parser answers as atoms, in lower case once and for all.
  @known Map.new(
           ~w(Cache-Control Connection Date Pragma Transfer-Encoding Upgrade Via Accept Accept-Charset Accept-Encoding
              Accept-Language Authorization From Host If-Modified-Since If-Match If-None-Match If-Range
              If-Unmodified-Since Max-Forwards Proxy-Authorization Range Referer User-Agent Age Location
              Proxy-Authenticate Public Retry-After Server Vary Warning Www-Authenticate Allow Content-Base
              Content-Encoding Content-Language Content-Length Content-Location Content-Md5 Content-Range Content-Type
              Etag Expires Last-Modified Accept-Ranges Set-Cookie Set-Cookie2 X-Forwarded-For Cookie Keep-Alive
              Proxy-Connection),
           &{String.to_atom(&1), String.downcase(&1)}
         )

  @typedoc "How the body's end is found."
  @type framing :: :none | {:length, pos_integer} | :chunked

  @type t :: %{
          method: String.t(),
          path: [String.t()],
          query: String.t(),
          version: {1, 0 | 1},
          headers: [{String.t(), String.t()}],
          framing: framing
        }

  @typedoc "Why a head was refused: a status and a sentence."
  @type refusal :: {400..599, String.t()}

  @doc """
  Finds the end of a head in `buffer`, looking from byte `from` on: `{:ok, size}` where the head, with its empty line,
  is the first `size` bytes.
  """
  @spec find_end(binary, non_neg_integer) :: {:ok, pos_integer} | :more
  def find_end(buffer, from) do
    case :binary.match(buffer, ["\n\r\n", "\n\n"], scope: {from, byte_size(buffer) - from}) do
      {at, length} -> {:ok, at + length}
      :nomatch -> :more
    end
  end

  @doc "What to answer to a head of more bytes than are taken."
  @spec too_large(binary) :: refusal
  def too_large(buffer) do
    case :binary.match(buffer, "\n") do
      {at, _} when at <= @max_request_line -> {431, "The headers of this request are too large."}
      _ -> {414, "The address of this request is too long."}
    end
  end

  @doc "Parses a whole head."
  @spec parse(binary) :: {:ok, t} | {:error, refusal}
  def parse(bytes) do
    case :erlang.decode_packet(:http_bin, bytes, line_length: 0) do
      {:ok, {:http_request, method, target, version}, rest} ->
        with :ok <- check_version(version),
             :ok <- check_line(bytes, rest),
             {:ok, headers} <- headers(rest, [], 0),
             :ok <- check_host(headers, version),
             {:ok, framing} <- framing(headers, version),
             {:ok, path, query} <- target(target) do
          {:ok,
           %{
             method: to_string(method),
             path: path,
             query: query,
             version: version,
             headers: headers,
             framing: framing
           }}
        end

      _ ->
        bad("The request line is not HTTP/1.1.")
    end
  end

  defp check_version({1, minor}) when minor in [0, 1], do: :ok
  defp check_version({0, 9}), do: bad("The request line is not HTTP/1.1.")
  defp check_version(_), do: {:error, {505, "This server speaks HTTP/1.1."}}

  defp check_line(bytes, rest) do
    line = binary_part(bytes, 0, byte_size(bytes) - byte_size(rest))

    cond do
      byte_size(line) > @max_request_line -> {:error, {414, "The address of this request is too long."}}
      three_words?(line) -> :ok
      true -> bad("The request line is not HTTP/1.1.")
    end
  end

  # With a single space between them: who reads more leniently may see another address than the proxy in front saw.
  defp three_words?(line), do: length(:binary.matches(line, " ")) == 2 and not String.contains?(line, "\t")

  defp headers(_bytes, _acc, @max_headers),
    do: {:error, {431, "This request has more than #{@max_headers} headers."}}

  defp headers(bytes, acc, count) do
    case :erlang.decode_packet(:httph_bin, bytes, line_length: 0) do
      {:ok, :http_eoh, ""} ->
        {:ok, :lists.reverse(acc)}

      {:ok, {:http_header, _, name, written, value}, rest} ->
        case header_name(name, written) do
          {:ok, name} -> headers(rest, [{name, value} | acc], count + 1)
          :error -> bad("A header of this request has a malformed name.")
        end

      _ ->
        bad("The headers of this request cannot be read.")
    end
  end

  for {name, lower} <- @known do
    defp header_name(unquote(name), _written), do: {:ok, unquote(lower)}
  end

  defp header_name(_name, written) do
    if HeaderValue.token?(written), do: {:ok, String.downcase(written, :ascii)}, else: :error
  end

  defp check_host(headers, version) do
    case for({"host", value} <- headers, do: value) do
      [_] -> :ok
      [] when version == {1, 0} -> :ok
      [] -> bad("This request has no Host header.")
      _ -> bad("This request has more than one Host header.")
    end
  end

  defp framing(headers, version) do
    codings =
      for {"transfer-encoding", value} <- headers, do: String.downcase(HeaderValue.trim(value), :ascii)

    lengths = for {"content-length", value} <- headers, do: HeaderValue.trim(value)

    case {codings, Enum.uniq(lengths)} do
      {[], []} -> {:ok, :none}
      {[], [length]} -> content_length(length)
      {[], _} -> bad("This request has Content-Length headers that differ.")
      {["chunked"], []} when version == {1, 1} -> {:ok, :chunked}
      {["chunked"], []} -> bad("HTTP/1.0 has no Transfer-Encoding.")
      {_, []} -> {:error, {501, "The only transfer coding of this server is chunked."}}
      {_, _} -> bad("This request has both Content-Length and Transfer-Encoding.")
    end
  end

  defp content_length(digits) do
    if byte_size(digits) in 1..18 and digits?(digits) do
      case String.to_integer(digits) do
        0 -> {:ok, :none}
        length -> {:ok, {:length, length}}
      end
    else
      bad("The Content-Length of this request is not a number of bytes.")
    end
  end

  defp digits?(<<c, rest::binary>>) when c in ?0..?9, do: digits?(rest)
  defp digits?(rest), do: rest == ""

  defp target({:abs_path, raw}), do: split_target(raw)
  defp target({:absoluteURI, _scheme, _host, _port, raw}), do: split_target(raw)
  defp target(:*), do: {:ok, ["*"], ""}
  defp target(_), do: bad("The address of this request cannot be read.")

  defp split_target(raw) do
    {path, query} =
      case :binary.split(raw, "?") do
        [path, query] -> {path, query}
        [path] -> {path, ""}
      end

    case path do
      "/" <> path -> segments(path, query)
      _ -> bad("The address of this request cannot be read.")
    end
  end

  # Split first, decode then: an encoded slash is part of its segment and opens no other folder.
  defp segments("", query), do: {:ok, [], query}

  defp segments(path, query) do
    path
    |> :binary.split("/", [:global])
    |> Enum.reduce_while([], fn segment, acc ->
      case percent_decode(segment) do
        {:ok, segment} -> {:cont, [segment | acc]}
        :error -> {:halt, :error}
      end
    end)
    |> case do
      :error -> bad("The address of this request is not percent-encoded UTF-8 without control characters.")
      ["" | reversed] -> {:ok, :lists.reverse(reversed), query}
      reversed -> {:ok, :lists.reverse(reversed), query}
    end
  end

  @doc "Decodes `%41`; `:error` on a broken escape, a control character or what is not UTF-8 afterwards."
  @spec percent_decode(binary) :: {:ok, String.t()} | :error
  def percent_decode(text) do
    with {:ok, text} <- unescape(text),
         true <- String.valid?(text) and not control?(text) do
      {:ok, text}
    else
      _ -> :error
    end
  end

  @doc "Decodes `%41` into bytes of any kind; `:error` on a broken escape."
  @spec unescape(binary) :: {:ok, binary} | :error
  def unescape(text) do
    case :binary.match(text, "%") do
      :nomatch -> {:ok, text}
      _ -> unescape(text, [])
    end
  end

  defp unescape(<<?%, a, b, rest::binary>>, acc) do
    case Integer.parse(<<a, b>>, 16) do
      {byte, ""} when a not in '+-' -> unescape(rest, [acc, byte])
      _ -> :error
    end
  end

  defp unescape(<<?%, _::binary>>, _acc), do: :error
  defp unescape(<<c, rest::binary>>, acc), do: unescape(rest, [acc, c])
  defp unescape(<<>>, acc), do: {:ok, IO.iodata_to_binary(acc)}

  defp control?(<<c, rest::binary>>), do: c < 0x20 or c == 0x7F or control?(rest)
  defp control?(<<>>), do: false

  defp bad(sentence), do: {:error, {400, sentence}}
end
