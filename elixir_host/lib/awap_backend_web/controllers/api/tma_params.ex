defmodule AwapBackendWeb.API.TMAParams do
  @moduledoc """
  Reads the body of `POST /api/tmas` into the TMA of the Core Bridge, and checks it field by field.

  As JSON it is that TMA already. As a form (`multipart/form-data`) it has

    * `file`, the document, once or more, or `text`, or both;
    * `rubric`, as a file or as text, JSON or YAML;
    * `assignment_id`, `course_id`, `student_id`;
    * of the student, so that it can be taken out of the document: `student_name`, `student_given_name`,
      `student_family_name`, `student_email`, `student_username`, and `student_alias`, once or more; each also as
      `student[name]` and so on.

  Messages name fields and never quote what is in them.
  """

  alias AwapBackend.{CoreBridge, JSON}
  alias AwapBackend.Schemas.TMA
  alias AwapBackendWeb.API.{BodyParams, TMAForm}
  alias AwapBackendWeb.{Conn, ErrorHelpers, ErrorView}
  alias AwapBackendWeb.HTTP.Multipart

  @ids ["tma_id", "assignment_id", "course_id", "student_id"]
  @max_attachment 32 * 1_048_576
  # What stands around a TMA in a request to the core.
  @beside 65_536

  # Thirteen times as fast as decoding, and nothing here needs the bytes.
  @base64 ~r/\A[A-Za-z0-9+\/]*+={0,2}\z/

  @type answer :: {:ok, map, Conn.t()} | {:error, ErrorView.error(), Conn.t()}

  @doc "The TMA in the request's body."
  @spec read(Conn.t()) :: answer
  def read(conn) do
    case Conn.content_type(conn) do
      {"application/json", _} ->
        with_body(conn, &json/1)

      {"multipart/form-data", %{"boundary" => boundary}} ->
        with_body(conn, &form(&1, boundary))

      {"multipart/form-data", _} ->
        {:error, ErrorView.error(400, "This multipart request names no boundary."), conn}

      _ ->
        {:error, unsupported(), conn}
    end
  end

  defp with_body(conn, reader) do
    with {:ok, body, conn} <- Conn.read_body(conn) do
      case reader.(body) do
        {:ok, tma} -> {:ok, tma, conn}
        {:error, error} -> {:error, error, conn}
      end
    end
  end

  defp json(body) do
    case JSON.decode(body) do
      {:ok, %{} = tma} -> checked(tma, check(tma))
      {:ok, _} -> {:error, ErrorView.error(422, "A TMA is a JSON object.", %{"fields" => %{}})}
      {:error, :invalid_json} -> {:error, ErrorView.error(400, "The body of this request is not JSON.")}
    end
  end

  defp form(body, boundary) do
    with {:ok, parts} <- Multipart.parse(body, boundary),
         {:ok, tma} <- TMAForm.to_tma(parts) do
      checked(tma, check(tma))
    else
      {:error, sentence} when is_binary(sentence) -> {:error, ErrorView.error(400, sentence)}
      {:error, %{} = fields} -> {:error, ErrorView.invalid(fields)}
    end
  end

  defp checked(tma, faults) when faults == %{} do
    most = CoreBridge.request_bytes() - @beside

    if fits?(tma, carried(tma["content"]), most) do
      {:ok, tma}
    else
      sentence =
        "The documents of this TMA are together larger than the core reads: hand them in apart, or smaller."

      {:error, ErrorView.error(413, sentence, %{"max_bytes" => div(most, 4) * 3})}
    end
  end

  defp checked(_tma, faults), do: {:error, ErrorView.invalid(faults)}

  # What is large is written as the core would be sent it, to be measured: a text that is full of line ends is longer then.
  defp fits?(_tma, carried, most) when carried > most, do: false
  defp fits?(tma, carried, most) when carried > div(most, 2), do: IO.iodata_length(JSON.encode(tma)) <= most
  defp fits?(_tma, _carried, _most), do: true

  # Bytes of the content, but for what is small.
  defp carried(text) when is_binary(text), do: byte_size(text)

  defp carried(%{} = content) do
    attachments =
      for %{"data_base64" => data} when is_binary(data) <- list(content["attachments"]), do: byte_size(data)

    text = if is_binary(content["text"]), do: byte_size(content["text"]), else: 0
    Enum.sum(attachments) + text
  end

  defp carried(_none), do: 0

  defp list(list) when is_list(list), do: list
  defp list(_other), do: []

  defp unsupported do
    BodyParams.unsupported(
      "Send a TMA as application/json or as multipart/form-data.",
      ["application/json", "multipart/form-data"],
      "accept-post"
    )
  end

  @doc """
  What is wrong with a TMA: for each field at fault, by its path, a message. Empty where nothing is.

  The domain says what a TMA looks like (`AwapBackend.Schemas.TMA`). Beyond that, what is cheap to see now and would
  otherwise fail a job later, when no one waits for the answer: ids that cannot be stored, attachments that are not
  base64 or too large, numbers that do not fit.
  """
  @spec check(map) :: %{String.t() => String.t()}
  def check(tma) do
    domain =
      case TMA.validate(tma) do
        {:ok, _} -> %{}
        {:error, fields} -> Map.new(fields, fn {path, messages} -> {path, ErrorHelpers.message(messages)} end)
      end

    (Enum.flat_map(@ids, &id(&1, tma[&1])) ++
       attachments(tma["content"]) ++ rubric(tma["rubric"]) ++ options(tma["options"]) ++ numbers(tma))
    |> Map.new()
    |> Map.merge(domain)
  end

  defp id(path, value) when is_binary(value) do
    cond do
      String.trim(value) == "" -> [{path, "is empty: leave it out or give it"}]
      value =~ ~r/\p{Cc}/u -> [{path, "has control characters"}]
      true -> []
    end
  end

  defp id(_path, _value), do: []

  defp attachments(%{"attachments" => list}) when is_list(list) do
    for {%{"data_base64" => data}, i} when is_binary(data) <- Enum.with_index(list),
        fault = base64_fault(data),
        do: {"content.attachments[#{i}].data_base64", fault}
  end

  defp attachments(_content), do: []

  defp base64_fault(""), do: "is empty"

  defp base64_fault(data) do
    cond do
      div(byte_size(data), 4) * 3 - 2 > @max_attachment -> "is a file of more than #{@max_attachment} bytes"
      rem(byte_size(data), 4) != 0 or not (data =~ @base64) -> "is not standard base64"
      true -> nil
    end
  end

  defp rubric(text) when is_binary(text) do
    if String.trim(text) == "", do: [{"rubric", "is empty: leave it out or give it"}], else: []
  end

  defp rubric(_rubric), do: []

  # The Core Bridge takes them, and can be told by them to leave a student's name where it is.
  defp options(nil), do: []
  defp options(_given), do: [{"options", "is not taken here: every TMA is anonymized whole"}]

  defp numbers(tma) do
    for path <- BodyParams.large_numbers(tma, ""), do: {path, "is a number past 64 bits"}
  end
end
