defmodule AwapBackend.AI.Suggestions do
  @moduledoc """
  What a model in the jail adds to the feedback on one TMA.

  The core writes the request, from the anonymized and parsed TMA alone; a container answers it; the core holds every
  suggestion against the text and the rules and merges what stands. The mark is never touched. Whatever goes wrong on the
  way, and when the time is up, the feedback is the core's own, as it was.
  """

  alias AwapBackend.AI.Manager
  alias AwapBackend.{Config, CoreBridge, Telemetry}

  # Of the time for all: what the model may use of it, so that it ends of itself before it is ended.
  @share 0.8
  @max_tokens 768

  # What is told of a failure, in telemetry and in an event that stays: a container's own words are not.
  @codes ~w(not_configured unavailable timeout invalid_input invalid_request unknown_command limit_exceeded internal)

  @doc """
  The feedback with what the model adds, and what became of it: `:merged`, or the code of why there is nothing of it
  (`not_configured`, `unavailable`, `timeout`, …).
  """
  @spec add(map, map) :: {map, :merged | String.t()}
  def add(parsed, feedback) do
    if Manager.status() == :disabled do
      {feedback, "not_configured"}
    else
      start = System.monotonic_time()
      {feedback, outcome} = ask(parsed, feedback, Config.get(:ai_timeout_ms))
      metadata = %{outcome: outcome}
      Telemetry.execute([:awap_backend, :ai, :suggestions], %{duration: Telemetry.since(start)}, metadata)
      {feedback, outcome}
    end
  catch
    # The manager is being started again.
    :exit, _reason -> {feedback, "unavailable"}
  end

  defp ask(parsed, feedback, timeout) do
    until = System.monotonic_time(:millisecond) + timeout
    budget = %{"max_tokens" => @max_tokens, "time_ms" => round(timeout * @share)}
    input = %{"parsed" => parsed, "feedback" => feedback}

    with {:ok, %{"request" => request}} <- CoreBridge.prepare_suggestions(Map.put(input, "budget", budget)),
         left = max(until - System.monotonic_time(:millisecond), 1),
         {:ok, answer, about} <- Manager.request("suggest", request, left),
         answer = if(is_map(answer), do: answer, else: %{}),
         merge =
           Map.merge(input, %{"suggestions" => answer["suggestions"], "ai" => provenance(answer, about)}),
         {:ok, merged} <- CoreBridge.merge_suggestions(merge) do
      {merged, :merged}
    else
      {:error, %{"code" => code}} when code in @codes -> {feedback, code}
      {:error, _unheard_of} -> {feedback, "internal"}
    end
  end

  # What the container says of its model is its own word; the digest of the image is Podman's.
  defp provenance(answer, about) do
    model = if is_map(answer["model"]), do: answer["model"], else: %{}
    text = fn value -> if is_binary(value) and String.printable?(value), do: String.slice(value, 0, 200) end

    %{
      "image_digest" => about["image_digest"],
      "model_id" => text.(model["id"]),
      "model_sha256" => text.(model["sha256"])
    }
  end
end
