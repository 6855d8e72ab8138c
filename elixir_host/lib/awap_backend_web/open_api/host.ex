defmodule AwapBackendWeb.OpenAPI.Host do
  @moduledoc "Health, metrics, this document, and the WebSocket."

  import AwapBackendWeb.OpenAPI.Parts

  def paths do
    %{
      "/api/health" => %{
        get:
          operation("getHealth", "system", :open, "How the host and its parts are",
            description:
              "`degraded` where something it is configured to use does not work; with 503 where it cannot serve, its database being down.",
            answers: %{
              200 => answer("It can serve.", "Health", health("ok")),
              503 => answer("It cannot serve: its database does not answer.", "Health", health("degraded"))
            }
          )
      },
      "/api/openapi.json" => %{
        get:
          operation("getOpenAPI", "system", :open, "This document",
            parameters: parameters(["IfNoneMatch"]),
            answers: %{
              200 => %{
                description: "The document.",
                headers: headers(["ETag", "Cache-Control"]),
                content: %{"application/json" => %{schema: schema("OpenAPI")}}
              },
              304 => bare("It is as `If-None-Match` has it.", ["ETag", "Cache-Control"])
            }
          )
      },
      "/metrics" => %{
        get:
          operation("getMetrics", "system", ["admin", "service"], "Metrics for Prometheus",
            answers: %{
              200 => %{
                description: "In Prometheus's text format, version 0.0.4.",
                headers: headers([]),
                content: %{
                  "text/plain" => %{
                    schema: string(),
                    example: "# TYPE awap_vm_processes gauge\nawap_vm_processes 241\n"
                  }
                }
              }
            }
          )
      },
      "/socket" => %{
        get:
          operation("openSocket", "system", ["admin", "tutor", "service"], "The status of TMAs, live",
            description: """
            A WebSocket (RFC 6455). The client sends `{"subscribe": id}`, the id being a TMA's or `"*"` for all, and `{"unsubscribe": id}`.
            The server sends `{"event": "tma_status", "tma": {"id", "job_id", "status", "stage", "at", "error"}}`, of one TMA at once,
            with the status as it is, and then at each change, whichever host makes it; `"*"` is answered
            `{"event": "subscribed", "to": "*"}`, and what cannot be done `{"event": "error", "error": {…}}`.

            A browser, which cannot set `Authorization` here, sends the credential among the subprotocols:
            `new WebSocket(url, ["awap.v1", "awap.bearer." + token])`. `awap.v1` alone is answered.
            """,
            errors: [426],
            answers: %{101 => bare("The protocol is switched.", ["Upgrade"])}
          )
      }
    }
  end

  def schemas do
    %{
      "Health" =>
        object(%{
          status: string(enum: ["ok", "degraded"]),
          parts: %{
            type: "object",
            description: "`database`, `core`, `event_store`, `ai`, `moodle`, `workers`.",
            additionalProperties: schema("HealthPart")
          }
        }),
      "HealthPart" =>
        object(
          %{
            status: string(enum: ["ok", "degraded", "down", "disabled"]),
            code: string(description: "Why it is down, for programs."),
            latency_ms: %{
              type: "number",
              minimum: 0,
              description: "How long it took to answer, in milliseconds."
            },
            processes: count(description: "Processes kept."),
            up: count(description: "Of them, those that run."),
            restarts: count(description: "How often one was started again."),
            workers: count(description: "TMAs that can be marked at the same time."),
            busy: count(description: "TMAs that are being marked."),
            queue_depth: count(description: "TMAs that wait."),
            queue_limit: count(description: "TMAs that may wait.")
          },
          optional: [
            :code,
            :latency_ms,
            :processes,
            :up,
            :restarts,
            :workers,
            :busy,
            :queue_depth,
            :queue_limit
          ]
        ),
      "OpenAPI" => %{
        type: "object",
        required: ["openapi", "info", "paths", "components"],
        properties: %{openapi: string(pattern: "^3\\.1\\.")}
      }
    }
  end

  defp health(status) do
    %{
      status: status,
      parts: %{
        database: %{status: status, latency_ms: 0.21},
        core: %{status: "ok", latency_ms: 0.08, processes: 2, up: 2, restarts: 0},
        event_store: %{status: status, latency_ms: 0.34},
        ai: %{status: "disabled"},
        moodle: %{status: "disabled"},
        workers: %{status: "ok", workers: 2, busy: 1, queue_depth: 3, queue_limit: 10_000}
      }
    }
  end
end
