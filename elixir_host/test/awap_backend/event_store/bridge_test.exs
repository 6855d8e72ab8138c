defmodule AwapBackend.EventStore.BridgeTest do
  @moduledoc "`query_events` by the Port, by the NIF and by the store itself: the same answers and the same errors."

  use AwapBackend.DataCase, async: false

  alias AwapBackend.{Config, CoreBridge, EventStore, Postgres}

  @moduletag :store
  @moduletag :core
  @moduletag :nif
  @moduletag :capture_log
  @moduletag timeout: 120_000

  defp postgres do
    url = Postgres.create_database()
    on_exit(fn -> Postgres.drop_database(url) end)
    url
  end

  # The NIF reads where events are once for a VM, so it is asked in one of its own.
  @other_vm ~S"""
  Application.put_env(:awap_nif, :event_store_url, System.fetch_env!("EVENTS"))
  queries = System.fetch_env!("QUERIES") |> File.read!() |> :erlang.binary_to_term()
  answers = Enum.map(queries, &AwapBackend.CoreBridge.Native.query_events/1)
  File.write!(System.fetch_env!("ANSWERS"), :erlang.term_to_binary(answers))
  """

  defp by_nif(queries, url) do
    folder = new_folder()
    [asked, answered] = for name <- ["queries", "answers"], do: Path.join(folder, name)
    File.write!(asked, :erlang.term_to_binary(queries))
    env = [{"EVENTS", url}, {"QUERIES", asked}, {"ANSWERS", answered}, {"MIX_ENV", "test"}]
    args = ["-S", "mix", "run", "--no-start", "--no-compile", "--no-deps-check", "-e", @other_vm]
    {output, status} = System.cmd("elixir", args, env: env, stderr_to_stdout: true)
    assert status == 0, output
    answered |> File.read!() |> :erlang.binary_to_term()
  end

  defp write_events do
    for n <- 1..7 do
      data = %{
        "n" => n,
        "half" => n / 2,
        "big" => 1.0e16,
        "small" => 1.0e-7,
        "text" => "é ✓ \u0007 \"\\",
        "none" => nil,
        "list" => [1, [%{}], true]
      }

      event = %{"type" => if(rem(n, 2) == 0, do: "even", else: "odd"), "data" => data}
      {:ok, _event} = EventStore.append_event("s", event)
      {:ok, %{"recorded_at" => at}} = EventStore.append_event("other", %{"type" => "odd"})
      at
    end
  end

  defp queries(times) do
    middle = Enum.at(times, 3)

    opts = [
      %{},
      %{"max_count" => 3},
      %{"max_count" => 2, "from_version" => 3},
      %{"from_version" => 0},
      %{"from_version" => 10_000},
      %{"direction" => "forward"},
      %{"direction" => "backward"},
      %{"direction" => "backward", "max_count" => 2},
      %{"direction" => "backward", "from_version" => 4, "max_count" => 2},
      %{"types" => ["even"]},
      %{"types" => ["even", "none"], "max_count" => 1},
      %{"types" => []},
      %{"since" => middle},
      %{"until" => middle},
      %{"since" => middle, "until" => middle},
      %{
        "since" => "2001-01-01T01:00:00+01:00",
        "types" => ["odd"],
        "direction" => "backward",
        "max_count" => 2
      },
      %{"max_count" => nil, "types" => nil, "since" => nil},
      %{"unknown" => 1},
      # What is refused.
      %{"max_count" => 0},
      %{"max_count" => 1_001},
      %{"max_count" => 1.5},
      %{"max_count" => "3"},
      %{"from_version" => -1},
      %{"from_version" => "1"},
      %{"direction" => "sideways"},
      %{"direction" => 1},
      %{"types" => "even"},
      %{"types" => [1]},
      %{"types" => Enum.map(1..51, &"t#{&1}")},
      %{"since" => "yesterday"},
      %{"since" => 5},
      %{"until" => "2026-13-01T00:00:00Z"}
    ]

    streams = ["s", "$all", "none", "", String.duplicate("s", 256), 5, nil, "$other"]

    for(stream <- ["s", "$all"], opts <- opts, do: %{"stream_id" => stream, "opts" => opts}) ++
      for(stream <- streams, do: %{"stream_id" => stream, "opts" => %{}}) ++
      [%{}, %{"stream_id" => "s"}, %{"stream_id" => "s", "opts" => nil}] ++
      [%{"stream_id" => "s", "opts" => []}, %{"stream_id" => "s", "opts" => "x"}]
  end

  for {name, tags, variables} <- [
        {"SQLite", [], quote(do: %{})},
        {"PostgreSQL", [:postgres], quote(do: %{"AWAP_TEST_DATABASE_URL" => postgres()})},
        {"events elsewhere", [],
         quote(do: %{"AWAP_TEST_EVENT_STORE_URL" => "sqlite:" <> new_folder() <> "/e.db"})}
      ] do
    for tag <- tags, do: @tag([{tag, true}])

    test "Port, NIF and store give the same (#{name})" do
      start_host(unquote(variables))
      queries = write_events() |> queries()

      # An event store elsewhere gets what was written a moment later.
      eventually(fn ->
        {:ok, %{"events" => events}} = EventStore.read_stream("$all", direction: "backward", max_count: 1)

        match?([%{"stream_id" => "other", "version" => 7}], events) and
          hd(events)["global_position"] == EventStore.Follower.position()
      end)

      by_port = for query <- queries, do: CoreBridge.call("query_events", query)
      by_nif = by_nif(queries, Config.events_url())
      by_store = for query <- queries, do: AwapBackend.Repo.call("query_events", query)

      for {query, port, nif, store} <- Enum.zip([queries, by_port, by_nif, by_store]) do
        assert {query, port} == {query, nif}
        assert {query, port} == {query, store}
      end

      # And they are answers, and errors, of which both kinds occur.
      assert Enum.count(by_port, &match?({:ok, %{"events" => [_ | _], "next" => _}}, &1)) > 20
      refused = for {:error, error} <- by_port, do: error
      assert length(refused) > 20

      for error <- refused do
        assert %{"code" => "invalid_input", "message" => <<_, _::binary>>, "details" => %{"path" => _}} =
                 error
      end
    end
  end

  test "an event store that is not there is the same error by either way" do
    folder = start_host()
    url = "sqlite:" <> Path.join(folder, "none.db")
    query = %{"stream_id" => "s", "opts" => %{}}
    [by_nif] = by_nif([query], url)

    start_supervised!(
      {AwapBackend.PortClient,
       name: :reader,
       program: Config.get(:core_executable),
       env: [{"EVENT_STORE_URL", url}, {"DATABASE_URL", nil}]}
    )

    assert AwapBackend.PortClient.call(:reader, "query_events", query, 10_000) == by_nif
    assert {:error, %{"code" => "unavailable"}} = by_nif
  end
end
