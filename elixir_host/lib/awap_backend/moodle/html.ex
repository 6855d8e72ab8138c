defmodule AwapBackend.Moodle.HTML do
  @moduledoc """
  Between text and the HTML that Moodle speaks: names come escaped, feedback goes in as HTML.

  What goes in is escaped but for a few tags without attributes, so that nothing a student or a model wrote becomes a script, a link or an image
  on Moodle's pages.
  """

  @allowed ~w(p br strong em b i ul ol li h3 h4 h5 blockquote pre code)
  @tag ~r/<\/?(?:#{Enum.join(@allowed, "|")})\s*\/?>/i
  @entity ~r/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));/
  @named %{"amp" => "&", "lt" => "<", "gt" => ">", "quot" => "\"", "apos" => "'", "nbsp" => "\u00A0"}

  @doc "A name as people write it: `&amp;` is `&`, once."
  @spec unescape(String.t()) :: String.t()
  def unescape(text) do
    Regex.replace(@entity, text, fn whole, decimal, hex, name ->
      cond do
        decimal != "" -> character(String.to_integer(decimal), whole)
        hex != "" -> character(String.to_integer(hex, 16), whole)
        true -> Map.get(@named, name, whole)
      end
    end)
  end

  defp character(code, whole) when code in 0x20..0xD7FF or code in 0xE000..0x10FFFF or code in [9, 10, 13] do
    <<code::utf8>>
  rescue
    ArgumentError -> whole
  end

  defp character(_code, whole), do: whole

  @doc "The text of HTML: tags away, blocks and breaks as line ends."
  @spec to_text(String.t()) :: String.t()
  def to_text(html) do
    html
    |> String.replace(~r/<(?:br|\/p|\/div|\/li|\/h[1-6]|\/tr)[^>]*>/i, "\n")
    |> String.replace(~r/<[^>]*>/, "")
    |> unescape()
    |> String.replace("\u00A0", " ")
    |> String.replace(~r/[ \t]*\n\s*/, "\n")
    |> String.trim()
  end

  @doc "Plain text as HTML: paragraphs at empty lines, breaks at others."
  @spec from_text(String.t()) :: String.t()
  def from_text(text) do
    text
    |> String.replace("\r\n", "\n")
    |> String.split(~r/\n\s*\n/, trim: true)
    |> Enum.map_join("", fn paragraph ->
      "<p>" <> (paragraph |> String.trim() |> escape() |> String.replace("\n", "<br />")) <> "</p>"
    end)
  end

  @doc "HTML in which all but the allowed bare tags is escaped."
  @spec safe(String.t()) :: String.t()
  def safe(html) do
    @tag
    |> Regex.split(html, include_captures: true)
    |> Enum.map_join("", fn part ->
      if Regex.match?(~r/\A#{@tag.source}\z/i, part), do: part, else: escape_once(part)
    end)
  end

  # Entities that are there already stay what they are.
  defp escape_once(text) do
    text
    |> String.replace(~r/&(?!(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});)/, "&amp;")
    |> String.replace("<", "&lt;")
    |> String.replace(">", "&gt;")
  end

  @doc "Text with what means something in HTML escaped."
  @spec escape(String.t()) :: String.t()
  def escape(text) do
    text
    |> String.replace("&", "&amp;")
    |> String.replace("<", "&lt;")
    |> String.replace(">", "&gt;")
    |> String.replace("\"", "&quot;")
  end

  @doc """
  Whether two pieces of HTML say the same to a reader. Moodle cleans what it stores, and its filters make links and symbols of what it shows, so that only letters and
  digits are compared.
  """
  @spec same_text?(String.t(), String.t()) :: boolean
  def same_text?(one, other), do: letters(one) == letters(other)

  defp letters(html),
    do: html |> to_text() |> String.normalize(:nfc) |> String.replace(~r/[^\p{L}\p{N}]+/u, "")
end
