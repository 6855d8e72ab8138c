defmodule AwapNif.Port do
  @moduledoc "An `awap-port` of the same build as the NIF, to compare answers with."

  @doc "The pseudonym key that the protocol vectors are written for."
  def pseudonym_key, do: String.duplicate("07", 32)

  @doc "Starts a Port; the calling process owns it."
  def start do
    Port.open({:spawn_executable, executable()}, [
      :binary,
      :exit_status,
      packet: 4,
      env: [
        {'AWAP_PSEUDONYM_KEY', to_charlist(pseudonym_key())},
        {'EVENT_STORE_URL', false},
        {'DATABASE_URL', false}
      ]
    ])
  end

  @doc "Calls a command: what the NIF's function returns for the same data."
  def call(port, command, data) do
    request = :jiffy.encode(%{"request_id" => "1", "command" => command, "data" => data}, [:use_nil])
    Port.command(port, request)

    receive do
      {^port, {:data, answer}} ->
        case :jiffy.decode(answer, [:return_maps, :use_nil]) do
          %{"request_id" => "1", "success" => true, "data" => data} -> {:ok, data}
          %{"request_id" => "1", "success" => false, "error" => error} -> {:error, error}
        end

      {^port, {:exit_status, status}} ->
        raise "awap-port ended with status #{status}"
    after
      60_000 -> raise "awap-port does not answer"
    end
  end

  @doc "Builds `awap-port` in the profile the NIF was built in."
  def build do
    path =
      System.get_env("CORE_EXECUTABLE") ||
        Path.join(Mix.Tasks.Compile.AwapNif.build("awap-port"), "awap-port")

    :persistent_term.put(__MODULE__, path)
  end

  defp executable, do: :persistent_term.get(__MODULE__)
end
