defmodule AwapBackend.EndToEnd.PipelineTest do
  @moduledoc """
  Every fixture TMA through a real host, over HTTP, in every configuration: SQLite and PostgreSQL, Port and NIF.

  Each configuration runs once, before the tests, and the tests look at what came out.
  """
  use ExUnit.Case, async: false

  alias AwapBackend.{Fixtures, JSON, Postgres, RunningHost}

  @moduletag timeout: 600_000
  @configurations [:sqlite_port, :sqlite_nif, :postgres_port]

  setup_all do
    skipped = if Postgres.available?(), do: [], else: [:postgres_port]
    for name <- skipped, do: IO.puts(:stderr, "skipped: #{name}, because AWAP_TEST_POSTGRES_URL is not set")

    {:ok, runs: for(name <- @configurations -- skipped, into: %{}, do: {name, run(name)})}
  end

  test "every TMA completes, with feedback", %{runs: runs} do
    for {run, tma} <- each_tma(runs) do
      assert tma.row["status"] == "completed", "#{run} #{tma.name}: #{tma.row["error_message"]}"
      assert String.starts_with?(tma.row["student_id"], "stu_")
      assert tma.feedback["feedback_text"] != ""
      assert tma.feedback["strengths"] != []
    end
  end

  test "the questions are those that the student answered", %{runs: runs} do
    for {run, tma} <- each_tma(runs) do
      found = Enum.map(tma.row["content"]["parsed"]["questions"], & &1["id"])
      assert found == tma.described["expect"]["questions"], "#{run} #{tma.name}: #{inspect(found)}"
    end
  end

  test "every quote stands in the anonymized text where the evidence says", %{runs: runs} do
    for {run, tma} <- each_tma(runs) do
      text = tma.row["content"]["parsed"]["text"]

      evidence =
        for criterion <- tma.feedback["marking_criteria"]["criteria"], item <- criterion["evidence"], do: item

      for %{"start" => start, "end" => stop, "quote" => quote} <- evidence do
        assert binary_part(text, start, stop - start) == quote, "#{run} #{tma.name} #{start}..#{stop}"
      end

      claims =
        for criterion <- tma.feedback["marking_criteria"]["criteria"],
            criterion["evidence"] == [] and Map.get(criterion, "missing", []) == [],
            (criterion["score"] || 0) > 0,
            do: criterion["id"]

      assert claims == [], "#{run} #{tma.name}: marks without evidence for #{inspect(claims)}"
    end
  end

  test "what the marker needs is still there", %{runs: runs} do
    for {run, tma} <- each_tma(runs), kept <- tma.described["expect"]["kept"] do
      assert tma.row["content"]["parsed"]["text"] =~ kept, "#{run} #{tma.name} lost #{kept}"
    end
  end

  test "no student is named in any answer, table, event, log line or file", %{runs: runs} do
    gone =
      for {_name, request, described} <- Fixtures.all(),
          text <- described["expect"]["gone"] ++ identity(request),
          uniq: true,
          do: text

    for {run, %{traces: traces}} <- runs, {where, bytes} <- traces, text <- gone do
      refute String.contains?(bytes, [text, escaped(text)]), "#{run}: #{where} names a student: #{text}"
    end
  end

  test "every configuration returns the same, to the byte", %{runs: runs} do
    [{reference, first} | others] = Enum.to_list(runs)

    for {run, %{tmas: tmas}} <- others, {one, other} <- Enum.zip(first.tmas, tmas) do
      assert essence(one) == essence(other), "#{one.name}: #{run} differs from #{reference}"
    end
  end

  test "each TMA has its events, in order, and no feedback before it was anonymized", %{runs: runs} do
    for {_run, tma} <- each_tma(runs) do
      types = Enum.map(tma.events, & &1["type"])
      assert hd(types) == "tma.submitted"
      assert List.last(types) == "tma.completed"
    end
  end

  defp each_tma(runs), do: for({run, %{tmas: tmas}} <- runs, tma <- tmas, do: {run, tma})

  # What must not depend on the configuration: everything but ids and times.
  defp essence(tma) do
    fields = Map.take(tma.feedback, ~w(grade feedback_text strengths improvements marking_criteria))
    IO.iodata_to_binary(JSON.encode([fields, tma.row["content"], tma.row["student_id"]]))
  end

  defp identity(%{"student_id" => id, "student" => student}),
    do: [id | Enum.filter(Map.values(Map.take(student, ~w(name email username))), &is_binary/1)]

  # JSON may hold a non-ASCII letter as \uXXXX.
  defp escaped(text) do
    for <<c::utf8 <- text>>, into: "" do
      if c < 128, do: <<c>>, else: "\\u" <> String.pad_leading(Integer.to_string(c, 16), 4, "0")
    end
  end

  defp run(name) do
    {env, dump} = configuration(name)
    host = RunningHost.start(env)

    try do
      created =
        for {fixture, request, described} <- Fixtures.all() do
          {201, answer} = RunningHost.post(host, "/api/tmas", request)
          {fixture, described, answer}
        end

      tmas = for {fixture, described, answer} <- created, do: result(host, fixture, described, answer)
      {200, list} = RunningHost.get(host, "/api/tmas?limit=100")
      {200, health} = RunningHost.get(host, "/api/health")
      {404, missing} = RunningHost.get(host, "/api/tmas/#{List.first(created) |> elem(0)}")
      RunningHost.stop(host)

      answers = [
        {"the list", list},
        {"health", health},
        {"an error", missing},
        {"the answers", answers(tmas)}
      ]

      texts = for {where, term} <- answers, do: {where, IO.iodata_to_binary(JSON.encode(term))}
      %{tmas: tmas, traces: texts ++ files(host.data_dir) ++ dump.()}
    after
      RunningHost.remove(host)
    end
  end

  defp result(host, fixture, described, %{"id" => id} = created) do
    row = RunningHost.await(host, id)
    {_status, feedback} = RunningHost.get(host, "/api/feedback/#{id}")
    {200, %{"events" => events}} = RunningHost.get(host, "/api/tmas/#{id}/events")
    %{name: fixture, described: described, created: created, row: row, feedback: feedback, events: events}
  end

  defp answers(tmas), do: Enum.map(tmas, &Map.take(&1, [:created, :row, :feedback, :events]))

  # Everything the host wrote: the database and its journal, secrets, the log.
  defp files(dir) do
    for path <- Path.wildcard(Path.join(dir, "**"), match_dot: true), File.regular?(path) do
      {Path.relative_to(path, dir), Path.basename(path) <> File.read!(path)}
    end
  end

  defp configuration(:sqlite_port), do: {%{}, fn -> [] end}
  defp configuration(:sqlite_nif), do: {%{"AWAP_CORE_MODE" => "nif"}, fn -> [] end}

  defp configuration(:postgres_port) do
    url = Postgres.create_database()
    {%{"DATABASE_URL" => url}, fn -> [{"the database dump", Postgres.dump(url)}] end}
  end
end
