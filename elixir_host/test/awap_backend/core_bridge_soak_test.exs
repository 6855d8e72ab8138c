defmodule AwapBackend.CoreBridgeSoakTest do
  @moduledoc """
  Many requests through the bridge, some of them poison: each good one is answered, with its own answer, once.

  `AWAP_SOAK_REQUESTS` and `AWAP_SOAK_MEMORY_REQUESTS` say how many (`make bridge-soak`: 10,000 and 100,000).
  """

  use AwapBackend.DataCase, async: false

  alias AwapBackend.CoreBridge

  @moduletag :capture_log
  @moduletag timeout: :infinity

  @requests String.to_integer(System.get_env("AWAP_SOAK_REQUESTS", "1000"))
  @for_memory String.to_integer(System.get_env("AWAP_SOAK_MEMORY_REQUESTS", "2000"))
  @at_once 16
  @refusals ~w(document_damaged unsupported_format invalid_input limit_exceeded)
  @unreached ~w(not_running overload)

  test "one in a hundred kills its process: every other is answered right, none is lost, none answered twice" do
    start_host(%{"CORE_EXECUTABLE" => fake_core(), "AWAP_CORE_PROCESSES" => "4"})
    eventually(&CoreBridge.available?/0)

    results =
      run(@requests, fn n ->
        tma = %{"tma_id" => "t#{n}", "content" => if(poison?(n), do: "POISON", else: "Good work.")}
        patiently(fn -> CoreBridge.anonymize_student(tma) end)
      end)

    for {n, result} <- results do
      id = "t#{n}"

      if poison?(n),
        do: assert({:error, %{"code" => "unavailable", "details" => %{"alone" => true}}} = result),
        else: assert({:ok, %{"tma_id" => ^id}} = result)
    end
  end

  for mode <- [:port, :nif] do
    @tag if(mode == :port, do: :core, else: :nif)
    test "damaged and hostile documents among good ones (#{mode}): each has its own answer, and the bridge is well afterwards" do
      start_host(%{"AWAP_CORE_MODE" => unquote(to_string(mode)), "AWAP_CORE_PROCESSES" => "2"})
      eventually(&CoreBridge.available?/0)

      results = run(@requests, fn n -> patiently(fn -> CoreBridge.anonymize_student(request(n)) end) end)

      for {n, result} <- results do
        id = "t#{n}"

        if poison?(n) do
          assert {:error, %{"code" => code}} = result
          assert code in @refusals, "#{n}: #{code}"
        else
          assert {:ok, %{"tma_id" => ^id, "content" => %{"text" => text}}} = result
          assert text == "Work #{n}, by [STUDENT]."
        end
      end

      assert {:ok, %{"status" => "healthy"}} = CoreBridge.health_check()
    end
  end

  @tag :core
  test "the core's memory does not grow with the number of requests" do
    start_host(%{"AWAP_CORE_PROCESSES" => "1"})
    eventually(&CoreBridge.available?/0)
    [pid] = core_processes()
    share = max(div(@for_memory, 10), 1)

    sizes =
      for _ <- 1..10 do
        for {_n, result} <- run(share, fn n -> CoreBridge.anonymize_student(request(n)) end),
            do: answered(result)

        resident(pid)
      end

    assert core_processes() == [pid]
    # The first tenth fills caches and the allocator's pools.
    [settled | later] = tl(sizes)

    IO.puts(
      "resident memory of awap-port after each tenth of #{@for_memory} requests, in MiB: #{inspect(sizes)}"
    )

    assert Enum.max(later) <= settled * 1.2 + 8, "#{inspect(sizes)} MiB"
  end

  defp answered({:ok, _data}), do: :ok
  defp answered({:error, %{"code" => code}}) when code in @refusals, do: :ok

  # Every request once, @at_once of them at a time: what came of each, by its number.
  defp run(count, call) do
    results =
      1..count
      |> Task.async_stream(&{&1, call.(&1)}, max_concurrency: @at_once, timeout: :infinity, ordered: false)
      |> Enum.map(fn {:ok, result} -> result end)

    assert results |> Enum.map(&elem(&1, 0)) |> Enum.sort() == Enum.to_list(1..count)
    results
  end

  defp poison?(n), do: rem(n, 100) == 50

  # What never reached a process may be sent again, as the host's own worker does.
  defp patiently(call) do
    case call.() do
      {:error, %{"details" => %{"reason" => reason}}} when reason in @unreached ->
        Process.sleep(20)
        patiently(call)

      result ->
        result
    end
  end

  defp request(n) do
    good = %{
      "tma_id" => "t#{n}",
      "student" => %{"name" => "Robin Quillfeather"},
      "content" => %{"text" => "Work #{n}, by Robin Quillfeather."}
    }

    if poison?(n), do: Map.put(good, "content", hostile(rem(div(n, 100), 4))), else: good
  end

  # A ZIP archive cut off, a PDF of nothing, arrays nested past all bounds, and bytes of no format.
  defp hostile(0), do: file("a.docx", "PK\x03\x04" <> String.duplicate("\0", 500))

  defp hostile(1),
    do:
      file("a.pdf", "%PDF-1.7\nxref\n0 99999999\ntrailer <</Size 99999999/Root 1 0 R>>\nstartxref\n9\n%%EOF")

  defp hostile(2), do: Enum.reduce(1..400, %{}, fn _, inner -> %{"x" => inner} end)
  defp hostile(3), do: file("a.bin", :binary.copy(<<0, 159, 146, 150>>, 200))

  defp file(name, bytes),
    do: %{"attachments" => [%{"filename" => name, "data_base64" => Base.encode64(bytes)}]}

  defp resident(pid) do
    [_, kilobytes] = Regex.run(~r/VmRSS:\s+(\d+) kB/, File.read!("/proc/#{pid}/status"))
    div(String.to_integer(kilobytes), 1024)
  end
end
