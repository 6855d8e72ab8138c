defmodule AwapBackendWeb.OpenAPI.Events do
  @moduledoc "The event store."

  import AwapBackendWeb.OpenAPI.Parts

  alias AwapBackendWeb.OpenAPI.Shared

  @admin ["admin"]

  @doc "The parameters that lists of events have in common, but for where they begin."
  def filters, do: ["EventLimit", "Direction", "Types", "Since", "Until"]

  @doc "An event as an example."
  def example do
    %{
      global_position: 812,
      stream_id: "tma-0198c5a4-9f6b-7c33-8a53-2f1f0f8a3c11",
      version: 1,
      event_id: "0198c5a4-9f71-7a22-8d4b-6e5f4a3b2c1d",
      type: "tma.submitted",
      data: %{
        tma_id: "0198c5a4-9f6b-7c33-8a53-2f1f0f8a3c11",
        student_id: "stu_3280e317f41b024e813ae3fc2800fedc"
      },
      metadata: %{actor_type: "api_key", request_id: "kJ0vQnq0m2w1b3xX9sYp"},
      recorded_at: "2026-11-22T16:10:03.184112Z"
    }
  end

  def paths do
    %{
      "/api/events" => %{
        get:
          operation("listEvents", "events", @admin, "The events of every stream, in one order",
            parameters: [from() | parameters(filters())],
            errors: [422],
            answers: %{200 => answer("A page of them.", "EventPage", %{events: [example()], next: 813})}
          )
      },
      "/api/events/verify" => %{
        get:
          operation(
            "verifyEvents",
            "events",
            @admin,
            "Whether every event is as it was written, and none is missing",
            description:
              "Reads them all, or all after a place: it takes the longer the more there are. Keep the `head` that is answered where " <>
                "nobody can change it who can change the database; given another day as `after_position` and `after_hash`, it " <>
                "shows whether anything up to it was changed since.",
            parameters: [after_position(), after_hash()],
            errors: [422],
            answers: %{
              200 =>
                answer("What was found.", "Verification", %{
                  valid: true,
                  events: 812,
                  fault_at: nil,
                  fault: nil,
                  head: %{
                    global_position: 812,
                    hash: "5f2b8c9b0c6f5d7e8a91b2c3d4e5f60718293a4b5c6d7e8f9011223344556677"
                  },
                  event_store: nil
                })
            }
          )
      }
    }
  end

  defp from do
    Shared.query(
      "from_position",
      count(maximum: 9_007_199_254_740_991),
      "The global position of the first event to answer with (backward: of the last), such as the `next` of the page before."
    )
  end

  defp after_position do
    Shared.query(
      "after_position",
      count(maximum: 9_007_199_254_740_991),
      "The position of the place to begin after; with `after_hash`."
    )
  end

  defp after_hash, do: Shared.query("after_hash", hash(), "The hash of the place to begin after.")

  defp hash, do: string(pattern: "^[0-9a-f]{64}$")

  # What a verification has, of the database's events and of those that are kept elsewhere.
  defp found do
    %{
      valid: %{type: "boolean"},
      events: count(description: "How many were read."),
      fault_at: %{
        type: ["integer", "null"],
        description: "The position of the first event that is not as it was written, where one can be named."
      },
      fault: nullable(string(description: "What is wrong there, or with the whole.")),
      head: schema("ChainPlace")
    }
  end

  def schemas do
    place = %{type: "integer", minimum: 1}

    %{
      "ChainPlace" =>
        object(%{
          global_position: count(description: "The last event's position; 0 before the first."),
          hash: Map.put(hash(), :description, "Its hash, which is over all events up to it.")
        }),
      "CopyVerification" => object(found()),
      "Event" =>
        object(%{
          global_position: Map.put(place, :description, "Its place among all events, without gaps."),
          stream_id: string(minLength: 1),
          version: Map.put(place, :description, "Its place in its stream, without gaps."),
          event_id: schema("UUID"),
          type: string(minLength: 1, description: "`tma.submitted`, `tma.completed`, `feedback.reviewed`, …"),
          data: any_object(description: "What there is to know of it; it names no one."),
          metadata: any_object(description: "Who did it, in which request."),
          recorded_at: schema("Time")
        }),
      "EventPage" =>
        object(%{
          events: %{type: "array", items: schema("Event")},
          next: %{
            type: ["integer", "null"],
            minimum: 1,
            description: "Where the next page begins; null where there is none yet."
          }
        }),
      "Verification" =>
        object(
          Map.put(found(), :event_store, %{
            anyOf: [schema("CopyVerification"), %{type: "null"}],
            description:
              "The same of the events at `EVENT_STORE_URL`; null where events are kept beside the TMAs. `valid` is of both."
          })
        )
    }
  end
end
