defmodule AwapBackend.Release.Maintenance do
  @moduledoc "`awap verify`, `awap accept-events` and `awap reseal`."

  import AwapBackend.Release, only: [usage: 1]
  import AwapBackend.Release.Store, only: [with_store: 2, call: 2]

  alias AwapBackend.{EventStore, Release, Reseal}
  alias AwapBackend.Moodle.TokenVault

  @doc "Reads every event, or those after a place, and checks the chain of hashes; also where they are copied to."
  @spec verify(map, [String.t()]) :: Release.outcome()
  def verify(settings, options) do
    case OptionParser.parse(options, strict: [after: :string]) do
      {[], [], []} -> with_store(settings, fn -> verified([]) end)
      {[after: place], [], []} -> verify_after(settings, place)
      _other -> usage("verify takes --after POSITION:HASH, and nothing else.")
    end
  end

  defp verify_after(settings, text) do
    case Regex.run(~r/\A(\d{1,18}):([0-9a-f]{64})\z/, text) do
      [_all, position, hash] ->
        place = %{"global_position" => String.to_integer(position), "hash" => hash}
        with_store(settings, fn -> verified(after: place) end)

      nil ->
        usage("--after takes POSITION:HASH, as an earlier verify told them.")
    end
  end

  @doc "As `verify/2`, of the database's own events, where a store is open."
  @spec verify_database() :: Release.outcome()
  def verify_database, do: verified(copy: false)

  defp verified(options) do
    case EventStore.verify(options) do
      {:ok, %{"valid" => true, "events" => events, "head" => head}} ->
        {0,
         "the events are whole: #{events} read, each follows from the one before. They end at " <>
           "#{head["global_position"]}:#{head["hash"]}"}

      {:ok, found} ->
        {1, Enum.join(fault(found) ++ fault_of_copy(found["event_store"]), "\n")}

      {:error, %{"message" => sentence}} ->
        {1, sentence}
    end
  end

  defp fault(%{"fault" => nil}), do: []

  defp fault(%{"fault_at" => nil, "fault" => fault}),
    do: ["the events may have been CHANGED. #{fault} Once you know why: awap accept-events --reason WHY"]

  defp fault(%{"fault_at" => position, "fault" => fault}),
    do: ["the events were CHANGED: at position #{position}. #{fault}"]

  defp fault_of_copy(%{"fault" => fault} = found) when is_binary(fault) do
    at = if position = found["fault_at"], do: ": at position #{position}. ", else: ". "
    ["the events at EVENT_STORE_URL are not the database's own#{at}#{fault}"]
  end

  defp fault_of_copy(_whole_or_none), do: []

  @doc "Vouches for the end of the chain of events, which this store did not write."
  @spec accept(map, [String.t()]) :: Release.outcome()
  def accept(settings, options) do
    case OptionParser.parse(options, strict: [reason: :string]) do
      {[reason: reason], [], []} ->
        with_store(settings, fn -> accepted(reason) end)

      _other ->
        usage("accept-events needs --reason WHY, which is kept in the audit log and must name no one.")
    end
  end

  defp accepted(reason) do
    case call("accept_events", %{"reason" => reason}) do
      {:ok, %{"data" => %{"global_position" => position}}} ->
        {0, "the events up to position #{position} are to stand, and the audit log has who said so and why"}

      {:error, sentence} ->
        {1, sentence}
    end
  end

  @doc "Seals what is under an older key anew (`AwapBackend.Reseal`)."
  @spec reseal(map) :: Release.outcome()
  def reseal(settings) do
    with_store(settings, fn ->
      # Moodle's token is in a file of its own, and is sealed anew where it is read.
      if vault = TokenVault.of(Application.get_env(:awap_backend, :settings)), do: TokenVault.read(vault)
      resealed(Reseal.run())
    end)
  end

  defp resealed({:ok, %{done: true} = progress}),
    do: {0, "#{progress.resealed} sealed anew. Nothing is under an older key: AWAP_SEAL_KEYS_OLD can go."}

  defp resealed({:ok, progress}),
    do: {1, "#{progress.resealed} sealed anew. #{Reseal.left(progress)} Keep the older keys."}

  # Interrupted, it is begun again: what is under the new key already is passed over.
  defp resealed({:error, %{"message" => message}}), do: {1, "#{message} Run it again to go on."}
end
