defmodule AwapBackendWeb.JSONSchema do
  @moduledoc """
  Holds values against JSON Schema (2020-12), as far as the description of the API uses it.

  Strict where validators are commonly lax: a keyword that is not known here is an error, and formats are asserted.
  Documents and values are terms as `AwapBackend.JSON.decode/1` makes them.
  """

  alias AwapBackendWeb.{Timestamp, UUID}

  @annotations ~w(description default example contentEncoding contentMediaType)

  @doc "What is wrong with `value`: a sentence for each fault, with its path. `root` is where references lead."
  @spec faults(term, map, map, String.t()) :: [String.t()]
  def faults(value, schema, root, at \\ "$") do
    Enum.flat_map(schema, fn {keyword, argument} -> check(keyword, argument, value, schema, root, at) end)
  end

  @doc "What a reference leads to; nil where it leads nowhere."
  @spec resolve(String.t(), map) :: term
  def resolve("#/" <> path, root) do
    keys =
      for key <- String.split(path, "/"), do: key |> String.replace("~1", "/") |> String.replace("~0", "~")

    get_in(root, keys)
  end

  defp check(keyword, _, _, _, _, _) when keyword in @annotations, do: []
  defp check("$ref", reference, value, _, root, at), do: faults(value, resolve(reference, root), root, at)

  defp check("type", types, value, _, _, at) do
    if Enum.any?(List.wrap(types), &type?(&1, value)),
      do: [],
      else: ["#{at} is not of type #{inspect(types)}"]
  end

  defp check("enum", values, value, _, _, at),
    do: fault(value in values, "#{at} is none of #{inspect(values)}")

  defp check("const", const, value, _, _, at), do: fault(value === const, "#{at} is not #{inspect(const)}")
  defp check("allOf", schemas, value, _, root, at), do: Enum.flat_map(schemas, &faults(value, &1, root, at))

  defp check("anyOf", schemas, value, _, root, at) do
    tries = Enum.map(schemas, &faults(value, &1, root, at))
    if [] in tries, do: [], else: ["#{at} fits none of: #{Enum.map_join(tries, " | ", &Enum.join(&1, ", "))}"]
  end

  defp check("not", schema, value, _, root, at),
    do: fault(faults(value, schema, root, at) != [], "#{at} fits what it must not fit")

  defp check("properties", properties, %{} = value, _, root, at) do
    for {name, schema} <- properties,
        is_map_key(value, name),
        fault <- faults(value[name], schema, root, "#{at}.#{name}"),
        do: fault
  end

  defp check("required", names, %{} = value, _, _, at),
    do: for(name <- names, not is_map_key(value, name), do: "#{at}.#{name} is missing")

  defp check("additionalProperties", rule, %{} = value, schema, root, at) do
    for {name, inner} <- value,
        not is_map_key(schema["properties"] || %{}, name),
        fault <- additional(rule, inner, root, "#{at}.#{name}"),
        do: fault
  end

  defp check("items", schema, value, _, root, at) when is_list(value) do
    value |> Enum.with_index() |> Enum.flat_map(fn {item, i} -> faults(item, schema, root, "#{at}[#{i}]") end)
  end

  defp check("minItems", n, value, _, _, at) when is_list(value),
    do: fault(length(value) >= n, "#{at} has fewer than #{n} items")

  defp check("maxItems", n, value, _, _, at) when is_list(value),
    do: fault(length(value) <= n, "#{at} has more than #{n} items")

  defp check("minLength", n, value, _, _, at) when is_binary(value),
    do: fault(String.length(value) >= n, "#{at} is shorter than #{n}")

  defp check("maxLength", n, value, _, _, at) when is_binary(value),
    do: fault(String.length(value) <= n, "#{at} is longer than #{n}")

  defp check("minimum", n, value, _, _, at) when is_number(value),
    do: fault(value >= n, "#{at} is below #{n}")

  defp check("maximum", n, value, _, _, at) when is_number(value),
    do: fault(value <= n, "#{at} is above #{n}")

  defp check("pattern", pattern, value, _, _, at) when is_binary(value),
    do: fault(value =~ regex(pattern), "#{at} does not fit #{pattern}")

  defp check("format", format, value, _, _, at) when is_binary(value),
    do: fault(format?(format, value), "#{at} is no #{format}")

  # What says nothing of values of this type.
  defp check(keyword, _, _, _, _, _)
       when keyword in ~w(properties required additionalProperties items minItems maxItems minLength maxLength minimum
                          maximum pattern format),
       do: []

  defp check(keyword, _, _, _, _, at), do: raise(ArgumentError, "#{at}: the keyword #{keyword} is not known")

  defp additional(true, _value, _root, _at), do: []
  defp additional(false, _value, _root, at), do: ["#{at} is not described"]
  defp additional(schema, value, root, at), do: faults(value, schema, root, at)

  defp fault(true, _sentence), do: []
  defp fault(false, sentence), do: [sentence]

  defp type?("object", value), do: is_map(value)
  defp type?("array", value), do: is_list(value)
  defp type?("string", value), do: is_binary(value)
  defp type?("number", value), do: is_number(value)
  defp type?("integer", value), do: is_integer(value)
  defp type?("boolean", value), do: is_boolean(value)
  defp type?("null", value), do: is_nil(value)

  defp format?("uuid", value), do: UUID.cast(value) == {:ok, value}
  defp format?("date-time", value), do: match?({:ok, _}, Timestamp.cast(value))
  defp format?("uri-reference", value), do: match?({:ok, _}, URI.new(value))

  # ECMA-262, as JSON Schema has it, writes code points as \uXXXX.
  defp regex(pattern), do: pattern |> String.replace(~r/\\u([0-9a-f]{4})/, "\\x{\\1}") |> Regex.compile!("u")
end
