defmodule AwapBackendWeb.EndToEndTest do
  @moduledoc """
  The main job over HTTP, on the real store and the real core: a document in, feedback out, and no trace of the student
  anywhere on the way.
  """

  use AwapBackendWeb.ConnCase
  use AwapBackend.DataCase

  alias AwapBackend.{Config, Secrets}

  @moduletag :store
  @moduletag :core

  @fixtures Path.expand("../../../fixtures", __DIR__)

  # One of each format.
  @tmas ~w(tm112-kowalczyk k102-odonoghue tm112-van-den-berg k102-sandhu)

  setup do
    folder = start_host()
    {key, _path} = Secrets.api_key!(Config.get(:data_dir))

    port =
      start_endpoint(
        tma: AwapBackend.TMA,
        repo: AwapBackend.Repo,
        health: AwapBackend.Health,
        max_body_bytes: 10_000_000
      )

    %{port: port, key: key, folder: folder}
  end

  defp fixture(name) do
    folder = Path.join([@fixtures, "tmas", name])
    {:ok, tma} = folder |> Path.join("tma.json") |> File.read!() |> AwapBackend.JSON.decode()
    Map.put(tma, "folder", folder)
  end

  defp parts(tma) do
    rubric = tma["rubric"]
    student = for {name, value} <- tma["student"], is_binary(value), do: {"student_" <> name, value}
    aliases = for name <- tma["student"]["aliases"] || [], do: {"student_alias", name}
    ids = for name <- ["assignment_id", "course_id", "student_id"], do: {name, tma[name]}

    [
      {file("file", tma["file"]), File.read!(Path.join(tma["folder"], tma["file"]))},
      {file("rubric", rubric), File.read!(Path.join([@fixtures, "rubrics", rubric]))}
    ] ++ ids ++ student ++ aliases
  end

  defp wait(port, key, id) do
    row = request(port, "GET", "/api/tmas/" <> id, key: key).json
    if row["status"] in ["completed", "failed"], do: row, else: Process.sleep(50) && wait(port, key, id)
  end

  for name <- @tmas do
    test "#{name} goes from document to feedback, and names no one on the way",
         %{port: port, key: key} = context do
      tma = fixture(unquote(name))
      accepted = post_form(port, "/api/tmas", parts(tma), key: key)
      assert accepted.status == 201
      id = accepted.json["id"]
      assert "stu_" <> _ = accepted.json["student_id"]

      row = wait(port, key, id)
      assert {row["status"], row["error_message"]} == {"completed", nil}
      feedback = request(port, "GET", "/api/feedback/" <> id, key: key)
      assert feedback.status == 200

      text = row["content"]["parsed"]["text"]
      criteria = feedback.json["marking_criteria"]["criteria"]
      evidence = for criterion <- criteria, e <- criterion["evidence"], do: e
      assert evidence != []
      for e <- evidence, do: assert(binary_part(text, e["start"], e["end"] - e["start"]) == e["quote"])

      answers =
        for path <- ["/api/tmas/#{id}", "/api/tmas", "/api/tmas/#{id}/events", "/api/feedback/#{id}"] do
          answer = request(port, "GET", path, key: key)
          assert {path, answer.status} == {path, 200}
          {path, answer.body}
        end

      files =
        for path <- Path.wildcard(Path.join(context.folder, "**")),
            File.regular?(path),
            do: {path, File.read!(path)}

      # The students of the fixtures are made up: a failure may name them.
      traces =
        for gone <- tma["expect"]["gone"], {place, text} <- answers ++ files, text =~ gone, do: {gone, place}

      assert traces == []

      for kept <- tma["expect"]["kept"], do: assert(text =~ kept)
    end
  end

  test "the same Idempotency-Key makes one TMA; another body with it is a conflict", %{port: port, key: key} do
    send_it = fn text ->
      post_json(port, "/api/tmas", %{"content" => text}, key: key, headers: [{"idempotency-key", "k"}])
    end

    first = send_it.("An answer.")
    again = send_it.("An answer.")
    assert {first.status, again.status, first.json["id"]} == {201, 201, again.json["id"]}
    assert send_it.("Another answer.").status == 409
  end

  test "lists page by page, each TMA once", %{port: port, key: key} do
    ids = for i <- 1..7, do: post_json(port, "/api/tmas", %{"content" => "Answer #{i}."}, key: key).json["id"]

    pages = fn pages, cursor ->
      query = if cursor, do: "&cursor=" <> URI.encode_www_form(cursor), else: ""
      page = request(port, "GET", "/api/tmas?limit=3" <> query, key: key).json
      found = Enum.map(page["tmas"], & &1["id"])
      if page["next_cursor"], do: found ++ pages.(pages, page["next_cursor"]), else: found
    end

    assert pages.(pages, nil) == Enum.reverse(ids)
  end

  test "health has its parts, and events their TMA", %{port: port, key: key} do
    assert %{"status" => status, "parts" => %{"database" => %{"status" => "ok"}}} =
             request(port, "GET", "/api/health", key: nil).json

    assert status in ["ok", "degraded"]
    id = post_json(port, "/api/tmas", %{"content" => "An answer."}, key: key).json["id"]
    wait(port, key, id)

    types =
      for event <- request(port, "GET", "/api/tmas/#{id}/events", key: key).json["events"], do: event["type"]

    assert hd(types) == "tma.submitted"
    assert List.last(types) == "tma.completed"
  end

  test "a hundred TMAs handed in at once all end", %{port: port, key: key} do
    ids =
      1..100
      |> Task.async_stream(
        fn i -> post_json(port, "/api/tmas", %{"content" => "Answer number #{i}."}, key: key) end,
        max_concurrency: 100,
        timeout: 60_000
      )
      |> Enum.map(fn {:ok, answer} ->
        assert answer.status == 201
        answer.json["id"]
      end)

    assert length(Enum.uniq(ids)) == 100
    for id <- ids, do: assert(wait(port, key, id)["status"] == "completed")
  end
end
