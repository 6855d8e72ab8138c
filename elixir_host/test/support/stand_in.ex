defmodule AwapBackendWeb.StandIn do
  @moduledoc """
  A backend for tests of the web alone: it keeps nothing, tells the test what it was given, and makes each fault when
  asked to by an id or an assignment that stands for it.
  """

  @key "awap_test_key_of_a_tutor_0123456789"
  @id "0b0f6e3a-6a64-4c3e-9d1c-0f6f6b1a2c3d"

  def key, do: @key
  def admin_key, do: "awap_test_key_of_an_admin_0123456789"
  def id, do: @id

  @doc "An id that stands for `kind`."
  def id(:missing), do: "00000000-0000-4000-8000-000000000404"
  def id(:pending), do: "00000000-0000-4000-8000-000000000001"
  def id(:failed), do: "00000000-0000-4000-8000-000000000002"
  def id(:raises), do: "00000000-0000-4000-8000-000000000500"
  def id(:exits), do: "00000000-0000-4000-8000-000000000501"
  def id(:throws), do: "00000000-0000-4000-8000-000000000502"
  def id(:unavailable), do: "00000000-0000-4000-8000-000000000503"
  def id(:slow), do: "00000000-0000-4000-8000-000000000504"
  def id(:strange), do: "00000000-0000-4000-8000-000000000505"

  @doc "Has the calling test told of every TMA that is handed in while it runs."
  def listen do
    Process.register(self(), __MODULE__)
    :ok
  end

  def create_tma(params, actor, options) do
    if pid = Process.whereis(__MODULE__), do: send(pid, {:created, params, actor, options})

    case params["assignment_id"] do
      "queue-full" -> error("queue_full", "The queue is full.", %{})
      "conflict" -> error("conflict", "This key was sent with another body.", %{})
      "bad-rubric" -> error("invalid_input", "Marks do not add up.", %{"path" => "rubric.questions[0]"})
      "raises" -> raise "a message that names Jane Doe"
      "replay" -> {:ok, Map.put(created(), "created", false)}
      _ -> {:ok, created()}
    end
  end

  def get_tma(id) do
    cond do
      id == id(:missing) -> error("not_found", "There is no such row.", %{})
      id == id(:pending) -> {:ok, %{"id" => id, "status" => "pending", "content" => nil}}
      id == id(:failed) -> {:ok, %{"id" => id, "status" => "failed", "error_message" => "It is damaged."}}
      id == id(:raises) -> raise "a message that names Jane Doe"
      id == id(:exits) -> exit({:noproc, "Jane Doe"})
      id == id(:throws) -> throw("Jane Doe")
      id == id(:unavailable) -> error("unavailable", "The database does not answer.", %{})
      id == id(:slow) -> Process.sleep(500) && {:ok, %{"id" => id, "status" => "completed"}}
      id == id(:strange) -> error("internal", "secret of the house", %{"stack" => "secret"})
      true -> {:ok, %{"id" => id, "status" => "completed", "content" => %{"text" => "[STUDENT]"}}}
    end
  end

  def list_tmas(filters), do: {:ok, %{"tmas" => [], "next_cursor" => nil, "filters" => tell(filters)}}

  def get_feedback(id) do
    if id == id(),
      do: {:ok, %{"tma_id" => id, "grade" => 71.0}},
      else: error("not_found", "There is no such row.", %{})
  end

  def call(command, data, timeout)

  def call("verify_api_key", %{"key" => key}, _timeout) do
    cond do
      key == @key -> {:ok, %{"id" => "1", "name" => "a tutor", "role" => "tutor"}}
      key == admin_key() -> {:ok, %{"id" => "2", "name" => "an admin", "role" => "admin"}}
      key =~ "store_is_gone" -> error("unavailable", "The store is starting again.", %{})
      true -> error("not_found", "There is no such key.", %{})
    end
  end

  def call("query_events", data, _timeout), do: {:ok, %{"events" => [tell(data)], "next" => nil}}

  def check,
    do: %{"status" => Application.get_env(:awap_backend, :stand_in_health, "ok"), "parts" => %{}, "x" => 1}

  defp tell(term) do
    if pid = Process.whereis(__MODULE__), do: send(pid, {:asked, term})
    term
  end

  defp created do
    %{
      "id" => @id,
      "job_id" => "7",
      "status" => "pending",
      "student_id" => "stu_0123",
      "submitted_at" => "2025-11-22T10:00:00.000000Z",
      "created" => true
    }
  end

  defp error(code, message, details),
    do: {:error, %{"code" => code, "message" => message, "details" => details}}
end
