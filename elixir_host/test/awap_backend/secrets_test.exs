defmodule AwapBackend.SecretsTest do
  use AwapBackend.DataCase, async: true

  alias AwapBackend.Secrets

  @unset %{secret_key_base: nil, pseudonym_key: nil, seal_key: nil}

  test "made once, kept, and private" do
    folder = new_folder()
    made = Secrets.complete!(Map.put(@unset, :data_dir, folder))
    assert Secrets.complete!(Map.put(@unset, :data_dir, folder)) == made
    assert byte_size(Base.decode16!(made.seal_key, case: :lower)) == 32
    assert {"awap_" <> _ = key, path} = Secrets.api_key!(folder)
    assert {^key, ^path} = Secrets.api_key!(folder)

    assert Bitwise.band(File.stat!(Path.join(folder, "secrets")).mode, 0o777) == 0o700
    files = File.ls!(Path.join(folder, "secrets"))
    assert Enum.sort(files) == ~w(api_key pseudonym_key seal_key secret_key_base)

    for file <- files,
        do: assert(Bitwise.band(File.stat!(Path.join([folder, "secrets", file])).mode, 0o777) == 0o600)
  end

  test "what is set is taken, and no file is made for it" do
    folder = new_folder()
    settings = %{@unset | seal_key: "given"} |> Map.put(:data_dir, folder)
    assert Secrets.complete!(settings).seal_key == "given"
    refute File.exists?(Path.join(folder, "secrets/seal_key"))
  end

  test "two that start at once agree" do
    folder = new_folder()
    keys = for _ <- 1..20, do: Task.async(fn -> Secrets.api_key!(folder) end)
    assert [_one] = keys |> Task.await_many() |> Enum.uniq()
    assert File.ls!(Path.join(folder, "secrets")) == ["api_key"]
  end

  test "a file that others can read is refused, as is an empty one, and neither is replaced" do
    folder = new_folder()
    {_key, path} = Secrets.api_key!(folder)
    File.chmod!(path, 0o640)
    error = assert_raise Secrets.Error, fn -> Secrets.api_key!(folder) end
    assert error.message =~ "chmod 600"

    File.chmod!(path, 0o600)
    File.write!(path, "")
    error = assert_raise Secrets.Error, fn -> Secrets.api_key!(folder) end
    assert error.message =~ "is empty"
  end
end
