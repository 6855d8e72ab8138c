defmodule AwapBackend.Release.Maintenance do
  @moduledoc "`awap verify` and `awap reseal`."

  import AwapBackend.Release.Store, only: [with_store: 2, call: 2]

  alias AwapBackend.Release

  @doc "Reads every event and checks the chain of hashes."
  @spec verify(map) :: Release.outcome()
  def verify(settings), do: with_store(settings, &verify/0)

  @doc "As `verify/1`, where a store is open."
  @spec verify() :: Release.outcome()
  def verify do
    case call("verify_events", %{}) do
      {:ok, %{"valid" => true, "events" => events}} ->
        {0, "the events are whole: #{events} read, each follows from the one before"}

      {:ok, %{"fault_at" => position, "fault" => fault}} ->
        {1, "the events were CHANGED: at position #{position}. #{fault}"}

      {:error, sentence} ->
        {1, sentence}
    end
  end

  @doc "Seals what is under an older key anew, batch by batch."
  @spec reseal(map) :: Release.outcome()
  def reseal(settings), do: with_store(settings, fn -> reseal(nil, 0, 0) end)

  # Interrupted, it is begun again: what is under the new key already is passed over.
  defp reseal(cursor, resealed, damaged) do
    case call("reseal", %{"cursor" => cursor}) do
      {:ok, %{"next_cursor" => nil} = last} ->
        closing(last, resealed + last["resealed"], damaged + last["damaged"])

      {:ok, batch} ->
        reseal(batch["next_cursor"], resealed + batch["resealed"], damaged + batch["damaged"])

      {:error, sentence} ->
        {1, "#{resealed} sealed anew, then: #{sentence} Run it again to go on."}
    end
  end

  defp closing(%{"done" => true}, resealed, 0),
    do: {0, "#{resealed} sealed anew. Nothing is under an older key: AWAP_SEAL_KEYS_OLD can go."}

  defp closing(last, resealed, damaged) do
    {1,
     "#{resealed} sealed anew; #{last["remaining"]} are still under another key: #{last["unknown_key"]} whose key is not in " <>
       "AWAP_SEAL_KEYS_OLD, #{damaged} damaged. Keep the older keys."}
  end
end
