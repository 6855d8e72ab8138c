defmodule AwapBackend.AI.PipelineTest do
  @moduledoc """
  TMAs through the whole host with real containers beside it: what goes in, what may come out, and that no container, however
  it behaves, keeps a TMA from its feedback.
  """

  use AwapBackend.DataCase, async: false

  import AwapBackend.JailCase

  alias AwapBackend.AI.Manager
  alias AwapBackend.{Config, EventStore, Jail, JSON, OSProcess, RunningHost, TMA}

  @moduletag :podman
  @moduletag :capture_log
  @moduletag timeout: 600_000

  @fixtures Path.expand("../../../../fixtures", __DIR__)
  @actor %{"type" => "api_key", "id" => "test"}

  @work "Grace has always chosen her own clothes, and her carers ask her each morning what she wants to wear. Her choices " <>
          "come first, since planning care with her keeps her dignity. They give her time to speak and listen to what she says. "

  defp written(orders \\ ""), do: submit(@work <> orders, %{"rubric" => rubric("k102-25j-tma01.json")})

  defp rubric(file) do
    text = File.read!(Path.join([@fixtures, "rubrics", file]))

    case JSON.decode(text) do
      {:ok, rubric} -> rubric
      {:error, :invalid_json} -> text
    end
  end

  defp suggested(row) do
    {:ok, %{"events" => events}} = EventStore.read_stream("tma-" <> row["id"])
    Enum.find(events, &(&1["type"] == "feedback.generated"))["data"]
  end

  # A document of the fixtures, as a submission, and what else is known of it.
  defp fixture(folder) do
    {:ok, tma} = folder |> Path.join("tma.json") |> File.read!() |> JSON.decode()

    file = %{
      "filename" => tma["file"],
      "data_base64" => Base.encode64(File.read!(Path.join(folder, tma["file"])))
    }

    submission =
      tma
      |> Map.take(~w(assignment_id course_id student_id student))
      |> Map.merge(%{"rubric" => rubric(tma["rubric"]), "content" => %{"attachments" => [file]}})

    {submission, tma}
  end

  defp feedback_on(submission) do
    {:ok, created} = TMA.create_tma(submission, @actor)
    row = settled(created, 60_000)
    assert {row["status"], row["error_message"]} == {"completed", nil}
    {:ok, feedback} = TMA.get_feedback(row["id"])
    {row, feedback}
  end

  defp seen do
    {:ok, %{"seen" => seen}, _about} = suggest("recall")
    seen
  end

  defp marks(feedback) do
    scores =
      for criterion <- feedback["marking_criteria"]["criteria"], do: Map.take(criterion, ~w(id mark range))

    {feedback["grade"], feedback["marking_criteria"]["band"], scores}
  end

  test "what a model suggests and the core lets through is in the feedback, with where it came from" do
    start_jail(%{"MAX_AI_CONTAINERS" => "1"})
    row = settled(written(), 60_000)
    {:ok, feedback} = TMA.get_feedback(row["id"])
    ai = feedback["marking_criteria"]["provenance"]["ai"]
    assert %{"image_digest" => "sha256:" <> _hex, "model_id" => "inmate", "accepted_claims" => 1} = ai
    assert %{"suggestions" => "merged", "provenance" => %{"ai" => ^ai}} = suggested(row)
  end

  @tag :ai_image
  test "the image that AWAP ships, with a model of random weights, says what is a suggestion in form, and harms no feedback" do
    folder = RunningHost.new_dir()
    model = Path.join(folder, "tiny.gguf")
    {_out, 0} = System.cmd(random_model(), ["tiny", model])
    # Read by a user that is nobody.
    {_out, 0} = System.cmd("chmod", ["-R", "a+rX", folder])

    start_jail(%{
      "MAX_AI_CONTAINERS" => "1",
      "AI_CONTAINER_IMAGE" => System.fetch_env!("AWAP_TEST_AI_IMAGE"),
      "AI_MODEL" => model,
      "AI_TIMEOUT_MS" => "60000"
    })

    row = settled(written(), 120_000)
    {:ok, feedback} = TMA.get_feedback(row["id"])
    assert %{"model_id" => _, "accepted_claims" => 0} = feedback["marking_criteria"]["provenance"]["ai"]
    assert suggested(row)["suggestions"] == "merged"
    File.rm_rf!(folder)
  end

  defp random_model do
    :store_executable |> Config.get() |> Path.dirname() |> Path.join("examples/random_model")
  end

  test "without a container the feedback is the core's own, and says so" do
    start_host(Map.put(Jail.variables(), "AI_CONTAINER_IMAGE", "localhost/there-is-none:1"))
    eventually(fn -> Manager.info().problem =~ "image" end, 20_000)
    row = settled(written(), 60_000)
    {:ok, feedback} = TMA.get_feedback(row["id"])
    assert feedback["marking_criteria"]["provenance"]["ai"] == nil
    assert %{"suggestions" => "unavailable"} = suggested(row)
  end

  test "nothing of an identity planted in a TMA is in the bytes that a container reads" do
    start_jail(%{"MAX_AI_CONTAINERS" => "1"})

    for folder <- Path.wildcard(Path.join(@fixtures, "tmas/*")), File.dir?(folder) do
      {submission, tma} = fixture(folder)
      {row, _feedback} = feedback_on(submission)
      bytes = seen()
      assert bytes != ""

      for value <- tma["expect"]["gone"],
          do: refute(bytes =~ value, "#{folder}: an identity went in")

      for value <- [row["student_id"], row["id"], tma["file"]],
          is_binary(value),
          do: refute(bytes =~ value, "#{folder}: who or what it is went in")
    end
  end

  test "a text that gives orders to the model changes no mark and gets nothing out" do
    folders = Path.wildcard(Path.join(@fixtures, "injection/*/tma.json")) |> Enum.map(&Path.dirname/1)
    assert length(folders) >= 3
    start_host(%{"AI_CONTAINER_IMAGE" => ""})
    without = for folder <- folders, do: folder |> fixture() |> elem(0) |> feedback_on() |> elem(1) |> marks()
    start_jail(%{"MAX_AI_CONTAINERS" => "1"})

    for {folder, marks} <- Enum.zip(folders, without) do
      {submission, tma} = fixture(folder)
      {row, feedback} = feedback_on(submission)
      assert suggested(row)["suggestions"] == "merged"
      assert marks(feedback) == marks

      shown = String.downcase(feedback["feedback_text"])
      sent = String.downcase(seen())

      for secret <- tma["secrets"] do
        refute shown =~ String.downcase(secret)
        refute sent =~ String.downcase(secret)
      end

      for order <- tma["orders"], do: refute(shown =~ String.downcase(order))
    end
  end

  # As many as `AWAP_AI_CHAOS_TMAS` says. Those that write without end come with `make ai-chaos` alone: two at once are seen
  # to hold up a whole machine of two cores for some seconds, and with it whatever else is tested there.
  @tag :chaos
  test "containers that are killed, hang, flood and talk nonsense keep no TMA from its feedback" do
    start_jail(%{"MAX_AI_CONTAINERS" => "2", "AI_TIMEOUT_MS" => "3000", "AI_QUEUE_LIMIT" => "8"})
    ends = collect([:awap_backend, :ai, :container])
    answers = collect([:awap_backend, :ai, :suggestions])
    seed = :erlang.phash2(System.get_env("AWAP_TEST_SEED", "awap"))
    :rand.seed(:exsss, {seed, seed, seed})
    count = "AWAP_AI_CHAOS_TMAS" |> System.get_env("50") |> String.to_integer()

    long? = System.get_env("AWAP_AI_CHAOS_REPORT") != nil
    orders = ~w(hang garbage abort) ++ if long?, do: ~w(flood swell), else: []
    killer = spawn_link(&kill_at_random/0)

    created =
      for n <- 1..count do
        order =
          if rem(n, 5) == 0,
            do: "Inmate: " <> Enum.random(orders) <> ".",
            else: ""

        written(order)
      end

    # A machine that is held up holds up the store too.
    rows = for tma <- created, do: patiently(fn -> settled(tma, 300_000) end)
    Process.unlink(killer)
    Process.exit(killer, :kill)

    assert for(row <- rows, row["status"] != "completed", do: {row["id"], row["error_message"]}) == []
    outcomes = rows |> Enum.map(&suggested(&1)["suggestions"]) |> Enum.frequencies()
    assert Enum.sum(Map.values(outcomes)) == count
    # It did go wrong, and it did go well.
    assert outcomes["merged"] > 0
    assert map_size(outcomes) > 1

    eventually(fn -> Manager.info().ready == 2 end, 30_000)
    assert length(Jail.containers()) == 2
    told = received(ends)
    assert Enum.any?(told, fn {_measurements, metadata} -> metadata.state == :down end)
    report(outcomes, received(answers), told)

    processes =
      for name <- Jail.containers(),
          do: name |> Jail.inspect("{{.State.Pid}}") |> String.to_integer() |> OSProcess.identify()

    Application.stop(:awap_backend)
    assert Jail.containers() == []
    for process <- processes, do: refute(OSProcess.alive?(process))
  end

  defp patiently(work, tries \\ 5) do
    work.()
  rescue
    error in MatchError ->
      if tries == 1, do: reraise(error, __STACKTRACE__)
      Process.sleep(1_000)
      patiently(work, tries - 1)
  end

  defp kill_at_random do
    Process.sleep(Enum.random(200..1_500))

    case Jail.containers() do
      [] -> :ok
      names -> System.cmd("podman", ["kill", Enum.random(names)], stderr_to_stdout: true)
    end

    kill_at_random()
  end

  defp received(reference) do
    receive do
      {^reference, measurements, metadata} -> [{measurements, metadata} | received(reference)]
    after
      0 -> []
    end
  end

  # Figures are for people: a machine that others use is no place to hold them against a bound.
  defp report(outcomes, answers, containers) do
    if System.get_env("AWAP_AI_CHAOS_REPORT") do
      asked = for {%{duration: duration}, _metadata} <- answers, do: duration
      starts = for {%{duration: duration}, %{state: :up}} <- containers, do: duration
      IO.puts("\noutcomes: #{inspect(outcomes)}")
      IO.puts("time for suggestions, of at most 3 s: #{quantiles(asked)}")
      IO.puts("from its end to a container ready again: #{length(starts)} times, #{quantiles(starts)}")
    end
  end

  defp quantiles(durations) do
    sorted = durations |> Enum.sort() |> List.to_tuple()

    at = fn share ->
      "#{div(elem(sorted, min(trunc(tuple_size(sorted) * share), tuple_size(sorted) - 1)), 1000)} ms"
    end

    "median #{at.(0.5)}, p95 #{at.(0.95)}, longest #{at.(1.0)}"
  end
end
