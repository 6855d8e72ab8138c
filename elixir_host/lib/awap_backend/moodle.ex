defmodule AwapBackend.Moodle do
  @moduledoc """
  The Moodle site that TMAs come from and grades go back to: what is read there, and how a grade is written.

  Every function takes a `AwapBackend.Moodle.Client` first, from `client/1`, and answers `{:error, error}` with an
  `AwapBackend.Moodle.Error` where it fails. Times are epoch seconds, nil where Moodle has none; names are as people write them, no longer
  escaped for HTML. What Moodle says of a part of a call that failed comes back as `warnings`.

  Blind marking is not enforced by Moodle's web service: user ids and names are those of people. Who calls anonymizes.
  """

  alias AwapBackend.Config

  alias AwapBackend.Moodle.{
    Client,
    Courses,
    Definitions,
    Error,
    Files,
    Grades,
    Participants,
    Secret,
    Submissions,
    SyncScheduler,
    TokenProvider,
    Upload
  }

  @typedoc "`functions` are those that the account may call; `missing`, of those that AWAP needs, the ones it may not."
  @type site :: %{
          site_name: String.t(),
          release: String.t(),
          user_id: integer,
          user_name: String.t() | nil,
          functions: MapSet.t(String.t()),
          missing: [String.t()],
          downloads?: boolean,
          uploads?: boolean,
          max_upload_bytes: integer | nil
        }

  @type course :: %{id: integer, short_name: String.t(), full_name: String.t(), visible: boolean}

  @typedoc """
  An assignment. `grade_max` is nil, and `scale` the id of a scale of Moodle's, where it is not marked with points; both are nil where it is not
  marked at all. `feedback_plugins` are names such as `"comments"` and `"file"`. `max_bytes` is the largest file that a student may submit.
  `cmid` names it where gradings are defined.
  """
  @type assignment :: %{
          id: integer,
          cmid: integer,
          course_id: integer,
          name: String.t(),
          intro: String.t(),
          due_at: integer | nil,
          cutoff_at: integer | nil,
          grade_max: number | nil,
          scale: integer | nil,
          team?: boolean,
          blind?: boolean,
          markers_anonymous: boolean,
          workflow?: boolean,
          feedback_plugins: MapSet.t(String.t()),
          max_bytes: integer | nil,
          time_modified: integer
        }

  @typedoc "A file as Moodle lists it. Its identity is the submission's id, `area`, `path` and `name`; none of these is a path on this machine."
  @type file :: %{
          area: String.t(),
          path: String.t(),
          name: String.t(),
          size: non_neg_integer,
          mime_type: String.t() | nil,
          url: String.t(),
          time_modified: integer | nil
        }

  @typedoc "Text that was typed into Moodle, as HTML, and the files it embeds. `format` is Moodle's: 1 is HTML, 0 Moodle's own, 2 plain, 4 Markdown."
  @type online_text :: %{html: String.t(), format: integer, files: [file]}

  @typedoc "What a student or team (`user_id` 0, `group_id` set) handed in."
  @type submission :: %{
          id: integer,
          assignment_id: integer,
          user_id: integer,
          group_id: integer,
          attempt: non_neg_integer,
          status: String.t(),
          time_modified: integer,
          files: [file],
          online_text: online_text | nil
        }

  @type participant :: %{
          required(:id) => integer,
          required(:full_name) => String.t(),
          required(:submitted?) => boolean,
          optional(atom) => term
        }

  @type warning :: %{item: String.t(), item_id: integer | nil, code: String.t()}
  @type reason :: Error.t()

  @doc """
  A client of the configured site, or with `options`: `base_url`, `token_provider` (`{module, options}`), `http` (see
  `AwapBackend.Moodle.HttpClient`).
  """
  @spec client(keyword) :: Client.t()
  def client(options \\ []) do
    settings = options[:settings] || Config.all()

    %Client{
      base_url: Keyword.get(options, :base_url, settings.moodle_base_url),
      token_provider: Keyword.get_lazy(options, :token_provider, fn -> TokenProvider.of(settings) end),
      http: Keyword.merge(http(settings), Keyword.get(options, :http, []))
    }
  end

  defp http(settings) do
    [
      timeout: settings.moodle_timeout_ms,
      ca_file: settings.moodle_ca_file,
      proxy: Secret.new(settings.https_proxy),
      no_proxy: settings.no_proxy
    ]
  end

  @doc "A client that knows what `site_info/1` said, and asks no more for what it lacks."
  @spec knowing(Client.t(), site) :: Client.t()
  def knowing(client, site), do: %{client | site: site}

  @doc "Who the account is, and which of the functions that AWAP needs it lacks."
  @spec site_info(Client.t()) :: {:ok, site} | {:error, reason}
  def site_info(client), do: Courses.site_info(client)

  @doc "The courses that the account sees."
  @spec get_courses(Client.t()) :: {:ok, [course]} | {:error, reason}
  def get_courses(client), do: Courses.courses(client)

  @doc "The assignments of courses."
  @spec get_assignments(Client.t(), integer | [integer]) :: {:ok, [assignment], [warning]} | {:error, reason}
  def get_assignments(client, courses), do: Courses.assignments(client, courses)

  @doc "What an assignment (its `cmid`) is marked by: nil for points alone."
  @spec get_definition(Client.t(), integer) :: {:ok, map | nil} | {:error, reason}
  def get_definition(client, cmid), do: Definitions.get(client, cmid)

  @doc """
  What was handed in for an assignment, and only that: no drafts, and of a student the latest attempt. File bodies are not fetched.

  Options: `since`, epoch seconds: what changed at or after a second before it, so that what is known comes again; `team?: true`, where only an assignment's id is given, leaves
  out the members' rows of team work. Suspended students are among them.
  """
  @spec download_submissions(Client.t(), assignment | integer, keyword) ::
          {:ok, [submission], [warning]} | {:error, reason}
  def download_submissions(client, assignment, options \\ []),
    do: Submissions.submitted(client, assignment, options)

  @doc """
  Where one student's submission stands: extension, lock, grade, feedback. `feedback` is nil where Moodle shows none, as until a workflow releases it.

  Moodle writes a row when it is asked for someone who handed in nothing, so such are looked up first, and are an error. `known: true` says that there is
  a submission.
  """
  @spec download_submission(Client.t(), %{assignment_id: integer, user_id: integer}, keyword) ::
          {:ok, map} | {:error, reason}
  def download_submission(client, submission, options \\ []),
    do: Submissions.status(client, submission, options)

  @doc "Those who may submit; suspended students are not among them."
  @spec list_participants(Client.t(), integer) :: {:ok, [participant]} | {:error, reason}
  def list_participants(client, assignment_id), do: Participants.list(client, assignment_id)

  @doc "Users by their ids."
  @spec get_users(Client.t(), [integer]) :: {:ok, [map]} | {:error, reason}
  def get_users(client, ids), do: Participants.users(client, ids)

  @doc """
  Streams a file to `path`, at most `max_bytes`, and checks its length and SHA-1. After an error, or where it is not modified, there is nothing at `path`.
  `etag:` is the SHA-1 of what is there already: `{:ok, :not_modified}` where the file is still that.
  """
  @spec download_file(Client.t(), file, Path.t(), pos_integer, keyword) ::
          {:ok, %{sha1: String.t(), bytes: non_neg_integer}} | {:ok, :not_modified} | {:error, reason}
  def download_file(client, file, path, max_bytes, options \\ []),
    do: Files.download(client, file, path, max_bytes, options)

  @typedoc """
  A grade to write. `expected` is the `fingerprint` that `read_grade/3` gave when the work was taken; nil says that there was no grade then. With `attempt` and
  `submission_time_modified` it goes to what was marked alone. `filling` is for assignments with a rubric or guide, `grade` for others. Of `feedback_html` all but a few
  bare tags is escaped (`AwapBackend.Moodle.HTML`); `feedback_text` is plain. `workflow_state` is `"readyforreview"` unless a person releases (`"released"`).
  """
  @type upload :: %{
          required(:assignment) => assignment,
          optional(:user_id) => integer,
          optional(:group_id) => integer,
          optional(:group_members) => [integer],
          optional(:attempt) => non_neg_integer | nil,
          optional(:submission_time_modified) => integer | nil,
          optional(:grade) => number,
          optional(:filling) => AwapBackend.Moodle.Filling.t() | nil,
          optional(:feedback_html) => String.t(),
          optional(:feedback_text) => String.t(),
          optional(:files) => [%{name: String.t(), content: binary}],
          optional(:expected) => String.t() | nil,
          optional(:workflow_state) => String.t() | nil
        }

  @doc """
  The fingerprints that `read_grade/3` would give, by one call for all of an assignment: a function of user ids and an attempt; nil where none of these has a
  grade.
  """
  @spec grade_fingerprints(Client.t(), integer) ::
          {:ok, ([integer], non_neg_integer -> String.t() | nil)} | {:error, reason}
  def grade_fingerprints(client, assignment_id), do: Grades.fingerprints(client, assignment_id)

  @doc "What Moodle holds of the grade of a student, or of a team `{:group, id, member_ids}`: see `AwapBackend.Moodle.Grades`."
  @spec read_grade(Client.t(), assignment, Grades.who()) :: {:ok, Grades.t()} | {:error, reason}
  def read_grade(client, assignment, who), do: Grades.read_grade(client, assignment, who)

  @doc """
  Checks, writes, reads back and compares a grade. Where Moodle has exactly this already, `:already_there`, and nothing is written.

  A conflict says why: `:grade_changed` (someone has given another grade, or saved a comment, since), `:new_attempt` or `:resubmitted` (what was marked is no longer what is there). An error with the code
  `outcome_unknown` says that the grade may or may not be there: the same call again finds out.
  """
  @spec upload_grade(Client.t(), upload) ::
          {:ok, %{outcome: :written | :already_there, grade: Grades.t()}}
          | {:conflict,
             %{expected: term, found: Grades.t(), reason: :grade_changed | :new_attempt | :resubmitted}}
          | {:error, reason}
  def upload_grade(client, upload), do: Upload.run(client, upload)

  @doc "Whether a site is configured."
  @spec configured?() :: boolean
  def configured?, do: Config.get(:moodle_base_url) != nil

  @doc "This part of `AwapBackend.Health`."
  @spec health() :: map
  def health, do: SyncScheduler.health()
end
