defmodule AwapBackendWeb.OpenAPITest do
  @moduledoc "The description of the API: that it is sound in itself, that it has the routes there are, all of them and no others."

  use AwapBackendWeb.ConnCase, async: true

  alias AwapBackendWeb.ConnCase.Answer
  alias AwapBackendWeb.{APIDescription, JSONSchema, Router}

  setup_all do: %{document: APIDescription.document()}

  defp each(term, found) when is_map(term),
    do: found.(term) ++ Enum.flat_map(Map.values(term), &each(&1, found))

  defp each(term, found) when is_list(term), do: Enum.flat_map(term, &each(&1, found))
  defp each(_term, _found), do: []

  test "it is served to anyone, with a tag to ask by whether it is still so", %{document: document} do
    port = start_endpoint()
    answer = request(port, "GET", "/api/openapi.json", key: nil)
    assert {answer.status, answer.json} == {200, document}
    assert Answer.header(answer, "cache-control") == "public, max-age=300, must-revalidate"
    etag = Answer.header(answer, "etag")
    again = request(port, "GET", "/api/openapi.json", key: nil, headers: [{"if-none-match", etag}])
    assert {again.status, again.body, Answer.header(again, "etag")} == {304, "", etag}
  end

  test "each route is described, with its method and its roles, and nothing else is", %{document: document} do
    described =
      for {method, template, operation} <- APIDescription.operations(document) do
        who = if operation["security"] == [], do: :open, else: Map.fetch!(operation, "x-roles")
        {method, String.replace(template, ~r/\{(\w+)\}/, ":\\1"), who}
      end

    routes = for {method, path, _, _, who} <- Router.routes(), do: {method, path, who}
    assert Enum.sort(described) == Enum.sort(routes)
  end

  test "what is open needs no key; what is not names its roles to people too", %{document: document} do
    for {_, template, operation} <- APIDescription.operations(document) do
      secured = operation["security"] != []
      assert {template, is_map_key(operation["responses"], "401")} == {template, secured}
      assert {template, is_map_key(operation["responses"], "403")} == {template, secured}

      if secured,
        do: assert(operation["description"] =~ "Roles: #{Enum.join(operation["x-roles"], ", ")}."),
        else: refute(is_map_key(operation, "x-roles"))
    end
  end

  test "references lead somewhere, and every component is used", %{document: document} do
    used = each(document, fn map -> if is_binary(map["$ref"]), do: [map["$ref"]], else: [] end)
    for reference <- used, do: assert(is_map(JSONSchema.resolve(reference, document)), reference)

    described =
      for kind <- ["parameters", "headers", "responses", "schemas"],
          name <- Map.keys(document["components"][kind]),
          do: "#/components/#{kind}/#{name}"

    assert described -- used == []
  end

  test "operations have ids of their own, tags that are described, and the parameters of their paths", %{
    document: document
  } do
    operations = APIDescription.operations(document)
    ids = for {_, _, operation} <- operations, do: operation["operationId"]
    assert Enum.uniq(ids) == ids
    tags = for tag <- document["tags"], do: tag["name"]

    for {method, template, operation} <- operations do
      assert {template, operation["tags"] -- tags} == {template, []}
      assert String.length(operation["summary"]) in 1..100
      variables = for [_, name] <- Regex.scan(~r/\{(\w+)\}/, template), do: name
      parameters = APIDescription.parameters(document, template, operation)
      in_path = for %{"in" => "path", "name" => name, "required" => true} <- parameters, do: name
      assert {method, template, in_path} == {method, template, variables}
      # A link leads to an operation, and gives parameters that it has.
      for {_, response} <- operation["responses"], {name, link} <- response["links"] || %{} do
        {_, target, linked} =
          List.keyfind(
            Enum.map(operations, fn {m, t, o} -> {o["operationId"], t, {m, o}} end),
            link["operationId"],
            0
          )

        {_, linked} = linked
        known = for parameter <- APIDescription.parameters(document, target, linked), do: parameter["name"]
        assert {name, Map.keys(link["parameters"]) -- known} == {name, []}
      end
    end
  end

  test "every example fits its schema, and every answer in JSON has one", %{document: document} do
    pairs =
      each(document, fn
        %{"schema" => schema, "example" => example} -> [{schema, example}]
        %{"type" => _, "example" => example} = schema -> [{schema, example}]
        _ -> []
      end)

    assert length(pairs) > 40
    for {schema, example} <- pairs, do: assert(JSONSchema.faults(example, schema, document) == [])

    for {method, template, operation} <- APIDescription.operations(document),
        {status, response} <- operation["responses"],
        %{"application/json" => content} <- [APIDescription.followed(response, document)["content"]],
        template != "/api/openapi.json" do
      assert {method, template, status, is_map_key(content, "example")} == {method, template, status, true}
    end
  end

  test "schemas say no more than the tests know how to check", %{document: document} do
    # Every keyword of every schema is looked at, whatever the value is; one that is not known raises.
    for {name, schema} <- document["components"]["schemas"], value <- [nil, 1, "a", [], %{}] do
      assert is_list(JSONSchema.faults(value, schema, document)), name
    end
  end

  test "the tests' own validator: a table of values that do not fit" do
    root = %{"schemas" => %{"Id" => %{"type" => "string", "format" => "uuid"}}}

    object = %{
      "type" => "object",
      "required" => ["a"],
      "properties" => %{"a" => %{"type" => "integer"}},
      "additionalProperties" => false
    }

    for {schema, good, bad} <- [
          {%{"type" => "string"}, "a", 1},
          {%{"type" => ["string", "null"]}, nil, 1},
          {%{"type" => "integer"}, 1, 1.5},
          {%{"type" => "number"}, 1.5, "1"},
          {%{"type" => "boolean"}, false, nil},
          {%{"enum" => ["a", nil]}, nil, "b"},
          {%{"const" => true}, true, "true"},
          {object, %{"a" => 1}, %{}},
          {object, %{"a" => 1}, %{"a" => "1"}},
          {object, %{"a" => 1}, %{"a" => 1, "b" => 1}},
          {%{"additionalProperties" => %{"type" => "string"}}, %{"x" => "a"}, %{"x" => 1}},
          {%{"items" => %{"minimum" => 1}}, [1, 2], [1, 0]},
          {%{"minItems" => 1}, [1], []},
          {%{"maxItems" => 1}, [1], [1, 2]},
          {%{"minLength" => 2}, "éé", "é"},
          {%{"maxLength" => 2}, "éé", "ééé"},
          {%{"minimum" => 0, "maximum" => 9}, 9, 10},
          {%{"pattern" => "^[^\\u0000-\\u001f]+$"}, "é a", "a\tb"},
          {%{"format" => "uuid"}, "0b0f6e3a-6a64-4c3e-9d1c-0f6f6b1a2c3d", "0b0f6e3a"},
          {%{"format" => "date-time"}, "2026-11-22T13:54:00Z", "2026-11-22"},
          {%{"anyOf" => [%{"type" => "null"}, %{"minimum" => 5}]}, nil, 1},
          {%{"allOf" => [%{"minimum" => 1}, %{"maximum" => 3}]}, 2, 4},
          {%{"not" => %{"required" => ["a"]}}, %{"b" => 1}, %{"a" => 1}},
          {%{"$ref" => "#/schemas/Id"}, "0b0f6e3a-6a64-4c3e-9d1c-0f6f6b1a2c3d", "x"}
        ] do
      assert {schema, JSONSchema.faults(good, schema, root)} == {schema, []}
      assert {schema, JSONSchema.faults(bad, schema, root)} != {schema, []}
    end

    assert_raise ArgumentError, fn -> JSONSchema.faults(1, %{"minimumm" => 1}, root) end
  end
end
