defmodule AwapBackend.ComparisonsTest do
  @moduledoc "Cohorts are compared beside the marking: what is found, told and forgotten, and that nothing is lost on the way."

  use AwapBackendWeb.ConnCase
  use AwapBackend.DataCase

  alias AwapBackend.{Comparisons, Config, EventStore, PubSub, Repo, Secrets, TMA}
  alias AwapBackendWeb.APIDescription

  @moduletag :store
  @moduletag :core
  @moduletag :capture_log

  @shared "A library that counts its visitors has to say what it keeps, for how long, and who may look at it, because " <>
            "a visitor who was never asked has consented to nothing at all, and the council cannot mend that later."
  @own "Trust grows slowly where cameras watch every door, and faster where people are greeted by their names."

  defp hand_in(student, text, assignment \\ "TMA01") do
    fields = %{"student_id" => student, "assignment_id" => assignment, "course_id" => "TX101"}
    submit(text, Map.put(fields, "student", %{"name" => "Zebedee #{student}"}))
  end

  defp found(%{"id" => id}) do
    {:ok, %{"near_duplicates" => found}} = Repo.call("list_near_duplicates", %{"tma_id" => id})
    found
  end

  defp text(%{"id" => id}) do
    {:ok, row} = TMA.get_tma(id)
    row["content"]["parsed"]["text"]
  end

  # The API's answer, as its description has it.
  defp over_http(%{"id" => id}) do
    {key, _path} = Secrets.api_key!(Config.get(:data_dir))
    port = start_endpoint(tma: TMA, repo: Repo, health: AwapBackend.Health)
    answer = request(port, "GET", "/api/tmas/#{id}/near-duplicates", key: key)
    described = APIDescription.document()
    assert APIDescription.faults(described, "GET", "/api/tmas/{id}/near-duplicates", answer) == []
    answer.json
  end

  # Nothing waits and nothing is under way.
  defp compared? do
    due = %{"worker" => "a test", "lease_ms" => 1, "quiet_ms" => 0, "at_most_ms" => 0}
    match?({:ok, %{"comparison" => nil}}, Repo.call("claim_comparison", due)) and is_nil(task())
  end

  defp task, do: :sys.get_state(Comparisons).task

  test "two scripts with a paragraph in common are flagged, live, each with the other's places; a third and its marks are not touched" do
    start_host()
    PubSub.subscribe("tmas")
    one = hand_in("A1", "My view of it. " <> @shared)
    two = hand_in("B2", @shared <> " So much for that.")
    three = hand_in("C3", @own)
    elsewhere = hand_in("D4", @shared, "TMA02")
    for tma <- [one, two, three, elsewhere], do: assert(settled(tma)["status"] == "completed")
    {:ok, before} = TMA.get_feedback(one["id"])
    eventually(fn -> found(one) != [] end)

    assert [%{"tma_id" => id, "words" => words, "passages" => [passage | _]}] = found(one)
    assert {id, words >= 30} == {two["id"], true}
    piece = fn tma, from, to -> binary_part(text(tma), passage[from], passage[to] - passage[from]) end
    assert piece.(one, "start", "end") == piece.(two, "other_start", "other_end")
    assert piece.(one, "start", "end") =~ "consented to nothing"
    assert over_http(one)["near_duplicates"] == found(one)
    assert [%{"tma_id" => back}] = found(two)
    assert back == one["id"]
    assert {found(three), found(elsewhere)} == {[], []}

    {:ok, %{"tmas" => rows}} = TMA.list_tmas(%{"near_duplicate" => true})
    assert Enum.sort(for row <- rows, do: row["id"]) == Enum.sort([one["id"], two["id"]])
    {:ok, now} = TMA.get_feedback(one["id"])
    assert now == before

    stream = EventStore.stream_of(one["id"])
    {:ok, %{"events" => events}} = EventStore.read_stream(stream, types: ["tma.compared"])
    assert [%{"data" => %{"near_duplicates" => 1}}] = events
    refute inspect(events) =~ "library"
    id = one["id"]
    # Once as it is marked, once as it is compared.
    for _ <- 1..2, do: assert_receive({:tma_status, %{"id" => ^id, "status" => "completed"}}, 5_000)
  end

  test "what was not compared when the host stopped is compared by the next" do
    folder = start_host()
    # As a host that has no time for it.
    :ok = Supervisor.terminate_child(AwapBackend.Supervisor, Comparisons)
    one = hand_in("A1", @shared)
    two = hand_in("B2", @shared)
    for tma <- [one, two], do: assert(settled(tma)["status"] == "completed")
    assert found(one) == []
    restart(%{"AWAP_DATA_DIR" => folder})
    eventually(fn -> found(one) != [] and found(two) != [] end)
  end

  test "a student's own work, handed in twice, is no news; and what goes takes its pairs along" do
    start_host()
    one = hand_in("A1", @shared)
    again = hand_in("A1", @shared)
    for tma <- [one, again], do: settled(tma)
    eventually(&compared?/0)
    assert found(one) == []
    two = hand_in("B2", @shared)
    pseudonym = settled(two)["student_id"]
    eventually(fn -> length(found(two)) == 2 end)
    erasure = %{"pseudonym" => pseudonym, "reason" => "asked", "actor" => %{"type" => "system"}}
    {:ok, _erased} = Repo.call("erase_student", erasure)
    assert found(one) == []
  end

  test "what a host that is gone had claimed is compared by another once its lease is over" do
    start_host()
    :ok = Supervisor.terminate_child(AwapBackend.Supervisor, Comparisons)
    one = hand_in("A1", @shared)
    two = hand_in("B2", @shared)
    for tma <- [one, two], do: settled(tma)
    due = %{"worker" => "a host that is gone", "lease_ms" => 50, "quiet_ms" => 0, "at_most_ms" => 0}
    {:ok, %{"comparison" => %{"scripts" => [_, _]}}} = Repo.call("claim_comparison", due)
    start_supervised!({Comparisons, quiet_ms: 50, poll_ms: 100, name: :another})
    eventually(fn -> found(one) != [] end)
  end
end
