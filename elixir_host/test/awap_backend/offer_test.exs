defmodule AwapBackend.OfferTest do
  @moduledoc "What a worker makes of an answer that did not come: a store that died before, while or after it took the result."

  use AwapBackend.DataCase, async: false

  alias AwapBackend.{EventStore, JSON, TMA}

  @moduletag :capture_log
  @job %{
    "tma_id" => "018f0000-0000-7000-8000-000000000001",
    "job_id" => "j",
    "worker" => "w1",
    "attempt" => 2
  }

  # In the place of the store: answers each command with the next of its answers.
  defmodule Answers do
    use GenServer

    def start_link(answers), do: GenServer.start_link(__MODULE__, answers, name: AwapBackend.Repo)

    @impl true
    def init(answers), do: {:ok, answers}

    @impl true
    def handle_call({:request, _id, command, frame, _size, _timeout}, _from, answers) do
      {:ok, %{"data" => data}} = frame |> IO.iodata_to_binary() |> JSON.decode()
      {[answer | rest], answers} = Map.pop!(answers, command)
      answer = if is_function(answer), do: answer.(data), else: answer
      {:reply, answer, Map.put(answers, command, rest)}
    end
  end

  setup do
    Application.stop(:awap_backend)
    on_exit(fn -> restart(%{}) end)
    :ok
  end

  defp error(code), do: {:error, %{"code" => code, "message" => "It is #{code}.", "details" => %{}}}

  defp event(type, worker, attempt) do
    fn %{"stream_id" => stream, "opts" => opts} ->
      assert stream == EventStore.stream_of(@job["tma_id"])
      assert opts["direction"] == "backward"
      data = %{"attempt" => attempt, "code" => if(type == "tma.completed", do: nil, else: "timeout")}
      {:ok, %{"events" => [%{"type" => type, "data" => data, "metadata" => %{"actor_id" => worker}}]}}
    end
  end

  defp complete(answers) do
    start_supervised!({Answers, answers})
    outcome = TMA.update_with_feedback(@job, %{}, %{})
    stop_supervised!(Answers)
    outcome
  end

  test "a result is offered again to a store that comes back, and counts once" do
    away = [error("unavailable"), error("timeout")]
    assert complete(%{"complete_job" => away ++ [{:ok, %{"status" => "completed"}}]}) == {:completed, nil}
  end

  test "a conflict at the first offer is a lost lease, whatever became of the TMA" do
    assert complete(%{"complete_job" => [error("conflict")]}) == {:lost, "conflict"}
  end

  test "a conflict after an offer that was not answered is ours where the event is, else another's" do
    offers = [error("unavailable"), error("conflict")]

    for {event, outcome} <- [
          {event("tma.completed", "w1", 2), {:completed, nil}},
          {event("tma.completed", "w2", 3), {:lost, "conflict"}},
          {event("tma.completed", "w1", 1), {:lost, "conflict"}},
          {{:ok, %{"events" => []}}, {:lost, "conflict"}},
          {error("unavailable"), {:lost, "conflict"}}
        ] do
      assert complete(%{"complete_job" => offers, "query_events" => [event]}) == outcome
    end
  end

  test "a failure that was taken and not answered is told as it was taken" do
    for {type, outcome} <- [{"tma.retried", :retried}, {"tma.failed", :failed}] do
      answers = %{
        "fail_job" => [error("timeout"), error("conflict")],
        "query_events" => [event(type, "w1", 2)]
      }

      start_supervised!({Answers, answers})
      fault = %{"code" => "timeout", "message" => "It took too long."}
      assert TMA.fail(@job, fault, true) == {outcome, "timeout"}
      stop_supervised!(Answers)
    end
  end

  test "a result that the store will not have fails its TMA for good" do
    failed = fn data ->
      refute data["retry"]
      {:ok, %{"status" => "failed"}}
    end

    assert complete(%{"complete_job" => [error("invalid_input")], "fail_job" => [failed]}) ==
             {:failed, "invalid_input"}
  end
end
