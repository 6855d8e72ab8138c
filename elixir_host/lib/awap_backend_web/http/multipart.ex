defmodule AwapBackendWeb.HTTP.Multipart do
  @moduledoc """
  Parses a `multipart/form-data` body (RFC 7578) that is whole in memory. The data of a part is a sub-binary of the body:
  nothing is copied.

  File names are taken as clients write them: UTF-8 as it is (browsers, curl), `filename*` where it is given (RFC 5987),
  quotes as `%22` or `\\"`, Latin-1 from what is too old to know better; of a path, the last part alone.
  """

  alias AwapBackendWeb.HTTP.{Head, HeaderValue}

  @max_parts 256
  @max_part_head 8_192
  @max_filename 255

  @type part :: %{
          name: String.t(),
          filename: String.t() | nil,
          content_type: String.t() | nil,
          data: binary
        }

  @doc "The parts of a body, in order; the error is a sentence."
  @spec parse(binary, binary) :: {:ok, [part]} | {:error, String.t()}
  def parse(body, boundary) when byte_size(boundary) in 1..70 do
    delimiter = "\r\n--" <> boundary

    case opening(body, "--" <> boundary, delimiter) do
      {:ok, rest} ->
        parts(rest, :binary.compile_pattern(delimiter), byte_size(delimiter), [], 0)

      :error ->
        {:error, "The body of this request does not begin with the boundary that its Content-Type names."}
    end
  end

  def parse(_body, _boundary),
    do: {:error, "The boundary of this multipart request is not of 1 to 70 characters."}

  # Before the first boundary there may be a preamble, which means nothing.
  defp opening(body, first, delimiter) do
    size = byte_size(first)

    case body do
      <<^first::binary-size(size), rest::binary>> ->
        {:ok, rest}

      _ ->
        case :binary.split(body, delimiter) do
          [_preamble, rest] -> {:ok, rest}
          [_] -> :error
        end
    end
  end

  defp parts(_rest, _pattern, _size, _acc, @max_parts),
    do: {:error, "This multipart request has more than #{@max_parts} parts."}

  defp parts("--" <> _epilogue, _pattern, _size, acc, _count), do: {:ok, :lists.reverse(acc)}

  defp parts(rest, pattern, size, acc, count) do
    with {:ok, rest} <- after_boundary(rest),
         {:ok, head, rest} <- part_head(rest),
         {at, ^size} <- :binary.match(rest, pattern),
         {:ok, part} <- part(head, binary_part(rest, 0, at)) do
      next = at + size
      parts(binary_part(rest, next, byte_size(rest) - next), pattern, size, [part | acc], count + 1)
    else
      :nomatch -> {:error, "The body of this multipart request ends before its last boundary."}
      {:error, sentence} -> {:error, sentence}
    end
  end

  defp after_boundary(<<c, rest::binary>>) when c in ' \t', do: after_boundary(rest)
  defp after_boundary(<<"\r\n", rest::binary>>), do: {:ok, rest}
  defp after_boundary(_), do: {:error, "The body of this multipart request ends before its last boundary."}

  # A part without headers starts with the empty line at once.
  defp part_head(<<"\r\n", rest::binary>>), do: {:ok, "", rest}

  defp part_head(rest) do
    case :binary.match(rest, "\r\n\r\n", scope: {0, min(byte_size(rest), @max_part_head)}) do
      {at, 4} ->
        <<head::binary-size(at), _::binary-size(4), rest::binary>> = rest
        {:ok, head, rest}

      :nomatch ->
        {:error, "A part of this multipart request has no end of its headers."}
    end
  end

  defp part(head, data) do
    headers = headers(head)

    with {:ok, "form-data", %{"name" => name} = params} <- disposition(headers["content-disposition"]),
         {:ok, name} <- utf8(name),
         :ok <- encoding(headers["content-transfer-encoding"]) do
      {:ok,
       %{name: unescape(name), filename: filename(params), content_type: content_type(headers), data: data}}
    else
      {:error, sentence} -> {:error, sentence}
      _ -> {:error, "A part of this multipart request is not “Content-Disposition: form-data” with a name."}
    end
  end

  defp headers(head) do
    for line <- :binary.split(head, "\r\n", [:global]),
        [name, value] <- [:binary.split(line, ":")],
        into: %{},
        do: {String.downcase(HeaderValue.trim(name), :ascii), HeaderValue.trim(value)}
  end

  defp disposition(nil), do: :error

  defp disposition(value) do
    with {:ok, kind, params} <- HeaderValue.parse(value), do: {:ok, String.downcase(kind, :ascii), params}
  end

  defp encoding(nil), do: :ok

  defp encoding(value) do
    if String.downcase(value, :ascii) in ["7bit", "8bit", "binary"],
      do: :ok,
      else:
        {:error,
         "A part of this multipart request has a Content-Transfer-Encoding; send its bytes as they are."}
  end

  defp content_type(headers) do
    with value when is_binary(value) <- headers["content-type"],
         {:ok, type, _} <- HeaderValue.parse(value),
         true <- byte_size(type) <= 255 and String.printable?(type) do
      String.downcase(type, :ascii)
    else
      _ -> nil
    end
  end

  defp filename(%{"filename*" => extended} = params) do
    with [charset, _language, value] <- :binary.split(extended, "'", [:global]),
         {:ok, bytes} <- Head.unescape(value),
         {:ok, name} <- if(String.downcase(charset, :ascii) == "utf-8", do: utf8(bytes), else: latin1(bytes)) do
      clean(name)
    else
      _ -> filename(Map.delete(params, "filename*"))
    end
  end

  defp filename(%{"filename" => name}) do
    {:ok, name} = with :error <- utf8(name), do: latin1(name)
    clean(unescape(name))
  end

  defp filename(_params), do: nil

  # How the living standard of HTML has browsers write the three characters that would break the header.
  defp unescape(name),
    do:
      String.replace(
        name,
        ["%22", "%0D", "%0A"],
        &Map.fetch!(%{"%22" => "\"", "%0D" => "\r", "%0A" => "\n"}, &1)
      )

  defp clean(name) do
    name
    |> String.split(["/", "\\"])
    |> List.last()
    |> String.replace(~r/[\x00-\x1f\x7f]/u, "")
    |> String.slice(0, @max_filename)
  end

  defp utf8(bytes), do: if(String.valid?(bytes), do: {:ok, bytes}, else: :error)
  defp latin1(bytes), do: {:ok, :unicode.characters_to_binary(bytes, :latin1, :utf8)}
end
