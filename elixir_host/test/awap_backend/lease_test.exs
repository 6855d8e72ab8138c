defmodule AwapBackend.LeaseTest do
  use ExUnit.Case, async: true

  alias AwapBackend.Lease

  test "no two holders have one name, and each says whose it is" do
    names = for part <- [nil, nil, "outbox", "outbox"], do: Lease.holder(part)
    assert Enum.uniq(names) == names
    assert Enum.all?(names, &String.contains?(&1, System.pid()))
    assert Enum.count(names, &(&1 =~ "-outbox-")) == 2
  end
end
