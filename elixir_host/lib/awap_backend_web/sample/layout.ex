defmodule AwapBackendWeb.Sample.Layout do
  @moduledoc "Text in a terminal: colour where it is wanted, wrapping, bars."

  @enforce_keys [:width, :colour?]
  defstruct [:width, :colour?]

  @type t :: %__MODULE__{width: pos_integer, colour?: boolean}

  @widest 100
  @narrowest 60

  @doc """
  The layout of the terminal that this runs in: at most 100 columns; colour on a terminal, unless `NO_COLOR` is set
  (no-color.org).
  """
  @spec of_terminal() :: t
  def of_terminal do
    terminal? = IO.ANSI.enabled?()
    no_colour? = System.get_env("NO_COLOR", "") != ""
    %__MODULE__{width: if(terminal?, do: columns(), else: @widest), colour?: terminal? and not no_colour?}
  end

  defp columns do
    with nil <- Integer.parse(System.get_env("COLUMNS", "")) |> number(),
         nil <- :os.cmd('stty size </dev/tty 2>/dev/null') |> to_string() |> String.split() |> second() do
      @widest
    else
      columns -> columns |> min(@widest) |> max(@narrowest)
    end
  end

  defp number({columns, _}) when columns > 0, do: columns
  defp number(_), do: nil

  defp second([_rows, columns]), do: columns |> Integer.parse() |> number()
  defp second(_), do: nil

  @doc "`text` in a style (`:bright`, `:faint`, `:green`, …), plain where there is no colour."
  @spec style(t, iodata, atom | [atom]) :: iodata
  def style(%{colour?: false}, text, _styles), do: text

  def style(_layout, text, styles) do
    [Enum.map(List.wrap(styles), &apply(IO.ANSI, &1, [])), text, IO.ANSI.reset()]
  end

  @doc "A line across."
  @spec rule(t) :: iodata
  def rule(layout), do: style(layout, String.duplicate("─", layout.width), :faint)

  @doc "A section's title."
  @spec title(t, String.t()) :: iodata
  def title(layout, text), do: ["\n", style(layout, text, :bright)]

  @doc """
  `text` in lines of the layout's width: the first begins with `first`, the others with as many spaces. A word longer
  than a line is left whole.
  """
  @spec wrap(t, String.t(), String.t()) :: [String.t()]
  def wrap(layout, text, first \\ "") do
    indent = String.duplicate(" ", String.length(first))
    room = max(layout.width - String.length(first), 20)

    text
    |> String.split()
    |> Enum.reduce([], fn word, lines ->
      case lines do
        [line | rest] -> if fits?(line, word, room), do: [line <> " " <> word | rest], else: [word | lines]
        [] -> [word]
      end
    end)
    |> Enum.reverse()
    |> Enum.with_index(fn line, i -> if(i == 0, do: first, else: indent) <> line end)
  end

  defp fits?(line, word, room), do: String.length(line) + 1 + String.length(word) <= room

  @doc "A bar of `width` for `part` of `whole`."
  @spec bar(t, number | nil, number, pos_integer) :: iodata
  def bar(layout, nil, _whole, width), do: style(layout, String.duplicate("·", width), :faint)

  def bar(layout, part, whole, width) do
    share = if whole > 0, do: min(max(part / whole, 0.0), 1.0), else: 0.0
    full = round(share * width)
    colour = if share >= 0.7, do: :green, else: if(share >= 0.4, do: :yellow, else: :red)

    [
      style(layout, String.duplicate("█", full), colour),
      style(layout, String.duplicate("░", width - full), :faint)
    ]
  end

  @doc "At most `length` characters of `text` on one line, cut at a word."
  @spec shorten(String.t(), pos_integer) :: String.t()
  def shorten(text, length) do
    text = text |> String.split() |> Enum.join(" ")

    if String.length(text) <= length do
      text
    else
      cut = String.slice(text, 0, length - 1)
      words = cut |> String.split(" ") |> Enum.drop(-1) |> Enum.join(" ")
      if(String.length(words) > div(length, 2), do: words, else: cut) <> "…"
    end
  end

  @doc "`text` with spaces up to `width`."
  @spec pad(String.t(), pos_integer) :: String.t()
  def pad(text, width), do: String.pad_trailing(text, width)
end
