defmodule AwapNif.TermsTest do
  @moduledoc "What the NIF makes of terms, above all of those that no request holds: the BEAM lives, and the error says where."
  use ExUnit.Case, async: true

  alias AwapBackend.CoreBridge.Native

  @verbs ~w(anonymize_student parse_tma generate_feedback revise_feedback check_rubric write_feedback compare prepare_suggestions merge_suggestions query_events)a

  test "all functions there are" do
    exported = Native.__info__(:functions)

    for verb <- @verbs, do: assert({verb, 1} in exported)

    assert {:health_check, 0} in exported and {:health_check, 1} in exported
    assert {:ok, %{"status" => "healthy", "version" => version}} = Native.health_check()
    assert version == to_string(Application.spec(:awap_nif, :vsn))
    assert Native.health_check(%{}) == Native.health_check()
    assert Native.health_check(nil) == Native.health_check()
  end

  test "atom keys and atom values are strings" do
    with_atoms = %{content: %{text: "Text."}, student_id: :s1, tma_id: nil, extra: [:a, nil, true, false, :null]}
    with_strings = %{"content" => %{"text" => "Text."}, "student_id" => "s1", "extra" => ["a", nil, true, false, nil]}
    assert Native.anonymize_student(with_atoms) === Native.anonymize_student(with_strings)
    assert {:ok, %{"extra" => ["a", nil, true, false, nil]}} = Native.anonymize_student(with_atoms)
  end

  test "where a key is there as atom and as string, the string counts" do
    many = Map.new(1..100, fn i -> {"k#{i}", i} end)

    for rest <- [%{}, many] do
      data = Map.merge(rest, %{"content" => "x", "student_id" => "s1", :tma_id => "atom", "tma_id" => "string"})
      assert {:ok, %{"tma_id" => "string"}} = Native.anonymize_student(data)
    end
  end

  test "what JSON cannot hold is refused, with the place" do
    for {data, path} <- [
          {%{"content" => {1, 2}}, "content"},
          {%{"content" => %{"answers" => ["x", {:a}]}}, "content.answers[1]"},
          {%{a: %{b: [[], [1, self()]]}}, "a.b[1][1]"},
          {%{a: make_ref()}, "a"},
          {%{a: fn -> 1 end}, "a"},
          {%{a: [1 | 2]}, "a[1]"},
          {%{a: [1, 2 | <<3>>]}, "a[2]"},
          {%{a: <<1::3>>}, "a"},
          {%{a: <<0xFF, 0xFE>>}, "a"},
          {%{a: %{1 => 2}}, "a"},
          {%{a: %{<<0xFF>> => 2}}, "a"},
          {%{a: %{"Jane Doe" => {}}}, "a.*"},
          {%{a: [b: 1]}, "a[0]"},
          {{}, ""},
          {self(), ""}
        ] do
      assert {:error, error} = Native.parse_tma(data)
      assert %{"code" => "invalid_input", "message" => message, "details" => %{"path" => ^path}} = error
      assert message =~ "holds maps, lists, UTF-8 strings"
    end
  end

  test "data that is no map" do
    for data <- [[], [1], "text", 1, 1.5, :atom, true] do
      assert {:error, %{"code" => "invalid_request"}} = Native.parse_tma(data)
    end
  end

  test "nesting of any depth, width of any size" do
    deep = Enum.reduce(1..1_000_000, %{}, fn _, inner -> [inner] end)
    assert {:error, %{"code" => "limit_exceeded", "details" => %{"limit" => "depth"}}} = Native.parse_tma(%{a: deep})
    wide = List.duplicate(1, 2_000_001)
    assert {:error, %{"code" => "limit_exceeded", "details" => %{"limit" => "values"}}} = Native.parse_tma(%{a: wide})
    long = List.duplicate(String.duplicate("x", 1_000_000), 70)

    assert {:error, %{"code" => "limit_exceeded", "details" => %{"limit" => "request_bytes"}}} =
             Native.parse_tma(%{a: long})

    # Shared, so small in memory, and some 10^30 values when walked.
    shared = Enum.reduce(1..100, [], fn _, inner -> [inner, inner] end)
    assert {:error, %{"code" => "limit_exceeded"}} = Native.parse_tma(%{a: shared})
  end

  test "any term at all is answered" do
    :rand.seed(:exsss, {1, 2, 3})

    for _ <- 1..3_000 do
      data = if :rand.uniform(2) == 1, do: term(4), else: %{"content" => term(3), "student" => term(2)}
      function = Enum.random([:health_check | @verbs])
      assert {tag, %{}} = apply(Native, function, [data])
      assert tag in [:ok, :error]
    end
  end

  test "calls from many processes at once" do
    results =
      1..200
      |> Task.async_stream(
        fn i -> {i, Native.anonymize_student(%{"content" => "Text.", "student_id" => "s", "i" => i})} end,
        max_concurrency: 50,
        timeout: 60_000
      )
      |> Enum.map(fn {:ok, result} -> result end)

    for {i, result} <- results, do: assert({:ok, %{"i" => ^i}} = result)
  end

  test "the schedulers stay free while every dirty one is busy" do
    text = String.duplicate("A sentence with Ada Example in it, and (Smith, 2019) too. ", 5_000)
    data = %{"content" => text, "student" => %{"name" => "Ada Example"}}
    call = fn -> elem(:timer.tc(fn -> Native.anonymize_student(data) end), 0) end
    calls = for _ <- 1..8, do: Task.async(call)

    late =
      for _ <- 1..20 do
        start = System.monotonic_time(:microsecond)
        Process.sleep(5)
        System.monotonic_time(:microsecond) - start - 5_000
      end

    calls = Task.await_many(calls, 120_000)

    # A scheduler that waits for a call is late by a call. The machine may be busy with other things, too: hence medians.
    assert median(late) < median(calls) / 4
  end

  test "the module may be purged and loaded again" do
    assert {:ok, _} = Native.health_check()
    :code.purge(Native)
    :code.delete(Native)
    :code.purge(Native)
    :erlang.garbage_collect()
    assert {:ok, _} = Native.health_check()
  end

  defp median(numbers), do: numbers |> Enum.sort() |> Enum.at(div(length(numbers), 2))

  defp term(0), do: Enum.random([nil, true, :atom, 0, -1, 1.5, "", "text", "é", <<255>>, <<1::1>>, self(), {}, []])

  defp term(depth) do
    case :rand.uniform(6) do
      1 ->
        for _ <- 1..:rand.uniform(4), do: term(depth - 1)

      2 ->
        Map.new(1..:rand.uniform(4), fn _ -> {term(0), term(depth - 1)} end)

      3 ->
        Map.new(1..:rand.uniform(4), fn _ -> {Enum.random(~w(text answers content student name)), term(depth - 1)} end)

      4 ->
        {term(depth - 1), term(depth - 1)}

      5 ->
        [term(depth - 1) | term(depth - 1)]

      6 ->
        term(0)
    end
  end
end
