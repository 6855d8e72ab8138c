defmodule AwapBackend.CoreBridge do
  @moduledoc """
  The Rust core, by either of two ways with the same meaning.

    * `:port` (the default) - a pool of `awap-port` processes. A call goes to the one with the least to do. A document
      that kills its process takes no other call with it: each call of that process is tried once more, alone
      (`AwapBackend.CoreBridge.Quarantine`), and what ends that process too is answered `unavailable` with
      `"alone" => true` in its details. All commands of the core are functions of what they are given, so that a second try
      does no harm. In the metrics it is a call of its own.
    * `:nif` - `AwapBackend.CoreBridge.Native`, in the BEAM on dirty schedulers.

  The event store is read by a process of its own (`query_events/2`), so that what reads students' documents has no way to
  the database.

  The functions chain: what one returns is a valid input of the next. Errors always have `"code"`, `"message"` and
  `"details"`; the codes are the Core Bridge's, and `unavailable`.
  """

  use Supervisor

  alias AwapBackend.{Config, PortClient, Remains, Telemetry}
  alias AwapBackend.CoreBridge.Quarantine

  require Logger

  @native AwapBackend.CoreBridge.Native
  @events AwapBackend.CoreBridge.Events
  @health_timeout 1_000
  # What is tried again when its process ends. Health is not: that the process ended is its answer.
  @tried_again ~w(anonymize_student parse_tma generate_feedback revise_feedback check_rubric write_feedback
                  compare prepare_suggestions merge_suggestions)
  @down 1_000_000

  # The core's limit of the same name.
  @request_bytes 64 * 1_048_576

  @doc "Bytes that the core takes as one request."
  @spec request_bytes() :: pos_integer
  def request_bytes, do: @request_bytes

  @type result :: {:ok, map} | {:error, PortClient.error()}

  @doc """
  Starts the pool.

  Options, each by default from the configuration: `:mode`, `:program`, `:processes`, `:env`, `:args`, and further ones
  of `AwapBackend.PortClient` for each process.
  """
  def start_link(options \\ []), do: Supervisor.start_link(__MODULE__, options, name: __MODULE__)

  @doc "Removes what identifies the student from a TMA."
  @spec anonymize_student(map) :: result
  def anonymize_student(tma), do: call("anonymize_student", tma)

  @doc "Extracts the structure of a TMA."
  @spec parse_tma(map) :: result
  def parse_tma(tma), do: call("parse_tma", tma)

  @doc "Marks a parsed TMA against its rubric and drafts feedback."
  @spec generate_feedback(map) :: result
  def generate_feedback(parsed), do: call("generate_feedback", parsed)

  @doc """
  Puts a tutor's marks in place of the draft's, and adds up anew under the rubric's penalties, rounding and bands. Of
  `"feedback"` as it is, the `"rubric"` that it was marked against (nil: the built-in one), and `"criteria"`, what is
  changed: maps of `"id"`, `"score"` and `"comment"`. Answers `"grade"`, `"feedback_text"` and `"marking_criteria"`.
  """
  @spec revise_feedback(map) :: result
  def revise_feedback(revision), do: call("revise_feedback", revision)

  @doc "Reads and checks a rubric in whichever form it is (`\"rubric\"`), and gives its outline; a fault has its `\"path\"`."
  @spec check_rubric(map) :: result
  def check_rubric(data), do: call("check_rubric", data)

  @doc """
  Writes feedback as a Word file for the student: `"content_type"`, `"extension"` and `"data_base64"`. Of `"assignment_id"`,
  `"feedback_text"` and `"marking_criteria"`, and where they are given `"course_id"`, `"student_id"` (the pseudonym),
  `"submitted_at"`, `"reviewed_by"` and `"reviewed_at"`. The same feedback gives the same bytes.
  """
  @spec write_feedback(map) :: result
  def write_feedback(letter), do: call("write_feedback", letter)

  @doc """
  Compares the scripts of a cohort: `"scripts"`, each with its `"id"`, its anonymized `"text"` and, where it is known, what of it is
  not the writer's own (`"aside"`, spans), and `"options"` (`"prompt"`, `"least_share"`, `"least_stretch"`). Answers
  `"near_duplicates"`, pairs with the places of what they share, `"markers"` and `"outliers"`. A prompt to look: no mark depends on it.
  """
  @spec compare(map) :: result
  def compare(cohort), do: call("compare", cohort)

  @doc """
  Makes the request that a model in the AI jail is sent: `%{"request" => request}`, of `"parsed"` and `"feedback"` as the
  functions above return them and, where it is given, a `"budget"` (`"max_tokens"`, `"time_ms"`). A TMA that was not
  anonymized is refused (`invalid_input`).
  """
  @spec prepare_suggestions(map) :: result
  def prepare_suggestions(marked), do: call("prepare_suggestions", marked)

  @doc """
  Merges what a model answered into the feedback, and returns that: of `"parsed"` and `"feedback"`, the model's
  `"suggestions"` and what the host knows of it (`"ai"`: `"image_digest"`, `"model_sha256"`, `"model_id"`). Each suggestion
  is verified or dropped and counted; no mark ever changes, and whatever the suggestions are, they are no error.
  """
  @spec merge_suggestions(map) :: result
  def merge_suggestions(answered), do: call("merge_suggestions", answered)

  @doc """
  Reads the event store through the core. `opts` is a map or keyword list: `from_version`, `max_count`, `direction`,
  `types`, `since`, `until`. Stream `"$all"` is every stream, in global order.
  """
  @spec query_events(String.t(), map | keyword) :: result
  def query_events(stream_id, opts \\ %{}) do
    call("query_events", %{"stream_id" => stream_id, "opts" => Map.new(opts)})
  end

  @doc "Asks the core whether it is well."
  @spec health_check() :: result
  def health_check, do: call("health_check", %{}, @health_timeout)

  @doc "Whether a call would reach the core now."
  @spec available?() :: boolean
  def available? do
    case pool() do
      %{mode: :nif, available: available} -> available
      %{mode: :port, load: load} -> least(load) |> elem(1) < @down
      nil -> false
    end
  end

  @doc "How the core is called, and the state of each of its processes."
  @spec status() :: %{mode: :port | :nif, processes: [map]}
  def status do
    case pool() do
      %{mode: :port, names: names} ->
        %{mode: :port, processes: names |> Tuple.to_list() |> Enum.map(&PortClient.status/1)}

      %{mode: :nif} ->
        %{mode: :nif, processes: []}

      nil ->
        %{mode: Config.get(:core_mode), processes: []}
    end
  end

  @doc "Runs one command of the core, waiting at most `timeout` milliseconds (the NIF has the configured time)."
  @spec call(String.t(), map, pos_integer | nil) :: result
  def call(command, data, timeout \\ nil) do
    case pool() do
      %{mode: :port} = pool ->
        timeout = timeout || pool.timeout
        until = System.monotonic_time(:millisecond) + timeout

        case PortClient.call(process_for(command, pool), command, data, timeout) do
          {:error, %{"details" => %{"reason" => "process_exit"}}} = lost when command in @tried_again ->
            Quarantine.call(lost, command, data, until)

          result ->
            result
        end

      %{mode: :nif} ->
        Telemetry.measure([:awap_backend, :core, :call], fn ->
          result = native(command, data)
          {result, %{command: command, mode: :nif, outcome: outcome(result)}}
        end)

      nil ->
        PortClient.error("unavailable", "The core is not running.", %{"reason" => "not_running"})
    end
  end

  @impl true
  def init(options) do
    mode = Keyword.get_lazy(options, :mode, fn -> Config.get(:core_mode) end)
    init(mode, options)
  end

  # Read by the library at its first call, and held until this VM ends.
  defp init(:nif, _options) do
    Application.put_env(:awap_nif, :pseudonym_key, Config.get(:pseudonym_key))
    Application.put_env(:awap_nif, :event_store_url, Config.events_url())
    Application.put_env(:awap_nif, :timeout_ms, Config.get(:core_timeout_ms))

    available =
      case native("health_check", %{}) do
        {:ok, _health} ->
          true

        {:error, %{"message" => message}} ->
          Logger.error("The core cannot be called as a NIF. #{message}", component: :core)
          false
      end

    :persistent_term.put(__MODULE__, %{mode: :nif, available: available})
    Supervisor.init([], strategy: :one_for_one)
  end

  defp init(:port, options) do
    processes = Keyword.get_lazy(options, :processes, fn -> Config.get(:core_processes) end)
    load = :atomics.new(processes, signed: true)
    names = for n <- 1..processes, do: Module.concat(__MODULE__, "Process#{n}")
    Remains.clear([@events, Quarantine | names])

    defaults = [
      component: :core,
      program: Keyword.get_lazy(options, :program, fn -> Config.get(:core_executable) end),
      telemetry: {[:awap_backend, :core, :call], %{mode: :port}},
      args: ["--jobs", "2"],
      max_request_bytes: @request_bytes,
      env: core_environment()
    ]

    given = Keyword.drop(options, [:mode, :processes, :timeout_ms])

    children =
      for {name, index} <- Enum.with_index(names, 1) do
        child(name, defaults ++ [load: {load, index}, prove: "health_check"], given)
      end

    # A caller that brings a program of its own says what it sees of the environment.
    events =
      child(@events, Keyword.merge(defaults, component: :core_events, env: events_environment()), given)

    quarantine = {Quarantine, Keyword.merge(defaults, given)}

    :persistent_term.put(__MODULE__, %{
      mode: :port,
      names: List.to_tuple(names),
      load: load,
      timeout: Keyword.get_lazy(options, :timeout_ms, fn -> Config.get(:core_timeout_ms) end)
    })

    Supervisor.init(children ++ [events, quarantine], strategy: :one_for_one)
  end

  defp child(name, defaults, given) do
    options = defaults |> Keyword.merge(given) |> Keyword.put(:name, name)
    Supervisor.child_spec({PortClient, options}, id: name)
  end

  defp core_environment do
    Config.hidden_from_children() ++
      Config.child_log() ++ [{"AWAP_PSEUDONYM_KEY", Config.get(:pseudonym_key)}]
  end

  defp events_environment do
    Config.hidden_from_children() ++
      Config.child_log() ++
      [
        {"EVENT_STORE_URL", Config.events_url()}
      ]
  end

  defp pool, do: :persistent_term.get(__MODULE__, nil)

  defp process_for("query_events", _pool), do: @events

  defp process_for(_command, %{names: names, load: load}) do
    elem(names, take_least(load) - 1)
  end

  # Noted at once, so that calls made at the same moment spread; the process notes the true number itself.
  defp take_least(load) do
    {index, calls} = least(load)

    if calls >= @down or :atomics.compare_exchange(load, index, calls, calls + 1) == :ok,
      do: index,
      else: take_least(load)
  end

  defp least(load) do
    size = :atomics.info(load).size

    Enum.reduce(1..size, {1, :infinity}, fn index, {_best, fewest} = so_far ->
      # Any number is less than an atom.
      case :atomics.get(load, index) do
        calls when calls < fewest -> {index, calls}
        _more -> so_far
      end
    end)
  end

  @functions %{
    "anonymize_student" => :anonymize_student,
    "parse_tma" => :parse_tma,
    "generate_feedback" => :generate_feedback,
    "revise_feedback" => :revise_feedback,
    "check_rubric" => :check_rubric,
    "write_feedback" => :write_feedback,
    "compare" => :compare,
    "prepare_suggestions" => :prepare_suggestions,
    "merge_suggestions" => :merge_suggestions,
    "query_events" => :query_events,
    "health_check" => :health_check
  }

  defp native(command, data) do
    case {Map.fetch(@functions, command), Code.ensure_loaded?(@native)} do
      {{:ok, function}, true} ->
        with {:error, error} <- apply(@native, function, [data]),
             do: {:error, Map.put_new(error, "details", %{})}

      {{:ok, _function}, false} ->
        PortClient.error(
          "unavailable",
          "The host was built without the NIF: build it with AWAP_CORE_MODE=nif, or run it with AWAP_CORE_MODE=port.",
          %{"reason" => "no_program"}
        )

      {:error, _loaded} ->
        PortClient.error("unknown_command", "The core has no command of this name.")
    end
  end

  defp outcome({:ok, _result}), do: :ok
  defp outcome({:error, %{"code" => code}}), do: code
end
