defmodule AwapBackendWeb.Timestamp do
  @moduledoc "Times in a request: RFC 3339, in any offset."

  @rfc3339 ~r/\A\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\z/

  @doc "The time, in UTC and to the microsecond; `:error` for what is none."
  @spec cast(String.t()) :: {:ok, DateTime.t()} | :error
  def cast(text) do
    with true <- byte_size(text) <= 64 and text =~ @rfc3339,
         {:ok, time, _offset} <- DateTime.from_iso8601(String.upcase(text, :ascii)),
         true <- time.year in 0..9999 do
      {:ok, time}
    else
      _ -> :error
    end
  end
end
