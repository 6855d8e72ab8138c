defmodule AwapBackendWeb.OpenAPI.TMASubmission do
  @moduledoc "A TMA as it is handed in: as JSON, and as a form."

  import AwapBackendWeb.OpenAPI.Parts

  @base64 "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$"

  @student ["name", "given_name", "family_name", "email", "username"]

  @doc "The body of `POST /api/tmas`."
  def body do
    %{
      required: true,
      content: %{
        "application/json" => %{
          schema: schema("TMASubmission"),
          example: %{
            assignment_id: "TM112-25J-TMA02",
            course_id: "TM112-25J",
            student_id: "Z0000001",
            student: %{name: "Zoë Example", given_name: "Zoë", family_name: "Example", aliases: ["Zo"]},
            content: %{answers: [%{question: "1(a)", text: "A linear search starts at the first item."}]}
          }
        },
        "multipart/form-data" => %{
          schema: schema("TMAForm"),
          encoding: %{
            file: %{contentType: "application/octet-stream"},
            rubric: %{contentType: "application/json, application/yaml, text/plain"}
          }
        }
      }
    }
  end

  def schemas do
    %{
      "TMASubmission" => %{
        type: "object",
        description:
          "Fields that are not known are carried through, but for `options`, which are refused; numbers have to fit into 64 bits.",
        required: ["content"],
        properties: %{
          tma_id: id("The caller's own name for the TMA."),
          assignment_id: id("Which assignment it answers."),
          course_id: id("Which course it belongs to."),
          student_id: id("The student's identifier; what comes back is a pseudonym."),
          student: nullable(schema("Student")),
          content: schema("TMAContent"),
          rubric: rubric()
        }
      },
      "Student" => %{
        type: "object",
        description: "What is known of the student: all of it is looked for and taken out. Kept sealed.",
        properties:
          @student
          |> Map.new(&{&1, nullable(string())})
          |> Map.put("aliases", nullable(%{type: "array", items: string(), description: "Other names."}))
      },
      "TMAContent" => %{
        anyOf: [
          string(minLength: 1, description: "The text."),
          %{
            type: "object",
            description: "Text, answers or attachments, alone or together.",
            properties: %{
              text: nullable(string()),
              answers: nullable(%{type: "array", items: schema("Answer"), maxItems: 200}),
              attachments: nullable(%{type: "array", items: schema("Attachment"), maxItems: 200})
            },
            anyOf: [
              %{required: ["text"], properties: %{text: string(minLength: 1)}},
              %{required: ["answers"], properties: %{answers: %{type: "array", minItems: 1}}},
              %{required: ["attachments"], properties: %{attachments: %{type: "array", minItems: 1}}}
            ]
          }
        ]
      },
      "Answer" => %{
        type: "object",
        required: ["question", "text"],
        properties: %{question: string(description: "`1(a)`."), text: string()}
      },
      "Attachment" => %{
        type: "object",
        description:
          "A document: Word, PDF, OpenDocument, RTF, Markdown, HTML or plain text, told by its bytes.",
        required: ["data_base64"],
        properties: %{
          filename: nullable(string()),
          content_type: nullable(string()),
          # No maxLength: a tool that tries it out would make strings of 43 MiB.
          data_base64:
            string(
              contentEncoding: "base64",
              pattern: @base64,
              minLength: 4,
              description: "At most 32 MiB of document."
            )
        }
      },
      "TMAForm" => form()
    }
  end

  defp form do
    %{
      type: "object",
      description:
        "`file` or `text` has to be there; what is left empty counts as absent. A field of the student's may also be written `student[name]`, and so on.",
      additionalProperties: false,
      properties:
        Map.merge(
          %{
            file: %{
              type: "array",
              description: "The document, once or more.",
              items: string(contentMediaType: "application/octet-stream", minLength: 1),
              minItems: 1,
              maxItems: 200
            },
            text: string(description: "What was written, where it is no document; at most 1 MiB."),
            rubric: string(description: "JSON or YAML, as a file or as text; at most 1 MiB."),
            assignment_id: schema("Name"),
            course_id: schema("Name"),
            student_id: schema("Name"),
            student_alias: %{
              type: "array",
              items: string(),
              description: "Another name, once or more."
            }
          },
          Map.new(@student, &{"student_" <> &1, string()})
        ),
      anyOf: [%{required: ["file"]}, %{required: ["text"]}]
    }
  end

  defp id(description), do: Map.put(nullable(schema("Name")), :description, description)

  defp rubric do
    %{
      description:
        "The rubric: an object, or JSON or YAML as a string. Without one, what any essay needs is marked.",
      anyOf: [any_object(), string(pattern: "\\S"), %{type: "null"}]
    }
  end
end
