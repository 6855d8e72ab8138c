defmodule AwapBackend.Release.Store do
  @moduledoc """
  A store for one command: an `awap-store` of its own, asked through `AwapBackend.Repo` as in the host.

  It is started only on a database that is as this version needs it. A command must not bring a database up to date under
  the hosts of an older version that use it.
  """

  alias AwapBackend.{JSON, Repo, Secrets}

  @type answer :: {:ok, map} | {:error, String.t()}

  @doc "Runs `work` with a store; its outcome, or status 1 and why there is none."
  @spec with_store(map, (() -> outcome)) :: outcome when outcome: AwapBackend.Release.outcome()
  def with_store(settings, work) do
    with {:ok, %{"state" => "current"} = found} <- check(settings),
         :ok <- event_store(found),
         {:ok, settings} <- complete(settings) do
      use_store(settings, work)
    else
      {:ok, %{"state" => state} = found} -> {1, refusal(state, found)}
      {:error, sentence} -> {1, sentence}
    end
  end

  # A store that starts makes the tables where there are none, as the host does. Where the event store is away, so is only
  # what asks for it.
  defp event_store(%{"event_store" => %{"state" => state} = found}) when state in ~w(older newer foreign),
    do: {:error, "the event store (EVENT_STORE_URL): " <> refusal(state, found)}

  defp event_store(_found), do: :ok

  defp use_store(settings, work) do
    before = Application.fetch_env(:awap_backend, :settings)
    # What the store logs at less than an error is of a host's interest, not of a command's.
    Application.put_env(:awap_backend, :settings, %{settings | log_level: :error})
    {:ok, store} = Repo.start_link()

    try do
      work.()
    after
      GenServer.stop(store)

      # In a test there is a host in this VM.
      case before do
        {:ok, before} -> Application.put_env(:awap_backend, :settings, before)
        :error -> Application.delete_env(:awap_backend, :settings)
      end
    end
  end

  @doc "One command of the store; an error is its sentence. Waits as long as an hour: there may be much to read."
  @spec call(String.t(), map) :: answer
  def call(command, data) do
    data = Map.put(data, "actor", %{"type" => "system", "id" => "command line"})

    case Repo.call(command, data, 3_600_000) do
      {:ok, answer} -> {:ok, answer}
      {:error, %{"message" => message}} -> {:error, message}
    end
  end

  @doc """
  What state the database is in, and the one that `EVENT_STORE_URL` names, without a change to either: the object that
  `awap-store --check` prints (see `awap-store/PROTOCOL.md`).
  """
  @spec check(map) :: answer
  def check(%{store_executable: nil}),
    do: {:error, "awap-store was not found: build it, or set AWAP_STORE_EXECUTABLE."}

  def check(settings), do: check(settings, settings.database_url, settings.event_store_url)

  @doc "As `check/1`, of another database."
  @spec check(map, String.t(), String.t() | nil) :: answer
  def check(settings, url, event_store_url \\ nil) do
    # The URL holds a password: a process's environment is its user's alone to read, its arguments are everyone's.
    urls = [{"DATABASE_URL", url}, {"EVENT_STORE_URL", event_store_url}]
    environment = AwapBackend.Config.hidden_from_children() ++ urls ++ [{"AWAP_LOG", "off"}]
    arguments = ["30", settings.store_executable, "--check"]
    {said, status} = System.cmd("timeout", arguments, env: environment, stderr_to_stdout: true)

    case {JSON.decode(said), status} do
      {{:ok, %{"state" => _} = found}, _status} -> {:ok, found}
      {_other, 124} -> {:error, "The database did not answer in 30 s."}
      _other -> {:error, "#{settings.store_executable} is no awap-store of this version."}
    end
  end

  @doc "Why a database in this state is left alone."
  @spec refusal(String.t(), map) :: String.t()
  def refusal("empty", _found), do: "the database is empty: start the host on it first."

  def refusal("older", _found),
    do:
      "the database is of an older version: start the host, which brings it up to date, or use the version that wrote it."

  def refusal("newer", _found), do: "the database is of a newer version of AWAP: use that version."

  def refusal("foreign", _found),
    do: "the database was changed by hand, or a migration stopped half-way: restore it from a backup."

  def refusal(_code, %{"message" => message}), do: message

  # Never made here: a key made now would not be the one that the database is sealed under.
  defp complete(settings) do
    missing = Secrets.missing(settings)

    if missing == [] do
      {:ok, Secrets.complete!(settings)}
    else
      names = Enum.map_join(missing, ", ", &Path.join([settings.data_dir, "secrets", Atom.to_string(&1)]))

      {:error,
       "#{names}: not there, and not in the environment either. Restore it from a backup of the secrets."}
    end
  rescue
    error in Secrets.Error -> {:error, error.message}
  end
end
