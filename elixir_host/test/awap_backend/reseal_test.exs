defmodule AwapBackend.ResealTest do
  @moduledoc "A change of the seal key, from the old one to the new one alone, on whole hosts on each database."

  use AwapBackend.DataCase, async: false

  alias AwapBackend.{Postgres, Repo, Reseal}

  @moduletag :store
  @moduletag :capture_log

  @old String.duplicate("0a", 32)
  @new String.duplicate("0b", 32)
  @lost String.duplicate("0c", 32)

  setup context do
    folder = new_folder()

    url =
      if context[:postgres] do
        url = Postgres.create_database()
        on_exit(fn -> Postgres.drop_database(url) end)
        %{"AWAP_TEST_DATABASE_URL" => url}
      else
        %{}
      end

    # Without a core what comes in stays sealed.
    variables = Map.merge(url, %{"AWAP_DATA_DIR" => folder, "CORE_EXECUTABLE" => "/bin/false"})
    {:ok, host: fn keys -> start_host(Map.merge(variables, keys)) end, variables: variables}
  end

  defp identity(%{"student_id" => pseudonym}) do
    Repo.call("open_identity", %{"pseudonym" => pseudonym, "reason" => "test", "actor" => %{}})
  end

  defp hand_in(count),
    do: for(n <- 1..count, do: submit("Essay #{n}.", %{"student_id" => "Q000000#{n}"}))

  for database <- [:sqlite, :postgres] do
    @tag if(database == :postgres, do: :postgres, else: :store)
    test "on #{database} a key is changed for another, and the old one can go", %{host: host} = context do
      host.(%{"AWAP_SEAL_KEY" => @old})
      tmas = hand_in(3)

      # The new key alone opens nothing, gives nothing up, and says what is missing.
      host.(%{"AWAP_SEAL_KEY" => @new})
      assert {:error, %{"code" => "not_configured", "message" => message}} = identity(hd(tmas))
      assert message =~ "AWAP_SEAL_KEYS_OLD"
      assert {:ok, %{done: false, unknown_key: 6, resealed: 0} = left} = Reseal.run()
      assert Reseal.left(left) =~ "AWAP_SEAL_KEYS_OLD"

      host.(%{"AWAP_SEAL_KEY" => @new, "AWAP_SEAL_KEYS_OLD" => @lost <> ", " <> @old})
      for tma <- tmas, do: assert({:ok, _identity} = identity(tma))
      test = self()

      assert {:ok, %{done: true, resealed: 6, damaged: 0, remaining: 0}} =
               Reseal.run(batch: 2, progress: &send(test, {:progress, &1}))

      # It told how far it was, and never went back.
      told = for {:progress, progress} <- flush(), do: {progress.resealed, progress.remaining}
      assert length(told) > 3
      assert told == Enum.sort_by(told, fn {resealed, remaining} -> {resealed, -remaining} end)

      host.(%{"AWAP_SEAL_KEY" => @new})

      for {tma, n} <- Enum.with_index(tmas, 1) do
        assert {:ok, %{"identity" => %{"student_id" => id}}} = identity(tma)
        assert id == "Q000000#{n}"
      end

      # The originals open too: a core comes, and marks them.
      restart(Map.merge(context.variables, %{"AWAP_SEAL_KEY" => @new, "CORE_EXECUTABLE" => fake_core()}))
      for tma <- tmas, do: assert(settled(tma, 30_000)["status"] == "completed")
    end
  end

  test "stopped half-way it goes on where it stood, and a store that is away for a moment is waited for",
       %{host: host} do
    host.(%{"AWAP_SEAL_KEY" => @old})
    tmas = hand_in(4)
    host.(%{"AWAP_SEAL_KEY" => @new, "AWAP_SEAL_KEYS_OLD" => @old})

    stopped = spawn(fn -> Reseal.run(batch: 1, progress: fn %{resealed: n} -> n == 3 && exit(:kill) end) end)
    ref = Process.monitor(stopped)
    assert_receive {:DOWN, ^ref, :process, _pid, _reason}, 20_000

    kill_store = fn %{resealed: n} -> if n == 2, do: signal(Repo.status().os_pid, "-KILL") end
    assert {:ok, %{done: true, resealed: 5}} = Reseal.run(batch: 1, progress: kill_store, patience_ms: 30_000)
    host.(%{"AWAP_SEAL_KEY" => @new})
    for tma <- tmas, do: assert({:ok, _identity} = identity(tma))
  end

  test "a store that stays away is told", %{host: host} do
    host.(%{"AWAP_SEAL_KEY" => @old})
    :ok = Supervisor.terminate_child(AwapBackend.Supervisor, Repo)
    assert {:error, %{"code" => "unavailable"}} = Reseal.run(patience_ms: 100)
  end

  defp flush do
    receive do
      message -> [message | flush()]
    after
      0 -> []
    end
  end
end
