defmodule AwapBackendWeb.UserSocket do
  @moduledoc """
  WebSocket `/socket`: the status of TMAs, live.

  The client sends `{"subscribe": id}` or `{"unsubscribe": id}`. The server sends `{"event": "tma_status", "tma": {…}}` at
  once, with the status as it is, and then at each change (`id`, `job_id`, `status`, `stage`, `at`, `error`). What cannot
  be done is answered `{"event": "error", "error": {…}}`.
  """

  @behaviour AwapBackendWeb.HTTP.WebSocket

  use AwapBackendWeb, :controller

  alias AwapBackend.{JSON, PubSub}
  alias AwapBackendWeb.{Auth, UUID}
  alias AwapBackendWeb.HTTP.WebSocket

  @max_subscriptions 1_000

  @doc "`GET /socket` with the headers of a WebSocket."
  @spec connect(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def connect(conn), do: WebSocket.upgrade(conn, __MODULE__, %{conn: conn, topics: MapSet.new()})

  @impl WebSocket
  def handle_text(text, state) do
    case JSON.decode(text) do
      {:ok, %{"subscribe" => id}} when is_binary(id) -> subscribe(UUID.cast(id), state)
      {:ok, %{"unsubscribe" => id}} when is_binary(id) -> unsubscribe(UUID.cast(id), state)
      _ -> fault(ErrorView.error(400, "A message is {\"subscribe\": id} or {\"unsubscribe\": id}."), state)
    end
  end

  @impl WebSocket
  def handle_info({:tma_status, status}, state) do
    # The topic's last word may come after it was left.
    if MapSet.member?(state.topics, status["id"]),
      do: {:ok, [event(status)], state},
      else: {:ok, [], state}
  end

  def handle_info(_message, state), do: {:ok, [], state}

  @impl WebSocket
  def handle_ping(state) do
    if Auth.still_valid?(state.conn),
      do: {:ok, [], state},
      else: {:close, 1008, "this API key is no longer valid"}
  end

  defp subscribe(:error, state), do: not_found(state)

  defp subscribe({:ok, id}, state) do
    cond do
      MapSet.member?(state.topics, id) -> told(status(id, state), state)
      MapSet.size(state.topics) >= @max_subscriptions -> fault(too_many(), state)
      true -> join(id, state)
    end
  end

  # Joined first and looked at then: a change in between is told twice rather than missed.
  defp join(id, state) do
    PubSub.subscribe("tma:" <> id)

    case status(id, state) do
      {:ok, text} ->
        {:ok, [text], %{state | topics: MapSet.put(state.topics, id)}}

      {:error, error} ->
        PubSub.unsubscribe("tma:" <> id)
        fault(error, state)
    end
  end

  defp told({:ok, text}, state), do: {:ok, [text], state}
  defp told({:error, error}, state), do: fault(error, state)

  defp status(id, state) do
    case state.conn.config.tma.get_tma(id) do
      {:ok, row} ->
        status = %{
          "id" => id,
          "job_id" => row["job_id"],
          "status" => row["status"],
          "stage" => nil,
          "at" => row["updated_at"],
          "error" => row["error_message"] && %{"message" => row["error_message"]}
        }

        {:ok, event(status)}

      {:error, %{"code" => "not_found"}} ->
        {:error, ErrorView.error(404, "There is no TMA of this id.")}

      {:error, error} ->
        {:error, ErrorView.from_backend(error)}
    end
  end

  defp unsubscribe({:ok, id}, state) do
    if MapSet.member?(state.topics, id), do: PubSub.unsubscribe("tma:" <> id)
    {:ok, [], %{state | topics: MapSet.delete(state.topics, id)}}
  end

  defp unsubscribe(:error, state), do: not_found(state)

  defp not_found(state), do: fault(ErrorView.error(404, "There is no TMA of this id."), state)
  defp too_many, do: ErrorView.error(429, "One socket follows at most #{@max_subscriptions} TMAs.")

  defp event(status), do: JSON.encode(%{"event" => "tma_status", "tma" => status})

  defp fault(error, state) do
    error = Map.take(error, [:code, :message, :details])
    {:ok, [JSON.encode(%{"event" => "error", "error" => error})], state}
  end
end
