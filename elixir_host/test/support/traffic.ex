defmodule AwapBackend.Traffic do
  @moduledoc """
  Steady load as real clients make it, and a ledger of what they were promised.

  Each client hands in fixture TMAs, as JSON and as forms, under an idempotency key, and repeats a request that was not
  answered, or with 503, on whichever host it reaches, until it is. Now and then it repeats one that was answered, sends
  another TMA under a key that is used up, and looks at a TMA that it was promised. What must never be answered is noted
  as a fault: a 500, a 503 without `Retry-After`, another id under the same key, a 404 for what was accepted.
  """

  alias AwapBackend.{Fixtures, HTTPClient, JSON}

  @enforce_keys [:ledger, :faults, :counts, :clients, :stopping]
  defstruct @enforce_keys

  @type t :: %__MODULE__{}

  @counts [:requests, :unreached, :broken_off, :unavailable, :replayed, :refused_reuse, :looked_at]
  @answer_ms 60_000

  @doc """
  Starts the clients against `hosts`. Options: `:clients`, `:per_second` (TMAs, all clients together), `:seed`,
  `:patience_ms` (how long after `stop/1` a client goes on repeating what was not answered), `:total` (how many TMAs to
  hand in; any number if absent).
  """
  @spec start([AwapBackend.RunningHost.t(), ...], keyword) :: t
  def start([%{key: key} | _] = hosts, options) do
    traffic = %__MODULE__{
      ledger: :ets.new(:ledger, [:public, write_concurrency: true]),
      faults: :ets.new(:faults, [:public, :duplicate_bag]),
      counts: :counters.new(length(@counts), []),
      stopping: :atomics.new(1, signed: true),
      clients: []
    }

    submissions = submissions()

    clients =
      for n <- 1..options[:clients] do
        Task.async(fn ->
          :rand.seed(:exsss, {options[:seed], n, 0})

          run(%{
            name: "client-#{n}",
            made: 0,
            # An atom is more than any number.
            most: if(total = options[:total], do: share(total, options[:clients], n), else: :endless),
            # One key for all hosts of a database: an idempotency key belongs to who sends it.
            headers: [{"authorization", "Bearer " <> key}],
            hosts: hosts |> Enum.map(&HTTPClient.new(&1.number)) |> List.to_tuple(),
            host: rem(n, length(hosts)),
            submissions: submissions,
            accepted: [],
            interval: div(options[:clients] * 1_000, options[:per_second]),
            next: now(),
            patience: options[:patience_ms],
            traffic: traffic
          })
        end)
      end

    %{traffic | clients: clients}
  end

  @doc "Ends the load: no new TMA is handed in, what was not answered is repeated until it is, or patience is at its end."
  @spec stop(t) :: :ok
  def stop(traffic) do
    :atomics.put(traffic.stopping, 1, now())
    Task.await_many(traffic.clients, :infinity)
    :ok
  end

  @doc "Waits until the clients have handed in all they were to."
  @spec finish(t, timeout) :: :ok
  def finish(traffic, timeout) do
    Task.await_many(traffic.clients, timeout)
    :ok
  end

  @doc "What was accepted: the id by idempotency key, and whether it is to be completed or to fail."
  @spec promises(t) :: %{String.t() => {String.t(), :completed | :failed}}
  def promises(traffic), do: Map.new(:ets.tab2list(traffic.ledger))

  @doc "What must never have been answered."
  @spec faults(t) :: [String.t()]
  def faults(traffic), do: for({_key, fault} <- :ets.tab2list(traffic.faults), do: fault)

  @doc "How often each thing happened."
  @spec counts(t) :: keyword(non_neg_integer)
  def counts(traffic),
    do: for({name, i} <- Enum.with_index(@counts, 1), do: {name, :counters.get(traffic.counts, i)})

  # What the `n`th client does of a total.
  defp share(total, clients, n), do: div(total, clients) + if(n <= rem(total, clients), do: 1, else: 0)

  # The body of each kind of submission, and how it has to end. One in twenty is a document that cannot be read.
  defp submissions do
    fixtures = Fixtures.all()
    damaged = %{"content" => %{"attachments" => [%{"filename" => "a.docx", "data_base64" => "UEsDBCBubw=="}]}}

    good =
      for fixture <- fixtures,
          body <- [Fixtures.json(fixture), Fixtures.form(fixture)],
          do: {body, :completed}

    text = {"application/json", JSON.encode(%{"content" => "An essay of one sentence, by nobody."})}
    bad = {"application/json", JSON.encode(damaged)}

    [{text, :completed}, {bad, :failed} | good]
    |> Enum.map(fn {{type, body}, outcome} -> {type, IO.iodata_to_binary(body), outcome} end)
    |> List.to_tuple()
  end

  defp run(client) do
    cond do
      stopping?(client) or client.made >= client.most ->
        :ok

      now() < client.next ->
        Process.sleep(min(client.next - now(), 200))
        run(client)

      true ->
        client |> hand_in() |> look_back() |> then(&%{&1 | next: max(&1.next + &1.interval, now())}) |> run()
    end
  end

  defp hand_in(client) do
    key = "#{client.name}-#{client.made}"
    {_, _, outcome} = submission = elem(client.submissions, :rand.uniform(tuple_size(client.submissions)) - 1)
    client = %{client | made: client.made + 1}

    case submit(client, key, submission) do
      {:ok, %{status: 201} = answer, client} ->
        %{"id" => id} = HTTPClient.json(answer)
        :ets.insert(client.traffic.ledger, {key, {id, outcome}})
        client = %{client | accepted: Enum.take([id | client.accepted], 50)}
        client |> maybe(8, &again(&1, key, submission, id)) |> maybe(20, &reuse(&1, key))

      {:ok, answer, client} ->
        fault(client, "a TMA was answered #{answer.status}: #{answer.body}")

      {:gave_up, client} ->
        fault(client, "a TMA was not answered to the end")
    end
  end

  # The same again is the same TMA.
  defp again(client, key, submission, id) do
    case submit(client, key, submission) do
      {:ok, %{status: 201} = answer, client} ->
        count(client, :replayed)

        same? =
          HTTPClient.json(answer)["id"] == id and HTTPClient.header(answer, "idempotency-replayed") == "true"

        if same?, do: client, else: fault(client, "a repeated request was answered as another TMA")

      {:ok, answer, client} ->
        fault(client, "a repeated request was answered #{answer.status}: #{answer.body}")

      {:gave_up, client} ->
        client
    end
  end

  defp reuse(client, key) do
    case submit(client, key, {"application/json", ~s({"content": "Something else."}), :failed}) do
      {:ok, %{status: 409}, client} -> count(client, :refused_reuse)
      {:ok, answer, client} -> fault(client, "another TMA under a used key was answered #{answer.status}")
      {:gave_up, client} -> client
    end
  end

  defp look_back(%{accepted: []} = client), do: client

  defp look_back(client) do
    maybe(client, 4, fn client ->
      path = "/api/tmas/" <> Enum.random(client.accepted)

      case request(client, "GET", path, client.headers, "") do
        {:ok, %{status: 200}, client} ->
          count(client, :looked_at)

        {:ok, %{status: 503}, client} ->
          count(client, :unavailable)

        {:ok, answer, client} ->
          fault(client, "an accepted TMA was answered #{answer.status}: #{answer.body}")

        {:error, _reason, client} ->
          client
      end
    end)
  end

  # Until it is answered with anything but “not now”.
  defp submit(client, key, {type, body, _outcome} = submission) do
    headers = [{"content-type", type}, {"idempotency-key", key} | client.headers]

    case request(client, "POST", "/api/tmas", headers, body) do
      {:ok, %{status: status} = answer, client} when status in [503, 429] ->
        client = count(client, :unavailable)
        unless HTTPClient.header(answer, "retry-after"), do: fault(client, "a #{status} without Retry-After")
        repeat(client, key, submission)

      {:ok, answer, client} ->
        {:ok, answer, client}

      {:error, _reason, client} ->
        repeat(client, key, submission)
    end
  end

  defp repeat(client, key, submission) do
    if out_of_patience?(client) do
      {:gave_up, client}
    else
      Process.sleep(:rand.uniform(300))
      submit(%{client | host: rem(client.host + 1, tuple_size(client.hosts))}, key, submission)
    end
  end

  defp request(client, method, path, headers, body) do
    count(client, :requests)

    case HTTPClient.request(elem(client.hosts, client.host), method, path, headers, body, @answer_ms) do
      {:ok, %{status: 500} = answer, connection} ->
        {:ok, answer, client |> kept(connection) |> fault("#{method} #{path} was answered 500")}

      {:ok, answer, connection} ->
        {:ok, answer, kept(client, connection)}

      {:error, reason, connection} ->
        count(client, if(reason == :not_sent, do: :unreached, else: :broken_off))
        if reason == :timeout, do: fault(client, "#{method} #{path} was not answered in #{@answer_ms} ms")
        {:error, reason, kept(client, connection)}
    end
  end

  defp kept(client, connection), do: %{client | hosts: put_elem(client.hosts, client.host, connection)}

  defp maybe(client, one_in, act), do: if(:rand.uniform(one_in) == 1, do: act.(client), else: client)

  defp count(client, name) do
    :counters.add(client.traffic.counts, Enum.find_index(@counts, &(&1 == name)) + 1, 1)
    client
  end

  defp fault(client, text) do
    :ets.insert(client.traffic.faults, {client.name, text})
    client
  end

  defp stopping?(client), do: :atomics.get(client.traffic.stopping, 1) != 0

  defp out_of_patience?(client) do
    case :atomics.get(client.traffic.stopping, 1) do
      0 -> false
      since -> now() > since + client.patience
    end
  end

  # Never 0, which means “not yet”.
  defp now, do: System.os_time(:millisecond)
end
