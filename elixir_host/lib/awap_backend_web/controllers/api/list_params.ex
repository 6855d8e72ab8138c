defmodule AwapBackendWeb.API.ListParams do
  @moduledoc """
  Query parameters, each checked. A name that is not known is refused: a misspelt filter would list everything.
  """

  alias AwapBackendWeb.{Conn, ErrorView}

  @statuses ["pending", "processing", "completed", "failed"]
  @max_limit 200
  @max_events 1_000
  @max_version 9_007_199_254_740_991

  @doc "No parameters at all."
  @spec none(Conn.t()) :: {:ok, %{}} | {:error, ErrorView.error()}
  def none(conn), do: read(conn, %{})

  @doc "The filters, the limit and the cursor of a list of TMAs, as the store's `list_tmas` takes them."
  @spec tmas(Conn.t()) :: {:ok, map} | {:error, ErrorView.error()}
  def tmas(conn) do
    read(conn, %{
      "status" => &status/1,
      "assignment_id" => &name/1,
      "course_id" => &name/1,
      "student_id" => &pseudonym/1,
      "limit" => &integer(&1, 1, @max_limit),
      "cursor" => &cursor/1
    })
  end

  @doc "The options of a list of events, as the store's `query_events` takes them."
  @spec events(Conn.t()) :: {:ok, map} | {:error, ErrorView.error()}
  def events(conn) do
    with {:ok, params} <-
           read(conn, %{
             "from_version" => &integer(&1, 0, @max_version),
             "limit" => &integer(&1, 1, @max_events)
           }) do
      {limit, opts} = Map.pop(params, "limit", 100)
      {:ok, Map.put(opts, "max_count", limit)}
    end
  end

  defp read(conn, known) do
    with {:ok, params} <- Conn.query_params(conn),
         {values, faults} = check(params, known),
         true <- faults == %{} || {:error, faults} do
      {:ok, values}
    else
      {:error, faults} -> {:error, ErrorView.invalid(faults)}
    end
  end

  defp check(params, known) do
    Enum.reduce(params, {%{}, %{}}, fn {name, text}, {values, faults} ->
      case Map.fetch(known, name) do
        {:ok, reader} ->
          case reader.(text) do
            {:ok, value} -> {Map.put(values, name, value), faults}
            {:error, fault} -> {values, Map.put(faults, name, fault)}
          end

        :error ->
          {values, Map.put(faults, shown(name), unknown(known))}
      end
    end)
  end

  defp unknown(known) when map_size(known) == 0, do: "is not known: this address takes no parameters"

  defp unknown(known),
    do: "is not known: this address takes #{known |> Map.keys() |> Enum.sort() |> Enum.join(", ")}"

  defp shown(name), do: String.slice(name, 0, 64)

  defp status(text) when text in @statuses, do: {:ok, text}
  defp status(_), do: {:error, "is one of #{Enum.join(@statuses, ", ")}"}

  defp name(text) when byte_size(text) in 1..255, do: {:ok, text}
  defp name(_), do: {:error, "is 1 to 255 bytes"}

  # Whatever else is sent here may be a student's real number; it is not looked for and not repeated.
  defp pseudonym("stu_" <> rest = text) when byte_size(rest) in 1..251, do: {:ok, text}
  defp pseudonym(_), do: {:error, "is a pseudonym, which begins with “stu_”"}

  defp cursor(text) do
    if text =~ ~r/\A[A-Za-z0-9_\-=.:~|+\/]{1,512}\z/,
      do: {:ok, text},
      else: {:error, "is not one that this address gave as next_cursor"}
  end

  defp integer(text, min, max) do
    with true <- byte_size(text) <= 16 and text =~ ~r/\A[0-9]+\z/,
         value = String.to_integer(text),
         true <- value in min..max do
      {:ok, value}
    else
      _ -> {:error, "is a whole number from #{min} to #{max}"}
    end
  end
end
