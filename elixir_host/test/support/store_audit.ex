defmodule AwapBackend.StoreAudit do
  @moduledoc """
  Looks into a host's database by a store of its own, past the host: what is there, once everything has stopped.
  """

  alias AwapBackend.{PortClient, RunningHost}

  @page 1_000
  @list 500
  @timeout 120_000

  @typedoc "What the events say became of a TMA: how often it was submitted, completed, failed, and by which worker."
  @type history :: %{
          submitted: non_neg_integer,
          completed: non_neg_integer,
          failed: non_neg_integer,
          by: String.t() | nil
        }

  @doc "Opens the database at `url`; `env` has the keys of the hosts that used it."
  @spec open(String.t(), map) :: pid
  def open(url, env) do
    {:ok, store} =
      PortClient.start_link(
        component: :audit,
        program: RunningHost.binary("awap-store"),
        env: [
          {"DATABASE_URL", url},
          {"AWAP_LOG", "error"},
          {"AWAP_SEAL_KEY", env["AWAP_SEAL_KEY"]},
          {"AWAP_PSEUDONYM_KEY", env["AWAP_PSEUDONYM_KEY"]}
        ]
      )

    store
  end

  @doc "Closes it."
  @spec close(pid) :: :ok
  def close(store), do: GenServer.stop(store)

  @doc "What `verify_events` says of the chain of events."
  @spec verify(pid) :: map
  def verify(store), do: call(store, "verify_events", %{})

  @doc "The rows of all TMAs, without content, by id."
  @spec tmas(pid) :: %{String.t() => map}
  def tmas(store), do: store |> pages("list_tmas", "tmas") |> Map.new(&{&1["id"], &1})

  defp pages(store, command, field, cursor \\ nil) do
    data = if cursor, do: %{"limit" => @list, "cursor" => cursor}, else: %{"limit" => @list}

    case call(store, command, data) do
      %{^field => rows, "next_cursor" => nil} -> rows
      %{^field => rows, "next_cursor" => cursor} -> rows ++ pages(store, command, field, cursor)
    end
  end

  @doc "What the events say of each TMA, by id."
  @spec histories(pid) :: %{String.t() => history}
  def histories(store), do: read(store, 1, %{})

  defp read(store, from, histories) do
    opts = %{"from_version" => from, "max_count" => @page}

    %{"events" => events, "next" => next} =
      call(store, "query_events", %{"stream_id" => "$all", "opts" => opts})

    histories = Enum.reduce(events, histories, &note/2)
    if next == nil or events == [], do: histories, else: read(store, next, histories)
  end

  @outcomes %{"tma.submitted" => :submitted, "tma.completed" => :completed, "tma.failed" => :failed}

  defp note(%{"stream_id" => "tma-" <> id, "type" => type} = event, histories)
       when is_map_key(@outcomes, type) do
    history = Map.get(histories, id, %{submitted: 0, completed: 0, failed: 0, by: nil})
    history = Map.update!(history, @outcomes[type], &(&1 + 1))
    by = if type == "tma.completed", do: event["metadata"]["actor_id"], else: history.by
    Map.put(histories, id, %{history | by: by})
  end

  defp note(_event, histories), do: histories

  @typedoc """
  How what is there differs from what was promised, by id: `lost` was answered 201 and is not there; `unasked` is there,
  and nobody was told of it; `unended` did not end exactly once; `misjudged` could not be read, and was completed;
  `feedback` was completed without, or failed with it. `given_up` is in order: it failed for want of further attempts.
  `by` names the worker that completed each.
  """
  @type findings :: %{
          lost: [String.t()],
          unasked: [String.t()],
          unended: [String.t()],
          misjudged: [String.t()],
          feedback: [String.t()],
          completed: non_neg_integer,
          failed: non_neg_integer,
          given_up: non_neg_integer,
          by: [String.t()],
          verified: map
        }

  @doc "Holds the database against what was promised: each id, and how it should end."
  @spec judge(String.t(), map, [{String.t(), :completed | :failed}]) :: findings
  def judge(url, env, promises) do
    store = open(url, env)
    promised = Map.new(promises)
    rows = tmas(store)
    histories = histories(store)
    status = fn id -> rows[id]["status"] end
    here = for id <- Map.keys(promised), is_map_key(rows, id), do: id

    findings = %{
      lost: Map.keys(promised) -- here,
      unasked: for({id, _row} <- rows, not is_map_key(promised, id), do: id),
      unended: for(id <- here, not ended_once?(status.(id), histories[id]), do: id),
      misjudged: for(id <- here, promised[id] == :failed, status.(id) == "completed", do: id),
      feedback: for(id <- here, feedback?(store, id) != (status.(id) == "completed"), do: id),
      completed: Enum.count(here, &(status.(&1) == "completed")),
      failed: Enum.count(here, &(status.(&1) == "failed")),
      given_up: Enum.count(here, &(promised[&1] == :completed and status.(&1) == "failed")),
      by: for(id <- here, by = histories[id][:by], do: by),
      verified: verify(store)
    }

    close(store)
    findings
  end

  defp ended_once?("completed", %{submitted: 1, completed: 1, failed: 0}), do: true
  defp ended_once?("failed", %{submitted: 1, completed: 0, failed: 1}), do: true
  defp ended_once?(_status, _history), do: false

  @doc "Whether a TMA has its one row of feedback."
  @spec feedback?(pid, String.t()) :: boolean
  def feedback?(store, id) do
    case PortClient.call(store, "get_feedback", %{"tma_id" => id}, @timeout) do
      {:ok, %{"feedback_text" => _}} -> true
      {:error, %{"code" => "not_found"}} -> false
    end
  end

  defp call(store, command, data) do
    {:ok, answer} = PortClient.call(store, command, data, @timeout)
    answer
  end
end
