defmodule AwapBackendWeb.HTTP.MultipartTest do
  use ExUnit.Case, async: true

  alias AwapBackendWeb.ConnCase
  alias AwapBackendWeb.HTTP.{HeaderValue, Multipart}

  @boundary "xYzZY"

  defp parse(parts),
    do: parts |> ConnCase.form(@boundary) |> IO.iodata_to_binary() |> Multipart.parse(@boundary)

  defp filename(parameter) do
    {:ok, [part]} = parse([{["Content-Disposition: form-data; name=\"file\"; " <> parameter], "x"}])
    part.filename
  end

  test "file names as clients write them" do
    for {parameter, name} <- [
          {~s(filename="tma01.docx"), "tma01.docx"},
          {~s(filename=tma01.docx), "tma01.docx"},
          {~s(filename="TMA 01; final, v2.docx"), "TMA 01; final, v2.docx"},
          {~s(filename="Łukasz – esej.docx"), "Łukasz – esej.docx"},
          {~s(filename="宿題.pdf"), "宿題.pdf"},
          {~s(filename="a \\"good\\" one.txt"), ~s(a "good" one.txt)},
          {~s(filename="a %22good%22 one.txt"), ~s(a "good" one.txt)},
          {~s(filename="100%.txt"), "100%.txt"},
          {<<"filename=\"", "Zo", 0xEB, ".txt\"">>, "Zoë.txt"},
          {~s(filename*=UTF-8''Zo%C3%AB%20a.txt), "Zoë a.txt"},
          {~s(filename="Zoe.txt"; filename*=UTF-8''Zo%C3%AB.txt), "Zoë.txt"},
          {~s(filename="Zoe.txt"; filename*=ISO-8859-1'en'Zo%EB.txt), "Zoë.txt"},
          {~s(filename="Zoe.txt"; filename*=UTF-8''Zo%EB.txt), "Zoe.txt"},
          {~s(filename="Zoe.txt"; filename*=UTF-8''Zo%E), "Zoe.txt"},
          {~s(filename="../../etc/passwd"), "passwd"},
          {~s(filename="C:\\Users\\zoe\\tma01.docx"), "tma01.docx"},
          {~s(filename="a%0d%0ab.txt"), "a%0d%0ab.txt"},
          {~s(filename="a%0D%0Ab.txt"), "ab.txt"},
          {~s(filename=""), ""}
        ] do
      assert {parameter, filename(parameter)} == {parameter, name}
    end
  end

  test "parts come out as they went in, whatever is in them" do
    data = [
      "",
      "\r\n",
      "--",
      "--#{@boundary}",
      "\n--#{@boundary}\r\n",
      "\r\n--#{binary_part(@boundary, 0, 3)}",
      :binary.list_to_bin(Enum.to_list(0..255)),
      String.duplicate("\r\n--", 1000)
    ]

    assert {:ok, parts} = parse(for {bytes, i} <- Enum.with_index(data), do: {"field#{i}", bytes})
    assert Enum.map(parts, & &1.data) == data
    assert Enum.map(parts, & &1.name) == for(i <- 0..7, do: "field#{i}")
  end

  test "random bytes survive" do
    for _ <- 1..200 do
      data = :rand.bytes(:rand.uniform(300) - 1)
      assert {:ok, [%{data: ^data}]} = parse([{"a", data}])
    end
  end

  test "what is around the parts means nothing" do
    body = "a preamble\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b-- \r\nan epilogue"
    assert {:ok, [%{name: "a", data: "1", filename: nil, content_type: nil}]} = Multipart.parse(body, "b")
  end

  test "a table of bodies that are malformed" do
    ok = "Content-Disposition: form-data; name=\"a\"\r\n"

    for {what, body} <- [
          {"nothing", ""},
          {"no boundary", "hello"},
          {"another boundary", "--c\r\n#{ok}\r\n1\r\n--c--\r\n"},
          {"no last boundary", "--b\r\n#{ok}\r\n1"},
          {"a boundary and no end", "--b\r\n#{ok}\r\n1\r\n--b"},
          {"cut in the headers", "--b\r\nContent-Dispo"},
          {"headers without end", "--b\r\n#{ok}#{String.duplicate("x-a: a\r\n", 2_000)}\r\n1\r\n--b--"},
          {"no disposition", "--b\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--"},
          {"no headers", "--b\r\n\r\n1\r\n--b--"},
          {"no name", "--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--"},
          {"not a form's", "--b\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--b--"},
          {"an open quote", "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--b--"},
          {"a name that is not UTF-8",
           <<"--b\r\nContent-Disposition: form-data; name=\"", 255, "\"\r\n\r\n1\r\n--b--">>},
          {"an encoding", "--b\r\n#{ok}Content-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--b--"},
          {"too many parts", String.duplicate("--b\r\n#{ok}\r\n1\r\n", 300) <> "--b--"}
        ] do
      assert {^what, {:error, sentence}} = {what, Multipart.parse(body, "b")}
      assert sentence =~ ~r/\.$/
    end

    assert {:error, _} = Multipart.parse("----", "")
    assert {:error, _} = Multipart.parse("--b--", String.duplicate("b", 71))
  end

  test "header values with parameters" do
    for {value, expected} <- [
          {"text/plain", {:ok, "text/plain", %{}}},
          {"text/plain ; Charset=UTF-8;", {:ok, "text/plain", %{"charset" => "UTF-8"}}},
          {~s(a; b="c;d\\"e\\\\f\\g" ; h=i), {:ok, "a", %{"b" => ~S(c;d"e\f\g), "h" => "i"}}},
          {"", :error},
          {";", :error},
          {"a; b", :error},
          {"a; =c", :error},
          {"a; b=1; B=2", :error},
          {~s(a; b="c), :error},
          {~s(a; b="c"d), :error}
        ] do
      assert {value, HeaderValue.parse(value)} == {value, expected}
    end
  end
end
