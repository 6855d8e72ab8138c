defmodule AwapBackend.Moodle.Error do
  @moduledoc """
  Why a call of Moodle did not do what it was for.

  `kind` says what to do about it: wait (`:unreachable`, `:outage`), see an administrator (`:auth`, `:access`), or see to the
  work itself. `code` is Moodle's `errorcode`, or one of ours. The message is ours, for a person: it holds no token, no name and no word
  of a student, and nothing of what Moodle said, as that may. `retry_after` is how many seconds Moodle asked to be left alone.
  `retryable?` says whether the same call may go well later without anyone doing anything.

  What Moodle reports is told apart by `errorcode` alone, since the names of its exceptions differ between versions.
  """

  @kinds [
    :unreachable,
    :outage,
    :auth,
    :access,
    :not_found,
    :invalid,
    :protocol,
    :too_large,
    :conflict,
    :not_supported,
    :not_configured
  ]

  @enforce_keys [:kind, :code, :message]
  defexception [:kind, :code, :message, :retry_after, retryable?: false]

  @type kind ::
          :unreachable
          | :outage
          | :auth
          | :access
          | :not_found
          | :invalid
          | :protocol
          | :too_large
          | :conflict
          | :not_supported
          | :not_configured

  @type t :: %__MODULE__{
          kind: kind,
          code: String.t(),
          message: String.t(),
          retry_after: non_neg_integer | nil,
          retryable?: boolean
        }

  @later [:unreachable, :outage]

  # What Moodle's own codes mean. `accessexception` covers a function that the service lacks, an address that may not use the token, and
  # a token past its time: no answer tells these apart.
  @codes %{
    "invalidtoken" => {:auth, "Moodle does not know the web-service token."},
    "invalidlogin" => {:auth, "Moodle does not accept the service account's name and password."},
    "usernotallowed" =>
      {:auth, "The service account is not among the allowed users of the external service in Moodle."},
    "servicenotavailable" =>
      {:auth, "The external service that MOODLE_SERVICE names does not exist in Moodle, or is disabled."},
    "passwordisexpired" => {:auth, "The service account's password has expired in Moodle."},
    "usernotconfirmed" => {:auth, "The service account is not confirmed in Moodle."},
    "sitepolicynotagreed" => {:auth, "The service account has not agreed to the site policy of Moodle."},
    "forcepasswordchangenotice" => {:auth, "Moodle wants the service account's password changed."},
    "enablewsdescription" => {:access, "Web services are not enabled in Moodle."},
    "accessexception" =>
      {:access,
       "Moodle refuses the call: the external service lacks the function, the token has expired, or this machine's address may not use it."},
    "requireloginerror" => {:access, "The service account cannot enter this course or activity in Moodle."},
    "nopermission" => {:access, "The service account lacks the right to this in Moodle."},
    "nopermissions" => {:access, "The service account lacks the right to this in Moodle."},
    "notingroup" => {:access, "The service account may not see this group in Moodle."},
    "errornocapability" => {:access, "The service account lacks the right to this in Moodle."},
    "cannotviewreport" => {:access, "The service account may not read this grade report in Moodle."},
    "invalidrecord" => {:not_found, "Moodle has no such function or record."},
    "invalidrecordunknown" => {:not_found, "Moodle has no such function or record."},
    "invalidcoursemodule" => {:not_found, "Moodle has no such activity."},
    "invalidcourseid" => {:not_found, "Moodle has no such course."},
    "usernotincourse" => {:not_found, "This user is not in the course in Moodle."},
    "invaliduser" => {:not_found, "Moodle has no such user."},
    "filenotfound" => {:not_found, "The file is no longer in Moodle."},
    "invalidparameter" => {:invalid, "Moodle does not accept what it was sent."},
    "missingparam" => {:invalid, "Moodle misses something in what it was sent."},
    "upload_error_ini_size" => {:too_large, "The file is larger than Moodle takes."},
    "maxbytes" => {:too_large, "The file is larger than Moodle takes."},
    "userquotalimit" => {:too_large, "The service account's file space in Moodle is full."},
    "sitemaintenance" => {:outage, "Moodle is under maintenance."},
    "dbconnectionfailed" => {:outage, "Moodle's database is down."},
    "upgraderunning" => {:outage, "Moodle is being upgraded."},
    "dmlreadexception" => {:outage, "Moodle could not read from its database."},
    "dmlwriteexception" => {:outage, "Moodle could not write to its database."},
    "sessionwaiterr" => {:outage, "Moodle is overloaded."}
  }

  # Something is wrong there, but the same call would find it so again.
  @lasting ["dmlwriteexception"]

  @doc "The kinds there are."
  @spec kinds() :: [kind]
  def kinds, do: @kinds

  @doc "An error of ours. It may go well later where the kind says so, or `retryable?: true` does."
  @spec new(kind, String.t(), String.t(), keyword) :: t
  def new(kind, code, message, options \\ []) when kind in @kinds do
    fields = Keyword.merge([kind: kind, code: code, message: message, retryable?: kind in @later], options)
    struct!(__MODULE__, fields)
  end

  @doc "What an `errorcode` of Moodle's means."
  @spec from_code(String.t()) :: t
  def from_code(code) do
    code = printable(code)

    case Map.get(@codes, code) do
      {kind, message} -> new(kind, code, message, retryable?: kind in @later and code not in @lasting)
      nil -> new(:protocol, code, "Moodle reports an error that is not known here (#{code}).")
    end
  end

  @impl true
  def message(%__MODULE__{message: message}), do: message

  # A code is a word; anything else under its name is not passed on.
  defp printable(code) do
    if code =~ ~r/\A[A-Za-z0-9_\/:-]{1,80}\z/, do: code, else: "unknown"
  end
end
