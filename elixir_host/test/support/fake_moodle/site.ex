defmodule AwapBackend.FakeMoodle.Site do
  @moduledoc "What the fake Moodle answers at each address: the web service, files, uploads, tokens, and an OAuth 2.0 server beside it."

  alias AwapBackend.FakeMoodle.{Functions, OAuth, Pages, State}
  alias AwapBackend.JSON

  @doc "Handles a request: the faults that the socket is to have, and the answer."
  def handle(state, request) do
    fields = fields(request)
    what = what(request, fields)
    {faults, state} = State.take_faults(state, what)

    call = %{
      function: name(what),
      path: request.path,
      method: request.method,
      params: fields,
      headers: request.headers
    }

    state = %{state | calls: [call | state.calls]}

    if :reset in faults do
      {{faults, {500, [], ""}}, state}
    else
      {answer, state} = answered(state, request, fields, what, faults)
      {{faults, answer}, state}
    end
  end

  defp name(what) when is_binary(what), do: what
  defp name(what), do: to_string(what)

  defp what(%{path: "/webservice/rest/server.php"}, fields), do: fields["wsfunction"] || "none"
  defp what(%{path: "/webservice/pluginfile.php" <> _}, _fields), do: :file
  defp what(%{path: "/webservice/upload.php"}, _fields), do: :upload
  defp what(%{path: "/login/token.php"}, _fields), do: :token
  defp what(%{path: "/local/oauth2/token.php"}, _fields), do: :oauth
  defp what(_request, _fields), do: :other

  defp fields(request) do
    query = URI.decode_query(request.query, %{}, :www_form)

    case request.headers["content-type"] do
      "application/x-www-form-urlencoded" <> _ ->
        Map.merge(query, URI.decode_query(request.body, %{}, :www_form))

      _other ->
        query
    end
  end

  defp answered(state, request, fields, what, faults) do
    case Enum.find_value(faults, &Pages.fault(&1, what)) do
      nil ->
        {answer, state} = route(state, request, fields, what)
        {broken(answer, faults), state}

      answer ->
        {answer, state}
    end
  end

  defp broken({status, headers, body}, faults) do
    if :wrong_bytes in faults,
      do: {status, headers, garbled(IO.iodata_to_binary(body))},
      else: {status, headers, body}
  end

  defp garbled(<<first, rest::binary>>), do: <<Bitwise.bxor(first, 1), rest::binary>>
  defp garbled(""), do: ""

  # --- routes

  defp route(state, _request, fields, function) when is_binary(function) do
    case fields do
      %{"moodlewsrestformat" => "json"} ->
        web_service(state, fields, function)

      _no_format ->
        {{200, [{"Content-Type", "application/xml; charset=utf-8"}, Pages.chunked()], Pages.xml()}, state}
    end
  end

  defp route(state, request, fields, :file), do: {file(state, request, fields), state}
  defp route(state, request, _fields, :upload), do: upload(state, request)
  defp route(state, _request, fields, :token), do: {login(state, fields), state}
  defp route(state, request, fields, :oauth), do: OAuth.token(state, request, fields)

  defp route(state, _request, _fields, :other),
    do: {{404, [{"Content-Type", "text/html"}], "<h1>Not Found</h1>"}, state}

  defp web_service(state, fields, function) do
    {answer, state} =
      try do
        authorize!(state, fields["wstoken"], function)

        Functions.call(
          state,
          function,
          nested(Map.drop(fields, ["wstoken", "wsfunction", "moodlewsrestformat"]))
        )
      catch
        {:moodle, exception, code} -> {Pages.exception(exception, code), state}
      end

    {Pages.json(answer), state}
  end

  defp authorize!(state, token, function) do
    if token != state.token, do: throw({:moodle, "core\\exception\\moodle_exception", "invalidtoken"})

    if function not in Functions.names(),
      do: throw({:moodle, "dml_missing_record_exception", "invalidrecord"})

    if state.functions != :all and function not in state.functions,
      do: throw({:moodle, "webservice_access_exception", "accessexception"})
  end

  @doc "Moodle's form fields as maps: `a[0][b]` becomes `%{\"a\" => %{\"0\" => %{\"b\" => …}}}`."
  def nested(fields) do
    Enum.reduce(fields, %{}, fn {name, value}, nested ->
      [first | rest] = String.split(name, "[")
      path = [first | Enum.map(rest, &String.trim_trailing(&1, "]"))]
      put(nested, path, value)
    end)
  end

  defp put(map, [key], value), do: Map.put(map, key, value)
  defp put(map, [key | path], value), do: Map.put(map, key, put(Map.get(map, key, %{}), path, value))

  # --- files

  defp file(state, request, fields) do
    cond do
      fields["token"] == nil -> Pages.file_error(200, "missingparam")
      fields["token"] != state.token -> Pages.file_error(200, "invalidtoken")
      true -> request.path |> found(state) |> served(state, request)
    end
  end

  defp found(path, state) do
    for %{} = submission <- state.submissions,
        {component, area, files} <- [
          {"assignsubmission_file", "submission_files", submission.files},
          {"assignsubmission_onlinetext", "submissions_onlinetext", submission.text_files}
        ],
        file <- files,
        String.ends_with?(Functions.file_url(state, submission, component, area, file), path),
        do: file
  end

  defp served([], _state, _request), do: Pages.file_error(404, "filenotfound")

  defp served([file | _], state, request) do
    bytes = state.files[file.sha1]
    etag = ~s("#{file.sha1}")

    headers = [
      {"Etag", etag},
      {"Accept-Ranges", "bytes"},
      {"Content-Disposition", ~s(attachment; filename="file")}
    ]

    cond do
      request.headers["if-none-match"] == etag ->
        {304, headers, ""}

      range = range(request.headers["range"], byte_size(bytes)) ->
        {from, to} = range

        content = [
          {"Content-Range", "bytes #{from}-#{to}/#{byte_size(bytes)}"},
          {"Content-Type", mime(file.name)}
        ]

        {206, headers ++ content, binary_part(bytes, from, to - from + 1)}

      true ->
        {200, headers ++ [{"Content-Type", mime(file.name)}], bytes}
    end
  end

  defp range("bytes=" <> range, size) do
    with [from, to] <- String.split(range, "-"),
         {from, ""} <- Integer.parse(from),
         {to, ""} <- Integer.parse(to),
         true <- from <= to and to < size do
      {from, to}
    else
      _none -> nil
    end
  end

  defp range(_none, _size), do: nil

  @doc "The type that Moodle gives a file of this name."
  def mime(name) do
    case name |> Path.extname() |> String.downcase() do
      ".txt" -> "text/plain"
      ".pdf" -> "application/pdf"
      ".docx" -> "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
      ".png" -> "image/png"
      ".json" -> "application/json"
      ".html" -> "text/html"
      _other -> "document/unknown"
    end
  end

  # --- uploads

  defp upload(state, request) do
    "multipart/form-data; boundary=" <> boundary = request.headers["content-type"]
    parts = parts(request.body, String.trim(boundary, "\""))

    if List.keyfind(parts, "token", 0, {nil, nil, nil}) |> elem(2) != state.token do
      {Pages.file_error(200, "invalidtoken"), state}
    else
      files = for {"file_" <> _, name, bytes} <- parts, do: {name, bytes}
      kept(state, files)
    end
  end

  defp kept(state, files) do
    {draft, state} = State.id(state)

    answer =
      for {name, bytes} <- files do
        %{
          "component" => "user",
          "contextid" => 25,
          "userid" => "#{state.service_user}",
          "filearea" => "draft",
          "filename" => name,
          "filepath" => "/",
          "itemid" => draft,
          "license" => "unknown",
          "author" => "Marking Service",
          "source" => "O:8",
          "filesize" => byte_size(bytes)
        }
      end

    {{200, [{"Content-Type", "text/plain; charset=utf-8"}, Pages.chunked()], JSON.encode(answer)},
     put_in(state.drafts[draft], files)}
  end

  defp parts(body, boundary) do
    for part <- String.split(body, "--" <> boundary), String.contains?(part, "\r\n\r\n") do
      [head, content] = String.split(part, "\r\n\r\n", parts: 2)
      [_all, name] = Regex.run(~r/[; ]name="([^"]*)"/, head)
      file = Regex.run(~r/filename="([^"]*)"/u, head)
      {name, file && URI.decode(Enum.at(file, 1)), String.replace_suffix(content, "\r\n", "")}
    end
  end

  # --- tokens

  defp login(state, fields) do
    account = AwapBackend.FakeMoodle.account()

    code =
      cond do
        fields["username"] != account.username or fields["password"] != account.password -> "invalidlogin"
        fields["service"] != account.service -> "servicenotavailable"
        true -> nil
      end

    if code,
      do: Pages.file_error(200, code),
      else: Pages.json(%{"token" => state.token, "privatetoken" => nil})
  end
end
