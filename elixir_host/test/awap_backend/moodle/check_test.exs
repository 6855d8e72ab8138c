defmodule AwapBackend.Moodle.CheckTest do
  @moduledoc "`awap moodle-check`: says what works and what is missing, and changes nothing."

  use ExUnit.Case, async: true

  import ExUnit.CaptureIO

  alias AwapBackend.{FakeMoodle, JSON, Release}
  alias AwapBackend.Moodle.{Check, Courses}

  setup do
    {:ok, moodle} = FakeMoodle.start()
    course = FakeMoodle.put_course(moodle, %{shortname: "KX201"})
    folder = Path.join(System.tmp_dir!(), "awap-check-#{System.unique_integer([:positive])}")
    on_exit(fn -> File.rm_rf!(folder) end)

    env = %{
      "MOODLE_BASE_URL" => FakeMoodle.url(moodle),
      "MOODLE_TOKEN" => FakeMoodle.token(),
      "AWAP_DATA_DIR" => folder
    }

    %{
      moodle: moodle,
      course: course,
      context: %{env: env, env_name: :prod, root: "/srv/awap"},
      folder: folder
    }
  end

  defp handed_in(moodle, course, attributes) do
    assignment = FakeMoodle.put_assignment(moodle, course, attributes)
    student = FakeMoodle.put_user(moodle, course, %{firstname: "Zuzanna", lastname: "Secretname"})
    FakeMoodle.put_user(moodle, course)

    FakeMoodle.put_submission(moodle, assignment, student, %{
      files: [{"/", "essay.txt", "words"}, {"/", "b.txt", "more"}]
    })

    assignment
  end

  defp named(findings, name), do: Enum.filter(findings, &(&1.name == name))

  test "an account that has all is told what a sync would do, and nothing changes", context do
    %{moodle: moodle} = context
    rubric = {:rubric, [{"Use", [{0, "No"}, {10, "Yes"}]}]}
    assignment = handed_in(moodle, context.course, %{name: "TMA 01", definition: rubric})
    findings = Check.findings(context.context)
    assert Enum.map(findings, & &1.state) |> Enum.uniq() == [:ok]
    assert [%{message: "Example & Sons University, Moodle 4.5" <> _}] = named(findings, "address")
    assert [%{message: message}] = named(findings, "assignment")
    assert message == "KX201, TMA 01: 1 submitted, marked with a rubric"
    assert [%{message: would}] = named(findings, "sync")
    assert would =~ "1 submissions with 2 files"

    told = inspect(findings, limit: :infinity)
    for hidden <- ["Secretname", FakeMoodle.token(), "essay"], do: refute(told =~ hidden)

    # Nothing was written there or here, no body was fetched, and nobody without a submission was asked after.
    calls = FakeMoodle.calls(moodle)

    refute Enum.any?(
             calls,
             &(&1.function in ["mod_assign_save_grade", "mod_assign_get_submission_status", "upload"])
           )

    assert for(%{function: "file", method: method} <- calls, do: method) == ["HEAD"]
    assert length(FakeMoodle.submissions(moodle, assignment)) == 1
    refute File.exists?(context.folder)
  end

  test "missing functions are named, with what they are for", %{moodle: moodle, context: context} do
    FakeMoodle.set_functions(
      moodle,
      for({name, _why} <- Courses.needed(), name != "mod_assign_save_grade", do: name)
    )

    findings = Check.findings(context)
    assert [fault, warning] = named(findings, "function")
    assert %{state: :fault, message: "mod_assign_save_grade is missing, to write grades" <> _} = fault
    assert %{state: :warning, message: "gradereport_user_get_grade_items" <> _} = warning
  end

  test "rights that are missing are named by assignment", %{moodle: moodle, context: context, course: course} do
    handed_in(moodle, course, %{name: "TMA 02"})
    warning = %{"item" => "assignment", "itemid" => 1, "warningcode" => "1", "message" => "No"}

    FakeMoodle.fault(moodle, {:answer, %{"assignments" => [], "warnings" => [warning]}},
      on: "mod_assign_get_submissions"
    )

    assert [%{state: :fault, message: "KX201, TMA 02: The service account may not" <> _}] =
             named(Check.findings(context), "assignment")

    FakeMoodle.heal(moodle)
    FakeMoodle.fault(moodle, :json_file, on: :file)
    assert [%{state: :fault, message: message}] = named(Check.findings(context), "assignment")
    assert message =~ "does not give out the file"
  end

  test "what AWAP cannot mark is said", %{moodle: moodle, context: context, course: course} do
    FakeMoodle.put_assignment(moodle, course, %{grade: -3, feedback_plugins: []})
    warnings = Enum.filter(named(Check.findings(context), "assignment"), &(&1.state == :warning))
    assert Enum.any?(warnings, &(&1.message =~ "scale")) and Enum.any?(warnings, &(&1.message =~ "comments"))
  end

  test "a site that is away, one that lets nobody in, and none", %{moodle: moodle, context: context} do
    for {fault, code} <- [
          bad_token: "invalidtoken",
          web_services_off: "web_services_disabled",
          maintenance: "sitemaintenance"
        ] do
      FakeMoodle.fault(moodle, fault)
      assert [%{state: :fault, message: message, advice: advice}] = Check.findings(context)
      assert message =~ code and is_binary(advice)
      FakeMoodle.heal(moodle)
    end

    none = put_in(context.env["MOODLE_BASE_URL"], "")
    assert [%{state: :fault, name: "address"}] = Check.findings(none)
    wrong = put_in(context.env["MOODLE_AUTH"], "magic")
    assert [%{state: :fault, name: "settings"}] = Check.findings(wrong)
  end

  test "an authorization code is left to the host, and a person is told where to sign in",
       %{moodle: moodle} = context do
    env =
      Map.merge(context.context.env, %{
        "MOODLE_AUTH" => "oauth2",
        "MOODLE_OAUTH_GRANT" => "authorization_code",
        "MOODLE_OAUTH_TOKEN_URL" => FakeMoodle.url(moodle) <> "/local/oauth2/token.php",
        "MOODLE_OAUTH_AUTHORIZE_URL" => "https://id.example/auth",
        "MOODLE_OAUTH_REDIRECT_URL" => "https://awap.example/back",
        "MOODLE_OAUTH_CODE" => "good-9"
      })

    findings = Check.findings(%{context.context | env: env})
    assert [%{state: :ok, message: message}] = named(findings, "sign-in")
    assert message =~ "https://id.example/auth?"
    assert [%{state: :fault}] = named(findings, "address")
    assert FakeMoodle.calls(moodle) == []
  end

  test "as a command: text, JSON, status", %{moodle: moodle, context: context} do
    assert {0, text} = with_io(fn -> Release.run(["moodle-check"], context) end)
    assert text =~ "Example & Sons University"
    FakeMoodle.fault(moodle, :bad_token)
    assert {1, json} = with_io(fn -> Release.run(["moodle-check", "--json"], context) end)
    assert {:ok, %{"status" => "fault", "findings" => [%{"area" => "Site"}]}} = JSON.decode(json)

    assert {{64, _said}, _err} =
             with_io(:stderr, fn -> with_io(fn -> Release.run(["moodle-check", "-x"], context) end) end)
  end
end
