defmodule AwapBackend.CoreBridge.Native do
  @moduledoc """
  The AWAP core in this BEAM.

  Each function takes a map with string or atom keys and returns `{:ok, map}` with string keys, or
  `{:error, %{"code" => code, "message" => sentence, "details" => map}}`. What they take and return is the Core Bridge's
  contract; `awap-port` gives the same results from a process of its own.

      iex> {:ok, %{"status" => status}} = AwapBackend.CoreBridge.Native.health_check()
      iex> status
      "healthy"

  Calls run on dirty CPU schedulers, so as many at once as there are of them; the others wait. A call ends at its
  deadline at the latest. The work is done by threads of the library's own, which on Linux give way to the BEAM's
  schedulers (niceness 10).

  ## Configuration

  Read once, at the first call, from the application's environment or else from the operating system's:

  | `config :awap_nif,` | variable | meaning |
  | --- | --- | --- |
  | `pseudonym_key:` | `AWAP_PSEUDONYM_KEY` | hexadecimal digits for 32 bytes or more; without it pseudonyms hold until the BEAM stops |
  | `event_store_url:` | `EVENT_STORE_URL` | where `query_events/1` reads: `sqlite:/path/file.db` or `postgres://…` |
  | `timeout_ms:` | `AWAP_TIMEOUT_MS` | deadline of a call, by default 60000 |

  A value that cannot be used makes every call answer `not_configured` and say why, as does a library that is missing or
  was built for another system.
  """

  require Logger

  @on_load :load

  @type result :: {:ok, %{String.t() => term}} | {:error, %{String.t() => term}}

  @doc "Removes what identifies the student from a TMA."
  @spec anonymize_student(map) :: result
  def anonymize_student(tma), do: call("anonymize_student", tma)

  @doc "Extracts structured data from a TMA, anonymized or not."
  @spec parse_tma(map) :: result
  def parse_tma(tma), do: call("parse_tma", tma)

  @doc "Marks what `parse_tma/1` returned against the rubric it carries, and drafts feedback."
  @spec generate_feedback(map) :: result
  def generate_feedback(parsed), do: call("generate_feedback", parsed)

  @doc """
  Puts a tutor's marks in place of the draft's, and adds up anew:
  `%{"feedback" => feedback, "rubric" => rubric, "criteria" => [%{"id" => id, "score" => 4, "comment" => "…"}]}`.
  """
  @spec revise_feedback(map) :: result
  def revise_feedback(revision), do: call("revise_feedback", revision)

  @doc ~S(Reads and checks a rubric, and gives its outline: `%{"rubric" => rubric}`.)
  @spec check_rubric(map) :: result
  def check_rubric(data), do: call("check_rubric", data)

  @doc """
  Writes feedback as a Word file for the student:
  `%{"assignment_id" => id, "feedback_text" => text, "marking_criteria" => marking}`, and what else the file says.
  """
  @spec write_feedback(map) :: result
  def write_feedback(letter), do: call("write_feedback", letter)

  @doc """
  Compares a cohort's anonymized scripts: `%{"scripts" => [%{"id" => id, "text" => text}, …], "options" => %{}}`, a prompt to
  look and never a verdict.
  """
  @spec compare(map) :: result
  def compare(cohort), do: call("compare", cohort)

  @doc ~S(Makes the request for a model in the AI jail: `%{"parsed" => parsed, "feedback" => feedback, "budget" => %{}}`.)
  @spec prepare_suggestions(map) :: result
  def prepare_suggestions(marked), do: call("prepare_suggestions", marked)

  @doc """
  Verifies what a model answered and merges what passes into the feedback; no mark changes:
  `%{"parsed" => parsed, "feedback" => feedback, "suggestions" => suggestions, "ai" => %{}}`.
  """
  @spec merge_suggestions(map) :: result
  def merge_suggestions(answered), do: call("merge_suggestions", answered)

  @doc ~S(Reads the event store: `%{"stream_id" => stream, "opts" => %{}}`.)
  @spec query_events(map) :: result
  def query_events(query), do: call("query_events", query)

  @doc "Whether the core answers, its version, and how it is configured."
  @spec health_check(map) :: result
  def health_check(data \\ %{}), do: call("health_check", data)

  defp call(command, data) do
    case dispatch(command, data) do
      :not_started ->
        start(config())
        dispatch(command, data)

      result ->
        result
    end
  end

  defp config do
    %{
      "pseudonym_key" => setting(:pseudonym_key, "AWAP_PSEUDONYM_KEY"),
      "event_store_url" => setting(:event_store_url, "EVENT_STORE_URL"),
      "timeout_ms" => :timeout_ms |> setting("AWAP_TIMEOUT_MS") |> whole_number()
    }
  end

  defp setting(key, variable), do: Application.get_env(:awap_nif, key) || System.get_env(variable)

  defp whole_number(""), do: nil

  defp whole_number(text) when is_binary(text) do
    case Integer.parse(text) do
      {number, ""} -> number
      _ -> text
    end
  end

  defp whole_number(other), do: other

  @doc false
  def load do
    path = to_string(:code.priv_dir(:awap_nif)) |> Path.join("awap_nif")

    case :erlang.load_nif(String.to_charlist(path), 0) do
      :ok -> :persistent_term.erase(__MODULE__)
      {:error, {reason, text}} -> not_loaded("#{reason}: #{text}")
    end

    # Always: where on_load fails the module is gone, and with it whoever could say why.
    :ok
  rescue
    ArgumentError ->
      not_loaded("the application awap_nif is not on the code path")
      :ok
  end

  defp not_loaded(reason) do
    message =
      "The library of awap_nif could not be loaded (#{reason}). `mix deps.compile awap_nif --force` builds it anew."

    Logger.error(message)
    :persistent_term.put(__MODULE__, message)
  end

  # Replaced by the library when it is loaded.

  @doc false
  def start(_config), do: :ok

  @doc false
  def dispatch(_command, _data) do
    message = :persistent_term.get(__MODULE__, "The library of awap_nif is not loaded.")
    {:error, %{"code" => "not_configured", "message" => message, "details" => %{}}}
  end
end
