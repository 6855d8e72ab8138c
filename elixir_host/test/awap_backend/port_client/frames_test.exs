defmodule AwapBackend.PortClient.FramesTest do
  @moduledoc "Frames in pieces of any size, and those that announce too much."

  use ExUnit.Case, async: true

  alias AwapBackend.PortClient.Frames

  test "what comes in pieces is put together, whatever the pieces" do
    contents = ["", "a", String.duplicate("b", 300), "end"]
    bytes = contents |> Enum.map(&Frames.frame/1) |> IO.iodata_to_binary()

    for size <- [1, 2, 3, 5, 7, 100, byte_size(bytes)] do
      {frames, rest} =
        for <<piece::binary-size(size) <- bytes>>, reduce: {[], ""} do
          {frames, rest} ->
            {:ok, more, rest} = Frames.split(rest <> piece, 300)
            {frames ++ more, rest}
        end

      left = rem(byte_size(bytes), size)
      {:ok, more, ""} = Frames.split(rest <> binary_part(bytes, byte_size(bytes) - left, left), 300)
      assert frames ++ more == contents
    end
  end

  test "a length past the bound is refused at its four bytes, also behind a good frame" do
    assert Frames.split(<<0, 0, 1, 45>>, 300) == :too_long
    assert Frames.split(<<0, 0, 0, 1, ?a, 0x7F, 0xFF, 0xFF, 0xFF>>, 300) == :too_long
    assert Frames.split(<<0, 0, 1>>, 300) == {:ok, [], <<0, 0, 1>>}
    assert {:ok, [_frame], ""} = Frames.split(<<300::32, 0::2400>>, 300)
  end
end
