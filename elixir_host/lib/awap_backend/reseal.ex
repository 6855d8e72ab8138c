defmodule AwapBackend.Reseal do
  @moduledoc """
  Rotation of the seal key: seals everything anew that an older key sealed, to the end.

  To rotate: put a new key in `AWAP_SEAL_KEY` and the one before it in `AWAP_SEAL_KEYS_OLD` on every host, restart them, run
  `awap reseal` (this), and take the older key away once it says that nothing is left under it. The host serves
  meanwhile. It can be stopped at any time: what is sealed anew stays so, and the next run goes on with the rest.
  """

  alias AwapBackend.Repo

  @batch 200
  @timeout_ms 60_000
  # A store or database that is away for a moment does not end a run of hours.
  @patience_ms 5 * 60_000
  @pause_ms 1_000
  @actor %{"type" => "system", "id" => "reseal"}

  @typedoc """
  How far it is: rows sealed anew and rows found damaged so far, rows that are under another key (`remaining`), and those of
  them whose key this host was not given (`unknown_key`). `done` where no row is under another key: the older ones can go.
  """
  @type progress :: %{
          resealed: non_neg_integer,
          damaged: non_neg_integer,
          remaining: non_neg_integer,
          unknown_key: non_neg_integer,
          key_id: String.t(),
          done: boolean
        }

  @doc """
  Seals anew what is under an older key; how it ended.

  Options: `:progress`, called after each batch with how far it is; `:batch`, rows in one transaction (#{@batch}); `:patience_ms`,
  how long a store that does not answer is waited for (five minutes).
  """
  @spec run(keyword) :: {:ok, progress} | {:error, Repo.error()}
  def run(options \\ []) do
    tell = Keyword.get(options, :progress, fn _progress -> :ok end)
    request = %{"limit" => Keyword.get(options, :batch, @batch), "actor" => @actor}
    patience = Keyword.get(options, :patience_ms, @patience_ms)
    batches(request, %{resealed: 0, damaged: 0}, tell, patience)
  end

  @doc "What is still to be done where it did not end with `done`, as a sentence or two."
  @spec left(progress) :: String.t()
  def left(%{remaining: remaining, unknown_key: unknown, damaged: damaged}) do
    [
      "#{remaining} rows are still under another key.",
      if(unknown > 0,
        do: "The key of #{unknown} of them is not in AWAP_SEAL_KEYS_OLD: put it there, and run this again."
      ),
      if(damaged > 0,
        do: "#{damaged} are damaged and open under no key: their TMAs have to be handed in again, or erased."
      ),
      if(unknown == 0 and damaged == 0,
        do: "They came in meanwhile: run this again once all hosts have the new key."
      )
    ]
    |> Enum.reject(&is_nil/1)
    |> Enum.join(" ")
  end

  defp batches(request, so_far, tell, patience) do
    with {:ok, answer} <- patiently(request, System.monotonic_time(:millisecond) + patience) do
      progress = %{
        resealed: so_far.resealed + answer["resealed"],
        damaged: so_far.damaged + answer["damaged"],
        remaining: answer["remaining"],
        unknown_key: answer["unknown_key"],
        key_id: answer["key_id"],
        done: answer["done"]
      }

      tell.(progress)

      case answer["next_cursor"] do
        nil -> {:ok, progress}
        cursor -> request |> Map.put("cursor", cursor) |> batches(progress, tell, patience)
      end
    end
  end

  # A batch that was done and not answered is found done when it is asked for again.
  defp patiently(request, until) do
    case Repo.call("reseal", request, @timeout_ms) do
      {:error, %{"code" => code}} = error when code in ["unavailable", "timeout"] ->
        if System.monotonic_time(:millisecond) < until do
          Process.sleep(@pause_ms)
          patiently(request, until)
        else
          error
        end

      result ->
        result
    end
  end
end
