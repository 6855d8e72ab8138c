defmodule AwapBackend.Memory do
  @moduledoc "The memory of a running host's processes over time, and whether it grows."

  alias AwapBackend.RunningHost

  @typedoc """
  One look at a host: which VM it was (`life`, counted from 0), when (`at`, in milliseconds), the VM's memory in use after a
  collection (`beam`), and what the operating system counts for each program (`rss`), all in bytes.
  """
  @type sample :: %{
          life: non_neg_integer,
          at: integer,
          beam: non_neg_integer,
          rss: %{String.t() => non_neg_integer}
        }

  # What a VM does at its start is not growth.
  @settled_ms 20_000
  @least 8

  @doc "Looks at a host; nil where it is not up."
  @spec sample(RunningHost.t()) :: sample | nil
  def sample(host) do
    case RunningHost.control(host, :figures) do
      {:ok, %{memory: memory}} ->
        %{life: host.restarts, at: System.monotonic_time(:millisecond), beam: memory, rss: resident(host)}

      :error ->
        nil
    end
  end

  @doc "The resident memory of each program of a host, in bytes, summed over its processes."
  @spec resident(RunningHost.t()) :: %{String.t() => non_neg_integer}
  def resident(host) do
    for {pid, name} <- RunningHost.processes(host), bytes = resident_of(pid), reduce: %{} do
      sums -> Map.update(sums, name, bytes, &(&1 + bytes))
    end
  end

  defp resident_of(pid) do
    with {:ok, status} <- File.read("/proc/#{pid}/status"),
         [_, kilobytes] <- Regex.run(~r/VmRSS:\s+(\d+) kB/, status) do
      String.to_integer(kilobytes) * 1024
    else
      _gone -> nil
    end
  end

  @doc """
  What the VM's memory was early and late in its longest life, in bytes: medians of the first and last third of the samples
  once it has settled; nil where no life was long enough to tell.
  """
  @spec growth([sample]) :: {early :: number, late :: number} | nil
  def growth(samples) do
    longest =
      samples
      |> Enum.group_by(& &1.life)
      |> Map.values()
      |> Enum.map(fn life -> Enum.filter(life, &(&1.at >= hd(life).at + @settled_ms)) end)
      |> Enum.max_by(&length/1, fn -> [] end)

    if length(longest) >= @least do
      third = div(length(longest), 3)
      memory = Enum.map(longest, & &1.beam)
      {memory |> Enum.take(third) |> median(), memory |> Enum.take(-third) |> median()}
    end
  end

  defp median(numbers), do: numbers |> Enum.sort() |> Enum.at(div(length(numbers), 2))

  @doc "Bytes as MiB, for a person."
  @spec mebibytes(number) :: String.t()
  def mebibytes(bytes), do: :erlang.float_to_binary(bytes / 1_048_576, decimals: 1) <> " MiB"
end
