defmodule AwapBackendWeb.Sample.ReportTest do
  use ExUnit.Case, async: true

  alias AwapBackendWeb.Sample.{Layout, Report}

  @plain %Layout{width: 100, colour?: false}

  @tma %{
    "id" => "0b0f6e3a-6a64-4c3e-9d1c-0f6f6b1a2c3d",
    "assignment_id" => "TM112-25J-TMA02",
    "course_id" => "TM112-25J",
    "student_id" => "stu_0123456789abcdef",
    "submitted_at" => "2025-11-22T10:00:00.000000Z",
    "processed_at" => "2025-11-22T10:00:00.420000Z",
    "content" => %{
      "anonymization" => %{
        "counts" => %{"NAME_STUDENT" => 3, "EMAIL" => 1, "NEW_LABEL" => 1},
        "citations_kept" => 14
      }
    }
  }

  @feedback %{
    "grade" => 71.5,
    "strengths" => [
      "You compare both searches clearly, and you say what must be true of the list before the second may be used."
    ],
    "improvements" => ["Say *why*.", "Give **each** test its expected result."],
    "feedback_text" =>
      "## Question 1\nA first line\nand its second.\n\n- one\n- two that is long enough to be wrapped, as it goes on and on and on, past the edge of the line\n\n\nThe end.",
    "marking_criteria" => %{
      "criteria" => [
        %{
          "id" => "c1",
          "question" => "1(a)",
          "title" =>
            "Explains how a linear search and a binary search each find an item in a list of any length at all",
          "score" => 14.0,
          "max_mark" => 20.0,
          "level" => "Good",
          "evidence" => [
            %{
              "start" => 0,
              "end" => 5,
              "quote" => String.duplicate("binary search halves the list ", 10),
              "polarity" => "for"
            },
            %{"start" => 0, "end" => 5, "quote" => "second", "polarity" => "for"},
            %{"start" => 0, "end" => 5, "quote" => "third", "polarity" => "for"},
            %{"start" => 0, "end" => 5, "quote" => "it need not be sorted", "polarity" => "against"}
          ],
          "missing" => ["the list must be sorted"]
        },
        %{
          "id" => "c2",
          "question" => "2(b)(ii)",
          "title" => "Argument",
          "score" => nil,
          "max_mark" => 35,
          "level" => nil,
          "evidence" => []
        }
      ],
      "totals" => %{
        "mark" => 71.5,
        "max_mark" => 100,
        "band" => "Pass 2",
        "penalties" => [%{"marks" => 2.5}, %{"marks" => 0}]
      },
      "needs_review" => [
        %{"criterion" => "c2", "reason" => "human_criterion"},
        %{"reason" => "low_confidence", "detail" => "0.4"}
      ]
    }
  }

  defp render(layout, tma, feedback), do: layout |> Report.render(tma, feedback) |> IO.iodata_to_binary()

  test "has what a tutor needs, within the width, in any width" do
    for width <- [60, 72, 100] do
      text = render(%{@plain | width: width}, @tma, @feedback)
      for line <- String.split(text, "\n"), do: assert(String.length(line) <= width, "#{width}: #{line}")
    end

    text = render(@plain, @tma, @feedback)

    for part <- [
          "TM112-25J-TMA02 · TM112-25J",
          "stu_0123456789abcdef",
          "marked in 0.42 s",
          "71.5 %   Pass 2",
          "after 2.5 taken off",
          "14/20",
          "open/35",
          "and 1 more",
          "− “it need not be sorted”",
          "not found: the list must be sorted",
          "Say why.",
          "Give each test its expected result.",
          "  Question 1\n",
          "  A first line and its second.",
          "• one",
          "Argument: only a person may mark this",
          "the engine is not sure (0.4)",
          "3 × student's name",
          "1 × NEW_LABEL",
          "14 citations kept"
        ] do
      assert text =~ part, "no “#{part}” in\n#{text}"
    end

    refute text =~ "\e["
  end

  test "an open mark is a range" do
    feedback = %{@feedback | "grade" => nil}

    feedback =
      put_in(feedback, ["marking_criteria", "totals"], %{
        "mark" => nil,
        "max_mark" => 100,
        "range" => [40, 75.0],
        "band" => nil
      })

    assert render(@plain, @tma, feedback) =~
             "40 to 75 of 100\n           until a person has marked what is open"
  end

  test "colour, where it is wanted, changes nothing else" do
    coloured = render(%{@plain | colour?: true}, @tma, @feedback)
    assert coloured =~ "\e["
    assert Regex.replace(~r/\e\[\d+m/, coloured, "") == render(@plain, @tma, @feedback)
  end

  test "rows with little in them do not break it" do
    assert render(@plain, %{}, %{}) =~ "open until a person has marked it"

    assert render(@plain, %{"content" => nil}, %{
             "feedback_text" => "",
             "marking_criteria" => %{"criteria" => []}
           }) =~ "Mark"
  end
end
