defmodule AwapBackend.Release.Maintenance do
  @moduledoc "`awap verify` and `awap reseal`."

  import AwapBackend.Release.Store, only: [with_store: 2, call: 2]

  alias AwapBackend.{Release, Reseal}

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

  @doc "Seals what is under an older key anew (`AwapBackend.Reseal`)."
  @spec reseal(map) :: Release.outcome()
  def reseal(settings), do: with_store(settings, fn -> resealed(Reseal.run()) end)

  defp resealed({:ok, %{done: true} = progress}),
    do: {0, "#{progress.resealed} sealed anew. Nothing is under an older key: AWAP_SEAL_KEYS_OLD can go."}

  defp resealed({:ok, progress}),
    do: {1, "#{progress.resealed} sealed anew. #{Reseal.left(progress)} Keep the older keys."}

  # Interrupted, it is begun again: what is under the new key already is passed over.
  defp resealed({:error, %{"message" => message}}), do: {1, "#{message} Run it again to go on."}
end
