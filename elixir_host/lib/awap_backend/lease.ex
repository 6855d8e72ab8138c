defmodule AwapBackend.Lease do
  @moduledoc "Whose a lease of the store is."

  @doc """
  A name to claim leases by: like no other process's, on any host, before or after a restart. `part` says of the host's what it is,
  for whoever reads the log.
  """
  @spec holder(String.t() | nil) :: String.t()
  def holder(part \\ nil) do
    {:ok, host} = :inet.gethostname()
    random = Base.encode16(:crypto.strong_rand_bytes(4), case: :lower)
    [to_string(host), System.pid(), part, random] |> Enum.reject(&is_nil/1) |> Enum.join("-")
  end
end
