defmodule AwapBackend.Doctor.Data do
  @moduledoc "The data folder, its disk, and the secrets in it."

  import AwapBackend.Doctor.Finding
  import Bitwise

  alias AwapBackend.Secrets

  @secrets [:secret_key_base, :pseudonym_key, :seal_key, :api_key]
  # MiB: below the first something will soon fail, below the second it is time to look.
  @too_little 200
  @little 2_000

  @doc false
  def check(%{settings: %{data_dir: nil}}), do: []

  def check(%{settings: settings}) do
    folder = settings.data_dir

    case File.stat(folder) do
      {:ok, %File.Stat{type: :directory} = stat} ->
        folder(folder, stat) ++ disk(folder) ++ secrets(settings)

      {:ok, _other} ->
        [fault("folder", "#{folder} is not a folder.", "Move it away, or set AWAP_DATA_DIR.")]

      {:error, :enoent} ->
        [to_be_made(folder)]

      {:error, reason} ->
        [fault("folder", "#{folder}: #{:file.format_error(reason)}.", "Give it to the host's user.")]
    end
  end

  defp to_be_made(folder) do
    parent = Stream.iterate(folder, &Path.dirname/1) |> Enum.find(&File.dir?/1)

    if access(parent) in [:write, :read_write],
      do: ok("folder", "#{folder} is not there yet; the host makes it when it starts"),
      else:
        fault(
          "folder",
          "#{folder} is not there, and cannot be made.",
          "Make it, owned by the host's user, mode 0700."
        )
  end

  defp folder(folder, stat) do
    mode = stat.mode &&& 0o777

    cond do
      access(folder) != :read_write ->
        [
          fault(
            "folder",
            "#{folder} cannot be written by this user.",
            "chown it to the user who runs the host."
          )
        ]

      (mode &&& 0o007) != 0 ->
        [
          warning(
            "folder",
            "#{folder} can be entered by every user (mode #{octal(mode)}).",
            "chmod 700 #{folder}"
          )
        ]

      true ->
        [ok("folder", "#{folder}, mode #{octal(mode)}")]
    end
  end

  # What File.stat says of access is by the mode; root may write where the file system may not be written.
  defp access(folder) do
    case System.cmd("test", ["-w", folder]) do
      {_, 0} -> :read_write
      _not -> :read
    end
  end

  defp disk(folder) do
    with {table, 0} <- System.cmd("df", ["-Pk", folder], stderr_to_stdout: true),
         [_head, line | _] <- String.split(table, "\n"),
         [_device, _size, _used, free | _] <- String.split(line),
         {kib, ""} <- Integer.parse(free) do
      [space(div(kib, 1024))]
    else
      _unknown -> []
    end
  end

  defp space(mib) when mib < @too_little,
    do: fault("disk", "#{mib} MiB are free.", "Make room: a submission that cannot be written is refused.")

  defp space(mib) when mib < @little,
    do:
      warning(
        "disk",
        "#{mib} MiB are free.",
        "Make room soon, or let older originals go (AWAP_RETAIN_ORIGINALS_DAYS)."
      )

  defp space(mib), do: ok("disk", "#{div(mib, 1024)} GiB are free")

  defp secrets(settings) do
    folder = Path.join(settings.data_dir, "secrets")

    case File.stat(folder) do
      {:ok, stat} -> private(folder, stat) ++ Enum.flat_map(@secrets, &secret(settings, &1))
      {:error, _none} -> unset(settings)
    end
  end

  defp private(folder, stat) do
    if (stat.mode &&& 0o077) == 0,
      do: [],
      else: [
        warning(
          "secrets",
          "#{folder} can be entered by others (mode #{octal(stat.mode &&& 0o777)}).",
          "chmod 700 #{folder}"
        )
      ]
  end

  defp unset(settings) do
    case Enum.filter([:seal_key, :pseudonym_key], &(settings[&1] == nil)) do
      [] -> [ok("secrets", "the keys come from the environment")]
      _some -> [ok("secrets", "none yet; the host makes those that are not set when it first starts")]
    end
  end

  defp secret(settings, key) do
    path = Secrets.path(settings.data_dir, key)

    with {:ok, %File.Stat{} = stat} <- File.stat(path), {:ok, content} <- File.read(path) do
      cond do
        String.trim(content) == "" ->
          [fault("secrets", "#{path} is empty.", "Restore it from a backup of the secrets.")]

        (stat.mode &&& 0o077) != 0 ->
          [
            fault(
              "secrets",
              "#{path} can be read by others (mode #{octal(stat.mode &&& 0o777)}).",
              "chmod 600 it, and consider it known."
            )
          ]

        key in [:seal_key, :pseudonym_key] and settings[key] not in [nil, String.trim(content)] ->
          advice =
            "Be sure which is right: what is kept under one key opens under no other. Then remove the file, or the variable."

          [
            warning(
              "secrets",
              "#{path} holds another key than the environment, which is the one used.",
              advice
            )
          ]

        true ->
          [ok("secrets", "#{path} is there, for its user alone")]
      end
    else
      {:error, :enoent} ->
        []

      {:error, reason} ->
        [fault("secrets", "#{path}: #{:file.format_error(reason)}.", "Give it to the host's user.")]
    end
  end

  defp octal(mode), do: mode |> Integer.to_string(8) |> String.pad_leading(4, "0")
end
