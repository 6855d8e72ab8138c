defmodule AwapBackend.JSONTest do
  use ExUnit.Case, async: true

  alias AwapBackend.JSON

  test "null is nil, keys are strings, values come back" do
    value = %{"a" => [1, 2.5, nil, true, "é\u0000\u{1F600}"], "b" => %{"c" => []}}
    assert {:ok, ^value} = value |> JSON.encode() |> IO.iodata_to_binary() |> JSON.decode()

    assert IO.iodata_to_binary(JSON.encode(%{a: nil, b: :ok})) in [
             ~s({"a":null,"b":"ok"}),
             ~s({"b":"ok","a":null})
           ]
  end

  test "of a repeated key the last value holds" do
    assert {:ok, %{"a" => 2}} = JSON.decode(~s({"a":1,"a":2}))
  end

  for {name, text} <- [
        empty: "",
        word: "nope",
        trailing: "{} {}",
        open: "{",
        bad_utf8: <<?", 0xFF, ?">>,
        lone_surrogate: ~S("\ud800"),
        huge_exponent: "1e999",
        deep_list: String.duplicate("[", 1_000_000),
        deep_closed: String.duplicate("[", 5_000) <> String.duplicate("]", 5_000),
        deep_object: String.duplicate(~s({"a":), 5_000) <> "1" <> String.duplicate("}", 5_000),
        long_number: String.duplicate("9", 1_000_000),
        long_negative: ~s({"a":[-) <> String.duplicate("9", 1_000_000) <> "]}",
        long_fraction: "0." <> String.duplicate("9", 1_000_000)
      ] do
    test "#{name} is invalid, quickly" do
      {time, result} = :timer.tc(fn -> JSON.decode(unquote(text)) end)
      assert result == {:error, :invalid_json}
      assert time < 2_000_000
    end
  end

  test "what was taken can be read within an answer" do
    deepest = String.duplicate("[", 100) <> String.duplicate("]", 100)
    assert {:ok, _taken} = JSON.decode(deepest)
    assert JSON.decode("[" <> deepest <> "]") == {:error, :invalid_json}
    answer = ~s({"request_id":"1","success":true,"data":{"submission":{"x":#{deepest}}}})
    assert JSON.decode(answer) == {:error, :invalid_json}
    assert {:ok, %{"data" => _taken}} = JSON.decode_answer(answer)
    assert JSON.decode_answer(String.duplicate("[", 5_000)) == {:error, :invalid_json}
  end

  test "digits in a string are no number, however many" do
    digits = String.duplicate("31415", 100_000)
    assert {:ok, %{"pi" => ^digits}} = JSON.decode(~s({"pi":"#{digits}"}))
    assert {:ok, [^digits, 1]} = JSON.decode(~s(["#{digits}",1]))
    assert {:ok, [~S(a"1)]} = JSON.decode(~S(["a\"1"]))
  end

  test "what has no JSON form raises, without being quoted" do
    error = assert_raise ArgumentError, fn -> JSON.encode(%{"secret" => {:tuple, self()}}) end
    refute error.message =~ "tuple"
  end

  test "text that is not UTF-8 is encoded all the same" do
    assert {:ok, [text]} = [<<"a", 0xFF>>] |> JSON.encode() |> IO.iodata_to_binary() |> JSON.decode()
    assert String.valid?(text)
  end
end
