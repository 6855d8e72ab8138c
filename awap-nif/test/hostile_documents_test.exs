defmodule AwapNif.HostileDocumentsTest do
  @moduledoc """
  Documents that are damaged, or made to do harm: the BEAM lives, and NIF and Port say the same of each.

  `AWAP_NIF_CORPUS` names a folder, all of whose files are read beside the fixtures: `make fuzz-nif` gives it what the
  fuzzers have found worth keeping.
  """
  # Not beside the test that purges the module, which ends whoever is in it.
  use ExUnit.Case

  alias AwapBackend.CoreBridge.Native
  alias AwapNif.{Fixtures, Port}

  @seed {7, 11, 13}
  @variants 12

  setup do
    {:ok, port: Port.start()}
  end

  @tag timeout: 600_000
  test "every fixture, damaged in many ways", %{port: port} do
    :rand.seed(:exsss, @seed)

    outcomes =
      for {name, tma} <- Fixtures.tmas(), n <- 1..@variants do
        [attachment] = tma["content"]["attachments"]
        damaged = attachment["data_base64"] |> Base.decode64!() |> damage(rem(n, 4))
        same(port, attachment["filename"], damaged, "#{name}, variant #{n}")
      end

    # Were all of them refused, or none, the damage would be of one kind.
    assert :ok in outcomes and :error in outcomes
  end

  @tag timeout: :infinity
  test "whatever lies in AWAP_NIF_CORPUS", %{port: port} do
    case System.get_env("AWAP_NIF_CORPUS") do
      unset when unset in [nil, ""] ->
        IO.puts("skipped: AWAP_NIF_CORPUS names no folder (make fuzz-nif does)")

      folder ->
        files = folder |> Path.join("**") |> Path.wildcard() |> Enum.filter(&File.regular?/1)
        assert files != [], "#{folder} holds no file"
        for file <- files, do: same(port, Path.basename(file), File.read!(file), file)
        IO.puts("#{length(files)} files: the same answers by NIF and Port")
    end
  end

  defp same(port, filename, bytes, what) do
    tma = %{
      "tma_id" => "t1",
      "student_id" => "A1234567",
      "content" => %{"attachments" => [%{"filename" => filename, "data_base64" => Base.encode64(bytes)}]}
    }

    for {command, call} <- [
          {"parse_tma", &Native.parse_tma/1},
          {"anonymize_student", &Native.anonymize_student/1}
        ] do
      result = call.(tma)
      assert result === Port.call(port, command, tma), "#{command} of #{what}"
      elem(result, 0)
    end
    |> hd()
  end

  defp damage(bytes, 0), do: binary_part(bytes, 0, :rand.uniform(byte_size(bytes)) - 1)

  defp damage(bytes, 1) do
    for _ <- 1..20, reduce: bytes do
      bytes -> put(bytes, :rand.uniform(byte_size(bytes)) - 1, <<:rand.uniform(256) - 1>>)
    end
  end

  defp damage(bytes, 2) do
    {from, length} = stretch(bytes)
    put(bytes, from, :binary.copy(<<0>>, length))
  end

  defp damage(bytes, 3) do
    {from, length} = stretch(bytes)
    {head, tail} = split(bytes, from)
    head <> :binary.copy(binary_part(bytes, from, length), 3) <> tail
  end

  defp stretch(bytes) do
    from = :rand.uniform(byte_size(bytes)) - 1
    {from, min(:rand.uniform(200), byte_size(bytes) - from)}
  end

  defp put(bytes, at, replacement) do
    {head, tail} = split(bytes, at)
    head <> replacement <> binary_part(tail, byte_size(replacement), byte_size(tail) - byte_size(replacement))
  end

  defp split(bytes, at), do: {binary_part(bytes, 0, at), binary_part(bytes, at, byte_size(bytes) - at)}
end
