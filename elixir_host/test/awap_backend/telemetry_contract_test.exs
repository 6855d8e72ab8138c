defmodule AwapBackend.TelemetryContractTest do
  @moduledoc """
  The tables of telemetry events are the contract: what the code emits stands there, what stands there is emitted, with the
  measurements and metadata that are said and nothing of a student's.
  """

  use AwapBackendWeb.ConnCase
  use AwapBackend.DataCase
  import AwapBackend.JailCase, only: [collect: 1, podman_client: 1, start_jail: 1]

  alias AwapBackend.{Health, Jail, JSON, MoodleCase, Repo, Retention, Telemetry, TMA}
  alias AwapBackend.Moodle.SyncScheduler

  @moduletag :store
  @moduletag :capture_log

  @lib Path.expand("../../lib", __DIR__)
  @rubric Path.expand("../../../fixtures/rubrics/k102-25j-tma01.json", __DIR__)
  @work "Grace has always chosen her own clothes, and her carers ask her each morning what she wants to wear."
  # It emits what those who start it say, and they say it in their own source.
  @told_by_others ["port_client.ex", "telemetry.ex"]
  # It listens, and emits nothing.
  @listeners ["metrics.ex"]

  defmodule Raises do
    @moduledoc "A health that cannot be told."
    def check, do: raise("Zebedee Quillfeather")
  end

  defmodule Unwilling do
    @moduledoc "A store that takes no entry of the audit log."
    def call("record_audit", _entry, _timeout), do: raise("Zebedee Quillfeather")
    def call(command, data, timeout), do: StandIn.call(command, data, timeout)
  end

  # Event to the names of its measurements and of its metadata, as the tables have them.
  defp documented do
    rows =
      for module <- [AwapBackend.Telemetry, AwapBackendWeb.Telemetry],
          {:docs_v1, _, _, _, %{"en" => text}, _, _} = Code.fetch_docs(module),
          [_, event, measurements, metadata] <-
            Regex.scan(~r/^\| `\[:(.+?)\]` \| (.+?) \| (.+?) \|$/m, text) do
        {for(name <- String.split(event, ", :"), do: String.to_atom(name)), measurements, metadata}
      end

    {contract, _last} =
      Enum.reduce(rows, {%{}, nil}, fn {event, measurements, metadata}, {contract, last} ->
        refute Map.has_key?(contract, event), "#{inspect(event)} stands there twice"
        row = {names(measurements, last && elem(last, 0)), names(metadata, last && elem(last, 1))}
        {Map.put(contract, event, row), row}
      end)

    contract
  end

  # What stands in brackets says which values there are.
  defp names(cell, before) do
    cell = String.replace(cell, ~r/\(.*?\)/, "")
    own = for [_, name] <- Regex.scan(~r/`([a-z_]+)`/, cell), do: String.to_atom(name)
    same = if String.starts_with?(cell, "the same"), do: before, else: []
    assert own != [] or same != [] or cell == "none", "#{cell} names nothing"
    Enum.sort(same ++ own)
  end

  defp sources do
    for path <- Path.wildcard(Path.join(@lib, "**/*.ex")),
        do: {Path.basename(path), path |> File.read!() |> Code.string_to_quoted!()}
  end

  defp find(ast, what) do
    {_ast, found} = Macro.prewalk(ast, [], fn node, found -> {node, what.(node) ++ found} end)
    found
  end

  test "the events in the source are those of the tables" do
    in_source =
      for {file, ast} <- sources(),
          file not in @listeners,
          event <- find(ast, &if(match?([:awap_backend, _ | _], &1), do: [&1], else: [])),
          uniq: true,
          do: event

    assert Enum.sort(in_source) == documented() |> Map.keys() |> Enum.sort()
  end

  # One that is put together at run time would escape the test above.
  test "every event is written out where it is emitted" do
    emits = fn
      {{:., _, [{:__aliases__, _, names}, function]}, _, [event | _]} when function in [:execute, :measure] ->
        if List.last(names) == :Telemetry, do: [event], else: []

      _other ->
        []
    end

    calls = for {file, ast} <- sources(), file not in @told_by_others, event <- find(ast, emits), do: event
    assert length(calls) > 5
    for event <- calls, do: assert(match?([:awap_backend, _ | _], event), Macro.to_string(event))
  end

  @tag timeout: 120_000
  test "every event of the tables is emitted, with what they say, and names no student" do
    start_host(%{"CORE_EXECUTABLE" => fake_core()})
    contract = Map.reject(documented(), fn {event, _row} -> of_containers?(event) end)
    listen(contract)
    work()
    kept(contract)
  end

  @tag :podman
  @tag :core
  @tag timeout: 300_000
  test "so is every event of AI containers" do
    contract = Map.filter(documented(), fn {event, _row} -> of_containers?(event) end)
    assert map_size(contract) > 0
    start_jail(%{"MAX_AI_CONTAINERS" => "1"})
    # Before the others: who was attached last hears first, so what is heard here has been heard there.
    container = collect([:awap_backend, :ai, :container])
    listen(contract)
    {:ok, rubric} = @rubric |> File.read!() |> JSON.decode()
    created = submit("By Zebedee Quillfeather. " <> @work, %{"student_id" => "Q1234567", "rubric" => rubric})
    assert settled(created, 60_000)["status"] == "completed"

    [name] = Jail.containers()
    signal(podman_client(name), "-KILL")
    assert_receive {^container, _measurements, %{state: :down}}, 60_000
    assert_receive {^container, _measurements, %{state: :up}}, 60_000
    kept(contract)
  end

  defp of_containers?([:awap_backend, area | _]), do: area == :ai

  defp listen(contract) do
    test = self()

    handler = fn event, measurements, metadata, _config ->
      send(test, {:told, event, measurements, metadata})
    end

    :ok = Telemetry.attach(__MODULE__, Map.keys(contract), handler)
    on_exit(fn -> Telemetry.detach(__MODULE__) end)
  end

  # Hears every event of the contract, and looks that each is as it says.
  defp kept(contract) do
    told = hear(contract, %{}, System.monotonic_time(:millisecond) + 60_000)
    assert Map.keys(contract) -- Map.keys(told) == []

    for {event, times} <- told, {measurements, metadata} <- times do
      assert {event, keys(measurements), keys(metadata)} ==
               {event, elem(contract[event], 0), elem(contract[event], 1)}

      for {name, value} <- measurements,
          do: assert(is_number(value) and value >= 0, "#{inspect(event)} #{name}")

      if duration = measurements[:duration], do: assert(is_integer(duration))
      about = metadata |> inspect(limit: :infinity, printable_limit: :infinity) |> String.downcase()
      for name <- ["zebedee", "quillfeather", "q1234567"], do: refute(about =~ name)
    end
  end

  # Everything that a host has to tell of.
  defp work do
    created = submit("By Zebedee Quillfeather.", %{"student_id" => "Q1234567"})
    assert settled(created, 30_000)["status"] == "completed"
    assert settled(submit("DAMAGED"), 30_000)["status"] == "failed"
    Retention.run()
    Health.refresh()
    moodle()

    raising = start_endpoint(health: Raises)
    assert request(raising, "GET", "/api/health", key: nil).status == 500
    unwilling = start_endpoint(repo: Unwilling)

    assert request(unwilling, "GET", "/api/tmas/#{StandIn.id()}?by=Zebedee", key: "Quillfeather").status ==
             401

    signal(Repo.status().os_pid, "-KILL")
    eventually(fn -> match?({:ok, _health}, Repo.call("health_check", %{})) end, 30_000)
    :ok = Supervisor.terminate_child(AwapBackend.Supervisor, Repo)
    assert {:error, _away} = TMA.create_tma(%{"content" => "By Zebedee Quillfeather."}, %{})
    {:ok, _pid} = Supervisor.restart_child(AwapBackend.Supervisor, Repo)
    eventually(fn -> match?({:ok, _health}, Repo.call("health_check", %{})) end, 30_000)
  end

  # A sync, and a grade that goes back.
  defp moodle do
    context = MoodleCase.start_moodle()
    named = %{firstname: "Zebedee", lastname: "Quillfeather", idnumber: "Q1234567"}
    MoodleCase.hand_in(context, %{}, named)
    start_supervised!({SyncScheduler, client: context.client, name: :test_scheduler, first_ms: nil})
    :ok = SyncScheduler.sync_now(:test_scheduler)
    synced = fn -> Enum.find(MoodleCase.rows(), &(&1["origin"] && &1["status"] == "completed")) end
    eventually(fn -> synced.() != nil end, 30_000)
    MoodleCase.review(synced.())
    MoodleCase.start_outbox(context)
    MoodleCase.upload(synced.(), "sent")
  end

  # What comes by the clock is waited for.
  defp hear(contract, told, until) do
    patience =
      if map_size(told) == map_size(contract), do: 0, else: until - System.monotonic_time(:millisecond)

    receive do
      {:told, event, measurements, metadata} ->
        told = Map.update(told, event, [{measurements, metadata}], &[{measurements, metadata} | &1])
        hear(contract, told, until)
    after
      max(patience, 0) -> told
    end
  end

  defp keys(map), do: map |> Map.keys() |> Enum.sort()
end
