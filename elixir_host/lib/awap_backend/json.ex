defmodule AwapBackend.JSON do
  @moduledoc """
  JSON, by way of `jiffy`, for input nobody vouches for.

  Objects are maps with string keys, `null` is `nil`. Of a repeated key the last value holds. What would cost more than
  it is worth is refused as invalid: nesting deeper than 100 levels (the Rust side refuses it at 128) and numbers of more
  than a few thousand digits, since reading a number takes time quadratic in its length.
  """

  @max_depth 100
  # What was taken comes back within answers, some levels deeper.
  @max_answer_depth 120
  @max_digits 4_096
  # Every run of @max_digits digits covers at least one byte at a multiple of this.
  @stride div(@max_digits, 2)

  @decode_options [:return_maps, :use_nil, :dedupe_keys, :copy_strings]
  @encode_options [:use_nil, :force_utf8]

  @doc """
  Encodes a term as JSON: iodata, since large output is not one binary.

  Raises `ArgumentError` where the term has no JSON form (a pid, a tuple); the message does not quote the term.
  """
  @spec encode(term) :: iodata
  def encode(term) do
    :jiffy.encode(term, @encode_options)
  catch
    _kind, _reason -> raise ArgumentError, "the term has no JSON form"
  end

  @doc "Decodes one JSON value."
  @spec decode(binary) :: {:ok, term} | {:error, :invalid_json}
  def decode(binary) when is_binary(binary), do: decode(binary, @max_depth)

  @doc "Decodes what a process of ours answers, in which a value that `decode/1` took stands some levels deeper."
  @spec decode_answer(binary) :: {:ok, term} | {:error, :invalid_json}
  def decode_answer(binary) when is_binary(binary), do: decode(binary, @max_answer_depth)

  defp decode(binary, max_depth) do
    if excessive_number?(binary) do
      {:error, :invalid_json}
    else
      term = :jiffy.decode(binary, @decode_options)
      if depth_within?(term, max_depth), do: {:ok, term}, else: {:error, :invalid_json}
    end
  catch
    _kind, _reason -> {:error, :invalid_json}
  end

  defp depth_within?(_term, 0), do: false

  defp depth_within?(term, left) when is_list(term), do: Enum.all?(term, &depth_within?(&1, left - 1))

  defp depth_within?(term, left) when is_map(term) do
    Enum.all?(term, fn {_key, value} -> depth_within?(value, left - 1) end)
  end

  defp depth_within?(_scalar, _left), do: true

  # Looks at one byte in @stride: cheap on any body. Only where a long run of digits is found is the text read from
  # its beginning to see whether the run is a number or part of a string.
  defp excessive_number?(binary), do: suspicious?(binary, 0) and long_number?(binary)

  defp suspicious?(binary, at) when at >= byte_size(binary), do: false

  defp suspicious?(binary, at) do
    if digit_at?(binary, at) and run_from(binary, at, -1, 0) + run_from(binary, at, 1, 0) > @max_digits do
      true
    else
      suspicious?(binary, at + @stride)
    end
  end

  defp run_from(_binary, _at, _step, count) when count > @max_digits, do: count

  defp run_from(binary, at, step, count) do
    if digit_at?(binary, at), do: run_from(binary, at + step, step, count + 1), else: count
  end

  defp digit_at?(binary, at) do
    at >= 0 and at < byte_size(binary) and :binary.at(binary, at) in ?0..?9
  end

  defp long_number?(binary), do: outside(binary, 0)

  defp outside(_rest, run) when run > @max_digits, do: true
  defp outside(<<?", rest::binary>>, _run), do: inside(rest)
  defp outside(<<byte, rest::binary>>, run) when byte in ?0..?9, do: outside(rest, run + 1)
  defp outside(<<_byte, rest::binary>>, _run), do: outside(rest, 0)
  defp outside(<<>>, _run), do: false

  defp inside(<<?\\, _escaped, rest::binary>>), do: inside(rest)
  defp inside(<<?", rest::binary>>), do: outside(rest, 0)
  defp inside(<<_byte, rest::binary>>), do: inside(rest)
  defp inside(<<>>), do: false
end
