defmodule AwapBackend.Fixtures do
  @moduledoc "The fixture TMAs, as they are handed in: as JSON, and as a form with the document itself."

  alias AwapBackend.JSON

  @folder Path.expand("../../../fixtures", __DIR__)
  @boundary "----fixture7MA4YWxkTrZu0gW"

  @typedoc "A fixture: its name, the TMA as the Core Bridge takes it, and the description beside its document."
  @type t :: {String.t(), map, map}

  @doc "Every fixture, by name."
  @spec all() :: [t]
  def all do
    for path <- Enum.sort(Path.wildcard(Path.join(@folder, "tmas/*/tma.json"))) do
      described = path |> File.read!() |> decode!()
      name = path |> Path.dirname() |> Path.basename()
      {name, request(described, document(name, described)), described}
    end
  end

  @doc "The TMA of this fixture as a JSON body: its content type and bytes."
  @spec json(t) :: {String.t(), binary}
  def json({_name, request, _described}),
    do: {"application/json", IO.iodata_to_binary(JSON.encode(request))}

  @doc "The TMA of this fixture as `curl -F` would send it: the content type and the bytes of the body."
  @spec form(t) :: {String.t(), binary}
  def form({name, _request, described}) do
    student = for {key, value} <- described["student"], is_binary(value), do: {"student_" <> key, value}
    aliases = for value <- described["student"]["aliases"] || [], do: {"student_alias", value}
    ids = for key <- ["assignment_id", "course_id", "student_id"], do: {key, described[key]}

    fields =
      for {key, value} <- student ++ aliases ++ ids, value != nil do
        ["--", @boundary, ~s(\r\nContent-Disposition: form-data; name="#{key}"\r\n\r\n), value, "\r\n"]
      end

    files =
      for {key, filename, data} <- [
            {"file", described["file"], document(name, described)},
            {"rubric", described["rubric"], rubric(described["rubric"])}
          ] do
        [
          [
            "--",
            @boundary,
            ~s(\r\nContent-Disposition: form-data; name="#{key}"; filename="#{filename}"\r\n)
          ],
          ["Content-Type: application/octet-stream\r\n\r\n", data, "\r\n"]
        ]
      end

    {"multipart/form-data; boundary=" <> @boundary,
     IO.iodata_to_binary([fields, files, "--", @boundary, "--\r\n"])}
  end

  @doc "The text of a rubric."
  @spec rubric(String.t()) :: String.t()
  def rubric(file), do: File.read!(Path.join([@folder, "rubrics", file]))

  defp document(name, described), do: File.read!(Path.join([@folder, "tmas", name, described["file"]]))

  defp request(described, document) do
    described
    |> Map.take(["assignment_id", "course_id", "student_id", "student"])
    |> Map.put("rubric", rubric(described["rubric"]))
    |> Map.put("content", %{
      "attachments" => [%{"filename" => described["file"], "data_base64" => Base.encode64(document)}]
    })
  end

  defp decode!(text) do
    {:ok, term} = JSON.decode(text)
    term
  end
end
