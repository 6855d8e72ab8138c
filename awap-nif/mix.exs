# Defined here, and not in lib/, because it must be there before anything of the project is compiled.
defmodule Mix.Tasks.Compile.AwapNif do
  @moduledoc """
  Builds the Rust library with cargo and puts it into the application's `priv` folder.

  | variable | meaning |
  | --- | --- |
  | `AWAP_NIF_PATH` | a library built elsewhere: it is copied and cargo is not called |
  | `AWAP_PROFILE` | the cargo profile, by default `release` |
  | `CARGO_TARGET_DIR` | where cargo builds, by default `target` of the workspace |
  | `AWAP_CARGO_SHARED` | `1` takes the features of the whole workspace, so that its other builds' dependencies serve |
  """
  use Mix.Task.Compiler

  @crate __DIR__

  @impl true
  def run(_arguments) do
    # A name of its own, which the BEAM looks for with `.so` on every Unix.
    target = Path.join([Mix.Project.app_path(), "priv", "awap_nif.so"])
    if install(library(), target), do: {:ok, []}, else: {:noop, []}
  end

  @impl true
  def clean, do: File.rm_rf!(Path.join(Mix.Project.app_path(), "priv"))

  @doc "The cargo arguments and folder with which `package` is built, and where its files end up."
  def cargo(package) do
    profile = System.get_env("AWAP_PROFILE") || "release"
    workspace = Path.dirname(@crate)
    target = System.get_env("CARGO_TARGET_DIR") || "target"
    target = Path.expand(target, workspace)
    folder = if profile == "dev", do: "debug", else: profile

    selection =
      if System.get_env("AWAP_CARGO_SHARED") == "1",
        do: ["--workspace", "--lib", "--bins"],
        else: ["--package", package]

    arguments =
      ["build"] ++
        selection ++
        ["--profile", profile] ++
        ["--manifest-path", Path.join(@crate, "Cargo.toml"), "--target-dir", target]

    {arguments, Path.join([target, System.get_env("CARGO_BUILD_TARGET") || "", folder])}
  end

  @doc "Builds `package`; the folder its files are in."
  def build(package) do
    cargo =
      System.find_executable("cargo") ||
        Mix.raise("""
        awap_nif is written in Rust, and cargo is not on the PATH. Install a Rust toolchain (https://rustup.rs), or set
        AWAP_NIF_PATH to a library that was built elsewhere for this system.
        """)

    {arguments, folder} = cargo(package)

    case System.cmd(cargo, arguments, into: IO.stream(), stderr_to_stdout: true) do
      {_, 0} -> folder
      {_, status} -> Mix.raise("awap_nif: `cargo #{Enum.join(arguments, " ")}` ended with status #{status}.")
    end
  end

  defp library do
    case System.get_env("AWAP_NIF_PATH") do
      unset when unset in [nil, ""] ->
        folder = build("awap-nif")

        Enum.map(["libawap_nif.so", "libawap_nif.dylib"], &Path.join(folder, &1))
        |> Enum.find(&File.regular?/1) ||
          Mix.raise("awap_nif: cargo built no library in #{folder}.")

      path ->
        if File.regular?(path),
          do: path,
          else: Mix.raise("awap_nif: AWAP_NIF_PATH names #{path}, and there is no such file.")
    end
  end

  # Renamed into place: a BEAM that has the old library loaded keeps the old file.
  defp install(source, target) do
    File.mkdir_p!(Path.dirname(target))

    if same?(source, target) do
      false
    else
      new = target <> ".new"
      File.cp!(source, new)
      File.rename!(new, target)
      true
    end
  end

  defp same?(source, target) do
    with {:ok, %{size: size}} <- File.stat(source),
         {:ok, %{size: ^size}} <- File.stat(target) do
      File.read!(source) == File.read!(target)
    else
      _ -> false
    end
  end
end

defmodule AwapNif.MixProject do
  use Mix.Project

  def project do
    [
      app: :awap_nif,
      version: "0.1.0",
      description: "The AWAP core in the BEAM: AwapBackend.CoreBridge.Native",
      elixir: "~> 1.14",
      compilers: [:awap_nif | Mix.compilers()],
      elixirc_paths: elixirc_paths(Mix.env()),
      elixirc_options: [warnings_as_errors: true],
      # The tests compare with the Port's JSON; the library itself needs none.
      xref: [exclude: [:jiffy]],
      # No package of Hex's: it builds where only the operating system's packages are to be had.
      deps: []
    ]
  end

  def application, do: [extra_applications: [:logger]]

  defp elixirc_paths(:test), do: ["lib", "test/support"]
  defp elixirc_paths(_), do: ["lib"]
end
