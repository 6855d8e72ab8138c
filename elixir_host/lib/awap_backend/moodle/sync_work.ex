defmodule AwapBackend.Moodle.SyncWork do
  @moduledoc """
  One submission in Moodle as one TMA: whose it is, its files and online text, its rubric, and where it came from.

  Several files of a submission are the attachments of one TMA, in the order of area, path and name; online text is an attachment of its own, as HTML. What is no
  document that AWAP reads (pictures, also those within online text; recordings; archives) goes with the sealed original and to no worker, unless there is
  nothing else: then the core says why it cannot be marked. What is too large to be kept with the rest, and is not read, is left in Moodle; what is read
  and too large fails the submission, whole.

  Team work is one TMA of the team, from which the names of all its members are taken out.

  Files are downloaded to a folder of their own in the data folder, under numbers: nothing of Moodle's becomes a path on this machine. Each is checked against its SHA-1, and
  nothing is kept until all are there.
  """

  alias AwapBackend.{Config, Moodle, Redact, TMA}
  alias AwapBackend.Moodle.{Error, Sync}

  require Logger

  # Below whatever people or services hand in.
  @priority -10
  # What the core takes of one attachment.
  @file_bytes 32 * 1024 * 1024
  # Base64 makes four bytes of three, and the text around it some more.
  @share 0.7
  # Queue full: how long to wait before asking again.
  @pause_ms 2_000

  @documents ~w(.docx .doc .odt .rtf .pdf .md .markdown .html .htm .txt .text)

  @doc """
  Takes a submission in: `"stored"`, `"versions"` (a new version of a known one), `"unchanged"` (only its dates had changed), or `"gone"` (it
  was erased or purged here).
  """
  @spec take(Sync.t(), map, Moodle.submission()) :: {:ok, String.t()} | {:error, Error.t() | map} | :stopped
  def take(sync, context, submission) do
    with {:ok, owner} <- owner(context, submission),
         {:ok, content} <- content(sync.client, submission) do
      create(sync, tma(sync, context, owner, content), origin(sync, context, submission, owner, content))
    end
  rescue
    # Whatever one submission raises must not take those after it along.
    exception ->
      Logger.error(
        "A submission could not be taken in: #{Redact.reason(exception)}\n#{Redact.stacktrace(__STACKTRACE__)}"
      )

      {:error, Error.new(:protocol, "internal", "Something went wrong while this submission was taken in.")}
  end

  @doc "What Moodle lists of a submission, in short: something else wherever anything of it changed."
  @spec seen(Moodle.submission()) :: String.t()
  def seen(submission) do
    text = submission.online_text

    hash({
      submission.attempt,
      submission.time_modified,
      Enum.sort(for file <- submission.files, do: listed(file)),
      text && {text.html, text.format, Enum.sort(for file <- text.files, do: listed(file))}
    })
  end

  defp listed(file), do: {file.area, file.path, file.name, file.size, file.time_modified}

  @doc "Seconds since 1970 as the store takes a time."
  @spec time(integer | nil) :: String.t() | nil
  def time(nil), do: nil
  def time(seconds), do: seconds |> DateTime.from_unix!() |> DateTime.to_iso8601()

  # --- whose it is

  defp owner(context, %{user_id: 0, group_id: group}) do
    members = Map.get(context.teams, group, [])
    people = for id <- members, person = context.people[id], do: person

    if people == [] or length(people) < length(members),
      do: {:error, nobody()},
      else: {:ok, %{group_id: group, user_id: nil, members: Enum.sort(members), people: people}}
  end

  defp owner(context, %{user_id: user}) do
    case context.people[user] do
      nil -> {:error, nobody()}
      person -> {:ok, %{group_id: nil, user_id: user, members: [], people: [person]}}
    end
  end

  # Without a name to look for, nothing could be taken out of the text.
  defp nobody do
    Error.new(
      :access,
      "unknown_student",
      "Moodle does not say who handed this in, so that it could not be anonymized: may the service account see the course's users?"
    )
  end

  defp student(_sync, %{group_id: nil, people: [person]}) do
    id = person.id_number || person.username || "moodle-user-#{person.id}"

    student =
      %{
        "name" => person.full_name,
        "given_name" => person.first_name,
        "family_name" => person.last_name,
        "email" => person.email,
        "username" => person.username
      }
      |> Enum.reject(fn {_key, value} -> value in [nil, ""] end)
      |> Map.new()
      |> Map.put("moodle_user_id", person.id)

    {id, student}
  end

  defp student(sync, owner) do
    names =
      for person <- owner.people,
          name <- [person.full_name, person.email, person.username, person.id_number],
          name not in [nil, ""],
          uniq: true,
          do: name

    {"#{sync.site} group #{owner.group_id}", %{"aliases" => names, "moodle_group_id" => owner.group_id}}
  end

  # --- what it is made of

  defp content(client, submission) do
    folder = Path.join(folder(), random())
    File.mkdir_p!(folder)
    File.chmod!(folder(), 0o700)

    try do
      fetched(client, submission, folder)
    after
      File.rm_rf(folder)
    end
  end

  @doc "Takes away what a sync of this host has left of its downloads that was killed. No other may run."
  @spec clear() :: :ok
  def clear do
    File.rm_rf(folder())
    :ok
  end

  @doc "Where files lie from their download until they are sealed."
  @spec folder() :: Path.t()
  def folder, do: Path.join(Config.get(:data_dir), "moodle-downloads")

  defp random, do: Base.encode16(:crypto.strong_rand_bytes(12), case: :lower)

  defp fetched(client, submission, folder) do
    embedded = if submission.online_text, do: submission.online_text.files, else: []
    files = Enum.sort_by(submission.files, &listed/1)
    text = text(submission.online_text)

    {read, unread} =
      case Enum.split_with(files, &document?/1) do
        {[], others} when text == [] -> {others, embedded}
        {documents, others} -> {documents, others ++ Enum.sort_by(embedded, &listed/1)}
      end

    room =
      trunc(Config.get(:max_body_bytes) * @share) - Enum.sum(for {_file, bytes} <- text, do: byte_size(bytes))

    cond do
      read == [] and text == [] -> {:error, empty()}
      bytes(read) > room -> {:error, too_large()}
      true -> all(client, folder, read, fitting(unread, room - bytes(read)), unread, text, submission)
    end
  end

  defp bytes(files), do: files |> Enum.map(& &1.size) |> Enum.sum()

  defp fitting(files, room) do
    {fitting, _room} =
      Enum.flat_map_reduce(files, room, fn file, room ->
        if file.size <= min(room, @file_bytes), do: {[file], room - file.size}, else: {[], room}
      end)

    fitting
  end

  defp all(client, folder, read, kept, unread, text, submission) do
    with {:ok, read} <- download(client, folder, read), {:ok, kept} <- download(client, folder, kept) do
      left = unread -- Enum.map(kept, fn {file, _sha1, _bytes} -> file end)
      texts = for {name, bytes} <- text, do: {name, sha1(bytes), bytes}

      {:ok,
       %{
         attachments: Enum.map(texts, &attachment/1) ++ Enum.map(read, &attachment/1),
         unread: Enum.map(kept, &attachment/1),
         unread_files: length(unread),
         files:
           Enum.map(texts, &manifest/1) ++ Enum.map(read ++ kept, &manifest/1) ++ Enum.map(left, &manifest/1),
         hash: content_hash(submission, read ++ kept, left)
       }}
    end
  end

  defp download(client, folder, files) do
    Enum.reduce_while(files, {:ok, []}, fn file, {:ok, done} ->
      path = Path.join(folder, Integer.to_string(System.unique_integer([:positive])))

      with {:ok, %{sha1: sha1}} <- Moodle.download_file(client, file, path, @file_bytes),
           {:ok, bytes} <- read(path) do
        {:cont, {:ok, done ++ [{file, sha1, bytes}]}}
      else
        {:error, error} -> {:halt, {:error, error}}
      end
    end)
  end

  defp read(path) do
    case File.read(path) do
      {:ok, bytes} ->
        File.rm(path)
        {:ok, bytes}

      {:error, reason} ->
        {:error, Error.new(:invalid, "disk_#{reason}", "A downloaded file cannot be read.", retryable?: true)}
    end
  end

  defp document?(%{name: name, mime_type: type}) do
    extension = name |> Path.extname() |> String.downcase()
    extension in @documents or String.starts_with?(to_string(type), "text/")
  end

  defp text(nil), do: []

  defp text(%{html: html, format: format}) do
    name = Map.get(%{2 => "online-text.txt", 4 => "online-text.md"}, format, "online-text.html")
    [{name, html}]
  end

  defp attachment({%{path: path, name: name, mime_type: type}, _sha1, bytes}) do
    # Two files of one name in two folders are two.
    filename = String.trim_leading(path, "/") <> name
    put_type(%{"filename" => filename, "data_base64" => Base.encode64(bytes)}, type)
  end

  defp attachment({name, _sha1, bytes}), do: %{"filename" => name, "data_base64" => Base.encode64(bytes)}

  defp put_type(attachment, nil), do: attachment
  defp put_type(attachment, type), do: Map.put(attachment, "content_type", type)

  defp manifest({%{} = file, sha1, bytes}),
    do: file |> manifest() |> Map.merge(%{"sha1" => sha1, "size" => byte_size(bytes)})

  defp manifest({name, sha1, bytes}),
    do: %{"area" => "onlinetext", "path" => "/", "name" => name, "sha1" => sha1, "size" => byte_size(bytes)}

  # Left in Moodle: nobody has seen its bytes.
  defp manifest(%{} = file),
    do: %{"area" => file.area, "path" => file.path, "name" => file.name, "sha1" => nil, "size" => file.size}

  defp content_hash(submission, files, left) do
    text = submission.online_text

    hash({
      Enum.sort(for {file, sha1, _bytes} <- files, do: {file.area, file.path, file.name, sha1}),
      Enum.sort(for file <- left, do: listed(file)),
      text && text.html
    })
  end

  defp empty do
    Error.new(:invalid, "nothing_handed_in", "The submission holds neither a file nor text.")
  end

  defp too_large do
    Error.new(
      :too_large,
      "submission_too_large",
      "The files of this submission are together larger than AWAP takes (AWAP_MAX_BODY_BYTES)."
    )
  end

  # --- keeping it

  defp tma(sync, context, owner, content) do
    {student_id, student} = student(sync, owner)

    %{
      "assignment_id" => "moodle:#{context.assignment.id}",
      "course_id" => context.course,
      "student_id" => student_id,
      "student" => student,
      "content" => %{"attachments" => content.attachments}
    }
    |> put_given("rubric", context.rubric)
    |> put_given("unread_attachments", if(content.unread != [], do: content.unread))
  end

  defp origin(sync, context, submission, owner, content) do
    users = if owner.user_id, do: [owner.user_id], else: owner.members

    %{
      "site" => sync.site,
      "course_id" => context.assignment.course_id,
      "assignment_id" => context.assignment.id,
      "submission_id" => submission.id,
      "attempt" => submission.attempt,
      "group_id" => owner.group_id,
      "user_id" => owner.user_id,
      "members" => owner.members,
      "seen" => seen(submission),
      "content_hash" => content.hash,
      "submitted_at" => time(submission.time_modified),
      "due_at" => time(context.assignment.due_at),
      "extension_due_at" => owner.user_id && time(context.extension.(owner.user_id)),
      "files" => content.files,
      "unread_files" => content.unread_files,
      "expected" => context.fingerprint.(users, submission.attempt)
    }
  end

  defp create(sync, tma, origin) do
    case TMA.create_tma(tma, sync.actor, priority: @priority, origin: origin) do
      {:ok, %{"created" => true, "version" => 1}} -> {:ok, "stored"}
      {:ok, %{"created" => true}} -> {:ok, "versions"}
      {:ok, %{"status" => "gone"}} -> {:ok, "gone"}
      {:ok, _known} -> {:ok, "unchanged"}
      {:error, %{"code" => "queue_full"}} -> waited(sync, tma, origin)
      {:error, error} -> {:error, error}
    end
  end

  # The workers are behind: what they have in hand comes first.
  defp waited(sync, tma, origin) do
    if sync.stop?.() do
      :stopped
    else
      Process.sleep(@pause_ms)
      create(sync, tma, origin)
    end
  end

  defp hash(term) do
    :sha256
    |> :crypto.hash(:erlang.term_to_binary(term, minor_version: 2))
    |> Base.encode16(case: :lower)
  end

  defp sha1(bytes), do: Base.encode16(:crypto.hash(:sha, bytes), case: :lower)

  defp put_given(map, _key, nil), do: map
  defp put_given(map, key, value), do: Map.put(map, key, value)
end
