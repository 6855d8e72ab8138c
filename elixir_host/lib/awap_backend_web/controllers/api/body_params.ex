defmodule AwapBackendWeb.API.BodyParams do
  @moduledoc """
  Reads a JSON body into fields, each checked, with a message for each at fault. A field that is not known is refused: a
  misspelt one would change nothing and seem to have.

  Messages name fields and never quote what is in them.
  """

  alias AwapBackendWeb.{Conn, ErrorView, Timestamp}

  @name ~r/\A(?=.*\S)\P{Cc}*\z/u
  @int64_max 9_223_372_036_854_775_807

  @typedoc "Makes of a field's JSON value what it means, or says what is wrong with it."
  @type reader :: (term -> {:ok, term} | {:error, String.t()})

  @type answer :: {:ok, map, Conn.t()} | {:error, ErrorView.error(), Conn.t()}

  @doc """
  The fields of the body, those that were given.

  `readers` has one for each field that there is. Options: `:required` (names), `:types` (media types taken, the first
  the usual one), `:max_bytes`.
  """
  @spec read(Conn.t(), %{String.t() => reader}, keyword) :: answer
  def read(conn, readers, options) do
    types = Keyword.get(options, :types, ["application/json"])

    with :ok <- media_type(conn, types),
         {:ok, body, conn} <- Conn.read_body(conn, Keyword.fetch!(options, :max_bytes)) do
      case object(body, readers, Keyword.get(options, :required, [])) do
        {:ok, values} -> {:ok, values, conn}
        {:error, error} -> {:error, error, conn}
      end
    else
      {:error, error} -> {:error, error, conn}
      {:error, error, conn} -> {:error, error, conn}
    end
  end

  defp media_type(conn, types) do
    case Conn.content_type(conn) do
      {type, _} -> if type in types, do: :ok, else: {:error, unsupported(conn, types)}
      nil -> {:error, unsupported(conn, types)}
    end
  end

  defp unsupported(conn, types) do
    accept = if conn.method == "PATCH", do: "accept-patch", else: "accept-post"
    unsupported("Send this as #{Enum.join(types, " or as ")}.", types, accept)
  end

  @doc "The 415 that names the media types which are taken, in its details and in the header `accept`."
  @spec unsupported(String.t(), [String.t()], String.t()) :: ErrorView.error()
  def unsupported(sentence, types, accept) do
    ErrorView.error(415, sentence, %{"accepted" => types}, headers: [{accept, Enum.join(types, ", ")}])
  end

  defp object(body, readers, required) do
    case AwapBackend.JSON.decode(body) do
      {:ok, %{} = object} ->
        fields(object, readers, required)

      {:ok, _} ->
        {:error, ErrorView.error(422, "The body of this request is not a JSON object.", %{"fields" => %{}})}

      {:error, :invalid_json} ->
        {:error, ErrorView.error(400, "The body of this request is not JSON.")}
    end
  end

  defp fields(object, readers, required) do
    missing = for name <- required, not is_map_key(object, name), into: %{}, do: {name, "is missing"}

    {values, faults} =
      Enum.reduce(object, {%{}, missing}, fn {name, value}, {values, faults} ->
        case field(Map.get(readers, name), value) do
          {:ok, value} -> {Map.put(values, name, value), faults}
          {:error, fault} -> {values, Map.put(faults, String.slice(name, 0, 64), fault)}
        end
      end)

    if faults == %{}, do: {:ok, values}, else: {:error, ErrorView.invalid(faults)}
  end

  defp field(nil, _value), do: {:error, "is not a field of this"}
  defp field(reader, value), do: reader.(value)

  @doc "A string of so many characters. (U+0000 among them becomes a space in the store.)"
  @spec text(term, Range.t()) :: {:ok, String.t()} | {:error, String.t()}
  def text(value, least..most) do
    if is_binary(value) and String.length(value) in least..most,
      do: {:ok, value},
      else: {:error, "must be a string of #{least} to #{most} characters"}
  end

  @doc "A name: 1 to 255 characters, none of them a control character, and not spaces alone."
  @spec name(term) :: {:ok, String.t()} | {:error, String.t()}
  def name(value) do
    if is_binary(value) and String.length(value) in 1..255 and value =~ @name,
      do: {:ok, value},
      else:
        {:error, "must be a string of 1 to 255 characters, not spaces alone and without control characters"}
  end

  @doc "A time in RFC 3339, as the store takes it."
  @spec time(term) :: {:ok, String.t()} | {:error, String.t()}
  def time(value) do
    with true <- is_binary(value), {:ok, time} <- Timestamp.cast(value) do
      {:ok, DateTime.to_iso8601(time)}
    else
      _ -> {:error, "must be a time in RFC 3339, as “updated_at” has it"}
    end
  end

  @doc "One of `words`."
  @spec one_of(term, [String.t()]) :: {:ok, String.t()} | {:error, String.t()}
  def one_of(value, words) do
    if value in words, do: {:ok, value}, else: {:error, "must be one of #{Enum.join(words, ", ")}"}
  end

  @doc """
  Numbers that do not fit into 64 bits, which are read differently, or not at all, by what comes after: the path of each
  under `path`.
  """
  @spec large_numbers(term, String.t()) :: [String.t()]
  def large_numbers(%{} = map, path) do
    Enum.flat_map(map, fn {key, value} ->
      large_numbers(value, if(path == "", do: key, else: path <> "." <> key))
    end)
  end

  def large_numbers(list, path) when is_list(list) do
    list |> Enum.with_index() |> Enum.flat_map(fn {value, i} -> large_numbers(value, "#{path}[#{i}]") end)
  end

  def large_numbers(value, path) when is_integer(value) and (value > @int64_max or value < -@int64_max),
    do: [path]

  def large_numbers(_value, _path), do: []
end
