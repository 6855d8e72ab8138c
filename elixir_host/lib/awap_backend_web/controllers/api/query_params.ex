defmodule AwapBackendWeb.API.QueryParams do
  @moduledoc """
  Query parameters, each checked. A name that is not known is refused: a misspelt filter would list everything.
  """

  alias AwapBackendWeb.{Conn, ErrorView, Pseudonym, Timestamp, UUID}

  @statuses ["pending", "processing", "completed", "failed"]
  @upload_states ["queued", "sending", "sent", "conflict", "failed", "superseded"]
  @directions ["forward", "backward"]
  @max_limit 200
  @max_events 1_000
  # An export holds every document of every TMA.
  @max_export 50
  @max_version 9_007_199_254_740_991
  @max_types 50

  @type answer :: {:ok, map} | {:error, ErrorView.error()}

  @doc "No parameters at all."
  @spec none(Conn.t()) :: answer
  def none(conn), do: read(conn, %{})

  @doc "The limit and the cursor of a list, and nothing else."
  @spec page(Conn.t()) :: answer
  def page(conn), do: read(conn, paged(%{}))

  @doc "The filters, the limit and the cursor of a list of TMAs, as the store's `list_tmas` takes them."
  @spec tmas(Conn.t()) :: answer
  def tmas(conn) do
    readers = %{
      "status" => &one_of(&1, @statuses),
      "assignment_id" => &name/1,
      "course_id" => &name/1,
      "student_id" => &pseudonym/1,
      "near_duplicate" => &truth/1,
      "include" => &one_of(&1, ["feedback"])
    }

    with {:ok, params} <- read(conn, paged(readers)) do
      {include, filters} = Map.pop(params, "include")
      {:ok, if(include, do: Map.put(filters, "with_feedback", true), else: filters)}
    end
  end

  @doc "The filters, the limit and the cursor of the audit log, as the store's `list_audit` takes them."
  @spec audit(Conn.t()) :: answer
  def audit(conn) do
    read(
      conn,
      paged(%{
        "action" => &name/1,
        "resource_type" => &name/1,
        "resource_id" => &uuid/1,
        "pseudonym" => &pseudonym/1
      })
    )
  end

  @doc "The filters, the limit and the cursor of the outbox of grades, as the store's `list_uploads` takes them."
  @spec outbox(Conn.t()) :: answer
  def outbox(conn) do
    read(conn, paged(%{"state" => &one_of(&1, @upload_states), "tma_id" => &uuid/1}))
  end

  @doc "Whether a grade may replace what Moodle was found to have."
  @spec overwrite(Conn.t()) :: answer
  def overwrite(conn) do
    with {:ok, params} <- read(conn, %{"overwrite" => &one_of(&1, ["true", "false"])}) do
      {:ok, %{"overwrite" => params["overwrite"] == "true"}}
    end
  end

  @doc "What kind of file the feedback is to be; a Word file where that is not said."
  @spec document(Conn.t()) :: answer
  def document(conn) do
    with {:ok, params} <- read(conn, %{"format" => &one_of(&1, ["docx"])}),
         do: {:ok, Map.put_new(params, "format", "docx")}
  end

  @doc "Why a student's data is read, and the page of it."
  @spec export(Conn.t()) :: answer
  def export(conn) do
    readers = %{"reason" => &reason/1, "limit" => &integer(&1, 1, @max_export), "cursor" => &cursor/1}
    read(conn, readers, ["reason"])
  end

  @doc "Why a student's data is erased."
  @spec erasure(Conn.t()) :: answer
  def erasure(conn), do: read(conn, %{"reason" => &reason/1}, ["reason"])

  @doc """
  The options of a list of events, as the store's `query_events` takes them. `from` is what the place to read from is
  called: `from_version` in one stream, `from_position` in all of them.
  """
  @spec events(Conn.t(), String.t()) :: answer
  def events(conn, from) do
    readers = %{
      from => &integer(&1, 0, @max_version),
      "limit" => &integer(&1, 1, @max_events),
      "direction" => &one_of(&1, @directions),
      "types" => &types/1,
      "since" => &time/1,
      "until" => &time/1
    }

    names = %{from => "from_version", "limit" => "max_count"}

    with {:ok, params} <- read(conn, readers) do
      {:ok, Map.new(params, fn {name, value} -> {Map.get(names, name, name), value} end)}
    end
  end

  @doc "The place that events are verified after: both parameters or none, as the store's `verify_events` takes it, or nil."
  @spec verified_after(Conn.t()) :: {:ok, map | nil} | {:error, ErrorView.error()}
  def verified_after(conn) do
    readers = %{"after_position" => &integer(&1, 0, @max_version), "after_hash" => &hash/1}

    case read(conn, readers) do
      {:ok, %{"after_position" => position, "after_hash" => hash}} ->
        {:ok, %{"global_position" => position, "hash" => hash}}

      {:ok, given} when given == %{} ->
        {:ok, nil}

      {:ok, given} ->
        [missing] = Map.keys(readers) -- Map.keys(given)

        {:error,
         ErrorView.invalid(%{missing => "is missing: the position and the hash of a place go together"})}

      {:error, error} ->
        {:error, error}
    end
  end

  defp paged(readers) do
    Map.merge(readers, %{"limit" => &integer(&1, 1, @max_limit), "cursor" => &cursor/1})
  end

  defp read(conn, known, required \\ []) do
    with {:ok, params} <- Conn.query_params(conn),
         {values, faults} = check(params, known),
         faults = Map.merge(missing(params, required), faults),
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

  defp missing(params, required) do
    for name <- required, not is_map_key(params, name), into: %{}, do: {name, "is missing"}
  end

  defp unknown(known) when map_size(known) == 0, do: "is not known: this address takes no parameters"

  defp unknown(known),
    do: "is not known: this address takes #{known |> Map.keys() |> Enum.sort() |> Enum.join(", ")}"

  defp shown(name), do: String.slice(name, 0, 64)

  defp one_of(text, words) do
    if text in words, do: {:ok, text}, else: {:error, "is one of #{Enum.join(words, ", ")}"}
  end

  defp truth(text) do
    with {:ok, word} <- one_of(text, ["true", "false"]), do: {:ok, word == "true"}
  end

  defp name(text) do
    if String.length(text) in 1..255, do: {:ok, text}, else: {:error, "is 1 to 255 characters"}
  end

  defp reason(text) do
    if String.length(text) in 1..255 and String.trim(text) != "",
      do: {:ok, text},
      else: {:error, "is 1 to 255 characters: it is kept in the audit log for good, so it names no one"}
  end

  # Whatever else is sent here may be a student's real number; it is not looked for and not repeated.
  defp pseudonym(text) do
    with :error <- Pseudonym.cast(text), do: {:error, "is a pseudonym: “stu_” and 32 hexadecimal digits"}
  end

  defp hash(text) do
    if text =~ ~r/\A[0-9a-f]{64}\z/,
      do: {:ok, text},
      else: {:error, "is 64 hexadecimal digits in lower case, as in the head that was answered"}
  end

  defp uuid(text) do
    with :error <- UUID.cast(text), do: {:error, "is a UUID"}
  end

  defp cursor(text) do
    if text =~ ~r/\A[A-Za-z0-9_-]{1,255}\z/,
      do: {:ok, text},
      else: {:error, "is not one that this address gave as next_cursor"}
  end

  defp types(text) do
    types = String.split(text, ",")

    if length(types) <= @max_types and Enum.all?(types, &(String.length(&1) in 1..255)),
      do: {:ok, types},
      else: {:error, "is 1 to #{@max_types} types of events with commas between them"}
  end

  defp time(text) do
    case Timestamp.cast(text) do
      {:ok, time} -> {:ok, DateTime.to_iso8601(time)}
      :error -> {:error, "is a time in RFC 3339, such as 2026-11-22T13:54:00Z (a “+” is written %2B)"}
    end
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
