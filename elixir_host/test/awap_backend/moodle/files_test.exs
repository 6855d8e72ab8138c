defmodule AwapBackend.Moodle.FilesTest do
  @moduledoc "Files of students: whole and right, or not there at all."

  use ExUnit.Case, async: true

  alias AwapBackend.{FakeMoodle, Moodle}
  alias AwapBackend.FakeMoodle.State

  setup do
    {:ok, moodle} = FakeMoodle.start()
    course = FakeMoodle.put_course(moodle)
    assignment = FakeMoodle.put_assignment(moodle, course)
    folder = Path.join(System.tmp_dir!(), "awap-files-#{System.unique_integer([:positive])}")
    File.mkdir_p!(folder)
    on_exit(fn -> File.rm_rf!(folder) end)

    %{
      moodle: moodle,
      assignment: assignment,
      student: FakeMoodle.put_user(moodle, course),
      client: FakeMoodle.client(moodle),
      path: Path.join(folder, "fetched")
    }
  end

  defp handed_in(context, name, bytes) do
    FakeMoodle.put_submission(context.moodle, context.assignment, context.student, %{
      files: [{"/", name, bytes}]
    })

    {:ok, [%{files: [file]}], []} = Moodle.download_submissions(context.client, context.assignment)
    FakeMoodle.forget_calls(context.moodle)
    file
  end

  defp fetch(context, file, options \\ []),
    do: Moodle.download_file(context.client, file, context.path, options[:max] || 20_000_000, options)

  test "a file is streamed to disk, and its SHA-1 is the ETag", context do
    bytes = :crypto.strong_rand_bytes(3_000_000)
    file = handed_in(context, "“essay” #1 – 100%?.docx", bytes)
    sha1 = State.sha1(bytes)
    assert {:ok, %{sha1: ^sha1, bytes: 3_000_000}} = fetch(context, file)
    assert File.read!(context.path) == bytes
  end

  test "an empty file is a file", context do
    file = handed_in(context, "empty.txt", "")
    assert {:ok, %{bytes: 0}} = fetch(context, file)
    assert File.read!(context.path) == ""
  end

  test "a file that is as it was is not sent again", context do
    file = handed_in(context, "essay.txt", "words")
    assert {:ok, :not_modified} = fetch(context, file, etag: State.sha1("words"))
    refute File.exists?(context.path)
    assert {:ok, %{}} = fetch(context, file, etag: State.sha1("others"))
  end

  test "JSON of an error, answered with 200, is never the essay", context do
    file = handed_in(context, "essay.txt", "words")
    FakeMoodle.fault(context.moodle, :json_file, on: :file)
    assert {:error, %{kind: :access, code: "requireloginerror"}} = fetch(context, file)
    refute File.exists?(context.path)
  end

  test "a JSON file that a student handed in is a file", context do
    bytes = ~s({"error": "none", "errorcode": "accessexception"})
    file = handed_in(context, "data.json", bytes)
    assert {:ok, %{}} = fetch(context, file)
    assert File.read!(context.path) == bytes
  end

  test "a page answered with 200 is never the essay, be it as long as that", context do
    file = handed_in(context, "essay.txt", "words")
    FakeMoodle.fault(context.moodle, :html, on: :file)
    assert {:error, %{kind: :protocol, code: "page_instead_of_file"}} = fetch(context, file)
    refute File.exists?(context.path)
  end

  test "half a file is fetched anew, and is an error where it stays half", context do
    bytes = :crypto.strong_rand_bytes(200_000)
    file = handed_in(context, "essay.bin", bytes)
    FakeMoodle.fault(context.moodle, :half, on: :file, times: 2)
    assert {:ok, %{}} = fetch(context, file)
    assert File.read!(context.path) == bytes

    FakeMoodle.fault(context.moodle, :half, on: :file)
    assert {:error, %{kind: :unreachable, code: "closed"}} = fetch(context, file)
    refute File.exists?(context.path)
  end

  test "other bytes than the ETag's are an error", context do
    file = handed_in(context, "essay.txt", "words")
    FakeMoodle.fault(context.moodle, :wrong_bytes, on: :file)
    assert {:error, %{kind: :protocol, code: "wrong_sha1"}} = fetch(context, file)
    refute File.exists?(context.path)
  end

  test "another length than announced is an error", context do
    file = handed_in(context, "essay.txt", "words")
    FakeMoodle.fault(context.moodle, :wrong_length, on: :file)
    assert {:error, %{code: "closed"}} = fetch(context, file)
    refute File.exists?(context.path)
  end

  test "a file that changed since it was listed is an error of its own", context do
    file = handed_in(context, "essay.txt", "words")
    handed_in(context, "essay.txt", "more words")
    assert {:error, %{kind: :conflict, code: "file_changed"}} = fetch(context, file)
    refute File.exists?(context.path)
  end

  test "a file that is gone is an error", context do
    file = handed_in(context, "essay.txt", "words")
    handed_in(context, "other.txt", "words")
    assert {:error, %{kind: :not_found, code: "filenotfound"}} = fetch(context, file)
  end

  test "more than is taken is not read, whatever was announced", context do
    file = handed_in(context, "essay.bin", :crypto.strong_rand_bytes(500_000))
    assert {:error, %{kind: :too_large}} = fetch(context, file, max: 100_000)
    assert FakeMoodle.calls(context.moodle) == []
    assert {:error, %{kind: :too_large}} = fetch(context, %{file | size: 10}, max: 100_000)
    refute File.exists?(context.path)
  end

  test "the token goes to the configured site, whatever host an address names", context do
    {:ok, elsewhere} = FakeMoodle.start()
    file = handed_in(context, "essay.txt", "words")
    url = String.replace(file.url, FakeMoodle.url(context.moodle), FakeMoodle.url(elsewhere))
    assert {:ok, %{}} = fetch(context, %{file | url: url})
    assert FakeMoodle.calls(elsewhere) == []

    for url <- ["http://127.0.0.1/other/essay.txt", "essay.txt", nil] do
      assert {:error, %{code: "not_a_file"}} = fetch(context, %{file | url: url})
    end
  end

  test "a redirect is not followed, and its token not sent there", context do
    {:ok, elsewhere} = FakeMoodle.start()
    file = handed_in(context, "essay.txt", "words")
    FakeMoodle.fault(context.moodle, {:redirect, FakeMoodle.url(elsewhere) <> "/login/index.php"}, on: :file)
    assert {:error, %{code: "redirect"}} = fetch(context, file)
    assert FakeMoodle.calls(elsewhere) == []
  end

  test "whether a file could be fetched is asked without its body", context do
    file = handed_in(context, "essay.txt", "words")
    assert AwapBackend.Moodle.Files.probe(context.client, file) == :ok
    assert [%{method: "HEAD"}] = FakeMoodle.calls(context.moodle)
    FakeMoodle.fault(context.moodle, :json_file, on: :file)
    assert {:error, %{code: "no_file"}} = AwapBackend.Moodle.Files.probe(context.client, file)
  end

  test "a disk that takes nothing is an error", context do
    file = handed_in(context, "essay.txt", "words")
    context = %{context | path: "/nonexistent/folder/file"}
    assert {:error, %{code: "disk_enoent"}} = fetch(context, file)
  end
end
