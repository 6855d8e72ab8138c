defmodule AwapBackend.Moodle.Files do
  @moduledoc """
  Fetches a student's file, in pieces, to a file of this machine, and sends feedback files.

  Moodle answers 200 with JSON where it refuses, so nothing is taken for the essay before its length and its SHA-1, which is the ETag, are right. The token goes to the
  site's own address alone, whatever an address in an answer says.
  """

  alias AwapBackend.JSON
  alias AwapBackend.Moodle.{Client, Error, HttpClient, Secret}
  alias AwapBackend.Moodle.HTTP.{Exchange, Failure}

  @peek 65_536

  @doc false
  def download(client, file, path, max_bytes, options) do
    with {:ok, url} <- address(client, file.url),
         :ok <- fits(file, max_bytes),
         {:ok, io} <- opened(path) do
      outcome = fetched(client, url, file, io, max_bytes, options)
      :file.close(io)
      if not match?({:ok, %{}}, outcome), do: File.rm(path)
      outcome
    end
  end

  @doc "Whether a file could be fetched; its body is not."
  @spec probe(Client.t(), %{url: String.t()}) :: :ok | {:error, Error.t()}
  def probe(client, file) do
    with {:ok, url} <- address(client, file.url), {:ok, _head} <- headed(client, url), do: :ok
  end

  defp headed(client, url) do
    Client.with_token(client, fn token ->
      {headers, query} = Client.sent(token, "token")
      HttpClient.request(%{method: "HEAD", url: url, query: query, headers: headers}, client.http, &a_file/1)
    end)
  end

  # An error has no ETag.
  defp a_file(answer) do
    with {:ok, answer} <- HttpClient.successful(answer) do
      if etag(answer),
        do: {:ok, answer},
        else: {:error, wrong("no_file", "Moodle does not give out the file.")}
    end
  end

  # Whatever host it names, the file is fetched from the site that was configured.
  defp address(%Client{base_url: base}, url) when is_binary(base) and is_binary(url) do
    case String.split(url, ~r{/(?:webservice/)?pluginfile\.php/}, parts: 2) do
      [_site, rest] ->
        {:ok, base <> "/webservice/pluginfile.php/" <> (rest |> String.split(["?", "#"]) |> hd())}

      _other ->
        {:error,
         Error.new(:protocol, "not_a_file", "Moodle names a file at an address that is none of its files'.")}
    end
  end

  defp address(_client, _url),
    do: {:error, Error.new(:protocol, "not_a_file", "Moodle names a file without its address.")}

  defp fits(%{size: size}, max_bytes) when size > max_bytes, do: {:error, too_large()}
  defp fits(_file, _max_bytes), do: :ok

  defp too_large, do: Error.new(:too_large, "file_too_large", "The file is larger than is taken.")

  defp opened(path) do
    case :file.open(to_charlist(path), [:write, :read, :raw, :binary]) do
      {:ok, io} -> {:ok, io}
      {:error, reason} -> {:error, local(reason)}
    end
  end

  defp local(reason) do
    Error.new(:invalid, "disk_#{reason}", "The file cannot be kept here: #{:file.format_error(reason)}.",
      retryable?: true
    )
  end

  defp fetched(client, url, file, io, max_bytes, options) do
    http = Keyword.update(client.http, :timeout, 600_000, &(&1 * 10))
    condition = if options[:etag], do: [{"If-None-Match", ~s("#{options[:etag]}")}], else: []

    Client.with_token(client, fn token ->
      {headers, query} = Client.sent(token, "token")
      request = %{method: "GET", url: url, query: query, headers: headers ++ condition}
      HttpClient.stream(request, reader(io, max_bytes), http, &judged(&1, &2, io, file))
    end)
  end

  # A second attempt begins at the beginning.
  defp reader(io, max_bytes) do
    begin = fn _head ->
      with {:ok, 0} <- :file.position(io, 0),
           :ok <- :file.truncate(io),
           do: {:ok, {:crypto.hash_init(:sha), 0}}
    end

    piece = fn data, {sha, bytes} ->
      bytes = bytes + byte_size(data)

      cond do
        bytes > max_bytes ->
          {:error, too_large()}

        (written = :file.write(io, data)) != :ok ->
          {:error, written |> elem(1) |> local()}

        true ->
          {:ok, {:crypto.hash_update(sha, data), bytes}}
      end
    end

    {begin, piece}
  end

  # --- is it the file?

  defp judged(head, {:refused, body}, _io, _file), do: {:error, refusal(body) || Failure.of_status(head)}
  defp judged(%{status: 304}, _read, _io, _file), do: {:ok, :not_modified}

  defp judged(head, {sha, bytes}, io, file) do
    sha1 = sha |> :crypto.hash_final() |> Base.encode16(case: :lower)

    case etag(head) do
      ^sha1 ->
        whole(sha1, bytes, file)

      nil ->
        without_etag(head, sha1, bytes, io, file)

      _another ->
        {:error,
         wrong("wrong_sha1", "The file that Moodle sent is not the one that it names: its SHA-1 differs.")}
    end
  end

  defp whole(sha1, bytes, %{size: bytes}), do: {:ok, %{sha1: sha1, bytes: bytes}}

  defp whole(_sha1, _bytes, _file) do
    message = "The file has changed in Moodle since it was listed there."
    {:error, Error.new(:conflict, "file_changed", message, retryable?: true)}
  end

  # Only where something on the way took the ETag. JSON or a page of the same length as the file would be a wonder; JSON that is an error is one.
  defp without_etag(head, sha1, bytes, io, file) do
    type = head |> Exchange.header("content-type") |> to_string() |> String.downcase()
    error = if type =~ "json" or bytes != file.size, do: refusal(beginning(io))

    cond do
      error ->
        {:error, error}

      type =~ "html" and not (to_string(file.mime_type) =~ "html") ->
        {:error, page()}

      bytes != file.size ->
        {:error, wrong("wrong_size", "The file that Moodle sent is not as long as it says.")}

      true ->
        {:ok, %{sha1: sha1, bytes: bytes}}
    end
  end

  defp beginning(io) do
    case :file.pread(io, 0, @peek) do
      {:ok, data} -> data
      _none -> ""
    end
  end

  defp refusal(body) do
    with {:ok, %{} = answer} <- JSON.decode(body), {:error, error} <- Client.meaning(answer) do
      error
    else
      _no_error -> nil
    end
  end

  defp page, do: wrong("page_instead_of_file", "Moodle answers with a page where a file was asked for.")
  defp wrong(code, message), do: Error.new(:protocol, code, message, retryable?: true)

  # Of others, such as a proxy's own, nothing can be said.
  defp etag(head) do
    with value when is_binary(value) <- Exchange.header(head, "etag"),
         [_all, sha1] <- Regex.run(~r/\A(?:W\/)?"([0-9a-f]{40})(?:-gzip)?"\z/i, value) do
      String.downcase(sha1)
    else
      _other -> nil
    end
  end

  # --- feedback files

  @doc "Puts files into the account's draft area; the number under which `save_grade` finds them. A draft that is not used is thrown away by Moodle."
  @spec upload(Client.t(), [%{name: String.t(), content: binary}]) :: {:ok, integer} | {:error, Error.t()}
  def upload(client, files) do
    Client.with_token(client, fn token ->
      boundary = "awap-" <> Base.encode16(:crypto.strong_rand_bytes(16), case: :lower)
      {headers, fields} = Client.sent(token, "token")
      fields = for {name, secret} <- fields, do: {name, Secret.reveal(secret)}
      body = multipart(boundary, fields ++ [{"filearea", "draft"}, {"itemid", "0"}, {"filepath", "/"}], files)

      request = %{
        method: "POST",
        url: client.base_url <> "/webservice/upload.php",
        headers: headers,
        body: {"multipart/form-data; boundary=" <> boundary, body}
      }

      HttpClient.request(request, client.http, &draft(&1, files))
    end)
  end

  defp multipart(boundary, fields, files) do
    [
      for({name, value} <- fields, do: part(boundary, ~s(name="#{name}"), [], value)),
      for {file, index} <- Enum.with_index(files, 1) do
        disposition = ~s(name="file_#{index}"; filename="#{kept_name(file.name)}")
        part(boundary, disposition, "Content-Type: application/octet-stream\r\n", file.content)
      end,
      ["--", boundary, "--\r\n"]
    ]
  end

  defp part(boundary, disposition, headers, content),
    do: [
      "--",
      boundary,
      "\r\nContent-Disposition: form-data; ",
      disposition,
      "\r\n",
      headers,
      "\r\n",
      content,
      "\r\n"
    ]

  @doc "A name that Moodle keeps as it is: it takes away what paths and shells give a meaning."
  @spec kept_name(String.t()) :: String.t()
  def kept_name(name), do: name |> String.replace(~r/[\x00-\x1f\x7f"'`\\\/:*?<>|&]/u, "_") |> String.trim()

  defp draft(answer, files) do
    with {:ok, answer} <- HttpClient.successful(answer), {:ok, answer} <- decoded(answer.body) do
      case answer do
        [%{"itemid" => id} | _] = stored when is_integer(id) and length(stored) == length(files) ->
          {:ok, id}

        _other ->
          {:error,
           Error.new(:protocol, "upload_incomplete", "Moodle did not take all feedback files.",
             retryable?: true
           )}
      end
    end
  end

  defp decoded(body) do
    case JSON.decode(body) do
      {:ok, answer} ->
        Client.meaning(answer)

      {:error, _} ->
        {:error,
         Error.new(:protocol, "not_json", "Moodle's answer to an upload is no JSON.", retryable?: true)}
    end
  end
end
