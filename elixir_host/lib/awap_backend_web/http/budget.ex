defmodule AwapBackendWeb.HTTP.Budget do
  @moduledoc """
  Bytes that the bodies of all requests together may hold in memory.

  Each connection takes from it before it reads and gives back all that it took when the request is over.
  """

  @typedoc "A budget: the counter of bytes taken, and how many there are."
  @type t :: {:atomics.atomics_ref(), pos_integer}

  @doc "A budget of `bytes`."
  @spec new(pos_integer) :: t
  def new(bytes), do: {:atomics.new(1, signed: true), bytes}

  @doc "Takes `bytes` for the calling process; false where there are not that many left."
  @spec take(t, non_neg_integer) :: boolean
  def take({counter, limit}, bytes) do
    if :atomics.add_get(counter, 1, bytes) <= limit do
      Process.put(__MODULE__, taken() + bytes)
      true
    else
      :atomics.sub(counter, 1, bytes)
      false
    end
  end

  @doc "Gives back all that the calling process took; answers how many bytes that was."
  @spec give_back(t) :: non_neg_integer
  def give_back({counter, _limit}) do
    case Process.delete(__MODULE__) do
      nil ->
        0

      bytes ->
        :atomics.sub(counter, 1, bytes)
        bytes
    end
  end

  defp taken, do: Process.get(__MODULE__, 0)
end
