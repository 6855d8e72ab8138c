defmodule AwapBackend.PackagingTest do
  @moduledoc "What is shipped beside the host says what the host does: the unit, the example of its settings, the guide."

  use ExUnit.Case, async: true

  alias AwapBackend.Config

  @packaging Path.expand("../../packaging", __DIR__)
  @unit Path.join(@packaging, "systemd/awap.service")
  @example Path.join(@packaging, "systemd/awap.env.example")
  # As `systemd-analyze security` counts: 0 is nothing exposed, 10 everything.
  @most_exposed 1.1

  defp example, do: @example |> File.read!() |> String.split("\n", trim: true)

  test "the example has every variable once, and no other" do
    told = for line <- example(), [_, name] <- [Regex.run(~r/^#?([A-Z][A-Z_]+)=/, line)], do: name
    assert Enum.sort(told) == Config.variables() |> Enum.map(& &1.name) |> Enum.sort()
  end

  test "the defaults that the example shows are those that hold" do
    filled = %{
      "SECRET_KEY_BASE" => String.duplicate("x", 64),
      "MOODLE_CLIENT_ID" => "awap",
      "MOODLE_CLIENT_SECRET" => "hush"
    }

    set =
      for line <- example(),
          [_, name, value] <- [Regex.run(~r/^([A-Z_]+)=(.+)$/, line)],
          into: filled,
          do: {name, value}

    shown =
      for line <- example(),
          [_, name, value] <- [Regex.run(~r/^#([A-Z_]+)=(.+)$/, line)],
          into: %{},
          do: {name, value}

    assert {:ok, defaults} = Config.load(set, :prod, "/opt/awap")
    assert {:ok, ^defaults} = Config.load(Map.merge(set, shown), :prod, "/opt/awap")
  end

  test "what has to be set is set or left open in the example, not commented out" do
    for %{name: name, required: required} <- Config.variables(), :prod in required do
      assert Enum.any?(example(), &String.starts_with?(&1, name <> "=")), name
    end
  end

  test "the unit gives the host longer to stop than its parts may take together" do
    [_, seconds] = Regex.run(~r/^TimeoutStopSec=(\d+)$/m, File.read!(@unit))
    drain = AwapBackendWeb.Endpoint.settings()[:drain_timeout_ms] + 2_000
    worker = AwapBackend.Core.Worker.child_spec([]).shutdown
    core = AwapBackend.PortClient.child_spec([]).shutdown
    store = AwapBackend.Repo.child_spec([]).shutdown
    assert String.to_integer(seconds) * 1_000 > drain + worker + core + store
  end

  describe "systemd" do
    @describetag :systemd

    # Where the program lies does not matter to these: one that is there stands in for it.
    setup do
      folder = Path.join(System.tmp_dir!(), "awap-unit-#{System.pid()}-#{System.unique_integer([:positive])}")
      File.mkdir_p!(folder)
      on_exit(fn -> File.rm_rf!(folder) end)
      unit = Path.join(folder, "awap.service")
      File.write!(unit, @unit |> File.read!() |> String.replace("/opt/awap/bin/awap start", "/bin/true"))
      {:ok, unit: unit}
    end

    test "takes the unit without a word", %{unit: unit} do
      assert {"", 0} = System.cmd("systemd-analyze", ["verify", "--man=no", unit], stderr_to_stdout: true)
    end

    test "counts the unit as little exposed", %{unit: unit} do
      {said, 0} = System.cmd("systemd-analyze", ["security", "--offline=true", unit], stderr_to_stdout: true)
      [_, score] = Regex.run(~r/Overall exposure level for awap.service: ([0-9.]+)/, said)
      assert String.to_float(score) <= @most_exposed
    end
  end
end
