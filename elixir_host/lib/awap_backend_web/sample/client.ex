defmodule AwapBackendWeb.Sample.Client do
  @moduledoc """
  A client of the API for the terminal: hands a document in as a form, waits, fetches the row and the feedback.
  """

  defstruct [:url, :key]

  @type t :: %__MODULE__{url: String.t(), key: String.t()}

  @typedoc "A sentence for the person at the terminal."
  @type fault :: {:error, String.t()}

  @request_timeout_ms 60_000

  @doc "Hands a TMA in: files as `{path, name, content type}`, fields as `{name, text}`. Answers what 201 said."
  @spec submit(t, [{String.t(), {Path.t(), String.t(), String.t()} | String.t()}]) :: {:ok, map} | fault
  def submit(client, fields) do
    with {:ok, parts} <- parts(fields) do
      boundary = "awap-" <> Base.encode16(:rand.bytes(16), case: :lower)

      body =
        IO.iodata_to_binary([Enum.map(parts, &["--", boundary, "\r\n", &1, "\r\n"]), "--", boundary, "--\r\n"])

      request(client, :post, "/api/tmas", {"multipart/form-data; boundary=" <> boundary, body})
    end
  end

  @doc "Asks for a path."
  @spec get(t, String.t()) :: {:ok, map} | fault
  def get(client, path), do: request(client, :get, path, nil)

  @doc """
  Waits until the TMA is `completed` or `failed`, at most `timeout_ms`; answers its row. `tick` is called with the status
  at each look.
  """
  @spec wait(t, String.t(), pos_integer, (String.t() -> any)) :: {:ok, map} | fault
  def wait(client, id, timeout_ms, tick) do
    poll(client, id, System.monotonic_time(:millisecond) + timeout_ms, 50, tick)
  end

  defp poll(client, id, deadline, pause, tick) do
    with {:ok, row} <- get(client, "/api/tmas/" <> id) do
      tick.(row["status"])

      cond do
        row["status"] in ["completed", "failed"] ->
          {:ok, row}

        System.monotonic_time(:millisecond) > deadline ->
          {:error,
           "The TMA #{id} is still #{row["status"]}. Ask again later: GET #{client.url}/api/tmas/#{id}"}

        true ->
          Process.sleep(pause)
          poll(client, id, deadline, min(pause * 2, 500), tick)
      end
    end
  end

  defp parts(fields) do
    Enum.reduce_while(fields, {:ok, []}, fn field, {:ok, parts} ->
      case part(field) do
        {:ok, part} -> {:cont, {:ok, parts ++ [part]}}
        error -> {:halt, error}
      end
    end)
  end

  defp part({name, {path, filename, type}}) do
    case File.read(path) do
      {:ok, data} ->
        filename = String.replace(filename, ["\"", "\r", "\n"], "_")

        {:ok,
         [
           ~s(Content-Disposition: form-data; name="#{name}"; filename="#{filename}"\r\n),
           "Content-Type: #{type}\r\n\r\n",
           data
         ]}

      {:error, reason} ->
        {:error, "#{path} cannot be read: #{:file.format_error(reason)}."}
    end
  end

  defp part({name, text}), do: {:ok, [~s(Content-Disposition: form-data; name="#{name}"\r\n\r\n), text]}

  defp request(client, method, path, body) do
    headers = [{'authorization', String.to_charlist("Bearer " <> client.key)}, {'accept', 'application/json'}]
    url = String.to_charlist(client.url <> path)

    request =
      case body do
        nil -> {url, headers}
        {type, body} -> {url, headers, String.to_charlist(type), body}
      end

    options = [timeout: @request_timeout_ms, connect_timeout: 5_000, autoredirect: false]

    case :httpc.request(method, request, options, body_format: :binary) do
      {:ok, {{_, status, _}, _headers, body}} -> answer(status, AwapBackend.JSON.decode(body))
      {:error, reason} -> {:error, unreachable(client.url, reason)}
    end
  end

  defp answer(status, {:ok, %{} = json}) when status in 200..299, do: {:ok, json}

  defp answer(status, {:ok, %{"error" => %{"message" => message} = error}}) do
    fields =
      for {name, text} <- error["details"]["fields"] || %{}, is_binary(text), do: "\n  #{name}: #{text}"

    hint = if status == 401, do: " Is this the key of the host that runs there?", else: ""
    {:error, "The host answered #{status}: #{message}#{hint}#{fields}"}
  end

  defp answer(status, _), do: {:error, "What answers there is not AWAP: status #{status} without JSON."}

  defp unreachable(url, {:failed_connect, _}),
    do: "Nothing answers at #{url}. Start the host (make run), or name its address with --url."

  defp unreachable(url, :timeout), do: "#{url} did not answer in time."
  defp unreachable(url, _reason), do: "The connection to #{url} broke off."
end
