defmodule AwapBackend.FlowTest do
  @moduledoc """
  Fixture TMAs through the whole host on the real store and the real core: the same results on either database and by
  either way to the core, and nothing lost when the core is killed.
  """

  use AwapBackend.DataCase, async: false

  alias AwapBackend.{Config, CoreBridge, EventStore, JSON, Repo, TMA}

  @moduletag :store
  @moduletag :core
  @moduletag :capture_log

  @fixtures Path.expand("../../../fixtures", __DIR__)
  @actor %{"type" => "api_key", "id" => "test"}

  # A document of each format, as a submission.
  defp submission(name) do
    folder = Path.join([@fixtures, "tmas", name])
    {:ok, tma} = folder |> Path.join("tma.json") |> File.read!() |> JSON.decode()
    bytes = File.read!(Path.join(folder, tma["file"]))

    tma
    |> Map.take(~w(assignment_id course_id student_id student))
    |> Map.put("rubric", rubric(tma["rubric"]))
    |> Map.put("content", %{
      "attachments" => [%{"filename" => tma["file"], "data_base64" => Base.encode64(bytes)}]
    })
  end

  defp rubric(file) do
    text = File.read!(Path.join([@fixtures, "rubrics", file]))

    case JSON.decode(text) do
      {:ok, rubric} -> rubric
      {:error, :invalid_json} -> text
    end
  end

  @tmas ~w(tm112-kowalczyk k102-odonoghue tm112-van-den-berg k102-sandhu)

  # What the host made of each, less what differs from run to run.
  defp results do
    created = for name <- @tmas, do: {name, elem(TMA.create_tma(submission(name), @actor), 1)}

    for {name, created} <- created do
      row = settled(created, 60_000)
      assert {name, row["status"], row["error_message"]} == {name, "completed", nil}
      assert row["student_id"] == row["content"]["anonymization"]["pseudonym"]
      {:ok, feedback} = TMA.get_feedback(row["id"])
      assert_evidence(row["content"]["parsed"]["text"], feedback)

      row = Map.take(row, ~w(assignment_id course_id student_id content status))
      feedback = Map.take(feedback, ~w(grade feedback_text strengths improvements marking_criteria))
      {name, comparable(row, created), comparable(feedback, created)}
    end
  end

  defp assert_evidence(text, feedback) do
    evidence = for criterion <- feedback["marking_criteria"]["criteria"], e <- criterion["evidence"], do: e
    assert evidence != []
    for e <- evidence, do: assert(binary_part(text, e["start"], e["end"] - e["start"]) == e["quote"])
  end

  # The hash of the input covers the TMA's id, which is new each time.
  defp comparable(%{"marking_criteria" => criteria} = feedback, _created) do
    %{feedback | "marking_criteria" => Map.update!(criteria, "provenance", &Map.delete(&1, "input_sha256"))}
  end

  defp comparable(row, _created), do: row

  test "what is kept has lost its student, whatever a submission says of options" do
    start_host(%{"AWAP_DATA_DIR" => new_folder()})
    options = %{"report_only" => true, "keep" => ["NAME_STUDENT"]}
    row = settled(submit("My name is Zebedee Quillfeather. I agree.", %{"options" => options}), 60_000)
    assert row["status"] == "completed"
    refute JSON.encode(row) |> IO.iodata_to_binary() =~ "Quillfeather"
  end

  test "Port and NIF, SQLite and PostgreSQL: the same results" do
    # Said here, so that what was left out is seen.
    hosts =
      [{"port on SQLite", %{}}] ++
        if(Code.ensure_loaded?(CoreBridge.Native),
          do: [{"NIF on SQLite", %{"AWAP_CORE_MODE" => "nif"}}],
          else: []
        ) ++
        if(url = postgres_url(), do: [{"port on PostgreSQL", %{"AWAP_TEST_DATABASE_URL" => url}}], else: [])

    [{_first, expected} | others] =
      for {name, variables} <- hosts do
        start_host(variables)
        {name, results()}
      end

    for {name, results} <- others,
        {got, wanted} <- Enum.zip(results, expected),
        do: assert({name, got} == {name, wanted})
  end

  @tag :postgres
  test "on PostgreSQL a TMA goes through, its events are read by the store and by the core" do
    start_host(%{"AWAP_TEST_DATABASE_URL" => postgres_url()})
    assert {:ok, %{"database" => "postgres"}} = Repo.call("health_check", %{})
    {:ok, created} = TMA.create_tma(submission("k102-sandhu"), @actor)
    assert settled(created, 30_000)["status"] == "completed"
    same_events_by_both_ways(created["id"])
  end

  test "the events of a TMA are the same, read by the store and by the core" do
    start_host()
    {:ok, created} = TMA.create_tma(submission("k102-sandhu"), @actor)
    assert settled(created, 30_000)["status"] == "completed"
    same_events_by_both_ways(created["id"])
  end

  defp same_events_by_both_ways(id) do
    stream = EventStore.stream_of(id)
    assert {:ok, %{"events" => [_ | _]} = events} = EventStore.read_stream(stream)
    assert {:ok, ^events} = CoreBridge.query_events(stream)
  end

  # Stopped, the core holds the job at a known place; then it is killed. What it was asked is asked again of another process, or the job is done again after a rest.
  @tag timeout: 120_000
  test "kill -9 of the core during a job: the host answers on, the job ends once, the next TMA is processed" do
    start_host(%{"AWAP_WORKERS" => "1"})
    doomed = core_processes()
    Enum.each(doomed, &signal(&1, "-STOP"))
    {:ok, created} = TMA.create_tma(submission("tm112-kowalczyk"), @actor)
    eventually(fn -> match?({:ok, %{"status" => "processing"}}, TMA.get_tma(created["id"])) end)

    Enum.each(doomed, &signal(&1, "-KILL"))
    assert {:ok, _listed} = TMA.list_tmas()
    {:ok, next} = TMA.create_tma(submission("k102-sandhu"), @actor)
    assert settled(next, 30_000)["status"] == "completed"
    assert settled(created, 60_000)["status"] == "completed"

    {:ok, %{"events" => events}} = EventStore.read_stream(EventStore.stream_of(created["id"]))
    types = Enum.map(events, & &1["type"])
    assert Enum.count(types, &(&1 == "tma.completed")) == 1
    for pid <- doomed, do: refute(running?(pid))
  end

  # Another VM with the host in it, on the same folder; it says which processes it has started, and submits.
  @other_host ~S"""
  %{os_pid: store} = AwapBackend.Repo.status()
  pids = for %{os_pid: pid} <- AwapBackend.CoreBridge.status().processes, do: pid
  ids = for n <- 1..20 do
    {:ok, %{"id" => id}} = AwapBackend.TMA.create_tma(%{"content" => System.fetch_env!("SUBMIT") <> " #{n}"}, %{})
    id
  end
  IO.puts("READY " <> Enum.join([store | pids], ",") <> " " <> Enum.join(ids, ","))
  Process.sleep(:infinity)
  """

  @tag timeout: 120_000
  test "kill -9 of the VM: nothing is left running, and what was accepted is done after the next start, once" do
    folder = new_folder()

    variables = %{
      "AWAP_DATA_DIR" => folder,
      "CORE_EXECUTABLE" => fake_core(),
      "AWAP_LEASE_MS" => "2000",
      "SUBMIT" => "SLOW",
      "MIX_ENV" => "test"
    }

    variables = Map.merge(variables, database(folder))

    port =
      Port.open({:spawn_executable, System.find_executable("elixir")}, [
        :binary,
        :stderr_to_stdout,
        args: ["-S", "mix", "run", "--no-compile", "--no-deps-check", "-e", @other_host],
        env: for({name, value} <- Map.merge(keys(), variables), do: {to_charlist(name), to_charlist(value)})
      ])

    {:os_pid, vm} = Port.info(port, :os_pid)
    [pids, ids] = ready(port, "")
    pids = for pid <- String.split(pids, ","), do: String.to_integer(pid)
    assert Enum.all?(pids, &running?/1)
    signal(vm, "-KILL")
    eventually(fn -> not Enum.any?(pids, &running?/1) end)

    start_host(Map.take(variables, ~w(AWAP_DATA_DIR CORE_EXECUTABLE AWAP_LEASE_MS)))

    for id <- String.split(ids, ",") do
      assert settled(%{"id" => id}, 90_000)["status"] == "completed"
      {:ok, %{"events" => events}} = EventStore.read_stream(EventStore.stream_of(id))
      assert Enum.count(events, &(&1["type"] == "tma.completed")) == 1
    end
  end

  defp ready(port, so_far) do
    receive do
      {^port, {:data, output}} ->
        so_far = so_far <> output

        case Regex.run(~r/READY (\S+) (\S+)\n/, so_far, capture: :all_but_first) do
          nil -> ready(port, so_far)
          found -> found
        end
    after
      60_000 -> flunk("the other host did not start: " <> so_far)
    end
  end

  test "a document that cannot be read fails with a sentence, and no other with it" do
    start_host()

    broken =
      submission("tm112-kowalczyk")
      |> put_in(["content", "attachments"], [attachment("x.docx", "PK\x03\x04 no")])

    {:ok, created} = TMA.create_tma(broken, @actor)
    {:ok, next} = TMA.create_tma(submission("k102-sandhu"), @actor)
    row = settled(created, 30_000)
    assert row["status"] == "failed"
    assert row["error_message"] =~ ~r/^[A-Z“].*\.$/
    assert settled(next, 30_000)["status"] == "completed"
  end

  defp attachment(name, bytes), do: %{"filename" => name, "data_base64" => Base.encode64(bytes)}

  test "every process that the host started ends with it" do
    start_host()
    %{os_pid: store} = Repo.status()
    pids = [store | core_processes()]
    assert length(pids) == Config.get(:core_processes) + 1
    restart(%{})
    for pid <- pids, do: refute(running?(pid))
  end
end
