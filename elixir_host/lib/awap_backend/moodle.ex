defmodule AwapBackend.Moodle do
  @moduledoc """
  The Moodle site that TMAs come from and grades go back to: what is read there, and how a grade is written.

  Every function takes a `AwapBackend.Moodle.Client` first, from `client/1`, and answers `{:error, error}` with an
  `AwapBackend.Moodle.Error` where it fails. Times are epoch seconds, nil where Moodle has none; names are as people write them, no longer
  escaped for HTML. What Moodle says of a part of a call that failed comes back as `warnings`.

  Blind marking is not enforced by Moodle's web service: user ids and names are those of people. Who calls anonymizes.
  """

  alias AwapBackend.Config
  alias AwapBackend.Moodle.{Client, Error, Secret, TokenProvider}

  @typedoc "`functions` are those that the account may call; `missing`, of those that AWAP needs, the ones it may not."
  @type site :: %{
          site_name: String.t(),
          release: String.t(),
          user_id: integer,
          functions: MapSet.t(String.t()),
          missing: [String.t()]
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

  @doc "Who the account is, and which of the functions that AWAP needs it lacks."
  @spec site_info(Client.t()) :: {:ok, site} | {:error, reason}
  def site_info(client), do: unavailable(client)

  @doc "The courses that the account sees."
  @spec get_courses(Client.t()) :: {:ok, [course]} | {:error, reason}
  def get_courses(client), do: unavailable(client)

  @doc "The assignments of courses."
  @spec get_assignments(Client.t(), integer | [integer]) :: {:ok, [assignment], [warning]} | {:error, reason}
  def get_assignments(client, _courses), do: unavailable(client)

  @doc "What an assignment (its `cmid`) is marked by: nil for points alone."
  @spec get_definition(Client.t(), integer) :: {:ok, map | nil} | {:error, reason}
  def get_definition(client, _cmid), do: unavailable(client)

  @doc "What was handed in for an assignment, changed at or after `since`; drafts left out. File bodies are not fetched."
  @spec download_submissions(Client.t(), integer, keyword) ::
          {:ok, [submission], [warning]} | {:error, reason}
  def download_submissions(client, _assignment_id, _options \\ []), do: unavailable(client)

  @doc "Where one student's submission stands: extension, lock, grade, feedback."
  @spec download_submission(Client.t(), %{assignment_id: integer, user_id: integer}) ::
          {:ok, map} | {:error, reason}
  def download_submission(client, _submission), do: unavailable(client)

  @doc "Those who may submit; suspended students are not among them."
  @spec list_participants(Client.t(), integer) :: {:ok, [participant]} | {:error, reason}
  def list_participants(client, _assignment_id), do: unavailable(client)

  @doc "Users by their ids."
  @spec get_users(Client.t(), [integer]) :: {:ok, [map]} | {:error, reason}
  def get_users(client, _ids), do: unavailable(client)

  @doc "Streams a file to `path`, at most `max_bytes`, and checks its length and SHA-1."
  @spec download_file(Client.t(), file, Path.t(), pos_integer, keyword) ::
          {:ok, %{sha1: String.t(), bytes: non_neg_integer}} | {:ok, :not_modified} | {:error, reason}
  def download_file(client, _file, _path, _max_bytes, _options \\ []), do: unavailable(client)

  @doc "The grade of a student, or of a team `{:group, id, member_ids}`."
  @spec read_grade(Client.t(), assignment, integer | {:group, integer, [integer]}) ::
          {:ok, map} | {:error, reason}
  def read_grade(client, _assignment, _who), do: unavailable(client)

  @doc "Checks, writes, reads back and compares a grade."
  @spec upload_grade(Client.t(), map) ::
          {:ok, %{outcome: :written | :already_there, grade: map}}
          | {:conflict, %{expected: term, found: map}}
          | {:error, reason}
  def upload_grade(client, _upload), do: unavailable(client)

  @doc "Whether a site is configured."
  @spec configured?() :: boolean
  def configured?, do: Config.get(:moodle_base_url) != nil

  @doc "This part of `AwapBackend.Health`."
  @spec health() :: map
  def health, do: %{"status" => "disabled", "configured" => configured?()}

  defp unavailable(%Client{base_url: nil}) do
    {:error,
     Error.new(:not_configured, "not_configured", "No Moodle site is configured: set MOODLE_BASE_URL.")}
  end

  defp unavailable(%Client{}) do
    {:error, Error.new(:not_supported, "not_supported", "This version does not call Moodle.")}
  end
end
