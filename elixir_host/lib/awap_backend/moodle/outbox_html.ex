defmodule AwapBackend.Moodle.OutboxHTML do
  @moduledoc """
  Feedback as HTML, for Moodle: of its Markdown the headings, lists, quotations, emphasis and code, all else as text.

  Everything is escaped first, so that nothing that a feedback says is markup but these.
  """

  alias AwapBackend.Moodle.HTML

  @doc "The HTML of a text in Markdown."
  @spec from_markdown(String.t()) :: String.t()
  def from_markdown(text) do
    text
    |> String.replace(~r/\r\n?/, "\n")
    |> String.split("\n")
    |> Enum.map(&line/1)
    |> Enum.chunk_by(fn {kind, _text} -> kind end)
    |> Enum.map_join("\n", &block/1)
    |> String.trim()
  end

  defp line(line) do
    cond do
      String.trim(line) == "" -> {:blank, ""}
      match = Regex.run(~r/^\s{0,3}(\#{1,6})\s+(.*)$/, line) -> {:heading, Enum.drop(match, 1)}
      match = Regex.run(~r/^\s*[-*+]\s+(.*)$/, line) -> {:ul, Enum.at(match, 1)}
      match = Regex.run(~r/^\s*\d{1,3}[.)]\s+(.*)$/, line) -> {:ol, Enum.at(match, 1)}
      match = Regex.run(~r/^\s{0,3}>\s?(.*)$/, line) -> {:blockquote, Enum.at(match, 1)}
      true -> {:p, line}
    end
  end

  defp block([{:blank, _text} | _]), do: ""

  defp block([{:heading, _} | _] = lines) do
    Enum.map_join(lines, "\n", fn {:heading, [marks, text]} ->
      # Moodle's page has its own first two.
      tag = if String.length(marks) <= 2, do: "h3", else: "h4"
      "<#{tag}>#{inline(text)}</#{tag}>"
    end)
  end

  defp block([{kind, _} | _] = lines) when kind in [:ul, :ol] do
    items = for {_kind, text} <- lines, do: "<li>#{inline(text)}</li>"
    "<#{kind}>#{items}</#{kind}>"
  end

  defp block([{:blockquote, _} | _] = lines), do: "<blockquote>#{joined(lines)}</blockquote>"
  defp block(lines), do: "<p>#{joined(lines)}</p>"

  defp joined(lines),
    do: Enum.map_join(lines, "<br>", fn {_kind, text} -> text |> String.trim() |> inline() end)

  defp inline(text) do
    text
    |> HTML.escape()
    |> String.replace(~r/`([^`]+)`/, "<code>\\1</code>")
    |> String.replace(~r/\*\*(\S(?:.*?\S)?)\*\*/, "<strong>\\1</strong>")
    |> String.replace(~r/(?<![\w*])\*(\S(?:[^*]*?\S)?)\*(?![\w*])/, "<em>\\1</em>")
  end
end
