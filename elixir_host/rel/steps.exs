# What `mix release` does beside assembling Erlang, Elixir and the applications: the Rust programs come along, and nothing
# secret does.
defmodule AwapBackend.ReleaseSteps do
  @moduledoc false

  @programs ~w(awap-port awap awap-store)

  @doc "The steps of the release, in order."
  def steps, do: [:assemble, &programs/1, &without_cookie/1, &documents/1]

  # Where AwapBackend.Config looks for them.
  defp programs(release) do
    folder = Path.join([release.path, "lib", "awap_backend-#{release.version}", "priv", "bin"])
    File.mkdir_p!(folder)

    for name <- @programs do
      built = Path.join(built(), name)

      unless File.regular?(built) do
        Mix.raise("#{built} is not there: cargo build --release --locked -p awap-port -p awap-store")
      end

      checked_version!(built, release.version)
      target = Path.join(folder, name)
      File.cp!(built, target)
      File.chmod!(target, 0o755)
    end

    release
  end

  defp built do
    target =
      System.get_env("AWAP_TARGET_DIR") || System.get_env("CARGO_TARGET_DIR") || Path.join(root(), "target")

    profile = if System.get_env("AWAP_PROFILE") == "dev", do: "debug", else: "release"
    Path.join(Path.expand(target, root()), profile)
  end

  # A program left from another version would be found out by a user.
  defp checked_version!(program, version) do
    {said, 0} = System.cmd(program, ["--version"])

    unless String.split(said) |> List.last() == version do
      Mix.raise("#{program} is #{String.trim(said)}, and the release is #{version}: build it anew.")
    end
  end

  # A cookie in a tarball would be every installation's: distribution is off, see env.sh.eex.
  defp without_cookie(release) do
    File.rm!(Path.join([release.path, "releases", "COOKIE"]))
    release
  end

  # What whoever installs it needs at hand.
  defp documents(release) do
    for {from, to} <- [
          {"README.md", "share/doc/README.md"},
          {"SECURITY.md", "share/doc/SECURITY.md"},
          {"CHANGELOG.md", "share/doc/CHANGELOG.md"},
          {"LICENSE-APACHE", "share/doc/LICENSE-APACHE"},
          {"LICENSE-MIT", "share/doc/LICENSE-MIT"},
          {"elixir_host/README.md", "share/doc/host.md"},
          {"elixir_host/guides/operations.md", "share/doc/operations.md"}
        ] do
      target = Path.join(release.path, to)
      File.mkdir_p!(Path.dirname(target))
      File.cp!(Path.join(root(), from), target)
    end

    service = Path.join(release.path, "share/systemd")
    File.mkdir_p!(service)
    File.cp_r!(Path.join(root(), "elixir_host/packaging/systemd"), service)
    release
  end

  defp root, do: Path.expand("../..", __DIR__)
end
