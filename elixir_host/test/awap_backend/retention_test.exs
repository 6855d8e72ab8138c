defmodule AwapBackend.RetentionTest do
  @moduledoc "What has been kept long enough goes, on a real store on each database, and nothing else does."

  use AwapBackend.DataCase, async: false

  alias AwapBackend.{Config, Postgres, Repo, Retention, Telemetry, TMA}

  @moduletag :store
  @moduletag :capture_log

  # Nothing is a day old in a test, so that what is to go has a period of no days, which the configuration does not let anyone
  # set. That age is told rightly is tested with the store.
  defp retain(periods) do
    Application.put_env(:awap_backend, :settings, Map.merge(Config.all(), Map.new(periods)))
  end

  defp host(database, variables \\ %{}) do
    url =
      if database == :postgres do
        url = Postgres.create_database()
        on_exit(fn -> Postgres.drop_database(url) end)
        %{"AWAP_TEST_DATABASE_URL" => url}
      else
        %{}
      end

    start_host(%{"CORE_EXECUTABLE" => fake_core()} |> Map.merge(url) |> Map.merge(variables))
  end

  defp done(n, fields \\ %{}) do
    created =
      submit("Essay #{n}.", Map.merge(%{"student_id" => "Q000000#{n}"}, fields), idempotency_key: "key-#{n}")

    assert settled(created, 20_000)["status"] == "completed"
    created
  end

  defp identity(%{"student_id" => pseudonym}) do
    Repo.call("open_identity", %{"pseudonym" => pseudonym, "reason" => "test", "actor" => %{}})
  end

  # Whether the original is still kept shows in whether the student's export has it.
  defp original(%{"student_id" => pseudonym}) do
    request = %{"pseudonym" => pseudonym, "reason" => "test", "actor" => %{}}
    {:ok, %{"tmas" => [tma]}} = Repo.call("export_student", request)
    tma["original"]
  end

  for database <- [:sqlite, :postgres] do
    @tag if(database == :postgres, do: :postgres, else: :store)
    test "on #{database} what is old goes by kind, batch by batch; what is young, at work or without a period stays" do
      host(unquote(database))
      created = for n <- 1..5, do: done(n)
      waiting = submit("HANG", %{"student_id" => "Q0000009"})

      retain(retain_originals_days: 1, retain_tmas_days: 1, retain_idempotency_days: 1)
      nothing = {:ok, %{purged: 0, identities: 0}}
      assert Retention.run() == %{"originals" => nothing, "tmas" => nothing, "idempotency_keys" => nothing}

      retain(retain_originals_days: nil, retain_tmas_days: nil, retain_idempotency_days: 0)
      assert Retention.run(batch: 2) == %{"idempotency_keys" => {:ok, %{purged: 5, identities: 0}}}
      again = submit("Essay 1.", %{"student_id" => "Q0000001"}, idempotency_key: "key-1")
      assert again["created"], "its key was forgotten"
      assert settled(again)["status"] == "completed"

      retain(retain_originals_days: 0, retain_tmas_days: nil, retain_idempotency_days: nil)
      assert original(hd(tl(created)))
      assert Retention.run(batch: 2) == %{"originals" => {:ok, %{purged: 6, identities: 0}}}
      refute original(hd(tl(created)))
      assert {:ok, %{"grade" => 70.0}} = TMA.get_feedback(hd(created)["id"])

      retain(retain_originals_days: nil, retain_tmas_days: 0, retain_idempotency_days: nil)
      assert Retention.run(batch: 2) == %{"tmas" => {:ok, %{purged: 6, identities: 5}}}

      for tma <- created do
        assert {:error, %{"code" => "not_found"}} = TMA.get_tma(tma["id"])
        assert {:error, %{"code" => "not_found"}} = identity(tma)
      end

      assert {:ok, %{"status" => "processing"}} = TMA.get_tma(waiting["id"])
      assert {:ok, %{"identity" => %{"student_id" => "Q0000009"}}} = identity(waiting)
      assert {:ok, %{"valid" => true}} = Repo.call("verify_events", %{})
      {:ok, %{"entries" => entries}} = Repo.call("list_audit", %{"action" => "tma.purge", "limit" => 100})
      assert length(entries) == 6
      assert Enum.all?(entries, &(&1["actor_id"] == "retention"))
    end
  end

  test "it purges soon after the start, tells what went, and tries again where the store was away" do
    host(:sqlite)
    done(1)
    retain(retain_originals_days: nil, retain_tmas_days: 0, retain_idempotency_days: nil)
    test = self()

    Telemetry.attach({__MODULE__, :purged}, [:awap_backend, :retention, :purged], fn _event, gone, about, _ ->
      send(test, {:purged, gone, about})
    end)

    on_exit(fn -> Telemetry.detach({__MODULE__, :purged}) end)
    :ok = Supervisor.terminate_child(AwapBackend.Supervisor, Retention)
    purger = start_supervised!({Retention, first_ms: 0})
    assert_receive {:purged, %{purged: 1, identities: 1, duration: _}, %{what: "tmas", outcome: :ok}}, 20_000

    :ok = Supervisor.terminate_child(AwapBackend.Supervisor, Repo)
    send(purger, :purge)

    assert_receive {:purged, %{purged: 0, identities: 0, duration: _},
                    %{what: "tmas", outcome: "unavailable"}},
                   20_000

    # Within the hour, and not only tomorrow.
    assert Process.read_timer(:sys.get_state(purger)) <= 60 * 60_000
    {:ok, _pid} = Supervisor.restart_child(AwapBackend.Supervisor, Repo)
    eventually(fn -> match?({:ok, _health}, Repo.call("health_check", %{})) end)
    send(purger, :purge)
    assert_receive {:purged, %{purged: 0}, %{outcome: :ok}}, 20_000
    assert Process.read_timer(:sys.get_state(purger)) > 60 * 60_000
  end

  test "by default only idempotency keys have a period" do
    start_host()
    assert Map.keys(Retention.run()) == ["idempotency_keys"]
  end
end
