defmodule AwapNif.PackageTest do
  @moduledoc "The package as another project uses it: a path dependency, no package of Hex's, a release."
  use ExUnit.Case

  @moduletag timeout: 600_000

  setup do
    folder = Path.join(System.tmp_dir!(), "awap_nif_#{System.unique_integer([:positive])}_#{:os.getpid()}")
    File.mkdir_p!(Path.join(folder, "lib"))
    on_exit(fn -> File.rm_rf!(folder) end)
    package = Path.expand("..", __DIR__)

    File.write!(Path.join(folder, "mix.exs"), """
    defmodule Bare.MixProject do
      use Mix.Project
      def project do
        [app: :bare, version: "1.0.0", deps: [{:awap_nif, path: #{inspect(package)}}],
         releases: [bare: [include_erts: false]]]
      end
      def application, do: [extra_applications: [:logger]]
    end
    """)

    File.write!(Path.join(folder, "lib/bare.ex"), """
    defmodule Bare do
      def main do
        {:ok, %{"status" => status}} = AwapBackend.CoreBridge.Native.health_check()
        IO.puts("the core is " <> status)
      end
      def error do
        {:error, %{"code" => code, "message" => message}} = AwapBackend.CoreBridge.Native.parse_tma(%{content: "x"})
        IO.puts(code <> ": " <> message)
      end
    end
    """)

    {:ok, folder: folder}
  end

  test "a bare project compiles it and calls it, and a release carries it", %{folder: folder} do
    assert {output, 0} = mix(folder, ["run", "-e", "Bare.main()"])
    assert output =~ "the core is healthy"

    assert {_, 0} = mix(folder, ["release", "--quiet"])
    release = Path.join(folder, "_build/dev/rel/bare")
    # Away from where it was built.
    moved = Path.join(folder, "moved")
    File.rename!(release, moved)
    File.rm_rf!(Path.join(folder, "_build"))
    assert {output, 0} = System.cmd(Path.join(moved, "bin/bare"), ["eval", "Bare.main()"], stderr_to_stdout: true)
    assert output =~ "the core is healthy"
  end

  test "a library built elsewhere, and one that is none", %{folder: folder} do
    built = Path.join([Mix.Project.app_path(), "priv", "awap_nif.so"])
    # No cargo on the path: it is not needed.
    path = tools_without_cargo(folder)
    assert {output, 0} = mix(folder, ["run", "-e", "Bare.main()"], [{"AWAP_NIF_PATH", built}, {"PATH", path}])
    assert output =~ "the core is healthy"

    assert {output, 1} = mix(folder, ["compile"], [{"AWAP_NIF_PATH", "/nowhere/awap_nif.so"}])
    assert output =~ "/nowhere/awap_nif.so, and there is no such file"

    broken = Path.join(folder, "broken.so")
    File.write!(broken, "of another system")
    assert {output, 0} = mix(folder, ["run", "-e", "Bare.error()"], [{"AWAP_NIF_PATH", broken}])
    assert output =~ "not_configured: The library of awap_nif could not be loaded"

    assert {output, 1} = mix(folder, ["compile"], [{"PATH", path}])
    assert output =~ "cargo is not on the PATH"
  end

  test "configuration that cannot be used is what every call answers", %{folder: folder} do
    for {variable, value} <- [
          {"AWAP_PSEUDONYM_KEY", "short"},
          {"EVENT_STORE_URL", "mysql://elsewhere"},
          {"AWAP_TIMEOUT_MS", "soon"}
        ] do
      assert {output, 0} = mix(folder, ["run", "-e", "Bare.error()"], [{variable, value}])
      assert output =~ "not_configured:"
      assert output =~ variable
    end
  end

  defp mix(folder, arguments, environment \\ []) do
    environment =
      Enum.uniq_by(environment ++ [{"MIX_ENV", "dev"}, {"AWAP_NIF_PATH", nil}, {"HEX_OFFLINE", "1"}], &elem(&1, 0))

    System.cmd(System.find_executable("mix"), arguments, cd: folder, env: environment, stderr_to_stdout: true)
  end

  # The folder of the BEAM's own tools may be cargo's too, so what is needed is linked from a folder of its own.
  defp tools_without_cargo(folder) do
    tools = Path.join(folder, "tools")
    File.mkdir_p!(tools)

    for tool <- ~w(sh env erl erlc elixir mix uname readlink dirname basename sed cat tr),
        found = System.find_executable(tool) do
      File.ln_s!(found, Path.join(tools, tool))
    end

    tools
  end
end
