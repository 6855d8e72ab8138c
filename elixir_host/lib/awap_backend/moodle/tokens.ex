defmodule AwapBackend.Moodle.Tokens do
  @moduledoc """
  Keeps the token that a provider gave, until it ends or Moodle refuses it, so that not every call asks for one.

  In memory alone. One asks at a time: others wait for what that one gets. When a token ends is told by the monotonic clock, so that a clock that
  is set does not make an ended one hold.
  """

  use GenServer

  alias AwapBackend.Moodle.{Error, TokenProvider}
  alias AwapBackend.Redact

  require Logger

  def start_link(options),
    do: GenServer.start_link(__MODULE__, nil, name: Keyword.get(options, :name, __MODULE__))

  @doc "A token of this provider. Where this process does not run, it is asked each time."
  @spec get(TokenProvider.t(), keyword) :: {:ok, TokenProvider.token()} | {:error, Error.t()}
  def get(provider, http) do
    case GenServer.whereis(__MODULE__) do
      nil -> provider |> asked(nil, http) |> elem(0)
      pid -> GenServer.call(pid, {:get, provider, http}, :infinity)
    end
  end

  @doc "That Moodle no longer takes this token: the next `get/2` asks for another."
  @spec refused(TokenProvider.t(), TokenProvider.token()) :: :ok
  def refused(provider, token) do
    if pid = GenServer.whereis(__MODULE__), do: GenServer.call(pid, {:refused, provider, token}, :infinity)
    :ok
  end

  @impl true
  def init(nil), do: {:ok, %{}}

  @impl true
  def handle_call({:get, provider, http}, _from, state) do
    entry = Map.get(state, provider, %{token: nil, ends: nil, memo: nil})

    if entry.token && holds?(entry) do
      {:reply, {:ok, entry.token}, state}
    else
      {outcome, memo} = asked(provider, entry.memo, http)
      {:reply, outcome, Map.put(state, provider, kept(outcome, memo))}
    end
  end

  # Unless another has been got meanwhile.
  def handle_call({:refused, provider, token}, _from, state) do
    case state do
      %{^provider => %{token: ^token} = entry} ->
        {:reply, :ok, Map.put(state, provider, %{entry | token: nil})}

      _other ->
        {:reply, :ok, state}
    end
  end

  # A provider that crashes must not take the tokens of others, or whoever calls, with it.
  defp asked({module, options}, memo, http) do
    case module.fetch(options, memo, http) do
      {:ok, token, memo} -> {{:ok, token}, memo}
      {:error, error, memo} -> {{:error, error}, memo}
    end
  catch
    kind, reason ->
      Logger.error("A provider of Moodle's tokens failed: #{kind}, #{Redact.reason(reason)}")

      {{:error, Error.new(:auth, "provider_failed", "The token for Moodle could not be got: see the log.")},
       memo}
  end

  defp kept({:ok, token}, memo) do
    ends = if token.expires_in, do: now() + token.expires_in
    %{token: token, ends: ends, memo: memo}
  end

  defp kept({:error, _error}, memo), do: %{token: nil, ends: nil, memo: memo}

  defp holds?(%{ends: nil}), do: true
  defp holds?(%{ends: ends}), do: now() < ends

  defp now, do: System.monotonic_time(:second)
end
