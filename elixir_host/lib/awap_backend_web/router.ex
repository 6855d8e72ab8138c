defmodule AwapBackendWeb.Router do
  @moduledoc """
  The table of routes.

  Each is a method, a path, what answers it, and who may ask: `:open`, or a list of roles of API keys. A GET answers HEAD
  too, without its body. The table is compiled into function clauses; `routes/0` gives it as data.
  """

  alias AwapBackendWeb.API.{
    AuditController,
    EventController,
    FeedbackController,
    HealthController,
    JobController,
    KeyController,
    MarksController,
    MoodleController,
    OpenAPIController,
    RubricController,
    StudentController,
    TMAController,
    TokenController
  }

  alias AwapBackendWeb.{MetricsController, UserSocket}

  @everyone ["admin", "tutor", "service"]
  @people ["admin", "tutor"]
  @admin ["admin"]

  @typedoc "A line of the table."
  @type route :: {method :: String.t(), path :: String.t(), module, action :: atom, :open | [String.t()]}

  @routes [
    {"GET", "/api/health", HealthController, :show, :open},
    {"GET", "/api/openapi.json", OpenAPIController, :show, :open},
    {"POST", "/api/tmas", TMAController, :create, @everyone},
    {"GET", "/api/tmas", TMAController, :index, @everyone},
    {"GET", "/api/tmas/:id", TMAController, :show, @everyone},
    {"GET", "/api/tmas/:id/events", TMAController, :events, @everyone},
    {"GET", "/api/tmas/:id/near-duplicates", TMAController, :near_duplicates, @people},
    {"GET", "/api/feedback/:tma_id", FeedbackController, :show, @everyone},
    {"PATCH", "/api/feedback/:tma_id", FeedbackController, :update, @people},
    {"GET", "/api/feedback/:tma_id/revisions", FeedbackController, :revisions, @people},
    {"GET", "/api/feedback/:tma_id/document", FeedbackController, :document, @everyone},
    {"POST", "/api/feedback/:tma_id/totals", MarksController, :totals, @people},
    {"POST", "/api/rubrics/check", RubricController, :check, @everyone},
    {"GET", "/api/rubrics", RubricController, :index, @everyone},
    {"GET", "/api/rubrics/:name", RubricController, :show, @everyone},
    {"PUT", "/api/rubrics/:name", RubricController, :put, @people},
    {"DELETE", "/api/rubrics/:name", RubricController, :delete, @people},
    {"GET", "/api/jobs/failed", JobController, :failed, @people},
    {"POST", "/api/jobs/:id/retry", JobController, :retry, @people},
    {"GET", "/api/students/:pseudonym", StudentController, :show, @admin},
    {"DELETE", "/api/students/:pseudonym", StudentController, :delete, @admin},
    {"GET", "/api/audit", AuditController, :index, @admin},
    {"GET", "/api/keys", KeyController, :index, @admin},
    {"POST", "/api/keys", KeyController, :create, @admin},
    {"DELETE", "/api/keys/:id", KeyController, :delete, @admin},
    {"GET", "/api/events", EventController, :index, @admin},
    {"GET", "/api/events/verify", EventController, :verify, @admin},
    {"GET", "/api/moodle/sync", MoodleController, :show, @everyone},
    {"POST", "/api/moodle/sync", MoodleController, :sync, @everyone},
    {"GET", "/api/moodle/outbox", MoodleController, :outbox, @people},
    {"POST", "/api/moodle/outbox/:id/retry", MoodleController, :retry, @people},
    {"POST", "/api/tokens", TokenController, :create, @everyone},
    {"GET", "/metrics", MetricsController, :show, ["admin", "service"]},
    {"GET", "/socket", UserSocket, :connect, @everyone}
  ]

  @doc "Every route."
  @spec routes() :: [route]
  def routes, do: @routes

  @doc """
  The route of a request and the variables in its path.

  `{:error, methods}` where the path is known and the method is not: the methods that are. No route, no methods.
  """
  @spec match(String.t(), [String.t()]) :: {:ok, route, %{String.t() => String.t()}} | {:error, [String.t()]}
  def match("HEAD", path), do: match("GET", path)

  for {method, pattern, _, _, _} = route <- @routes do
    segments = String.split(pattern, "/", trim: true)

    match =
      Enum.map(segments, fn
        ":" <> name -> Macro.var(String.to_atom(name), nil)
        segment -> segment
      end)

    params = for ":" <> name <- segments, do: {name, Macro.var(String.to_atom(name), nil)}

    def match(unquote(method), unquote(match)) do
      {:ok, unquote(Macro.escape(route)), %{unquote_splicing(params)}}
    end
  end

  def match(_method, path), do: {:error, methods(path)}

  @doc "The methods that a path takes; none where there is no such path."
  @spec methods([String.t()]) :: [String.t()]
  def methods(path) do
    case for({method, pattern, _, _, _} <- @routes, fits?(pattern, path), do: method) do
      [] -> []
      methods -> Enum.sort(["OPTIONS" | if("GET" in methods, do: ["HEAD" | methods], else: methods)])
    end
  end

  defp fits?(pattern, path) do
    segments = String.split(pattern, "/", trim: true)

    length(segments) == length(path) and
      Enum.zip(segments, path)
      |> Enum.all?(fn {segment, part} -> segment == part or match?(":" <> _, segment) end)
  end
end
