defmodule AwapBackendWeb.StaticFiles.Index do
  @moduledoc """
  The files of a folder and all below it, in memory, by the segments of their paths.

  Taken are plain files whose names are of letters, digits, `-`, `_` and `.`, none of them beginning with a dot. Symbolic links
  are not followed, wherever they lead. What is left out is named in the log. A file `app.js.gz` beside `app.js` is what clients
  that take gzip get instead of it, if it holds the same; where there is none, text is compressed here.
  """

  require Logger

  alias AwapBackendWeb.ETag

  @name ~r/\A[A-Za-z0-9_-][A-Za-z0-9_.-]*\z/
  @fingerprint ~r/[.-][0-9a-f]{8,64}\.[a-z0-9.]+\z/
  @for_good "public, max-age=31536000, immutable"
  @ask_anew "no-cache"
  # In memory, so that a film put there by mistake is found at the start and not when memory is gone.
  @max_bytes 67_108_864
  @min_gzip 512

  @types %{
    ".html" => "text/html; charset=utf-8",
    ".css" => "text/css; charset=utf-8",
    ".js" => "text/javascript; charset=utf-8",
    ".mjs" => "text/javascript; charset=utf-8",
    ".json" => "application/json; charset=utf-8",
    ".map" => "application/json; charset=utf-8",
    ".webmanifest" => "application/manifest+json; charset=utf-8",
    ".txt" => "text/plain; charset=utf-8",
    ".svg" => "image/svg+xml; charset=utf-8",
    ".png" => "image/png",
    ".jpg" => "image/jpeg",
    ".gif" => "image/gif",
    ".webp" => "image/webp",
    ".ico" => "image/vnd.microsoft.icon",
    ".woff2" => "font/woff2",
    ".pdf" => "application/pdf"
  }

  @typedoc "What is sent: as it is, or gzipped."
  @type variant :: %{etag: String.t(), bytes: binary}

  @typedoc "A file."
  @type file :: %{type: String.t(), cache_control: String.t(), plain: variant, gzip: variant | nil}

  @doc "Reads the folder into a table that belongs to the caller. A folder that is not there has no files."
  @spec load(Path.t()) :: {:ok, :ets.table()} | {:error, String.t()}
  def load(root) do
    names = names(root, [])
    size = Enum.sum(for path <- names, do: size(root, path))

    if size > @max_bytes do
      {:error, "#{root} holds #{size} bytes; static files are kept in memory, and #{@max_bytes} is the most."}
    else
      table = :ets.new(:awap_files, [:protected, read_concurrency: true])
      for path <- names, file = file(root, path, names), do: :ets.insert(table, {path, file})
      alias_index(table)
      {:ok, table}
    end
  end

  @doc "Whether there is a file at this path."
  @spec member?(:ets.table(), [String.t()]) :: boolean
  def member?(table, path), do: :ets.member(table, path)

  @doc "The file at a path where there is one."
  @spec fetch!(:ets.table(), [String.t()]) :: file
  def fetch!(table, path), do: :ets.lookup_element(table, path, 2)

  defp alias_index(table) do
    for {_, file} <- :ets.lookup(table, ["index.html"]), do: :ets.insert(table, {[], file})
  end

  defp names(root, below) do
    folder = Path.join([root | below])

    case File.ls(folder) do
      {:ok, names} -> names |> Enum.sort() |> Enum.flat_map(&entry(root, below ++ [&1]))
      {:error, :enoent} -> []
      {:error, reason} -> left_out(below, :file.format_error(reason))
    end
  end

  defp entry(root, path) do
    with true <- List.last(path) =~ @name || "its name is none for an address",
         {:ok, stat} <- File.lstat(Path.join([root | path])) do
      case stat.type do
        :regular -> [path]
        :directory -> names(root, path)
        type -> left_out(path, "it is a #{type}")
      end
    else
      {:error, reason} -> left_out(path, :file.format_error(reason))
      why -> left_out(path, why)
    end
  end

  defp left_out(path, why) do
    Logger.warning("Static file #{inspect(Path.join(["/" | path]))} is not served: #{why}")
    []
  end

  defp size(root, path) do
    case File.stat(Path.join([root | path])) do
      {:ok, %File.Stat{size: size}} -> size
      {:error, _} -> 0
    end
  end

  # What a `.gz` is of is served; it itself is not.
  defp file(root, path, names) do
    name = List.last(path)
    type = @types[Path.extname(name)]

    with {:type, true} <- {:type, is_binary(type)},
         {:ok, bytes} <- File.read(Path.join([root | path])) do
      digest = Base.encode16(binary_part(:crypto.hash(:sha256, bytes), 0, 16), case: :lower)

      %{
        type: type,
        cache_control: if(name =~ @fingerprint, do: @for_good, else: @ask_anew),
        plain: %{etag: ETag.of(digest), bytes: bytes},
        gzip: gzip(root, path, names, bytes, type, digest)
      }
    else
      {:type, false} -> unless zipped?(path, names), do: none(path, "its kind is not known")
      {:error, reason} -> none(path, :file.format_error(reason))
    end
  end

  defp none(path, why) do
    left_out(path, why)
    nil
  end

  defp zipped?(path, names), do: List.last(path) =~ ~r/\.gz\z/ and plain_path(path) in names

  defp plain_path(path), do: List.update_at(path, -1, &String.replace_suffix(&1, ".gz", ""))

  defp gzip(root, path, names, bytes, type, digest) do
    beside = List.update_at(path, -1, &(&1 <> ".gz"))
    zipped = if beside in names, do: beside(root, beside, bytes)
    zipped = zipped || if(text?(type) and byte_size(bytes) >= @min_gzip, do: :zlib.gzip(bytes))
    if zipped && byte_size(zipped) < byte_size(bytes), do: %{etag: ETag.of(digest <> "-gzip"), bytes: zipped}
  end

  defp beside(root, path, bytes) do
    zipped = File.read!(Path.join([root | path]))

    if unzipped(zipped) == bytes,
      do: zipped,
      else: none(path, "it does not hold what the file beside it does")
  end

  defp unzipped(zipped) do
    :zlib.gunzip(zipped)
  catch
    _kind, _reason -> nil
  end

  defp text?(type), do: type =~ ~r/charset=utf-8/
end
