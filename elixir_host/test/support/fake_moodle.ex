defmodule AwapBackend.FakeMoodle do
  @moduledoc """
  A Moodle for tests: a real HTTP server with state. Submissions change, grades stick, files have the SHA-1 of their bytes as ETag; it answers in the shapes
  that real sites (4.5 and 4.3) were recorded to answer in, and has their odd ways: `save_grade` says nothing when it stored nothing, asking after the submission of
  who has none writes one, blind marking hides no one's id.

      {:ok, moodle} = FakeMoodle.start()
      course = FakeMoodle.put_course(moodle, %{shortname: "KX201"})
      assignment = FakeMoodle.put_assignment(moodle, course, %{name: "TMA 01"})
      student = FakeMoodle.put_user(moodle, course, %{firstname: "Ida"})
      FakeMoodle.put_submission(moodle, assignment, student, %{files: [{"/", "essay.txt", "…"}]})
      client = FakeMoodle.client(moodle)

  Times are those of the machine plus `advance/2`. `fault/3` makes it misbehave:

  | fault | |
  | --- | --- |
  | `:bad_token`, `:expired_token`, `:ip_blocked` | the token is refused, as each is |
  | `:maintenance` | 200 with `sitemaintenance` |
  | `{:maintenance_cli, seconds}` | 503, HTML, `Retry-After` (nil: without) |
  | `:web_services_off` | 403 with nothing |
  | `:php_down` | 502, HTML |
  | `:database_down` | 200 with `dbconnectionfailed` |
  | `:too_many` | 429 |
  | `{:slow, ms}` | answers late |
  | `:reset` | the connection breaks before anything is done |
  | `:reset_after` | it is done, and the connection breaks before the answer |
  | `:half` | half the body, then the connection ends |
  | `{:trickle, ms}` | one byte at a time, with pauses |
  | `:wrong_length` | the body goes on past its length, or ends before it |
  | `:wrong_bytes` | a file's bytes are not those of its ETag |
  | `:json_file` | JSON of an error where a file was asked for, with 200 |
  | `:html` | 200, HTML |
  | `{:redirect, url}` | 302 to there |
  | `{:answer, term}` | that, as JSON |
  """

  use GenServer

  alias AwapBackend.FakeMoodle.{Server, State}
  alias AwapBackend.Moodle
  alias AwapBackend.Moodle.Secret
  alias AwapBackend.Moodle.TokenProvider.Static

  @doc "Starts one on a free port, linked. Options: `tls` (options of `:ssl.listen`), `port`, `functions` that the service has."
  @spec start(keyword) :: {:ok, pid}
  def start(options \\ []), do: GenServer.start_link(__MODULE__, options)

  @doc "Its address."
  @spec url(pid) :: String.t()
  def url(moodle), do: GenServer.call(moodle, :url)

  @doc "The token of the service account."
  @spec token() :: String.t()
  def token, do: "5e41ce0f7a2bd3968c1d04e7f95ab260"

  @doc "A client of it, as `AwapBackend.Moodle.client/1`, that does not wait long between attempts."
  @spec client(pid, keyword) :: Moodle.Client.t()
  def client(moodle, options \\ []) do
    http = Keyword.merge([backoff_ms: 5, timeout: 20_000, connections: 4], Keyword.get(options, :http, []))
    provider = {Static, token: Secret.new(Keyword.get(options, :token, token()))}

    [base_url: url(moodle), token_provider: provider]
    |> Keyword.merge(Keyword.take(options, [:base_url, :token_provider]))
    |> Keyword.put(:http, http)
    |> Moodle.client()
  end

  @doc "Adds a course, or changes the one of this `id`; its id."
  def put_course(moodle, attributes \\ %{}), do: update(moodle, &State.put_course(&1, attributes))

  @doc """
  Adds an assignment to a course; its id. Attributes are Moodle's (`grade`, `duedate`, `teamsubmission`, `blindmarking`, `markingworkflow`, …), and
  `definition`: `{:rubric, [{description, [{score, text}]}]}` or `{:guide, [{shortname, maxscore}]}`, `feedback_plugins` (default comments and file).
  """
  def put_assignment(moodle, course, attributes \\ %{}),
    do: update(moodle, &State.put_assignment(&1, course, attributes))

  @doc "Changes an assignment."
  def change_assignment(moodle, assignment, attributes),
    do: update(moodle, &State.change_assignment(&1, assignment, attributes))

  @doc "Adds a student to a course; their id. `suspended: true`, `groups: [id]`."
  def put_user(moodle, course, attributes \\ %{}), do: update(moodle, &State.put_user(&1, course, attributes))

  @doc "Suspends a student's enrolment, or lifts that."
  def suspend(moodle, user, suspended? \\ true),
    do: update(moodle, &State.change_user(&1, user, %{suspended: suspended?}))

  @doc "Changes a user: `groups: [id]`, say."
  def change_user(moodle, user, attributes),
    do: update(moodle, &State.change_user(&1, user, Map.new(attributes)))

  @doc """
  Hands in for a student, or a team (`{:group, id}`); the submission's id. A second time changes the submission that is there.

  `files: [{path, name, bytes}]`, `text` (HTML), `text_files` (embedded in it), `status` (`"submitted"`), `attempt` (a new number is a new attempt), `timemodified`.
  """
  def put_submission(moodle, assignment, who, attributes \\ %{}),
    do: update(moodle, &State.put_submission(&1, assignment, who, Map.new(attributes)))

  @doc "A grade that someone else gives: `grade`, `comment`, `grader`, `attempt`, `workflowstate`."
  def set_grade(moodle, assignment, user, attributes),
    do: update(moodle, &State.set_grade(&1, assignment, user, Map.new(attributes)))

  @doc "What the gradebook does with a student's grade: `locked: true`, `overridden: number`."
  def set_gradebook(moodle, assignment, user, attributes),
    do: update(moodle, &State.set_gradebook(&1, assignment, user, Map.new(attributes)))

  @doc "A student's flags: `extensionduedate`, `locked`, `workflowstate`."
  def set_flags(moodle, assignment, user, attributes),
    do: update(moodle, &State.set_flags(&1, assignment, user, Map.new(attributes)))

  @doc "The grade row of a student's latest attempt, or nil: `%{grade, grader, comment, files, fillings, attempt, timemodified, writes}`."
  def grade_of(moodle, assignment, user), do: read(moodle, &State.grade_of(&1, assignment, user))

  @doc "A student's flags."
  def flags_of(moodle, assignment, user), do: read(moodle, &State.flags_of(&1, assignment, user))

  @doc "All rows of submissions of an assignment, `new` ones too."
  def submissions(moodle, assignment), do: read(moodle, &State.submissions(&1, assignment))

  @doc "What was asked for: `%{function, path, params, method}` in order. Tokens are among the params as they came."
  def calls(moodle), do: read(moodle, &Enum.reverse(&1.calls))

  @doc "Forgets the calls."
  def forget_calls(moodle), do: update(moodle, &{:ok, %{&1 | calls: []}})

  @doc "How many connections it took."
  def connections(moodle), do: read(moodle, & &1.connections)

  @doc "Sets its clock on by seconds, or back."
  def advance(moodle, seconds), do: update(moodle, &{:ok, %{&1 | clock: &1.clock + seconds}})

  @doc "The service has these functions, or all."
  def set_functions(moodle, functions), do: update(moodle, &{:ok, %{&1 | functions: functions}})

  @doc "Makes it misbehave: `on:` a function, `:file`, `:token` or `:upload` (else on all), for `times:` calls (else until `heal/1`)."
  def fault(moodle, fault, options \\ []), do: update(moodle, &State.add_fault(&1, fault, options))

  @doc "Ends all faults."
  def heal(moodle), do: update(moodle, &{:ok, %{&1 | faults: []}})

  @doc "The service account's name, password and service, for `/login/token.php`."
  def account, do: %{username: "svc-awap", password: "k33p-m3-s3cr3t", service: "awap"}

  @doc "Makes another token good in place of the present one."
  def set_token(moodle, token), do: update(moodle, &{:ok, %{&1 | token: token}})

  @doc false
  def update(moodle, fun), do: GenServer.call(moodle, {:update, fun}, 60_000)

  @doc false
  def read(moodle, fun), do: GenServer.call(moodle, {:read, fun}, 60_000)

  @impl true
  def init(options) do
    Process.flag(:trap_exit, true)
    {:ok, server, port} = Server.listen(self(), options)
    scheme = if options[:tls], do: "https", else: "http"
    url = "#{scheme}://#{Keyword.get(options, :host, "127.0.0.1")}:#{port}"
    {:ok, %{server: server, state: State.new(url, options)}}
  end

  @impl true
  def handle_call(:url, _from, fake), do: {:reply, fake.state.url, fake}

  def handle_call({:update, fun}, _from, fake) do
    {result, state} = fun.(fake.state)
    {:reply, result, %{fake | state: state}}
  end

  def handle_call({:read, fun}, _from, fake), do: {:reply, fun.(fake.state), fake}

  @impl true
  def handle_info({:EXIT, _pid, _reason}, fake), do: {:noreply, fake}

  @impl true
  def terminate(_reason, fake), do: Server.close(fake.server)
end
