defmodule AwapBackend.Core.Pipeline do
  @moduledoc """
  What is done with one job: anonymize, parse, mark, have a model suggest where there is one, store.

  A fault of the document is final: the TMA fails with the core's own sentence. A fault of the machinery is tried again,
  a bounded number of times, which the store counts.
  """

  alias AwapBackend.AI.Suggestions
  alias AwapBackend.{CoreBridge, PubSub, Redact, TMA}
  alias AwapBackend.Core.JobRegistry

  require Logger

  # The document, or what came with it, is at fault: it will be no better next time.
  @final ~w(document_damaged document_encrypted unsupported_format invalid_input limit_exceeded)
  # The call did not reach a core: worth waiting a little for one.
  @unreached ~w(not_running overload no_program)
  @patience_ms 20_000
  @pause_ms 200

  # What of a parsed TMA is kept beside its content; the rest is in the row already, or in the content.
  @parsed ~w(text blocks questions citations references headings counts metadata warnings)

  @type outcome :: {:completed | :failed | :retried | :released | :lost, code :: String.t() | nil}

  @doc """
  Processes a claimed job. `submission` is the TMA as it came in, and is not kept.

  Never raises: what is raised within is a fault of the machinery.
  """
  @spec run(map, map) :: outcome
  def run(job, submission) do
    Logger.metadata(job_id: job["job_id"], tma_id: job["tma_id"], component: :worker)
    process(job, submission)
  catch
    kind, reason ->
      Logger.error("A job failed: #{kind} #{Redact.reason(reason)}\n#{Redact.stacktrace(__STACKTRACE__)}")
      error = %{"code" => "internal", "message" => "Something went wrong while this TMA was processed."}
      TMA.fail(job, error, true)
  end

  defp process(job, submission) do
    # Whoever hands in has no say in what is taken out, though the Core Bridge would listen.
    submission = submission |> Map.delete("options") |> Map.put("tma_id", job["tma_id"])

    with {:ok, anonymized} <- stage(job, "anonymize_student", &CoreBridge.anonymize_student/1, submission),
         {:ok, parsed} <- stage(job, "parse_tma", &CoreBridge.parse_tma/1, anonymized),
         {:ok, feedback} <- stage(job, "generate_feedback", &CoreBridge.generate_feedback/1, parsed) do
      status(job, "suggest")
      # Anonymized, checked for what is left of the student, and marked: only now may a model see it.
      {feedback, suggested} = Suggestions.add(parsed, feedback)
      status(job, "complete_job")
      content = content(anonymized, parsed, submission["rubric"])
      TMA.update_with_feedback(job, content, feedback, suggested)
    else
      {:error, %{"code" => code} = error} -> TMA.fail(job, error, code not in @final)
    end
  end

  # Spans of evidence are places in parsed.text, so it is kept with the content; so is the rubric, by which a tutor's own
  # marks are added up.
  defp content(anonymized, parsed, rubric) do
    anonymized
    |> Map.get("content", %{})
    |> Map.put("parsed", Map.take(parsed, @parsed))
    |> Map.put("anonymization", Map.get(anonymized, "anonymization"))
    |> put_rubric(rubric)
  end

  defp put_rubric(content, nil), do: content
  defp put_rubric(content, rubric), do: Map.put(content, "rubric", rubric)

  defp stage(job, name, call, input) do
    status(job, name)
    until = System.monotonic_time(:millisecond) + @patience_ms
    patiently(call, input, until)
  end

  defp patiently(call, input, until) do
    case call.(input) do
      {:error, %{"code" => "unavailable", "details" => %{"reason" => reason}}} = error
      when reason in @unreached ->
        if System.monotonic_time(:millisecond) < until do
          Process.sleep(@pause_ms)
          patiently(call, input, until)
        else
          error
        end

      result ->
        result
    end
  end

  defp status(job, stage) do
    JobRegistry.put(job["job_id"], %{stage: stage})

    status = %{
      "id" => job["tma_id"],
      "job_id" => job["job_id"],
      "status" => "processing",
      "stage" => stage,
      "error" => nil,
      "at" => DateTime.to_iso8601(DateTime.utc_now())
    }

    PubSub.broadcast("tma:" <> job["tma_id"], {:tma_status, status})
  end
end
