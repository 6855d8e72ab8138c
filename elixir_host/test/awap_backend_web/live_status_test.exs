defmodule AwapBackendWeb.LiveStatusTest do
  @moduledoc "A WebSocket on the real store: what this host and another on the same database do is told as it happens."

  use AwapBackendWeb.ConnCase
  use AwapBackend.DataCase

  import AwapBackendWeb.SocketClient

  alias AwapBackend.{Config, PortClient, Repo, Secrets}
  alias AwapBackend.Core.WorkerSupervisor

  @moduletag :store
  @moduletag :capture_log

  defp endpoint do
    {key, _path} = Secrets.api_key!(Config.get(:data_dir))
    %{port: start_endpoint(tma: AwapBackend.TMA, repo: Repo, health: AwapBackend.Health), key: key}
  end

  # A host is to others what its store has written.
  defp other_host do
    start_supervised!(%{id: :other_host, start: {Repo, :start_link, [[name: :other_host]]}})
    AwapBackend.DataCase.eventually(fn -> match?({:ok, _}, other("health_check", %{})) end, 20_000)
  end

  defp other(command, data), do: PortClient.call(:other_host, command, data, 10_000)

  # Statuses, without stages and repetitions, until `last`.
  defp statuses(socket, id, last, heard \\ []) do
    case hear(socket, 20_000) do
      %{"event" => "tma_status", "tma" => %{"id" => ^id, "status" => ^last}} ->
        Enum.dedup(Enum.reverse([last | heard]))

      %{"event" => "tma_status", "tma" => %{"id" => ^id, "status" => status}} ->
        statuses(socket, id, last, [status | heard])
    end
  end

  @tag :core
  test "of a TMA that this host processes, all of it" do
    start_host()
    %{port: port, key: key} = endpoint()
    all = open(port, key: key)
    say(all, %{"subscribe" => "*"})
    assert %{"event" => "subscribed"} = hear(all)
    id = post_json(port, "/api/tmas", %{"content" => "Some words."}, key: key).json["id"]
    one = open(port, key: key)
    say(one, %{"subscribe" => id})
    assert statuses(all, id, "completed") == ["pending", "processing", "completed"]
    assert List.last(statuses(one, id, "completed")) == "completed"
  end

  test "of a TMA that another host has taken in, processed and failed", do: told_of_another(%{})

  @tag :postgres
  test "the same on PostgreSQL", do: told_of_another(%{"AWAP_TEST_DATABASE_URL" => postgres_url()})

  defp told_of_another(variables) do
    start_host(variables)
    # The job is left to the other.
    for worker <- WorkerSupervisor.workers(), do: :ok = WorkerSupervisor.remove_worker(worker)
    other_host()
    %{port: port, key: key} = endpoint()
    all = open(port, key: key)
    say(all, %{"subscribe" => "*"})
    assert %{"event" => "subscribed"} = hear(all)

    {:ok, %{"id" => id}} = other("create_tma", %{"tma" => %{"content" => "Some words."}})
    one = open(port, key: key)
    say(one, %{"subscribe" => id})
    assert %{"tma" => %{"id" => ^id, "status" => "pending"}} = hear(one)
    {:ok, %{"job" => %{"job_id" => job}}} = other("claim_job", %{"worker" => "other", "lease_ms" => 30_000})
    error = %{"code" => "document_damaged", "message" => "It cannot be read."}
    {:ok, _} = other("fail_job", %{"job_id" => job, "worker" => "other", "error" => error, "retry" => false})

    assert statuses(all, id, "failed") == ["pending", "processing", "failed"]
    assert List.last(statuses(one, id, "failed")) == "failed"
  end
end
