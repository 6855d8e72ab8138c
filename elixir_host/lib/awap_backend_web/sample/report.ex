defmodule AwapBackendWeb.Sample.Report do
  @moduledoc """
  A marked TMA as a tutor reads it in a terminal: the mark and what is still open, each criterion with its evidence,
  strengths, improvements, the feedback itself, what to look at, and what was anonymized.
  """

  import AwapBackendWeb.Sample.Layout

  alias AwapBackendWeb.Sample.Layout

  @bar 12
  @quotes 2

  @reasons %{
    "human_criterion" => "only a person may mark this",
    "low_confidence" => "the engine is not sure",
    "off_topic" => "seems to be about something else",
    "text_too_short" => "too little text to judge",
    "padding_suspected" => "padding suspected",
    "near_duplicate" => "close to another script",
    "out_of_distribution" => "unlike the scripts it was trained on",
    "ai_score_disagrees" => "the AI proposes another score",
    "ai_unverified_quote" => "the AI quoted what is not in the text",
    "pii_redacted_in_output" => "something personal was taken out of the feedback"
  }

  @labels %{
    "NAME_STUDENT" => "student's name",
    "NAME_OTHER" => "other person's name",
    "EMAIL" => "e-mail address",
    "USERNAME" => "user name",
    "ID_NUM" => "identity number",
    "PHONE_NUM" => "phone number",
    "URL_PERSONAL" => "personal link",
    "STREET_ADDRESS" => "address",
    "DOB" => "date of birth"
  }

  @doc "The report on a TMA's row and its feedback row."
  @spec render(Layout.t(), map, map) :: iodata
  def render(layout, tma, feedback) do
    marking = feedback["marking_criteria"] || %{}
    criteria = marking["criteria"] || []
    titles = Map.new(criteria, &{&1["id"], &1["title"]})

    [
      header(layout, tma, feedback, marking),
      criteria(layout, criteria),
      points(layout, "Strengths", feedback["strengths"], "+ ", :green),
      points(layout, "To improve", feedback["improvements"], "→ ", :yellow),
      text(layout, feedback["feedback_text"]),
      review(layout, marking["needs_review"] || [], titles),
      anonymized(layout, tma)
    ]
    |> List.flatten()
    |> Enum.map_intersperse("\n", fn {:line, data} -> data end)
  end

  # A line in a tuple: what is in it is iodata, which flattening the report must not take apart.
  defp line(data), do: {:line, data}

  defp header(layout, tma, feedback, marking) do
    totals = marking["totals"] || %{}

    [
      line(rule(layout)),
      line(
        style(layout, Enum.join(Enum.uniq(strings([tma["assignment_id"], tma["course_id"]])), " · "), :bright)
      ),
      line(["Student    ", tma["student_id"] || "–", style(layout, "  (a pseudonym)", :faint)]),
      line(["TMA        ", tma["id"] || "–"]),
      if(timing = timing(tma), do: line(["           ", style(layout, timing, :faint)]), else: []),
      line(["Mark       ", mark(layout, feedback["grade"], totals)]),
      if(penalties = penalties(totals), do: line(["           ", penalties]), else: []),
      line(rule(layout))
    ]
  end

  defp mark(layout, grade, totals) do
    band = if is_binary(totals["band"]), do: "   " <> totals["band"], else: ""

    case {grade, totals["range"]} do
      {grade, _} when is_number(grade) ->
        raw = if is_number(totals["mark"]) and totals["max_mark"] != 100, do: "   (#{of(totals)})", else: ""
        style(layout, [number(grade), " %", band, raw], [:bright, :green])

      {nil, [low, high]} ->
        [
          style(
            layout,
            [number(low), " to ", number(high), " of ", number(totals["max_mark"] || 100), band],
            [
              :bright,
              :yellow
            ]
          ),
          "\n           until a person has marked what is open"
        ]

      _ ->
        style(layout, "open until a person has marked it", [:bright, :yellow])
    end
  end

  defp of(totals), do: number(totals["mark"]) <> " of " <> number(totals["max_mark"])

  # An entry takes marks off; a bonus is one that takes off less than nothing; a note takes off none.
  defp penalties(%{"penalties" => entries}) when is_list(entries) do
    marks = for %{"marks" => marks} when is_number(marks) <- entries, do: marks
    off = marks |> Enum.filter(&(&1 > 0)) |> Enum.sum()
    bonus = marks |> Enum.filter(&(&1 < 0)) |> Enum.sum() |> abs()

    case {off > 0, bonus > 0} do
      {true, true} -> "after #{number(off)} taken off and a bonus of #{number(bonus)}"
      {true, false} -> "after #{number(off)} taken off"
      {false, true} -> "with a bonus of #{number(bonus)}"
      {false, false} -> nil
    end
  end

  defp penalties(_), do: nil

  defp timing(%{"submitted_at" => from, "processed_at" => to}) when is_binary(from) and is_binary(to) do
    with {:ok, from, _} <- DateTime.from_iso8601(from),
         {:ok, to, _} <- DateTime.from_iso8601(to) do
      "#{Calendar.strftime(from, "%d %b %Y, %H:%M")} UTC; marked in " <>
        "#{:erlang.float_to_binary(DateTime.diff(to, from, :millisecond) / 1000, decimals: 2)} s"
    else
      _ -> nil
    end
  end

  defp timing(_), do: nil

  defp criteria(_layout, []), do: []

  defp criteria(layout, criteria) do
    question = criteria |> Enum.map(&String.length(to_string(&1["question"]))) |> Enum.max() |> min(10)
    scores = criteria |> Enum.map(&String.length(score(&1))) |> Enum.max()
    levels = criteria |> Enum.map(&String.length(level(&1))) |> Enum.max() |> min(16)
    # Two spaces between columns.
    title = layout.width - question - @bar - scores - levels - 10

    [
      line(title(layout, "Criteria"))
      | Enum.map(criteria, fn criterion ->
          head = [
            "  ",
            style(layout, pad(shorten(to_string(criterion["question"]), question), question), :bright),
            "  ",
            pad(shorten(to_string(criterion["title"]), title), title),
            "  ",
            bar(layout, criterion["score"], criterion["max_mark"] || 0, @bar),
            "  ",
            String.pad_leading(score(criterion), scores),
            if(level(criterion) == "", do: "", else: ["  ", shorten(level(criterion), levels)])
          ]

          [line(head), evidence(layout, criterion, question + 4), missing(layout, criterion, question + 4)]
        end)
    ]
  end

  defp score(%{"score" => nil, "max_mark" => max}), do: "open/" <> number(max)
  defp score(%{"score" => score, "max_mark" => max}), do: number(score) <> "/" <> number(max)
  defp score(_), do: ""

  defp level(%{"level" => level}) when is_binary(level), do: level
  defp level(_), do: ""

  defp evidence(layout, criterion, indent) do
    quotes =
      for %{"quote" => text} = e <- criterion["evidence"] || [], text != "" do
        sign = if e["polarity"] == "against", do: "− ", else: "+ "
        sign <> "“" <> shorten(text, layout.width - indent - 4) <> "”"
      end
      |> Enum.uniq()

    {against, with} = Enum.split_with(quotes, &String.starts_with?(&1, "−"))
    shown = Enum.take(with, @quotes) ++ Enum.take(against, 1)
    more = if (count = length(quotes) - length(shown)) > 0, do: ["  and #{count} more"], else: []
    for text <- shown ++ more, do: line([String.duplicate(" ", indent), style(layout, text, :faint)])
  end

  defp missing(_layout, %{"missing" => missing}, _indent) when missing in [nil, []], do: []

  defp missing(layout, %{"missing" => missing}, indent) do
    text = "not found: " <> Enum.join(missing, "; ")

    for {row, i} <- layout |> wrap(text, String.duplicate(" ", indent)) |> Enum.with_index(), i < 2 do
      line(style(layout, row, :faint))
    end
  end

  defp missing(_layout, _criterion, _indent), do: []

  defp points(_layout, _title, points, _sign, _colour) when points in [nil, []], do: []

  defp points(layout, title, points, sign, colour) do
    [
      line(title(layout, title))
      | colour_signs(
          for(point <- strings(points), row <- wrap(layout, plain(point), "  " <> sign), do: line(row)),
          layout,
          "  " <> sign,
          colour
        )
    ]
  end

  defp colour_signs(lines, layout, sign, colour) do
    for {:line, row} <- lines do
      {start, rest} = String.split_at(row, String.length(sign))
      line(if start == sign, do: [style(layout, sign, colour), rest], else: row)
    end
  end

  defp text(_layout, nil), do: []

  defp text(layout, markdown) do
    [line(title(layout, "Feedback for the student")) | markdown |> String.split("\n") |> paragraphs(layout)]
  end

  # Markdown as far as feedback uses it: headings, lists, emphasis; a line after another belongs to its paragraph.
  defp paragraphs(lines, layout) do
    lines
    |> Enum.chunk_while(
      [],
      fn row, paragraph ->
        cond do
          String.trim(row) == "" -> {:cont, Enum.reverse(["" | paragraph]), []}
          row =~ ~r/^\s*([-*]|\d+\.|#+)\s/ and paragraph != [] -> {:cont, Enum.reverse(paragraph), [row]}
          row =~ ~r/^#+\s/ -> {:cont, [row], []}
          true -> {:cont, [row | paragraph]}
        end
      end,
      &{:cont, Enum.reverse(&1), []}
    )
    |> Enum.flat_map(&paragraph(&1, layout))
    |> Enum.dedup()
    |> drop_blank_end()
  end

  defp paragraph([], _layout), do: []

  defp paragraph(rows, layout) do
    text = rows |> Enum.join(" ") |> String.trim()

    body =
      case Regex.run(~r/^(#+|[-*]|\d+\.)\s+(.*)$/s, text) do
        _ when text == "" -> []
        [_, "#" <> _, heading] -> [line(["  ", style(layout, plain(heading), :bright)])]
        [_, sign, item] -> for(row <- wrap(layout, plain(item), "  " <> bullet(sign) <> " "), do: line(row))
        nil -> for(row <- wrap(layout, plain(text), "  "), do: line(row))
      end

    if List.last(rows) == "", do: body ++ [line("")], else: body
  end

  defp bullet(sign) when sign in ["-", "*"], do: "•"
  defp bullet(sign), do: sign

  defp drop_blank_end(lines),
    do: lines |> Enum.reverse() |> Enum.drop_while(&(&1 == line(""))) |> Enum.reverse()

  defp plain(text), do: Regex.replace(~r/(\*\*|`|\*)(\S.*?)\1/s, text, "\\2")

  defp review(_layout, [], _titles), do: []

  defp review(layout, reviews, titles) do
    [
      line(title(layout, "For a person to look at"))
      | for review <- reviews,
            row <- wrap(layout, reason(review, titles), "  ! ") do
          line(row)
        end
        |> colour_signs(layout, "  ! ", :yellow)
    ]
  end

  defp reason(review, titles) do
    what = Map.get(titles, review["criterion"], review["criterion"])
    reason = Map.get(@reasons, review["reason"], to_string(review["reason"]))
    detail = if is_binary(review["detail"]) and review["detail"] != "", do: " (#{review["detail"]})", else: ""
    if(what, do: "#{what}: ", else: "") <> reason <> detail
  end

  defp anonymized(layout, tma) do
    case tma["content"] do
      %{"anonymization" => %{"counts" => %{} = counts} = report} ->
        [line(title(layout, "Anonymized")) | anonymized_lines(layout, counts, report["citations_kept"])]

      _ ->
        []
    end
  end

  defp anonymized_lines(layout, counts, kept) do
    parts =
      counts
      |> Enum.sort_by(fn {label, count} -> {-count, label} end)
      |> Enum.map(fn {label, count} -> "#{count} × #{Map.get(@labels, label, label)}" end)

    taken = if parts == [], do: "nothing was found to take out", else: "taken out: " <> Enum.join(parts, ", ")

    kept =
      if is_integer(kept) and kept > 0,
        do: "; #{kept} #{if kept == 1, do: "citation", else: "citations"} kept",
        else: ""

    for row <- wrap(layout, taken <> kept, "  "), do: line(row)
  end

  defp strings(list) when is_list(list), do: Enum.filter(list, &(is_binary(&1) and &1 != ""))
  defp strings(_), do: []

  defp number(nil), do: "–"
  defp number(value) when is_integer(value), do: Integer.to_string(value)

  defp number(value) when is_float(value) do
    if value == Float.round(value),
      do: Integer.to_string(round(value)),
      else: :erlang.float_to_binary(value, decimals: 1)
  end
end
