defmodule AwapNif.SameAsPortTest do
  @moduledoc "The NIF and the Port give the same results: on every protocol vector, on every fixture TMA through all verbs."
  use ExUnit.Case

  alias AwapBackend.CoreBridge.Native
  alias AwapNif.{Fixtures, Port}

  setup do
    {:ok, port: Port.start()}
  end

  test "every protocol vector", %{port: port} do
    vectors = Fixtures.vectors()
    assert length(vectors) > 30

    for {name, command, data, response, subset?} <- vectors do
      result = apply(Native, String.to_existing_atom(command), [data])
      assert result === Port.call(port, command, data), name

      expected = if response["success"], do: {:ok, response["data"]}, else: {:error, response["error"]}
      assert matches?(expected, result, subset?), "#{name}: #{inspect(result)} is not #{inspect(expected)}"
    end
  end

  for {name, _} <- Fixtures.tmas() do
    @tag timeout: 300_000
    test "fixture #{name}, from the document to the feedback", %{port: port} do
      {_, tma} = List.keyfind(Fixtures.tmas(), unquote(name), 0)

      anonymized = same(port, "anonymize_student", tma)
      parsed = same(port, "parse_tma", anonymized)
      feedback = same(port, "generate_feedback", parsed)

      marked = %{"parsed" => parsed, "feedback" => feedback}
      assert %{"request" => %{"text" => text}} = same(port, "prepare_suggestions", marked)
      assert text == parsed["text"]
      answered = Map.merge(marked, %{"suggestions" => suggestions(feedback), "ai" => %{"model_id" => "m"}})
      merged = same(port, "merge_suggestions", answered)
      assert merged["grade"] === feedback["grade"]
      assert merged["marking_criteria"]["provenance"]["ai"]["model_id"] == "m"

      # Not anonymized, too: parse_tma takes the TMA as it comes in.
      assert Native.parse_tma(tma) === Port.call(port, "parse_tma", tma)
    end
  end

  test "numbers keep their kind and their value", %{port: port} do
    numbers = [
      0,
      -1,
      1,
      1.0,
      0.1,
      1.0e-300,
      2.2250738585072014e-308,
      1.7976931348623157e308,
      9_007_199_254_740_993,
      9_223_372_036_854_775_807,
      -9_223_372_036_854_775_808,
      18_446_744_073_709_551_615,
      18_446_744_073_709_551_616,
      -9_223_372_036_854_775_809,
      123_456_789_012_345_678_901_234_567_890,
      36_893_488_147_419_107_329,
      Integer.pow(10, 300)
    ]

    data = %{"content" => "Nothing of note.", "student_id" => "s1", "numbers" => numbers}
    assert {:ok, %{"numbers" => carried}} = result = Native.anonymize_student(data)
    assert result === Port.call(port, "anonymize_student", data)
    assert Enum.take(carried, 12) === Enum.take(numbers, 12)
    assert Enum.at(carried, 12) === 18_446_744_073_709_551_616.0

    # jiffy, which these tests reach the Port with, makes 0.0 of both.
    assert {:ok, %{"n" => [minus, least]}} = Native.anonymize_student(%{"content" => "x", "n" => [-0.0, 5.0e-324]})
    assert <<minus::float>> == <<-0.0::float>> and least === 5.0e-324

    huge = %{"content" => "x", "n" => Integer.pow(10, 400)}
    assert {:error, %{"code" => "invalid_request"}} = Native.parse_tma(huge)
    assert {:error, %{"code" => "invalid_request"}} = Port.call(port, "parse_tma", huge)
  end

  test "texts of every script and length", %{port: port} do
    for text <- ["", " ", "é\u0301\r\n\t\0", "日本語の文章。", "👩‍👩‍👧", String.duplicate("Long enough to matter. ", 5_000)] do
      data = %{"content" => text, "student_id" => "s1"}
      assert Native.anonymize_student(data) === Port.call(port, "anonymize_student", data)
      assert Native.parse_tma(data) === Port.call(port, "parse_tma", data)
    end
  end

  test "nested to the limit and past it", %{port: port} do
    for depth <- [10, 127, 128, 254, 255, 256, 257, 300] do
      data = %{"content" => "x", "student_id" => "s1", "nested" => Enum.reduce(1..depth, 1, fn _, inner -> [inner] end)}
      result = Native.anonymize_student(data)
      assert result === Port.call(port, "anonymize_student", data)
      assert match?({:ok, _}, result) == depth <= 255
    end
  end

  # What either way returns, if both return the same.
  defp same(port, command, data) do
    assert {:ok, returned} = result = apply(Native, String.to_existing_atom(command), [data])
    assert result === Port.call(port, command, data)
    returned
  end

  # For each criterion a comment on each place that the engine found, one on a place that is nowhere, and a score.
  defp suggestions(feedback) do
    criteria = feedback["marking_criteria"]["criteria"]

    comments =
      for criterion <- criteria,
          %{"quote" => quote} <- [%{"quote" => "no such place at all"} | criterion["evidence"]] do
        text = "Say in your own words why this is so, and what would follow if it were not."
        %{"criterion" => criterion["id"], "kind" => "improvement", "text" => text, "quote" => quote}
      end

    %{"comments" => comments, "scores" => for(c <- criteria, do: %{"criterion" => c["id"], "score" => 0.5})}
  end

  defp matches?({tag, expected}, {tag, result}, subset?), do: matches?(expected, result, subset?)

  defp matches?(%{} = expected, %{} = result, subset?) do
    (subset? or map_size(expected) == map_size(result)) and
      Enum.all?(expected, fn {key, value} -> is_map_key(result, key) and matches?(value, result[key], subset?) end)
  end

  defp matches?([_ | _] = expected, [_ | _] = result, subset?) do
    length(expected) == length(result) and
      Enum.all?(Enum.zip(expected, result), fn {expected, result} -> matches?(expected, result, subset?) end)
  end

  defp matches?(expected, result, _), do: expected === result
end
