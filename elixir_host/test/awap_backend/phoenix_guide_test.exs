defmodule AwapBackend.PhoenixGuideTest do
  @moduledoc "The modules of guides/phoenix.md, compiled as they stand there and run in both modes on the real core."

  use AwapBackend.DataCase, async: false

  @moduletag :core
  @moduletag :nif
  @moduletag :capture_log

  @guide Path.expand("../../guides/phoenix.md", __DIR__)

  # What a Phoenix application has of Hex's, as far as the guide's modules call it.
  @stand_ins """
  defmodule Jason do
    def encode!(term), do: term |> AwapBackend.JSON.encode() |> IO.iodata_to_binary()
    def decode!(json), do: with({:ok, term} <- AwapBackend.JSON.decode(json), do: term)
  end

  defmodule :telemetry do
    def span(event, metadata, function) do
      {result, stop} = function.()
      send(self(), {event ++ [:stop], Map.merge(metadata, stop)})
      result
    end
  end
  """

  @tma %{
    "tma_id" => "t1",
    "student" => %{"name" => "Robin Quillfeather"},
    "content" => %{"text" => "A linear search checks each item in turn. Robin Quillfeather"}
  }

  setup_all do
    # A block that begins with its file's name is a whole module.
    blocks = Regex.scan(~r/```elixir\n(# lib\/\S+\n.*?)```/s, File.read!(@guide), capture: :all_but_first)
    assert length(blocks) == 2
    sources = [@stand_ins | List.flatten(blocks)]
    # The Port's owner before the module that names it.
    modules =
      for source <- [hd(sources) | Enum.reverse(tl(sources))],
          {module, _} <- Code.compile_string(source),
          do: module

    on_exit(fn ->
      for module <- modules, do: :code.delete(module) && :code.purge(module)
      Application.delete_env(:my_app, MyApp.Awap)
    end)
  end

  defp configure(mode) do
    executable = AwapBackend.Config.get(:core_executable)
    Application.put_env(:my_app, MyApp.Awap, communication_mode: mode, core_executable: executable)
    for child <- awap(:children, []), do: start_supervised!(child)
  end

  # Not there when this file is compiled.
  defp awap(function, arguments), do: apply(MyApp.Awap, function, arguments)

  test "both modes give the same feedback, and each call is measured" do
    [by_port, by_nif] =
      for mode <- [:port, :nif] do
        configure(mode)
        assert {:ok, %{"status" => "healthy"}} = awap(:health_check, [])
        assert {:ok, %{"feedback_text" => _} = feedback} = awap(:feedback, [@tma])
        assert_received {[:my_app, :awap, :stop], %{command: "generate_feedback", outcome: "ok"}}
        assert {:error, %{"code" => "invalid_input"}} = awap(:anonymize_student, [%{}])
        assert_received {[:my_app, :awap, :stop], %{command: "anonymize_student", outcome: "invalid_input"}}
        refute inspect(feedback) =~ "Quillfeather"
        Map.delete(feedback, "pseudonym")
      end

    assert by_port == by_nif
  end

  test "a process that is killed leaves no call hanging, and the next works" do
    configure(:port)
    owner = Process.whereis(MyApp.Awap.Port)
    calls = for _ <- 1..20, do: Task.async(fn -> awap(:feedback, [@tma]) end)
    signal(:sys.get_state(owner).os_pid, "-KILL")

    for result <- Task.await_many(calls, 30_000),
        do: assert(match?({:ok, _}, result) or match?({:error, %{"code" => "unavailable"}}, result))

    eventually(fn -> match?({:ok, _}, awap(:health_check, [])) end)
    assert Process.whereis(MyApp.Awap.Port) == owner
  end
end
