defmodule AwapBackendWeb.OpenAPI.Parts do
  @moduledoc "The words that the description of the API is written in: operations, answers, schemas."

  # What may be answered to any request, and to any that needs a key.
  @always [400, 408, 414, 431, 500, 503]
  @secured [401, 403, 429]

  @doc "A reference to a component: `ref(:schemas, \"TMA\")`."
  @spec ref(atom, String.t()) :: map
  def ref(kind, name), do: %{"$ref": "#/components/#{kind}/#{name}"}

  @doc "A reference to a schema."
  @spec schema(String.t()) :: map
  def schema(name), do: ref(:schemas, name)

  @doc "References to parameters."
  @spec parameters([String.t()]) :: [map]
  def parameters(names), do: Enum.map(names, &ref(:parameters, &1))

  @doc """
  An operation. `roles` is `:open` or a list; `errors` are the statuses of errors beyond those that any request may get;
  `answers` are the other answers, by status; `more` is merged in.
  """
  @spec operation(String.t(), String.t(), :open | [String.t()], String.t(), keyword) :: map
  def operation(id, tag, roles, summary, fields) do
    {answers, fields} = Keyword.pop!(fields, :answers)
    {errors, fields} = Keyword.pop(fields, :errors, [])
    {description, fields} = Keyword.pop(fields, :description)

    fields
    |> Map.new()
    |> Map.merge(%{operationId: id, tags: [tag], summary: summary})
    |> Map.merge(access(roles, description))
    |> Map.put(:responses, responses(answers, errors, roles))
  end

  defp access(:open, description) do
    %{security: [], description: paragraphs([description, "Anyone may ask."])}
  end

  defp access(roles, description) do
    %{"x-roles": roles, description: paragraphs([description, "Roles: #{Enum.join(roles, ", ")}."])}
  end

  defp paragraphs(texts), do: texts |> Enum.reject(&is_nil/1) |> Enum.map_join("\n\n", &String.trim/1)

  defp responses(answers, errors, roles) do
    errors = Enum.uniq(errors ++ @always ++ if(roles == :open, do: [], else: @secured))

    for(status <- errors, into: %{}, do: {status, ref(:responses, "Error#{status}")})
    |> Map.merge(answers)
    |> Map.new(fn {status, answer} -> {Integer.to_string(status), answer} end)
  end

  @doc "An answer in JSON: the schema's name, an example, and the names of its headers. Options: `:headers`, `:links`."
  @spec answer(String.t(), String.t(), term, keyword) :: map
  def answer(description, schema, example, options \\ []) do
    %{
      description: description,
      headers: headers(Keyword.get(options, :headers, [])),
      content: %{"application/json" => %{schema: schema(schema), example: example}}
    }
    |> with_links(options[:links])
  end

  defp with_links(answer, nil), do: answer
  defp with_links(answer, links), do: Map.put(answer, :links, links)

  @doc "An answer without a body."
  @spec bare(String.t(), [String.t()]) :: map
  def bare(description, headers \\ []), do: %{description: description, headers: headers(headers)}

  @doc "The headers of an answer, by the names of their components."
  @spec headers([String.t()]) :: map
  def headers(names), do: Map.new(["X-Request-Id" | names], &{&1, ref(:headers, &1)})

  @doc "An object of these properties and no others, all of them there unless `optional` names them."
  @spec object(map, keyword) :: map
  def object(properties, options \\ []) do
    optional = Keyword.get(options, :optional, [])
    required = for name <- Map.keys(properties), name not in optional, do: name

    %{type: "object", properties: properties, additionalProperties: false}
    |> Map.merge(if required == [], do: %{}, else: %{required: Enum.sort(required)})
    |> Map.merge(Map.new(Keyword.take(options, [:description])))
  end

  @doc "A page of a list: `rows` of a schema under a name, and the cursor of the next page."
  @spec page(atom, String.t()) :: map
  def page(name, schema) do
    object(%{name => %{type: "array", items: schema(schema)}, next_cursor: nullable(schema("Cursor"))})
  end

  @doc "A schema, or null."
  @spec nullable(map) :: map
  def nullable(%{type: type} = schema), do: %{schema | type: [type, "null"]}
  def nullable(schema), do: %{anyOf: [schema, %{type: "null"}]}

  @doc "A string. Options are those of JSON Schema."
  @spec string(keyword) :: map
  def string(options \\ []), do: Map.new([type: "string"] ++ options)

  @doc "A whole number, 0 or more."
  @spec count(keyword) :: map
  def count(options \\ []), do: Map.new([type: "integer", minimum: 0] ++ options)

  @doc "Any object."
  @spec any_object(keyword) :: map
  def any_object(options \\ []), do: Map.new([type: "object"] ++ options)
end
