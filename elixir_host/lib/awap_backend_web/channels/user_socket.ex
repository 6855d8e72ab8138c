defmodule AwapBackendWeb.UserSocket do
  @moduledoc """
  WebSocket `/socket`: the status of TMAs, live, whichever host changes them.

  A browser cannot set `Authorization` on a WebSocket, and a credential in an address ends up in logs. So it is sent among the
  subprotocols, and `awap.v1` alone is answered:

      new WebSocket("wss://awap.university.test/socket", ["awap.v1", "awap.bearer." + token])

  | the client sends | and is answered |
  | --- | --- |
  | `{"subscribe": id}` | `{"event": "tma_status", "tma": {…}}` at once, with the status as it is, and again at each change |
  | `{"subscribe": "*"}` | `{"event": "subscribed", "to": "*"}`, and then each change of any TMA, but not the stages of its processing |
  | `{"unsubscribe": id}` or `"*"` | nothing |

  `tma` has `id`, `job_id`, `status`, `stage`, `at` and `error`. What cannot be done is answered
  `{"event": "error", "error": {…}}`. Each message counts as a request for the rate limit. The socket is closed with 1008 when the
  credential it was opened with holds no longer, and when the client reads more slowly than there is news; with 1001 when the
  host stops. Whoever comes back asks anew for the status as it is.
  """

  @behaviour AwapBackendWeb.HTTP.WebSocket

  use AwapBackendWeb, :controller

  alias AwapBackend.{JSON, PubSub}
  alias AwapBackendWeb.{Auth, RateLimit, UUID}
  alias AwapBackendWeb.HTTP.WebSocket

  @protocol "awap.v1"
  @all "*"
  @max_subscriptions 1_000

  @doc "`GET /socket` with the headers of a WebSocket."
  @spec connect(Conn.t()) :: Conn.t() | {:error, ErrorView.error()}
  def connect(conn) do
    state = %{conn: conn, topics: MapSet.new(), all?: false, told: %{}}

    with :ok <- room(conn),
         %Conn{} = conn <- WebSocket.upgrade(conn, __MODULE__, state, @protocol) do
      expire_later(conn.caller["expires_at"])
      hear_of_revocation(conn.caller)
      conn
    end
  end

  defp room(%Conn{config: %{max_sockets: most}} = conn) do
    if WebSocket.open(conn) < most,
      do: :ok,
      else:
        {:error,
         ErrorView.error(429, "You have #{most} sockets open here already.", %{"limit" => most},
           reason: :sockets
         )}
  end

  # Upgraded, this process serves the socket.
  defp expire_later(nil), do: :ok

  defp expire_later(time) do
    milliseconds = max(ceil(time * 1_000) - System.os_time(:millisecond), 0)
    Process.send_after(self(), {__MODULE__, :expired}, milliseconds)
  end

  defp hear_of_revocation(%{"type" => "api_key", "id" => id}), do: PubSub.subscribe("key:" <> id)
  defp hear_of_revocation(_user), do: :ok

  @impl WebSocket
  def handle_text(text, state) do
    case RateLimit.check(state.conn) do
      {:ok, _conn} -> handle(JSON.decode(text), state)
      {:error, error} -> fault(error, state)
    end
  end

  defp handle({:ok, %{"subscribe" => @all}}, state), do: subscribe_all(state)
  defp handle({:ok, %{"subscribe" => id}}, state) when is_binary(id), do: subscribe(UUID.cast(id), state)
  defp handle({:ok, %{"unsubscribe" => @all}}, state), do: unsubscribe_all(state)
  defp handle({:ok, %{"unsubscribe" => id}}, state) when is_binary(id), do: unsubscribe(UUID.cast(id), state)

  defp handle(_other, state) do
    fault(ErrorView.error(400, "A message is {\"subscribe\": id} or {\"unsubscribe\": id}."), state)
  end

  @impl WebSocket
  def handle_info({:tma_status, %{"id" => id} = status}, state) do
    cond do
      # Followed by itself and among all, a change is heard on both topics.
      old?(state.told[id], status) -> {:ok, [], state}
      # The topic's last word may come after it was left.
      MapSet.member?(state.topics, id) -> {:ok, [event(status)], put_in(state.told[id], status)}
      state.all? -> {:ok, [event(status)], state}
      true -> {:ok, [], state}
    end
  end

  def handle_info({__MODULE__, :expired}, _state), do: {:close, 1008, "this token has expired"}
  def handle_info({:key_revoked, _id}, _state), do: {:close, 1008, "this credential is no longer valid"}
  def handle_info(_message, state), do: {:ok, [], state}

  # The same again, or that it is being processed after it was said how far.
  defp old?(told, status),
    do:
      told == status or
        match?({%{"status" => "processing"}, %{"status" => "processing", "stage" => nil}}, {told, status})

  @impl WebSocket
  def handle_ping(state) do
    if Auth.still_valid?(state.conn),
      do: {:ok, [], state},
      else: {:close, 1008, "this credential is no longer valid"}
  end

  defp subscribe_all(state) do
    unless state.all?, do: PubSub.subscribe("tmas")
    {:ok, [JSON.encode(%{"event" => "subscribed", "to" => @all})], %{state | all?: true}}
  end

  defp unsubscribe_all(state) do
    if state.all?, do: PubSub.unsubscribe("tmas")
    {:ok, [], %{state | all?: false}}
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
    case state.conn.config.tma.get_tma(id, nil) do
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
    {:ok, [], %{state | topics: MapSet.delete(state.topics, id), told: Map.delete(state.told, id)}}
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
