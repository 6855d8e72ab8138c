defmodule AwapNif.Fixtures do
  @moduledoc """
  The TMAs of `fixtures/tmas`, as a host would send them, and the protocol vectors.

  Each folder of `fixtures/tmas` holds `tma.json`, which names the document beside it (`file`), the rubric in
  `fixtures/rubrics` (`rubric`) and what the host knows of the student.
  """

  @root Path.expand("../../../fixtures", __DIR__)

  @doc "The data of an `anonymize_student` request for each TMA, by the name of its folder."
  def tmas do
    for path <- Path.wildcard(Path.join(@root, "tmas/*/tma.json")) do
      folder = Path.dirname(path)
      tma = decode(File.read!(path))

      request =
        tma
        |> Map.take(~w(assignment_id course_id student_id student))
        |> Map.merge(%{
          "tma_id" => Path.basename(folder),
          "content" => %{
            "attachments" => [
              %{"filename" => tma["file"], "data_base64" => Base.encode64(File.read!(Path.join(folder, tma["file"])))}
            ]
          },
          "rubric" => File.read!(Path.join([@root, "rubrics", tma["rubric"]]))
        })

      {Path.basename(folder), request}
    end
  end

  @doc "The protocol vectors whose request a NIF can be given."
  def vectors do
    {:ok, %{"commands" => commands}} = AwapBackend.CoreBridge.Native.health_check()

    for line <- File.stream!(Path.join(@root, "protocol/vectors.jsonl")),
        vector = decode(line),
        %{"command" => command} = request <- [vector["request"]],
        command in commands and not is_map_key(request, "timeout_ms") do
      {vector["name"], command, Map.get(request, "data"), vector["response"], vector["match"] == "subset"}
    end
  end

  defp decode(json), do: :jiffy.decode(json, [:return_maps, :use_nil])
end
