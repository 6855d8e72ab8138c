defmodule AwapBackend.PortClient.Frames do
  @moduledoc """
  Frames of `{:packet, 4}` with a bound: four bytes of length, big-endian, and as many of content.

  The VM's own `{:packet, 4}` takes any length that is announced, up to 2 GiB, and holds it all before anybody sees it. From a
  process that is not trusted, a frame longer than an answer may be is refused at its first four bytes.
  """

  @doc "The whole frames at the front of what has come, and the rest; `:too_long` where one announces more than `most` bytes."
  @spec split(binary, pos_integer) :: {:ok, [binary], binary} | :too_long
  def split(bytes, most), do: split(bytes, most, [])

  defp split(<<length::32, _rest::binary>>, most, _frames) when length > most, do: :too_long

  defp split(<<length::32, frame::binary-size(length), rest::binary>>, most, frames),
    do: split(rest, most, [frame | frames])

  defp split(rest, _most, frames), do: {:ok, Enum.reverse(frames), rest}

  @doc "A frame as it is written."
  @spec frame(iodata) :: iodata
  def frame(content), do: [<<IO.iodata_length(content)::32>>, content]
end
