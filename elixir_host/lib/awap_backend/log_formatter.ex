defmodule AwapBackend.LogFormatter do
  @moduledoc """
  Log lines for the console: `text` for people, `json` for programs (one object a line).

  Only the metadata in `metadata_keys/0` is ever printed: ids and measurements, nothing of a student's.
  """

  @metadata_keys [
    :request_id,
    :component,
    :tma_id,
    :job_id,
    :worker,
    :attempt,
    :stage,
    :code,
    :os_pid,
    :duration_us
  ]

  @type log_time :: {{1970..10_000, 1..12, 1..31}, {0..23, 0..59, 0..59, 0..999}}

  @doc "The metadata that log lines carry."
  @spec metadata_keys() :: [atom]
  def metadata_keys, do: @metadata_keys

  @doc "A line for a person: time, level, metadata, message."
  @spec text(Logger.level(), Logger.message(), log_time, keyword) :: IO.chardata()
  def text(level, message, time, metadata) do
    pairs =
      for {key, value} <- metadata,
          value = value(value),
          do: [" ", Atom.to_string(key), "=", to_string(value)]

    [clock(time), " [", Atom.to_string(level), "]", pairs, " ", message, "\n"]
  rescue
    _error -> "could not format a log line\n"
  end

  @doc "A line for a program: a JSON object with `time`, `level`, `message` and the metadata."
  @spec json(Logger.level(), Logger.message(), log_time, keyword) :: IO.chardata()
  def json(level, message, time, metadata) do
    fields = for {key, value} <- metadata, value = value(value), into: %{}, do: {key, value}

    line =
      Map.merge(fields, %{
        time: IO.iodata_to_binary(clock(time)),
        level: level,
        message: IO.chardata_to_string(message)
      })

    [AwapBackend.JSON.encode(line), "\n"]
  rescue
    _error -> "{\"level\":\"error\",\"message\":\"could not format a log line\"}\n"
  end

  defp value(value) when is_binary(value) or is_integer(value) or is_float(value), do: value
  defp value(nil), do: nil
  defp value(value) when is_atom(value), do: Atom.to_string(value)
  defp value(_value), do: nil

  # Logger's clock is set to UTC.
  defp clock({date, time}) do
    [Logger.Formatter.format_date(date), "T", Logger.Formatter.format_time(time), "Z"]
  end
end
