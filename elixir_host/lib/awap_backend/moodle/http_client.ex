defmodule AwapBackend.Moodle.HttpClient do
  @moduledoc """
  Sends requests to the Moodle site, and to the token endpoint of an OAuth 2.0 server: over a pool of kept connections, with time-outs, a limit on
  what is read, and errors for a person.

  Why not OTP's `httpc`, which is well kept and at hand: it reads what is no 200 or 206 into memory however large it is; it puts a request behind
  others on a kept connection, so that a short call waits for a long download; its one time-out counts from the request, so that a download either
  may stall for as long as it may last or must be quick; and its processes hold requests, tokens and all, in states that crash reports print. Of clients for
  Erlang that Debian has there is none else. So the protocol is read here, in the caller's own process, with Erlang's `decode_packet` and OTP's TLS
  (`AwapBackend.Moodle.HTTP.Exchange`, `.Connection`, `.Pool`).

  - **Redirects** are not followed, to any host: they are an error that names the host.
  - **Retries** are for reads (`AwapBackend.Moodle.HTTP.Retry`). A write goes out once, on a fresh connection; where its answer does not come the error's code is
    `outcome_unknown`.
  - **Tokens** come as `AwapBackend.Moodle.Secret` and are revealed where the request is written.

  Options: `pool` (its name), `connections` (to one server at once, 4), `connect_timeout` (10 s), `idle_timeout` (before an answer and between two pieces of it, 60 s),
  `timeout` (of a whole exchange, 60 s), `max_bytes` (of an answer in memory, 64 MiB), `attempts` (3), `backoff_ms` (500), `proxy`, `no_proxy`, `ca_file`.
  """

  alias AwapBackend.Moodle.{Error, Secret}
  alias AwapBackend.Moodle.HTTP.{Connection, Exchange, Failure, Pool, Retry, Target}

  @agent "AWAP/" <> Mix.Project.config()[:version]
  @max_bytes 67_108_864
  # What is read of an answer that is an error anyway.
  @max_error_bytes 65_536

  @typedoc """
  What is sent. `query` and `form` are fields; a value may be a `Secret`. `write?` says that it must not be sent twice.
  """
  @type request :: %{
          required(:method) => String.t(),
          required(:url) => String.t(),
          optional(:query) => [{String.t(), String.t() | Secret.t()}],
          optional(:form) => [{String.t(), String.t() | Secret.t()}],
          optional(:headers) => [{String.t(), String.t() | Secret.t()}],
          optional(:body) => {content_type :: String.t(), iodata},
          optional(:write?) => boolean
        }

  @type answer :: %{status: 100..599, headers: [{String.t(), String.t()}], body: binary}

  @doc """
  Sends a request, again if it is a read and that may help, and reads its answer into memory. `accept` says what the answer means; unless given,
  a status that is no success is an error.
  """
  @spec request(request, keyword, (answer -> result)) :: result | {:error, Error.t()}
        when result: {:ok, term} | {:error, Error.t()}
  def request(request, options, accept \\ &successful/1) do
    repeated(request, options, fn ->
      with {:ok, answer} <- once(request, memory(options), options), do: accept.(answer)
    end)
  end

  @doc "The answer, where its status is a success."
  @spec successful(answer) :: {:ok, answer} | {:error, Error.t()}
  def successful(answer) do
    case Failure.of_status(answer) do
      nil -> {:ok, answer}
      error -> {:error, error}
    end
  end

  @doc """
  As `request/2`, with the body read by `reader`: see `AwapBackend.Moodle.HTTP.Exchange`. An answer whose status is no success is an error, and
  its body is not given to `reader`. `accept` judges the answer once it is whole.
  """
  @spec stream(request, Exchange.reader(), keyword, (Exchange.head(), term -> result)) ::
          result | {:error, Error.t()}
        when result: {:ok, term} | {:error, Error.t()}
  def stream(request, reader, options, accept) do
    repeated(request, options, fn ->
      with {:ok, head, acc} <- exchange(request, guarded(reader), options), do: judged(head, acc, accept)
    end)
  end

  defp repeated(%{write?: true}, _options, fun), do: fun.()
  defp repeated(_request, options, fun), do: Retry.run(fun, options)

  defp once(request, reader, options) do
    with {:ok, head, body} <- exchange(request, reader, options),
         do: {:ok, Map.put(head, :body, finish(body))}
  end

  defp finish({pieces, _size}), do: pieces |> Enum.reverse() |> IO.iodata_to_binary()

  defp memory(options) do
    most = Keyword.get(options, :max_bytes, @max_bytes)

    begin = fn head ->
      case Exchange.header(head, "content-length") && Integer.parse(Exchange.header(head, "content-length")) do
        {length, ""} when length > most -> {:error, :too_large}
        _other -> {:ok, {[], 0}}
      end
    end

    {begin, &collect(&1, &2, most)}
  end

  defp collect(piece, {pieces, size}, most) do
    size = size + byte_size(piece)
    if size > most, do: {:error, :too_large}, else: {:ok, {[piece | pieces], size}}
  end

  # The caller's reader for a success; of anything else a little is read, so that the connection can serve again.
  defp guarded({begin, piece}) do
    {
      fn head ->
        if Failure.of_status(head),
          do: {:ok, {:refused, {[], 0}}},
          else: with({:ok, acc} <- begin.(head), do: {:ok, {:taken, acc}})
      end,
      fn
        data, {:refused, read} ->
          with {:ok, read} <- collect(data, read, @max_error_bytes), do: {:ok, {:refused, read}}

        data, {:taken, acc} ->
          with {:ok, acc} <- piece.(data, acc), do: {:ok, {:taken, acc}}
      end
    }
  end

  defp judged(head, {:refused, read}, accept), do: accept.(head, {:refused, finish(read)})
  defp judged(head, {:taken, acc}, accept), do: accept.(head, acc)

  # --- one exchange

  defp exchange(request, reader, options) do
    case Target.of(request.url, options) do
      {:ok, target} -> exchange(target, request, reader, options)
      :error -> {:error, Error.new(:invalid, "bad_address", "This is no http(s) address.")}
    end
  end

  defp exchange(target, request, reader, options) do
    write? = Map.get(request, :write?, false)
    deadline = System.monotonic_time(:millisecond) + Keyword.get(options, :timeout, 60_000)
    limits = %{deadline: deadline, idle_timeout: Keyword.get(options, :idle_timeout, 60_000)}
    pool = Keyword.get(options, :pool, Pool)
    places = Keyword.get(options, :connections, 4)

    outcome =
      Pool.run(pool, target, places, [fresh: write?, wait: Keyword.get(options, :timeout, 60_000)], fn kept ->
        case connection(kept, target, options) do
          {:ok, connection} -> on(connection, target, request, reader, limits)
          {:error, reason} -> {{:error, :not_sent, reason}, nil}
        end
      end)

    case outcome do
      {:ok, head, acc} -> {:ok, head, acc}
      {:error, :busy} -> {:error, Failure.of(:busy)}
      {:error, :not_sent, reason} -> {:error, Failure.of(reason)}
      {:error, :sent, reason} -> {:error, reason |> Failure.of() |> after_sending(write?)}
    end
  end

  defp after_sending(error, true), do: Failure.unknown_outcome(error)
  defp after_sending(error, false), do: error

  defp connection(nil, target, options),
    do: Connection.open(target, Keyword.get(options, :connect_timeout, 10_000))

  defp connection(kept, _target, _options), do: {:ok, kept}

  defp on(connection, target, request, reader, limits) do
    case Exchange.run(connection, written(target, request), request.method, reader, limits) do
      {:ok, head, acc, :keep} ->
        {{:ok, head, acc}, connection}

      {:ok, head, acc, :close} ->
        Connection.close(connection)
        {{:ok, head, acc}, nil}

      {:error, sent, reason} ->
        Connection.close(connection)
        {{:error, sent, reason}, nil}
    end
  end

  # --- the request as bytes

  defp written(target, request) do
    {type, body} = body(request)

    [
      [request.method, " ", path(request), " HTTP/1.1\r\n"],
      ["Host: ", Target.authority(target), "\r\nUser-Agent: ", @agent, "\r\nAccept: */*\r\n"],
      for({name, value} <- Map.get(request, :headers, []), do: [name, ": ", revealed(value), "\r\n"]),
      if(type,
        do: [
          "Content-Type: ",
          type,
          "\r\nContent-Length: ",
          Integer.to_string(IO.iodata_length(body)),
          "\r\n"
        ],
        else: []
      ),
      "\r\n",
      body
    ]
  end

  defp path(%{url: url} = request) do
    uri = URI.parse(url)
    query = Enum.reject([uri.query, fields(Map.get(request, :query, []))], &(&1 in [nil, ""]))
    [escaped(uri.path || "/"), if(query == [], do: [], else: ["?", Enum.intersperse(query, "&")])]
  end

  # Moodle escapes its addresses; one that is not must not end the request's line.
  defp escaped(path), do: URI.encode(path, fn char -> char in ?!..?~ end)

  defp body(%{form: form}), do: {"application/x-www-form-urlencoded", fields(form)}
  defp body(%{body: {type, body}}), do: {type, body}
  defp body(_request), do: {nil, ""}

  defp fields(fields) do
    Enum.map_join(fields, "&", fn {name, value} ->
      URI.encode_www_form(name) <> "=" <> URI.encode_www_form(revealed(value))
    end)
  end

  defp revealed(%Secret{} = secret), do: Secret.reveal(secret)
  defp revealed(value), do: value
end
