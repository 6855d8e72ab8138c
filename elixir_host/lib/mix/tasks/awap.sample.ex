defmodule Mix.Tasks.Awap.Sample do
  @shortdoc "Sends a TMA to the running host and shows its feedback"

  @moduledoc """
  Sends a TMA to the running host over HTTP, waits, and shows status and feedback in the terminal.

      mix awap.sample                                   # one of the fixture TMAs
      mix awap.sample ../fixtures/tmas/k102-sandhu      # another
      mix awap.sample essay.docx --rubric rubric.yaml --student-id A1234567 --student-name "Full Name"

  `FILE` is a document, or a folder that holds one beside its `tma.json`. Options:

    * `--file`, the same as `FILE`; `--rubric`, a rubric as JSON or YAML;
    * `--assignment-id`, `--course-id`, `--student-id`, `--student-name`, `--student-email`, `--student-username`,
      `--student-alias` (once or more): what is known of it, the student's part so that it can be taken out;
    * `--url`, the host's address, by default the one that this configuration gives;
    * `--key-file`, the file of the API key; by default the environment's `AWAP_API_KEY`, then the key that the host made
      on its first start;
    * `--timeout`, the seconds to wait for the feedback, by default 120.

  The application is not started.
  """

  use Mix.Task

  alias AwapBackend.Config
  alias AwapBackendWeb.Sample.{Client, Layout, Report}

  @fixture "fixtures/tmas/tm112-okonkwo"

  @options [
    file: :string,
    rubric: :string,
    assignment_id: :string,
    course_id: :string,
    student_id: :string,
    student_name: :string,
    student_email: :string,
    student_username: :string,
    student_alias: :keep,
    url: :string,
    key_file: :string,
    timeout: :integer
  ]

  @fields [
    :assignment_id,
    :course_id,
    :student_id,
    :student_name,
    :student_email,
    :student_username,
    :student_alias
  ]

  @types %{
    ".docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pdf" => "application/pdf",
    ".md" => "text/markdown",
    ".txt" => "text/plain",
    ".json" => "application/json",
    ".yaml" => "application/yaml",
    ".yml" => "application/yaml"
  }

  @impl Mix.Task
  def run(arguments) do
    {options, arguments} = parse(arguments)
    Mix.Task.run("app.config")
    {:ok, _} = Application.ensure_all_started(:inets)
    :io.setopts(:standard_io, encoding: :unicode)

    layout = Layout.of_terminal()
    {key, key_file} = key(options)
    client = %Client{url: options[:url] || default_url(), key: key}
    submission = submission(options, arguments)

    say(["Sending ", Path.basename(submission.file), " to ", client.url, " …"])
    accepted = client |> Client.submit(form(submission)) |> or_stop()

    row =
      client
      |> Client.wait(accepted["id"], Keyword.get(options, :timeout, 120) * 1000, fn _ -> :ok end)
      |> or_stop()

    if row["status"] == "failed" do
      stop("The TMA #{row["id"]} could not be marked: #{row["error_message"] || "no reason was given"}")
    end

    feedback = client |> Client.get("/api/feedback/" <> row["id"]) |> or_stop()
    say(Report.render(layout, row, feedback))
    say(closing(layout, client, key_file, row["id"]))
  end

  defp parse(arguments) do
    case OptionParser.parse(arguments, strict: @options) do
      {options, rest, []} when length(rest) <= 1 -> {options, rest}
      {_, [_, second | _], []} -> Mix.raise("One file at a time: what is “#{second}”? mix help awap.sample")
      {_, _, [{option, _} | _]} -> Mix.raise("There is no such option as #{option}. mix help awap.sample")
    end
  end

  defp submission(options, arguments) do
    path = options[:file] || List.first(arguments) || Path.join(Config.get(:root), @fixture)

    base =
      cond do
        File.dir?(path) -> folder(path)
        File.regular?(path) -> %{file: path, rubric: nil, fields: []}
        true -> Mix.raise("There is no file #{path}.")
      end

    own = for name <- @fields, value <- Keyword.get_values(options, name), do: {Atom.to_string(name), value}
    kept = Enum.reject(base.fields, fn {name, _} -> List.keymember?(own, name, 0) end)
    %{base | rubric: options[:rubric] || base.rubric, fields: kept ++ own}
  end

  # A fixture: the document, and in tma.json what a host would know of it.
  defp folder(path) do
    with {:ok, text} <- File.read(Path.join(path, "tma.json")),
         {:ok, %{"file" => file} = tma} <- AwapBackend.JSON.decode(text) do
      student = for {key, value} <- tma["student"] || %{}, is_binary(value), do: {"student_" <> key, value}
      aliases = for value <- get_in(tma, ["student", "aliases"]) || [], do: {"student_alias", value}
      ids = for key <- ["assignment_id", "course_id", "student_id"], value = tma[key], do: {key, value}
      rubric = if name = tma["rubric"], do: Path.expand(Path.join(["..", "..", "rubrics", name]), path)
      %{file: Path.join(path, file), rubric: rubric, fields: ids ++ student ++ aliases}
    else
      _ -> Mix.raise("The folder #{path} has no tma.json that names its document.")
    end
  end

  defp form(submission) do
    [{"file", upload(submission.file)}] ++
      if(submission.rubric, do: [{"rubric", upload(submission.rubric)}], else: []) ++
      submission.fields
  end

  defp upload(path) do
    type = Map.get(@types, path |> Path.extname() |> String.downcase(), "application/octet-stream")
    {path, Path.basename(path), type}
  end

  defp default_url, do: "http://127.0.0.1:#{Config.get(:port)}"

  defp key(options) do
    case {options[:key_file], System.get_env("AWAP_API_KEY", "")} do
      {nil, key} when key != "" -> {key, nil}
      {path, _} -> path |> Kernel.||(Path.join([Config.get(:data_dir), "secrets", "api_key"])) |> read_key()
    end
  end

  defp read_key(path) do
    case File.read(path) do
      {:ok, text} ->
        {String.trim(text), path}

      {:error, reason} ->
        Mix.raise(
          "The API key's file #{path} cannot be read: #{:file.format_error(reason)}. The host makes it on its first start; " <>
            "start it (make run), or name another file with --key-file."
        )
    end
  end

  defp closing(layout, client, key_file, id) do
    bearer = if key_file, do: "$(cat #{quoted(key_file)})", else: "$AWAP_API_KEY"
    authorization = ~s(-H "Authorization: Bearer #{bearer}")

    Enum.intersperse(
      [
        Layout.rule(layout),
        ["The host answers at ", Layout.style(layout, client.url, :bold), " (", client.url, "/api/health)"],
        ["API key      ", client.key],
        if(key_file, do: ["kept in      ", key_file], else: "             (from AWAP_API_KEY)"),
        "",
        "Send your own; name the student, and the name is taken out:",
        "  curl -F file=@essay.docx -F rubric=@rubric.yaml \\",
        "       -F student_id=A1234567 -F 'student_name=Full Name' \\",
        ["       ", authorization, " \\"],
        ["       ", client.url, "/api/tmas"],
        "and fetch its feedback by the id in the answer:",
        ["  curl ", authorization, " \\"],
        ["       ", client.url, "/api/feedback/", id],
        "or see it as above, in elixir_host:  mix awap.sample PATH --rubric PATH --student-name 'Full Name'",
        Layout.rule(layout)
      ],
      "\n"
    )
  end

  defp quoted(path),
    do: if(path =~ ~r/\A[\w.\/-]+\z/, do: path, else: "'" <> String.replace(path, "'", ~S('\'')) <> "'")

  defp or_stop({:ok, answer}), do: answer
  defp or_stop({:error, sentence}), do: stop(sentence)

  defp say(text), do: IO.puts(text)

  @spec stop(String.t()) :: no_return
  defp stop(sentence), do: Mix.raise(sentence)
end
