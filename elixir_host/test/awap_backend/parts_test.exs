defmodule AwapBackend.PartsTest do
  @moduledoc "The parts that stand in the tree and say that they are disabled."

  use ExUnit.Case, async: true

  alias AwapBackend.{AI, Moodle}
  alias AwapBackend.Moodle.SyncScheduler

  test "AI and Moodle say that they are disabled, and do nothing" do
    assert AI.Manager.status() == :disabled
    assert {:error, %{"code" => "not_configured"}} = AI.Manager.request("suggest", %{}, 1_000)
    assert SyncScheduler.status() == :disabled
    assert SyncScheduler.interval() == 900
    assert SyncScheduler.sync_now() == {:error, :not_configured}
    assert {:error, %{kind: :not_configured}} = Moodle.get_assignments(Moodle.client(), 112)
    assert %{"status" => "disabled"} = Moodle.health()
  end

  test "an AI container is run without network, disk or privileges" do
    arguments = AI.Container.arguments("awap-ai-1", image: "localhost/awap-jail", runtime: "runc")
    line = Enum.join(arguments, " ")
    assert List.last(arguments) == "localhost/awap-jail"

    for part <- [
          "--network none",
          "--memory 2g",
          "--cpus 1.0",
          "--read-only",
          "--security-opt no-new-privileges",
          "--cap-drop all",
          "--user 65534:65534",
          "--runtime runc"
        ],
        do: assert(line =~ part)
  end
end
