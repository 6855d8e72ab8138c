defmodule AwapBackendWeb.PriorityTest do
  @moduledoc "A tutor who waits comes before what machines hand in by the hundred, from the request to the worker."

  use AwapBackendWeb.ConnCase
  use AwapBackend.DataCase

  alias AwapBackend.{Config, Repo, Secrets, TMA}
  alias AwapBackend.Core.WorkerSupervisor

  @moduletag :store
  @moduletag :core

  setup do
    start_host(%{"AWAP_WORKERS" => "1"})
    {admin, _path} = Secrets.api_key!(Config.get(:data_dir))
    port = start_endpoint(tma: TMA, repo: Repo, health: AwapBackend.Health)

    keys =
      for role <- ["service", "tutor"], into: %{"admin" => admin} do
        {role, post_json(port, "/api/keys", %{"name" => "a key", "role" => role}, key: admin).json["key"]}
      end

    %{port: port, keys: keys}
  end

  test "people first, and each in the order they came", %{port: port, keys: keys} do
    # The one worker looks away until all are there.
    [worker] = WorkerSupervisor.workers()
    :ok = :sys.suspend(worker)

    hand_in = fn role ->
      answer = post_json(port, "/api/tmas", %{"content" => "An answer."}, key: keys[role])
      assert answer.status == 201
      answer.json["id"]
    end

    # As the sync with Moodle does it, which says nothing of how urgent it is.
    {:ok, %{"id" => synced}} = TMA.create_tma(%{"content" => "An answer."}, %{"type" => "system"})
    [first, second] = for _ <- 1..2, do: hand_in.("service")
    [tutor, admin] = [hand_in.("tutor"), hand_in.("admin")]
    third = hand_in.("service")
    expected = [tutor, admin, synced, first, second, third]

    :ok = :sys.resume(worker)
    for id <- expected, do: assert(settled(%{"id" => id}, 60_000)["status"] == "completed")
    opts = %{"types" => ["tma.processing"]}
    {:ok, %{"events" => events}} = Repo.call("query_events", %{"stream_id" => "$all", "opts" => opts})
    assert Enum.map(events, &String.replace_prefix(&1["stream_id"], "tma-", "")) == expected
  end
end
