defmodule AwapBackend.Moodle.Check do
  @moduledoc """
  Says what works with the configured Moodle site: `awap moodle-check` in a release, `make moodle-check` or `mix awap.moodle_check` elsewhere.

  It calls the site with the account that the host uses: whether it is reached and lets the account in, which functions and rights it lacks, and what a
  first sync would fetch. It changes nothing, neither here nor there: nothing is written, nobody who handed in nothing is asked after, of files only the
  heads are read. (With OAuth 2.0's `authorization_code` a refresh token is used and the next one kept, as by the host; a code is left for the host to use.) It
  shows no student and no secret. Whether the account may write grades shows only when one is written.

  Findings are as the doctor's (`AwapBackend.Doctor`), as text or JSON; the status is 1 where there is a fault, else 0.
  """

  import AwapBackend.Doctor.Finding

  alias AwapBackend.Config
  alias AwapBackend.Doctor.{Finding, Report}
  alias AwapBackend.Moodle
  alias AwapBackend.Moodle.{Courses, Error, Files, Grades, HTTP, Participants, TokenProvider, Tokens}

  # More would take long and say little more.
  @most_assignments 100

  @doc "Looks at the site, prints what was found as `:text` or `:json`, and returns the exit status."
  @spec run(AwapBackend.Release.context(), :text | :json) :: 0 | 1
  def run(context, format), do: context |> findings() |> Report.print(format)

  @doc "What is found."
  @spec findings(AwapBackend.Release.context()) :: [Finding.t()]
  def findings(context) do
    {settings, problems} = Config.examine(context.env, context.env_name, context.root)
    # Of the rest of the host this has no need.
    ours = Enum.filter(problems, &String.starts_with?(&1, ["MOODLE_", "HTTPS_PROXY", "NO_PROXY"]))
    needed = Enum.reject(ours, &String.contains?(&1, "is required in"))

    cond do
      needed != [] ->
        in_area(
          "Site",
          Enum.map(needed, &fault("settings", &1, "Correct it where the host's variables are set."))
        )

      settings.moodle_base_url == nil ->
        in_area("Site", [no_address()])

      true ->
        looked_at(%{settings | seal_key: seal_key(settings)})
    end
  end

  defp no_address,
    do: fault("address", "MOODLE_BASE_URL is not set.", "Set it, and MOODLE_TOKEN or another way in.")

  # Read where the host made one; made by the host alone.
  defp seal_key(settings) do
    with nil <- settings.seal_key,
         {:ok, key} <- File.read(AwapBackend.Secrets.path(settings.data_dir, :seal_key)) do
      String.trim(key)
    else
      {:error, _none} -> nil
      key -> key
    end
  end

  defp looked_at(settings) do
    {:ok, _started} = Application.ensure_all_started(:ssl)
    {:ok, _started} = Application.ensure_all_started(:jiffy)
    started = for module <- [HTTP.Pool, Tokens], {:ok, pid} <- [module.start_link([])], do: pid

    try do
      in_area("Site", way_in(settings)) ++ site(Moodle.client(settings: settings))
    after
      Enum.each(started, &GenServer.stop/1)
    end
  end

  # --- the site and the account

  # A code is the host's to use: what would be got for it must be kept.
  defp way_in(%{moodle_auth: :oauth2, moodle_oauth_grant: :authorization_code} = settings) do
    {_module, options} = TokenProvider.of(settings)
    url = TokenProvider.OAuth2.authorization_url(options, "awap")

    if url do
      [
        ok(
          "sign-in",
          "a person signs in as the service account at #{url}; the code they come back with goes into MOODLE_OAUTH_CODE"
        )
      ]
    else
      [
        warning(
          "sign-in",
          "where a person signs in is not known.",
          "Set MOODLE_OAUTH_AUTHORIZE_URL and MOODLE_OAUTH_REDIRECT_URL."
        )
      ]
    end
  end

  defp way_in(_settings), do: []

  defp site(client) do
    case Moodle.site_info(unconsumed(client)) do
      {:ok, site} ->
        client = Moodle.knowing(unconsumed(client), site)

        in_area("Site", [ok("address", "#{site.site_name}, Moodle #{site.release}, at #{client.base_url}")]) ++
          in_area("Account", account(site)) ++ content(client, site)

      {:error, error} ->
        in_area("Site", [failed("address", error)])
    end
  end

  defp unconsumed(%{token_provider: {TokenProvider.OAuth2, options}} = client),
    do: %{client | token_provider: {TokenProvider.OAuth2, Keyword.put(options, :code, nil)}}

  defp unconsumed(client), do: client

  defp account(site) do
    [ok("user", "#{site.user_name || "the account"} (id #{site.user_id})")] ++
      functions(site) ++ switches(site)
  end

  defp functions(site) do
    advice = "Add it to the external service in Moodle (Site administration, Server, External services)."

    missing =
      for {name, why} <- Courses.needed(),
          name in site.missing,
          do: fault("function", "#{name} is missing, #{why}.", advice)

    helpful =
      for {name, why} <- Courses.helpful(),
          name not in site.functions,
          do: warning("function", "#{name} is missing, #{why}.", advice)

    if missing == [],
      do: [ok("functions", "all #{length(Courses.needed())} that are needed are there") | helpful],
      else: missing ++ helpful
  end

  defp switches(site) do
    downloads =
      if site.downloads?,
        do: [],
        else: [
          fault(
            "files",
            "the external service may not download files.",
            "Switch on “Can download files” for it."
          )
        ]

    uploads =
      if site.uploads?,
        do: [],
        else: [
          warning(
            "files",
            "the external service may not upload files: feedback goes without.",
            "Switch on “Can upload files” for it."
          )
        ]

    downloads ++ uploads
  end

  # --- what is there

  defp content(client, site) do
    if "core_course_get_courses" in site.missing or "mod_assign_get_assignments" in site.missing,
      do: in_area("Sync", [skipped("courses", "not looked at, as functions are missing")]),
      else: courses(client)
  end

  defp courses(client) do
    with {:ok, courses} <- Moodle.get_courses(client),
         {:ok, assignments, warnings} <- Moodle.get_assignments(client, Enum.map(courses, & &1.id)) do
      names = Map.new(courses, &{&1.id, &1.short_name})

      in_area("Courses", [seen(courses, assignments) | unseen(warnings, names)]) ++
        in_area("Sync", assignments(client, assignments, names))
    else
      {:error, error} -> in_area("Courses", [failed("courses", error)])
    end
  end

  defp seen([], _assignments),
    do:
      warning(
        "courses",
        "the account sees no course.",
        "Give it a role with “moodle/course:view” in the courses’ category."
      )

  defp seen(courses, assignments),
    do: ok("courses", "#{length(courses)} courses with #{length(assignments)} assignments are seen")

  defp unseen(warnings, names) do
    for %{item: "course", item_id: id} <- warnings do
      warning(
        "course",
        "#{names[id] || id}: its assignments are not seen.",
        "Give the account's role “mod/assign:view” there."
      )
    end
  end

  defp assignments(client, assignments, names) do
    {looked_at, rest} = Enum.split(assignments, @most_assignments)
    {findings, sums} = looked_at |> Enum.map(&assignment(client, &1, names)) |> Enum.unzip()
    more = if rest == [], do: [], else: [skipped("assignments", "#{length(rest)} more were not looked at")]
    List.flatten(findings) ++ more ++ [would(sums, length(looked_at))]
  end

  defp would(sums, assignments) do
    total = fn key -> sums |> Enum.map(&Map.get(&1, key, 0)) |> Enum.sum() end
    size = Float.round(total.(:bytes) / 1_048_576, 1)

    ok(
      "sync",
      "a first sync of these #{assignments} assignments would fetch #{total.(:submissions)} submissions with #{total.(:files)} files (#{size} MiB)"
    )
  end

  defp assignment(client, assignment, names) do
    name = "#{names[assignment.course_id]}, #{assignment.name}"

    with {:ok, definition} <- Moodle.get_definition(client, assignment.cmid),
         {:ok, submissions, _warnings} <- Moodle.download_submissions(client, assignment),
         {:ok, _participants} <- Participants.standing(client, assignment.id),
         {:ok, _flags} <- Participants.flags(client, assignment.id),
         :ok <- Grades.readable(client, assignment.id),
         files = for(submission <- submissions, file <- submission.files, do: file),
         :ok <- probed(client, files) do
      sums = %{
        submissions: length(submissions),
        files: length(files),
        bytes: files |> Enum.map(& &1.size) |> Enum.sum()
      }

      {[
         ok("assignment", "#{name}: #{sums.submissions} submitted, #{marked(assignment, definition)}")
         | limits(name, assignment)
       ], sums}
    else
      {:error, error} -> {[failed("assignment", error, name <> ": ")], %{}}
    end
  end

  defp probed(_client, []), do: :ok
  defp probed(client, [file | _rest]), do: Files.probe(client, file)

  defp marked(_assignment, %{method: :rubric}), do: "marked with a rubric"
  defp marked(_assignment, %{method: :guide}), do: "marked with a guide"
  defp marked(%{grade_max: max}, nil) when max != nil, do: "marked up to #{max} points"
  defp marked(_assignment, nil), do: "without points"

  defp limits(name, assignment) do
    scale =
      if assignment.scale,
        do: [
          warning(
            "assignment",
            "#{name}: a scale is not for points, so its grades do not go back.",
            "Mark it in Moodle, or with points."
          )
        ],
        else: []

    comments =
      if "comments" in assignment.feedback_plugins,
        do: [],
        else: [
          warning(
            "assignment",
            "#{name}: feedback comments are off: grades go back without words.",
            "Switch on “Feedback comments” in its settings."
          )
        ]

    scale ++ comments
  end

  # --- findings

  defp failed(name, %Error{} = error, prefix \\ ""),
    do: fault(name, "#{prefix}#{error.message} (#{error.code})", advice(error))

  defp advice(%Error{kind: :unreachable}), do: "See MOODLE_BASE_URL, HTTPS_PROXY and the network."
  defp advice(%Error{kind: :outage}), do: "Wait, or ask who runs the site; then look again."
  defp advice(%Error{kind: :auth}), do: "See MOODLE_AUTH and the variables that go with it."

  defp advice(%Error{kind: :access}),
    do: "Give the account's role the right to it, or the external service the function."

  defp advice(_error), do: "See the address and the version of the site."

  defp in_area(area, findings), do: Enum.map(findings, &%{&1 | area: area})
end
