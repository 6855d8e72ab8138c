defmodule AwapBackendWeb.API.TMAForm do
  @moduledoc "Makes the TMA of the Core Bridge from the parts of a form."

  alias AwapBackendWeb.HTTP.Multipart

  @ids ["assignment_id", "course_id", "student_id"]
  @student ["name", "given_name", "family_name", "email", "username"]
  @max_field 1_048_576

  # What a form may call a field, and where in the TMA it goes.
  @names Map.new(
           Enum.map(@ids, &{&1, {:id, &1}}) ++
             Enum.flat_map(
               @student,
               &[{"student_" <> &1, {:student, &1}}, {"student[#{&1}]", {:student, &1}}]
             ) ++
             Enum.map(
               [
                 "student_alias",
                 "student_aliases",
                 "student[alias]",
                 "student[aliases]",
                 "student[aliases][]"
               ],
               &{&1, :alias}
             ) ++
             [{"file", :file}, {"file[]", :file}, {"text", :text}, {"rubric", :rubric}]
         )

  @bom "\uFEFF"

  @doc "The TMA, or the fields at fault. Fields that were left empty, as a browser sends them, count as absent."
  @spec to_tma([Multipart.part()]) :: {:ok, map} | {:error, %{String.t() => String.t()}}
  def to_tma(parts) do
    {tma, faults} =
      parts
      |> Enum.reject(&empty_input?/1)
      |> Enum.reduce({%{"content" => %{}}, %{}}, fn part, {tma, faults} ->
        case put(tma, Map.get(@names, part.name), part) do
          {:ok, tma} -> {tma, faults}
          {:error, fault} -> {tma, Map.put(faults, shown(part.name), fault)}
        end
      end)

    cond do
      faults != %{} ->
        {:error, faults}

      tma["content"] == %{} ->
        {:error, %{"file" => "is missing: send a document as “file”, or what was written as “text”"}}

      true ->
        {:ok, in_order(tma)}
    end
  end

  defp empty_input?(%{data: "", filename: name}), do: name in [nil, ""]
  defp empty_input?(_part), do: false

  defp put(_tma, nil, _part), do: {:error, "is not a field of this form"}

  defp put(_tma, :file, %{data: ""}), do: {:error, "is an empty file"}

  defp put(tma, :file, part) do
    attachment =
      %{
        "filename" => part.filename,
        "content_type" => part.content_type,
        "data_base64" => Base.encode64(part.data)
      }
      |> Map.reject(fn {_, value} -> value in [nil, ""] end)

    {:ok, update_in(tma, ["content", "attachments"], &[attachment | &1 || []])}
  end

  defp put(tma, :rubric, part) do
    with :ok <- absent(tma["rubric"]),
         {:ok, text} <- text(part),
         {:ok, rubric} <- rubric(String.trim_leading(text, @bom)) do
      {:ok, Map.put(tma, "rubric", rubric)}
    end
  end

  defp put(tma, :text, part) do
    with :ok <- absent(tma["content"]["text"]),
         {:ok, text} <- text(part),
         do: {:ok, put_in(tma, ["content", "text"], text)}
  end

  defp put(tma, :alias, part) do
    with {:ok, text} <- field(part) do
      {:ok, update_student(tma, &Map.update(&1, "aliases", [text], fn list -> [text | list] end))}
    end
  end

  defp put(tma, {:student, key}, part) do
    with :ok <- absent(get_in(tma, ["student", key])),
         {:ok, text} <- field(part),
         do: {:ok, update_student(tma, &Map.put(&1, key, text))}
  end

  defp put(tma, {:id, key}, part) do
    with :ok <- absent(tma[key]),
         {:ok, text} <- field(part),
         do: {:ok, Map.put(tma, key, text)}
  end

  defp update_student(tma, update), do: Map.put(tma, "student", update.(Map.get(tma, "student", %{})))

  # Lists were built from the end.
  defp in_order(tma) do
    tma =
      if tma["content"]["attachments"],
        do: update_in(tma, ["content", "attachments"], &Enum.reverse/1),
        else: tma

    if tma["student"]["aliases"], do: update_in(tma, ["student", "aliases"], &Enum.reverse/1), else: tma
  end

  defp absent(nil), do: :ok
  defp absent(_), do: {:error, "is given more than once"}

  defp field(%{filename: name}) when is_binary(name), do: {:error, "is a file, and should be a plain field"}

  defp field(part) do
    with {:ok, text} <- text(part), do: {:ok, String.trim(text)}
  end

  defp text(%{data: data}) when byte_size(data) > @max_field,
    do: {:error, "is longer than #{@max_field} bytes"}

  defp text(%{data: data}) do
    # A copy: what stays a part of the body would keep the whole body in memory.
    if String.valid?(data), do: {:ok, :binary.copy(data)}, else: {:error, "is not UTF-8 text"}
  end

  # JSON is YAML too, but what begins as a JSON object and is not one is better refused now than while marking.
  defp rubric(text) do
    case String.trim(text) do
      "" ->
        {:error, "is empty"}

      "{" <> _ ->
        case AwapBackend.JSON.decode(text) do
          {:ok, rubric} -> {:ok, rubric}
          {:error, :invalid_json} -> {:error, "begins as JSON and is not JSON"}
        end

      "[" <> _ ->
        {:error, "is a list, and should be an object"}

      _ ->
        {:ok, text}
    end
  end

  defp shown(name), do: String.slice(name, 0, 64)
end
