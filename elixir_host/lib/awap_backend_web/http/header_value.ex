defmodule AwapBackendWeb.HTTP.HeaderValue do
  @moduledoc """
  Reads header values: those of the form `value; name=token; name="quoted string"` (RFC 9110, section 5.6.6), as of
  `Content-Type` and `Content-Disposition`, and lists (section 5.6.1).
  """

  @doc "The members of a list, in their order, over all headers of that `name` (in lower case)."
  @spec list([{String.t(), binary}], String.t()) :: [binary]
  def list(headers, name) do
    for {^name, value} <- headers,
        member <- :binary.split(value, ",", [:global]),
        member = trim(member),
        member != "",
        do: member
  end

  @doc """
  The value before the first semicolon and its parameters, names in lower case.

  Within quotes a backslash escapes a quote or a backslash and nothing else: that is what browsers and curl write, and it
  leaves the `C:\\folder\\file.docx` of an old browser whole. A parameter given twice, an open quote, or an
  empty value is an error.
  """
  @spec parse(binary) :: {:ok, String.t(), %{String.t() => binary}} | :error
  def parse(value) do
    {head, rest} =
      case :binary.split(value, ";") do
        [head, rest] -> {head, rest}
        [head] -> {head, ""}
      end

    case trim(head) do
      "" -> :error
      head -> params(rest, head, %{})
    end
  end

  defp params(rest, head, acc) do
    case trim_leading(rest) do
      "" -> {:ok, head, acc}
      ";" <> rest -> params(rest, head, acc)
      rest -> param(rest, head, acc)
    end
  end

  defp param(rest, head, acc) do
    with [name, rest] <- :binary.split(rest, "="),
         name = String.downcase(trim(name), :ascii),
         true <- token?(name) and not is_map_key(acc, name),
         {:ok, value, rest} <- param_value(trim_leading(rest)) do
      params(rest, head, Map.put(acc, name, value))
    else
      _ -> :error
    end
  end

  defp param_value(<<?", rest::binary>>), do: quoted(rest, [])

  defp param_value(rest) do
    case :binary.split(rest, ";") do
      [value, rest] -> {:ok, trim(value), rest}
      [value] -> {:ok, trim(value), ""}
    end
  end

  defp quoted(<<?\\, c, rest::binary>>, acc) when c in [?", ?\\], do: quoted(rest, [acc, c])

  defp quoted(<<?", rest::binary>>, acc) do
    case trim_leading(rest) do
      "" -> {:ok, IO.iodata_to_binary(acc), ""}
      ";" <> rest -> {:ok, IO.iodata_to_binary(acc), rest}
      _ -> :error
    end
  end

  defp quoted(<<c, rest::binary>>, acc), do: quoted(rest, [acc, c])
  defp quoted(<<>>, _acc), do: :error

  @doc "Whether `name` is a token of RFC 9110, section 5.6.2: what a header's or a parameter's name may be."
  @spec token?(binary) :: boolean
  def token?(""), do: false
  def token?(name), do: token_chars?(name)

  defp token_chars?(<<c, rest::binary>>)
       when c in ?a..?z or c in ?A..?Z or c in ?0..?9 or c in '!#$%&\'*+-.^_`|~',
       do: token_chars?(rest)

  defp token_chars?(rest), do: rest == ""

  @doc "`value` without the spaces and tabs around it."
  @spec trim(binary) :: binary
  def trim(value), do: value |> trim_leading() |> trim_trailing()

  defp trim_leading(<<c, rest::binary>>) when c in ' \t', do: trim_leading(rest)
  defp trim_leading(rest), do: rest

  defp trim_trailing(value) do
    case byte_size(value) - 1 do
      -1 -> value
      last -> if :binary.at(value, last) in ' \t', do: trim_trailing(binary_part(value, 0, last)), else: value
    end
  end
end
