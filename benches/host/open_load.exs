defmodule AwapBackend.OpenLoad do
  @moduledoc """
  TMAs handed in at a rate of their own, whatever the host does: an answer that comes late does not delay the next request,
  and its time counts from when it was due. So a host that stalls shows it.
  """

  alias AwapBackend.{Fixtures, HTTPClient}

  @type result :: %{
          offered: float,
          seconds: float,
          accepted: [{id :: String.t(), milliseconds :: float}],
          refused: [milliseconds :: float],
          without_retry_after: non_neg_integer,
          other: %{term => pos_integer}
        }

  @doc "Offers `rate` TMAs a second to a host for so many seconds, over so many connections."
  @spec run(AwapBackend.RunningHost.t(), number, number, pos_integer) :: result
  def run(host, rate, seconds, connections) do
    bodies = Fixtures.all() |> Enum.map(&Fixtures.json/1) |> List.to_tuple()
    start = System.monotonic_time(:microsecond) + 100_000
    total = round(rate * seconds)

    tasks =
      for n <- 0..(connections - 1) do
        Task.async(fn ->
          client = HTTPClient.new(host.number)

          {answers, _client} =
            Enum.map_reduce(Enum.take_every(Enum.drop(0..(total - 1), n), connections), client, fn i,
                                                                                                   client ->
              hand_in(
                host,
                client,
                elem(bodies, rem(i, tuple_size(bodies))),
                start + round(i * 1_000_000 / rate)
              )
            end)

          answers
        end)
      end

    answers = tasks |> Task.await_many(:infinity) |> Enum.concat()
    seconds = (System.monotonic_time(:microsecond) - start) / 1_000_000
    summary(answers, rate, seconds)
  end

  defp hand_in(host, client, {type, body}, due) do
    wait = div(due - System.monotonic_time(:microsecond), 1_000)
    if wait > 0, do: Process.sleep(wait)
    headers = [{"content-type", type}, {"authorization", "Bearer " <> host.key}]

    case HTTPClient.request(client, "POST", "/api/tmas", headers, body, 120_000) do
      {:ok, %{status: 201} = answer, client} ->
        {{:accepted, HTTPClient.json(answer)["id"], since(due)}, client}

      {:ok, %{status: 503} = answer, client} ->
        {{:refused, HTTPClient.header(answer, "retry-after") != nil, since(due)}, client}

      {:ok, answer, client} ->
        {{:other, answer.status}, client}

      {:error, reason, client} ->
        {{:other, reason}, client}
    end
  end

  defp since(due), do: (System.monotonic_time(:microsecond) - due) / 1_000

  defp summary(answers, rate, seconds) do
    %{
      offered: rate,
      seconds: seconds,
      accepted: for({:accepted, id, time} <- answers, do: {id, time}),
      refused: for({:refused, _, time} <- answers, do: time),
      without_retry_after: Enum.count(answers, &match?({:refused, false, _}, &1)),
      other: Enum.frequencies(for {:other, what} <- answers, do: what)
    }
  end

  @doc "The value below which `share` of the numbers lie; 0 where there are none."
  @spec percentile([number], float) :: number
  def percentile([], _share), do: 0

  def percentile(numbers, share),
    do: Enum.at(Enum.sort(numbers), min(floor(length(numbers) * share), length(numbers) - 1))
end
