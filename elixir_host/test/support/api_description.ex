defmodule AwapBackendWeb.APIDescription do
  @moduledoc "Holds what an endpoint answers against what the description of the API says of it."

  alias AwapBackendWeb.ConnCase.Answer
  alias AwapBackendWeb.{JSONSchema, OpenAPI}

  @methods ~w(get post put patch delete)

  @doc "The document, as a client reads it."
  @spec document() :: map
  def document do
    {:ok, document} =
      OpenAPI.document() |> AwapBackend.JSON.encode() |> IO.iodata_to_binary() |> AwapBackend.JSON.decode()

    document
  end

  @doc "Every operation: `{method, template, operation}`, the method in capitals."
  @spec operations(map) :: [{String.t(), String.t(), map}]
  def operations(document) do
    for {template, item} <- document["paths"],
        {method, operation} <- item,
        method in @methods,
        do: {String.upcase(method), template, operation}
  end

  @doc "What an operation takes: its own parameters and its path's."
  @spec parameters(map, String.t(), map) :: [map]
  def parameters(document, template, operation) do
    for parameter <- (operation["parameters"] || []) ++ (document["paths"][template]["parameters"] || []),
        do: followed(parameter, document)
  end

  @doc "What is wrong with an answer to `method template`: a sentence for each fault."
  @spec faults(map, String.t(), String.t(), Answer.t()) :: [String.t()]
  def faults(document, method, template, %Answer{} = answer) do
    operation = document["paths"][template][String.downcase(method)]

    case operation["responses"][Integer.to_string(answer.status)] do
      nil -> ["#{answer.status} is not described for #{method} #{template}: #{answer.body}"]
      response -> response |> followed(document) |> response_faults(document, answer)
    end
  end

  defp response_faults(response, document, answer) do
    headers =
      for {name, header} <- response["headers"] || %{},
          value = Answer.header(answer, String.downcase(name)),
          %{"schema" => schema} = followed(header, document),
          typed = if(schema["type"] == "integer", do: String.to_integer(value), else: value),
          fault <- JSONSchema.faults(typed, schema, document, name),
          do: fault

    headers ++ body_faults(response["content"], document, answer)
  end

  defp body_faults(nil, _document, %{body: ""}), do: []
  defp body_faults(nil, _document, _answer), do: ["There is a body, and none is described."]

  defp body_faults(content, document, answer) do
    type = answer |> Answer.header("content-type") |> to_string() |> String.split(";") |> hd()

    case content[type] do
      nil ->
        ["The media type #{type} is not described."]

      %{"schema" => schema} ->
        value = if type == "application/json", do: answer.json, else: answer.body
        JSONSchema.faults(value, schema, document)
    end
  end

  @doc "What a reference leads to, or what is no reference."
  @spec followed(map, map) :: map
  def followed(%{"$ref" => reference}, document), do: JSONSchema.resolve(reference, document)
  def followed(other, _document), do: other
end
