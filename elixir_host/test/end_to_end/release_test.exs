defmodule AwapBackend.EndToEnd.ReleaseTest do
  @moduledoc """
  The archive that `make release` makes, unpacked elsewhere and run as it is on a machine that has nothing of ours.

  Run by root, the folders of Erlang, Elixir and Rust are hidden from it, and it runs as a user without rights; else it is
  only given an environment without them. `AWAP_TEST_RELEASE` names the archive; without it these tests are left out.
  """
  use ExUnit.Case, async: false

  alias AwapBackend.{Drain, Fixtures, JSON, RunningHost}

  @moduletag :release
  @moduletag timeout: 600_000
  @root Path.expand("../../..", __DIR__)
  # nobody
  @uid 65_534

  setup_all do
    folder = RunningHost.new_dir()
    File.chmod!(folder, 0o755)
    archive = Path.expand(System.fetch_env!("AWAP_TEST_RELEASE"), @root)
    {_, 0} = System.cmd("tar", ["-xzf", archive, "-C", folder])
    [unpacked] = File.ls!(folder)
    data = Path.join(folder, "data")
    File.mkdir!(data)
    File.chmod!(data, 0o700)
    if root?(), do: File.chown!(data, @uid)

    settings = Path.join(folder, "awap.env")
    release = %{root: Path.join(folder, unpacked), settings: settings, data: data, archive: archive}
    host = start(release)
    on_exit(fn -> RunningHost.remove(host) && File.rm_rf!(folder) end)
    {:ok, Map.put(release, :host, host)}
  end

  defp root?, do: match?({"0\n", 0}, System.cmd("id", ["-u"]))

  # A host that reads all its settings from a file, as under systemd.
  defp start(release) do
    variables = %{
      "DATABASE_URL" => "sqlite:#{release.data}/awap.db",
      "SECRET_KEY_BASE" => String.duplicate("k", 64),
      "MOODLE_BASE_URL" => "https://moodle.example.ac.uk",
      "MOODLE_CLIENT_ID" => "awap",
      "MOODLE_CLIENT_SECRET" => "two words, and a # sign"
    }

    RunningHost.start(variables, release.data, write_settings() <> alone(release, "start"))
  end

  # What the host is given, less what names programs outside the release.
  defp write_settings do
    ~S[env | grep -E '^(AWAP_|MOODLE_|PORT=|DATABASE_URL=|SECRET_KEY_BASE=)' | ] <>
      ~S[grep -vE '^AWAP_(STORE_EXECUTABLE|PROFILE|NIF_PATH|TEST_POSTGRES|TEST_RELEASE)' ] <>
      ~S[>"$1.settings"; chmod 644 "$1.settings"; ]
  end

  # As on a machine of nobody's: no Erlang, no Elixir, no Rust, no variable but one.
  defp alone(release, arguments) do
    hidden =
      for folder <- ["/usr/lib/erlang", "/usr/lib/elixir", "/usr/local/lib/erlang"],
          File.dir?(folder),
          do: folder

    mounts = Enum.map_join(hidden, " && ", &"mount -t tmpfs none #{&1}")

    run =
      "exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin AWAP_ENV_FILE=#{release.data}/host.log.settings " <>
        "#{release.root}/bin/awap #{arguments}"

    if root?() and hidden != [], do: ~s(exec unshare --mount sh -c '#{mounts} && cd / && #{run}'), else: run
  end

  # A command as an operator runs it: `{status, stdout, stderr}`.
  defp awap(release, arguments) do
    told = Path.join(release.data, "told")
    {said, status} = System.cmd("/bin/sh", ["-c", "exec 2>#{told}; " <> alone(release, arguments)])
    {status, said, File.read!(told)}
  end

  test "the archive holds no cookie and no secret, and no text of it names the folder it was built in",
       release do
    {listing, 0} = System.cmd("tar", ["-tvzf", release.archive])
    refute listing =~ ~r/COOKIE|awap\.env$|api_key|seal_key$/m
    for line <- String.split(listing, "\n", trim: true), do: assert(line =~ " 0/0 ")
    assert {"", 1} = System.cmd("grep", ["-rIl", @root, release.root])
    assert listing =~ "bin/awap" and listing =~ "jiffy.so" and listing =~ "priv/bin/awap-port"
  end

  test "its command has the verbs for a tutor's own files, which need no host and no settings", release do
    for {arguments, part} <- [{"batch --help", "--rubric"}, {"completions bash", "_awap"}] do
      assert {0, said, ""} = awap(release, arguments)
      assert said =~ part
    end

    assert {2, "", told} = awap(release, "parse")
    assert told =~ "FILE"
  end

  test "it marks a TMA, with nothing of this machine's Erlang, as a user without rights", %{host: host} do
    fixture = {_name, _request, described} = hd(Fixtures.all())
    {_type, body} = Fixtures.json(fixture)
    {:ok, request} = JSON.decode(body)
    {201, %{"id" => id}} = RunningHost.post(host, "/api/tmas", request)
    assert %{"status" => "completed"} = row = RunningHost.await(host, id)
    assert Enum.map(row["content"]["parsed"]["questions"], & &1["id"]) == described["expect"]["questions"]
    {200, feedback} = RunningHost.get(host, "/api/feedback/#{id}")
    assert feedback["feedback_text"] != ""

    for {pid, name} <- RunningHost.processes(host), name in ["beam.smp", "awap-port", "awap-store"] do
      refute File.read!("/proc/#{pid}/maps") =~ ~r{/usr/(local/)?lib/(erlang|elixir)}
      if root?(), do: assert(File.stat!("/proc/#{pid}").uid == @uid)
    end
  end

  test "the commands work beside it", %{host: host} = release do
    assert {0, json, ""} = awap(release, "doctor --json")
    {:ok, %{"findings" => findings}} = JSON.decode(json)
    assert Enum.any?(findings, &(&1["message"] =~ "an AWAP host runs on port"))

    assert {0, key, _told} = awap(release, "key create --name=press --role=tutor")
    tutor = %{host | key: String.trim(key)}
    assert {200, _} = RunningHost.get(tutor, "/api/tmas")
    assert {0, _table, ""} = awap(release, "key list")
    assert {0, "", "awap: the events are whole" <> _} = awap(release, "verify")

    backup = Path.join(release.data, "awap.backup")
    assert {0, "", _told} = awap(release, "backup #{backup}")
    assert File.stat!(backup).size > 0
    assert {1, "", told} = awap(release, "start")
    assert told =~ "runs already"
    assert {0, "awap 0." <> _, ""} = awap(release, "version")
    assert {64, "", _told} = awap(release, "nonsense")
  end

  test "settings that cannot be used end the start with 78, each named, and no trace", release do
    settings = Path.join(release.data, "host.log.settings")
    before = File.read!(settings)
    elsewhere = %{release | data: Path.join(release.data, "elsewhere")}
    File.mkdir_p!(elsewhere.data)
    if root?(), do: File.chown!(elsewhere.data, @uid)
    faulty = before |> String.replace(~r/^PORT=.*/m, "PORT=x") |> String.replace(release.data, elsewhere.data)

    File.write!(
      Path.join(elsewhere.data, "host.log.settings"),
      String.replace(faulty, ~r/^SECRET_KEY_BASE=.*/m, "")
    )

    assert {78, _said, told} = awap(elsewhere, "start")
    assert told =~ "PORT has to be" and told =~ "SECRET_KEY_BASE is not set"
    refute told =~ "stacktrace" or told =~ "** ("
    assert {78, "", _told} = awap(elsewhere, "key list")
  end

  test "SIGTERM: requests in progress are answered, TMAs in hand lost by none, and the status is 0",
       release do
    host = start_another(release)
    again = Drain.check(host)
    assert {0, "", told} = awap(%{release | data: host.data_dir}, "stop")
    assert told =~ "has stopped"
    assert RunningHost.ended(again) == 0
    assert RunningHost.processes(again) == []
  end

  defp start_another(release) do
    data = Path.join(release.data, "another")
    File.mkdir_p!(data)
    if root?(), do: File.chown!(data, @uid)
    host = start(%{release | data: data})
    on_exit(fn -> RunningHost.remove(host) end)
    host
  end
end
