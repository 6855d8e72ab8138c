defmodule AwapNif.DeadlineTest do
  @moduledoc "A call's deadline, in a BEAM of its own: the core reads its configuration once."
  use ExUnit.Case, async: true

  @script """
  alias AwapBackend.CoreBridge.Native

  slow = %{content: String.duplicate("Ada Example says so (Smith, 2019), and so does Jones (2020). ", 200_000)}
  quick = %{content: "By Ada Example.", student_id: "s1"}

  [{:error, error}] = Enum.uniq(for _ <- 1..3, do: Native.anonymize_student(slow))
  IO.puts("code: " <> error["code"])
  IO.puts("quotes the text: " <> inspect(error["message"] =~ "Example"))

  # How soon the machine has time for it is the machine's affair.
  answered? = fn _ ->
    Process.sleep(50)
    match?({:ok, _}, Native.anonymize_student(quick))
  end

  true = Enum.any?(1..200, answered?)
  IO.puts("the next call is answered")

  # More at once than there are schedulers to run them.
  calls = for n <- 1..24, do: Task.async(fn -> {rem(n, 3), Native.anonymize_student(if(rem(n, 3) == 0, do: slow, else: quick))} end)
  answers = Task.await_many(calls, 60_000)
  IO.puts("answered: " <> to_string(length(answers)))
  IO.puts("slow ones done: " <> to_string(Enum.count(answers, &match?({0, {:ok, _}}, &1))))
  """

  @tag timeout: 180_000
  test "a call ends at its deadline, whatever it works on, and the others are answered" do
    ebin = Path.join(Mix.Project.app_path(), "ebin")

    {output, status} =
      System.cmd(System.find_executable("elixir"), ["-pa", ebin, "-e", @script],
        env: [{"AWAP_TIMEOUT_MS", "150"}, {"AWAP_PSEUDONYM_KEY", nil}, {"EVENT_STORE_URL", nil}],
        stderr_to_stdout: true
      )

    assert status == 0, output
    assert output =~ "code: timeout"
    assert output =~ "quotes the text: false"
    assert output =~ "the next call is answered"
    assert output =~ "answered: 24"
    assert output =~ "slow ones done: 0"
  end
end
