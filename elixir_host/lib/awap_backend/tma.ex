defmodule AwapBackend.TMA do
  @moduledoc """
  TMAs from submission to feedback: what the API and the workers ask for.

  Rows are maps with string keys, as the store gives them; `AwapBackend.Schemas.TMA` and `AwapBackend.Schemas.Feedback`
  say what is in them. A TMA answered with `{:ok, _}` is on disk, its identity sealed.

  What reads takes an `actor` last. Whoever asks on somebody's behalf gives it, and the access is in the audit log before
  there is an answer; what the host reads for its own purposes gives none.
  """

  alias AwapBackend.{Comparisons, Config, CoreBridge, EventStore, PortClient, Repo, Telemetry}
  alias AwapBackend.Core.{JobRegistry, WorkerPool}
  alias AwapBackend.Moodle.Outbox
  alias AwapBackend.Schemas

  @type error :: PortClient.error()
  @type actor :: %{optional(String.t()) => String.t() | nil}

  # How often and how long a worker's result is offered to a store that does not answer.
  @offer_pauses_ms [100, 500, 1_000, 2_000, 4_000, 8_000]
  @release_ms 3_000

  @doc """
  Stores a submission and has it processed.

  `params` is a TMA as it enters (`content` required). `actor` says who submits, for the audit log. Options:
  `:idempotency_key`, under which a repetition answers the first row (`"created" => false`), `:priority`, higher first, and
  `:origin`, where it comes from if not from whoever hands it in (`awap-store/PROTOCOL.md`): the same work from there is taken in once.

  Beside the store's errors: `invalid_input`, with a list of messages for each field in `details.fields`, and `queue_full`,
  with `details.retry_after` in seconds.
  """
  @spec create_tma(map, actor, keyword) :: {:ok, map} | {:error, error}
  def create_tma(params, actor, options \\ []) do
    start = System.monotonic_time()

    with {:ok, tma} <- validated(params),
         :ok <- room() do
      case Repo.call("create_tma", request(tma, actor, options), 30_000) do
        {:ok, created} ->
          submitted(created, start)
          {:ok, created}

        {:error, error} ->
          JobRegistry.release()
          error |> full() |> refused()
      end
    end
  end

  # The host's own count is a few seconds old where other hosts hand in too; the store's is the one that holds.
  defp full(%{"details" => %{"reason" => "queue_full"}}), do: queue_full(Config.get(:queue_limit))
  defp full(error), do: error

  @doc "The row of one TMA; `content` is null until it is anonymized."
  @spec get_tma(String.t(), actor | nil) :: {:ok, map} | {:error, error}
  def get_tma(id, actor \\ nil), do: read("get_tma", %{"id" => id}, actor)

  @doc """
  Rows without content, newest first: `{:ok, %{"tmas" => rows, "next_cursor" => cursor}}`.

  Filters, by string key: `status`, `assignment_id`, `course_id`, `student_id` (a pseudonym), `near_duplicate` (whether it has text in
  common with another), `limit`, `cursor`. With
  `with_feedback` each row has what a list shows of its `feedback`.
  """
  @spec list_tmas(map, actor | nil) :: {:ok, map} | {:error, error}
  def list_tmas(filters \\ %{}, actor \\ nil) do
    known = ~w(status assignment_id course_id student_id near_duplicate with_feedback limit cursor)
    filters = for {key, value} <- filters, key in known, value != nil, into: %{}, do: {key, value}
    read("list_tmas", filters, actor)
  end

  @doc "The feedback row of a TMA; `not_found` while there is none."
  @spec get_feedback(String.t(), actor | nil) :: {:ok, map} | {:error, error}
  def get_feedback(tma_id, actor \\ nil), do: read("get_feedback", %{"tma_id" => tma_id}, actor)

  @doc "The feedback row of a TMA for a file made of it: as `get_feedback/2`, and an access of its own in the audit log."
  @spec get_document(String.t(), actor | nil) :: {:ok, map} | {:error, error}
  def get_document(tma_id, actor \\ nil),
    do: read("get_feedback", %{"tma_id" => tma_id, "as" => "document"}, actor)

  @doc """
  Edits feedback, marks it as reviewed, or both: the feedback row as it is now.

  `request`, by string key: `changes` (of `grade`, `feedback_text`, `strengths`, `improvements`, `marking_criteria`; what is
  absent stays), `reviewed_by`, `expected_updated_at` (`conflict` where the row's `updated_at` is another).
  """
  @spec update_feedback(String.t(), map, actor) :: {:ok, map} | {:error, error}
  def update_feedback(tma_id, request, actor) do
    request
    |> Map.take(~w(changes reviewed_by expected_updated_at))
    |> Map.merge(%{"tma_id" => tma_id, "actor" => actor})
    |> then(&Repo.call("update_feedback", &1))
    |> tap_ok(fn row ->
      EventStore.appended()
      # What was approved of a TMA from Moodle waits in the outbox.
      if row["reviewed_by"], do: Outbox.wake()
    end)
  end

  @doc """
  What the feedback of a TMA would be with a tutor's marks and comments: `criteria` is a list of maps with `"id"`, `"score"`
  and `"comment"`, `text` the feedback's text where that was changed too. The core adds up; nothing is saved. Where the rubric was not kept, as with TMAs from before it was,
  the error's code is `conflict`.
  """
  @spec revise_feedback(String.t(), [map], String.t() | nil, actor | nil) :: {:ok, map} | {:error, error}
  def revise_feedback(tma_id, criteria, text \\ nil, actor \\ nil) do
    with {:ok, row} <- get_feedback(tma_id, actor),
         {:ok, tma} <- get_tma(tma_id),
         {:ok, rubric} <- rubric(row, tma) do
      CoreBridge.revise_feedback(%{
        "feedback" => %{
          "feedback_text" => text || row["feedback_text"],
          "marking_criteria" => row["marking_criteria"]
        },
        "rubric" => rubric,
        "criteria" => criteria
      })
    end
  end

  defp rubric(feedback, tma) do
    case {get_in(tma, ["content", "rubric"]),
          get_in(feedback, ["marking_criteria", "provenance", "rubric_source"])} do
      {nil, "built_in"} ->
        {:ok, nil}

      {nil, _source} ->
        PortClient.error(
          "conflict",
          "The rubric of this TMA was not kept, so its marks cannot be added up here."
        )

      {rubric, _source} ->
        {:ok, rubric}
    end
  end

  @doc """
  Feedback as a Word file for the student, of its row and that of its TMA: `"content_type"`, `"extension"` and
  `"data_base64"`. It names the student by the pseudonym alone.
  """
  @spec write_feedback(map, map) :: {:ok, map} | {:error, error}
  def write_feedback(feedback, tma) do
    tma
    |> Map.take(~w(assignment_id course_id student_id submitted_at))
    |> Map.merge(Map.take(feedback, ~w(feedback_text marking_criteria reviewed_by reviewed_at)))
    |> Map.reject(fn {_, value} -> value == nil end)
    |> CoreBridge.write_feedback()
  end

  @doc """
  The outline of a rubric, in whichever form it is; what is wrong with it, with the path. Waits at most `timeout`
  milliseconds, by default as long as for any call of the core.
  """
  @spec check_rubric(term, pos_integer | nil) :: {:ok, map} | {:error, error}
  def check_rubric(rubric, timeout \\ nil),
    do: CoreBridge.call("check_rubric", %{"rubric" => rubric}, timeout)

  @doc "The feedback of a TMA as it was before each edit, oldest first: `{:ok, %{\"revisions\" => rows}}`."
  @spec list_feedback_revisions(String.t(), actor | nil) :: {:ok, map} | {:error, error}
  def list_feedback_revisions(tma_id, actor \\ nil),
    do: read("list_feedback_revisions", %{"tma_id" => tma_id}, actor)

  @doc """
  Jobs that were given up, newest first: `{:ok, %{"jobs" => rows, "next_cursor" => cursor}}`. `page` has `limit` and
  `cursor`, if wanted.
  """
  @spec list_failed(map, actor | nil) :: {:ok, map} | {:error, error}
  def list_failed(page \\ %{}, actor \\ nil), do: read("list_failed", Map.take(page, ~w(limit cursor)), actor)

  @doc "Gives a job that was given up all its attempts anew: `{:ok, %{\"tma_id\", \"status\"}}`."
  @spec retry_job(String.t(), actor) :: {:ok, map} | {:error, error}
  def retry_job(job_id, actor) do
    Repo.call("retry_job", %{"job_id" => job_id, "actor" => actor})
    |> tap_ok(fn %{"tma_id" => tma_id} ->
      EventStore.appended()
      WorkerPool.process_tma(tma_id, job_id)
    end)
  end

  defp read(command, data, nil), do: Repo.call(command, data)
  defp read(command, data, actor), do: Repo.call(command, Map.put(data, "actor", actor))

  defp tap_ok({:ok, answer}, told) do
    told.(answer)
    {:ok, answer}
  end

  defp tap_ok({:error, error}, _told), do: {:error, error}

  @doc """
  Stores what a worker made of a job: content, feedback, events, and the job's end, in one transaction.

  `job` is as claimed, with its `"worker"`; `suggested` is what became of the AI's suggestions (`AwapBackend.AI.Suggestions`). A lease that is lost meanwhile changes nothing: `{:lost, "conflict"}`.
  """
  @spec update_with_feedback(map, map, map, :merged | String.t()) :: AwapBackend.Core.Pipeline.outcome()
  def update_with_feedback(job, content, feedback, suggested \\ "not_configured") do
    request = %{
      "job_id" => job["job_id"],
      "worker" => job["worker"],
      "content" => content,
      "feedback" => feedback,
      "events" => events(content, feedback, suggested),
      "actor" => worker(job)
    }

    case offer("complete_job", request, @offer_pauses_ms) do
      {:ok, _completed} ->
        EventStore.appended()
        Comparisons.wake()
        {:completed, nil}

      # Too large, or otherwise not to the store's liking: no try will change that.
      {:error, %{"code" => code} = error} when code in ["invalid_input", "limit_exceeded"] ->
        fail(job, error, false)

      {:unsure, _error} ->
        taken(job) || {:lost, "conflict"}

      {:error, %{"code" => code}} ->
        {:lost, code}
    end
  end

  @doc "Ends a job that failed: for good, or (`retry`) to be tried again while it may. Says what became of it."
  @spec fail(map, map, boolean) :: AwapBackend.Core.Pipeline.outcome()
  def fail(job, %{"code" => code, "message" => message}, retry) do
    request = %{
      "job_id" => job["job_id"],
      "worker" => job["worker"],
      "error" => %{"code" => code, "message" => message},
      "retry" => retry,
      "actor" => worker(job)
    }

    case offer("fail_job", request, @offer_pauses_ms) do
      {:ok, %{"status" => "pending"}} ->
        # The store lets it rest first; a worker finds it by polling.
        EventStore.appended()
        {:retried, code}

      {:ok, _failed} ->
        EventStore.appended()
        {:failed, code}

      {:unsure, _error} ->
        taken(job) || {:lost, code}

      # The lease runs out, and another worker finds the job.
      {:error, _error} ->
        {:lost, code}
    end
  end

  @doc """
  Gives a job back at once, as this host stops: another takes it up, and the attempt does not count. Where the store does not
  answer, the lease runs out.
  """
  @spec release(map) :: AwapBackend.Core.Pipeline.outcome()
  def release(job) do
    request = %{"job_id" => job["job_id"], "worker" => job["worker"], "actor" => worker(job)}

    case Repo.call("release_job", request, @release_ms) do
      {:ok, _released} ->
        EventStore.appended()
        {:released, nil}

      {:error, %{"code" => code}} ->
        {:lost, code}
    end
  end

  defp validated(params) do
    case Schemas.TMA.validate(params) do
      {:ok, tma} ->
        {:ok, tma}

      {:error, fields} ->
        error =
          PortClient.error("invalid_input", "The submission cannot be accepted as it is.", %{
            "fields" => fields
          })

        refused(elem(error, 1))
    end
  end

  defp room do
    case JobRegistry.reserve(Config.get(:queue_limit)) do
      :ok ->
        :ok

      {:full, depth} ->
        depth |> queue_full() |> refused()
    end
  end

  defp queue_full(depth) do
    {:error, error} =
      PortClient.error("queue_full", "Too many TMAs wait to be processed; try again later.", %{
        "queue_depth" => depth,
        "retry_after" => retry_after(depth)
      })

    error
  end

  # A guess at when a tenth of the queue is done, at a few TMAs a second for each worker.
  defp retry_after(depth), do: depth |> div(Config.get(:workers) * 50) |> max(1) |> min(60)

  defp refused(error) do
    Telemetry.execute([:awap_backend, :tma, :refused], %{queue_depth: JobRegistry.depth()}, %{
      code: error["code"]
    })

    {:error, error}
  end

  defp request(tma, actor, options) do
    %{"tma" => tma, "actor" => actor, "max_queue" => Config.get(:queue_limit)}
    |> put_given("idempotency_key", options[:idempotency_key])
    |> put_given("priority", options[:priority])
    |> put_given("origin", options[:origin])
  end

  defp put_given(map, _key, nil), do: map
  defp put_given(map, key, value), do: Map.put(map, key, value)

  defp submitted(%{"id" => id, "job_id" => job_id} = created, start) do
    metadata = %{tma_id: id, job_id: job_id, created: created["created"] != false}
    Telemetry.execute([:awap_backend, :tma, :submitted], %{duration: Telemetry.since(start)}, metadata)

    if metadata.created do
      EventStore.appended()
      WorkerPool.process_tma(id, job_id)
    else
      JobRegistry.release()
    end
  end

  defp worker(job), do: %{"type" => "worker", "id" => job["worker"]}

  # A result is worth offering again while the store is away. The store takes it once: had an earlier offer been taken that
  # was not answered, the next is a conflict, as the job is no longer leased. As it is where another has the job by now: unsure.
  defp offer(command, request, pauses, again? \\ false) do
    case {Repo.call(command, request, 30_000), pauses} do
      {{:error, %{"code" => code}}, [pause | pauses]} when code in ["unavailable", "timeout"] ->
        Process.sleep(pause)
        offer(command, request, pauses, true)

      {{:error, %{"code" => "conflict"} = error}, _pauses} when again? ->
        {:unsure, error}

      {result, _pauses} ->
        result
    end
  end

  # What became of the job by an offer of ours that was not answered; nil where none was taken. The event says whose it was.
  defp taken(job) do
    outcomes = %{"tma.completed" => :completed, "tma.failed" => :failed, "tma.retried" => :retried}
    opts = [types: Map.keys(outcomes), direction: "backward", max_count: 1]

    with {:ok, %{"events" => [event]}} <- EventStore.read_stream(EventStore.stream_of(job["tma_id"]), opts),
         true <- event["metadata"]["actor_id"] == job["worker"],
         true <- event["data"]["attempt"] == job["attempt"] do
      EventStore.appended()
      {outcomes[event["type"]], event["data"]["code"]}
    else
      _not_ours -> nil
    end
  end

  # What the audit trail keeps of how the feedback came about: counts, never text.
  defp events(content, feedback, suggested) do
    [
      %{
        "type" => "tma.anonymized",
        "data" => %{
          "counts" => get_in(content, ["anonymization", "counts"]) || %{},
          "citations_kept" => get_in(content, ["anonymization", "citations_kept"])
        }
      },
      %{"type" => "tma.parsed", "data" => %{"counts" => get_in(content, ["parsed", "counts"]) || %{}}},
      %{
        "type" => "feedback.generated",
        "data" => %{
          "grade" => feedback["grade"],
          "needs_review" => length(get_in(feedback, ["marking_criteria", "needs_review"]) || []),
          "provenance" => get_in(feedback, ["marking_criteria", "provenance"]) || %{},
          "suggestions" => to_string(suggested)
        }
      }
    ]
  end
end
