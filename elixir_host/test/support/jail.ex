defmodule AwapBackend.Jail do
  @moduledoc """
  Real containers for the tests: an image made on the spot, and how Podman runs on this machine.

  The image holds `inmate.rs` alone, built static by `rustc` and brought in with `podman import`: no registry is asked.
  """

  @source Path.expand("inmate.rs", __DIR__)
  @external_resource @source
  # It asks for a disk, as an image of somebody else's may.
  @changes ["--change", "ENTRYPOINT [\"/inmate\"]", "--change", "VOLUME /data"]
  # One for each state of its source: VMs that test beside each other do not take it away from one another.
  @image "localhost/awap-inmate:" <>
           (@source
            |> File.read!()
            |> then(&:crypto.hash(:sha256, [&1, @changes]))
            |> Base.encode16(case: :lower)
            |> binary_part(0, 16))

  @doc "The image of the inmate, once `prepare/0` said `:ok`."
  def image, do: @image

  @doc """
  Makes the image, once for all tests, and finds out how containers run here: `:ok`, or why none does. The answer is kept.
  """
  @spec prepare() :: :ok | {:error, String.t()}
  def prepare do
    case :persistent_term.get(__MODULE__, nil) do
      nil ->
        found = find()
        :persistent_term.put(__MODULE__, found)
        if match?({:ok, _way}, found), do: :ok, else: found

      {:ok, _way} ->
        :ok

      error ->
        error
    end
  end

  @doc "The host's variables for containers of the inmate."
  def variables do
    {:ok, way} = :persistent_term.get(__MODULE__)
    words = Enum.join(way[:extra], " ")
    %{"AI_CONTAINER_IMAGE" => @image, "AI_PODMAN_RUNTIME" => way[:runtime] || "", "AI_PODMAN_ARGS" => words}
  end

  @doc "The names of the containers of this installation, running or not."
  def containers do
    {out, 0} =
      System.cmd(
        "podman",
        ["ps", "--all", "--format", "{{.Names}}", "--filter", "label=" <> AwapBackend.AI.Podman.label()],
        stderr_to_stdout: true
      )

    for "awap-ai-" <> _rest = name <- String.split(out, "\n", trim: true), do: name
  end

  @doc "What Podman says of a container, by a format of its own."
  def inspect(name, format) do
    {out, 0} =
      System.cmd("podman", ["container", "inspect", "--format", format, name], stderr_to_stdout: true)

    out |> String.split("\n", trim: true) |> List.last()
  end

  defp find do
    with :ok <- tool("podman"), :ok <- tool("rustc"), :ok <- build(), do: AwapBackend.AI.Probe.way(@image)
  end

  defp tool(name), do: if(System.find_executable(name), do: :ok, else: {:error, "#{name} is not installed"})

  defp build do
    case System.cmd("podman", ["image", "exists", @image], stderr_to_stdout: true) do
      {_out, 0} -> :ok
      _not_there -> import_image()
    end
  end

  defp import_image do
    folder = Path.join(System.tmp_dir!(), "awap-inmate-#{System.pid()}")
    File.mkdir_p!(folder)
    program = Path.join(folder, "inmate")
    static = ~w(--edition 2021 -O -C target-feature=+crt-static)

    try do
      with {_out, 0} <- System.cmd("rustc", static ++ [@source, "-o", program], stderr_to_stdout: true),
           {_out, 0} <- System.cmd("tar", ~w(-C #{folder} -cf #{folder}/inmate.tar inmate)),
           {_out, 0} <-
             System.cmd(
               "podman",
               ["import"] ++ @changes ++ ["#{folder}/inmate.tar", @image],
               stderr_to_stdout: true
             ) do
        :ok
      else
        {out, _status} -> {:error, "the image of the inmate cannot be made: #{String.slice(out, -300, 300)}"}
      end
    after
      File.rm_rf!(folder)
    end
  end
end
