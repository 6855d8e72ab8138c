defmodule AwapBackend.Doctor.Report do
  @moduledoc "Findings as text for a person and as JSON for a program."

  alias AwapBackend.Doctor.Finding
  alias AwapBackend.JSON
  alias AwapBackend.Release.Version
  alias AwapBackendWeb.Sample.Layout

  @marks %{ok: {"ok", :green}, skipped: {"–", :faint}, warning: {"warning", :yellow}, fault: {"FAULT", :red}}
  @column 9

  @doc "Prints findings, and returns the exit status: 1 where there is a fault."
  @spec print([Finding.t()], :text | :json) :: 0 | 1
  def print(findings, format) do
    IO.puts(render(findings, format))
    if Finding.worst(findings) == :fault, do: 1, else: 0
  end

  @doc "All findings, by area, and how many of each kind there are."
  @spec render([Finding.t()], :text | :json) :: iodata
  def render(findings, :json) do
    JSON.encode(%{
      "version" => Version.host(),
      "status" => Finding.worst(findings),
      "findings" => Enum.map(findings, &Map.from_struct/1)
    })
  end

  def render(findings, :text) do
    layout = Layout.of_terminal()
    areas = Enum.chunk_by(findings, & &1.area)
    [Enum.map(areas, &area(layout, &1)), "\n", summary(layout, findings)]
  end

  defp area(layout, [%{area: name} | _] = findings) do
    [Layout.title(layout, name), "\n" | Enum.map(findings, &line(layout, &1))]
  end

  defp line(layout, finding) do
    {word, style} = @marks[finding.state]
    mark = Layout.pad("  " <> word, @column + 2)
    [first | rest] = Layout.wrap(layout, "#{finding.name}: #{finding.message}", mark)
    # Styled after wrapping, which counts characters.
    first = [Layout.style(layout, mark, style), String.slice(first, String.length(mark)..-1//1)]

    advice =
      if finding.advice,
        do: Layout.wrap(layout, finding.advice, Layout.pad("", @column + 2) <> "→ "),
        else: []

    Enum.map([first | rest] ++ advice, &[&1, "\n"])
  end

  defp summary(layout, findings) do
    count = fn state -> Enum.count(findings, &(&1.state == state)) end
    words = "#{count.(:ok)} ok, #{count.(:warning)} to be looked at, #{count.(:fault)} at fault"
    Layout.style(layout, words, :bright)
  end
end
