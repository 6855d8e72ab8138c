defmodule AwapBackend.Moodle.TransportTest do
  @moduledoc "How Moodle is reached: what its outages look like, what is tried again, what is limited."

  use ExUnit.Case, async: true

  alias AwapBackend.{FakeMoodle, Moodle}
  alias AwapBackend.Moodle.{Client, Error}
  alias AwapBackend.Moodle.HTTP.{Failure, Pool, Retry}

  setup do
    {:ok, moodle} = FakeMoodle.start()
    pool = Module.concat(__MODULE__, "Pool#{System.unique_integer([:positive])}")
    start_supervised!({Pool, name: pool})
    %{moodle: moodle, pool: pool, client: FakeMoodle.client(moodle, http: [pool: pool])}
  end

  defp with_http(context, options),
    do: FakeMoodle.client(context.moodle, http: [{:pool, context.pool} | options])

  defp read(client), do: Client.read(client, "core_course_get_courses")

  defp write(client) do
    Client.write(client, "mod_assign_save_grade", %{
      assignmentid: 1,
      userid: 1,
      grade: 1,
      attemptnumber: -1,
      addattempt: 0,
      workflowstate: ""
    })
  end

  describe "answers that are no success" do
    for {fault, kind, code, calls} <- [
          {:bad_token, :auth, "invalidtoken", 1},
          {:expired_token, :access, "accessexception", 1},
          {:ip_blocked, :access, "accessexception", 1},
          {:maintenance, :outage, "sitemaintenance", 1},
          {{:maintenance_cli, 60}, :outage, "http_503", 1},
          {{:maintenance_cli, nil}, :outage, "http_503", 3},
          {:web_services_off, :outage, "web_services_disabled", 1},
          {:php_down, :outage, "http_502", 3},
          {:database_down, :outage, "dbconnectionfailed", 3},
          {:html, :protocol, "not_json", 3},
          {:half, :unreachable, "closed", 3},
          {:reset, :unreachable, "closed", 3},
          {:wrong_length, :protocol, "not_http", 3}
        ] do
      test "#{inspect(fault)} is #{kind}, #{code}, after #{calls} calls", %{moodle: moodle, client: client} do
        FakeMoodle.fault(moodle, unquote(Macro.escape(fault)))
        assert {:error, %Error{kind: unquote(kind), code: unquote(code)} = error} = read(client)
        assert length(FakeMoodle.calls(moodle)) == unquote(calls)
        assert String.length(error.message) > 10
        # And once it is healed all is well.
        FakeMoodle.heal(moodle)
        assert {:ok, [_site]} = read(client)
      end
    end

    test "a function that the service lacks, and one that Moodle lacks", %{moodle: moodle, client: client} do
      FakeMoodle.set_functions(moodle, ["core_webservice_get_site_info"])
      assert {:error, %{kind: :access, code: "accessexception"}} = read(client)
      assert {:error, %{kind: :not_found, code: "invalidrecord"}} = Client.read(client, "no_such_function")
    end

    test "what Moodle does not take is said to be ours", %{client: client} do
      assert {:error, %{kind: :invalid, code: "invalidparameter"}} =
               Client.read(client, "core_course_get_courses", %{bogus: 1})
    end

    test "an error that is not known here is named, and only if its code is a word", %{
      moodle: moodle,
      client: client
    } do
      FakeMoodle.fault(
        moodle,
        {:answer, %{"exception" => "x", "errorcode" => "pluginbroke", "message" => "Ida"}},
        times: 1
      )

      assert {:error, %{kind: :protocol, code: "pluginbroke", message: message}} = read(client)
      refute message =~ "Ida"
      FakeMoodle.fault(moodle, {:answer, %{"exception" => "x", "errorcode" => "Ida Testsen said"}}, times: 1)
      assert {:error, %{code: "unknown"}} = read(client)
    end

    test "neither a host that refuses nor one that is not there is a crash", context do
      {:ok, gone} = FakeMoodle.start()
      client = FakeMoodle.client(gone, http: [pool: context.pool])
      GenServer.stop(gone)
      assert {:error, %{kind: :unreachable, code: "connection_refused", retryable?: true}} = read(client)
      nowhere = %{client | base_url: "http://moodle.invalid"}
      assert {:error, %{kind: :unreachable, code: "no_such_host"}} = read(nowhere)
      assert {:error, %{kind: :invalid, code: "bad_address"}} = read(%{client | base_url: "ftp://x"})
      assert {:error, %{kind: :not_configured}} = read(%{client | base_url: nil})
    end

    test "what speaks another protocol is an error", context do
      {:ok, socket} = :gen_tcp.listen(0, [:binary, active: false, ip: {127, 0, 0, 1}])
      {:ok, port} = :inet.port(socket)

      pid =
        spawn_link(fn ->
          for _ <- 1..3 do
            {:ok, client} = :gen_tcp.accept(socket)
            :gen_tcp.send(client, "SSH-2.0-OpenSSH_9.2\r\n")
            Process.sleep(50)
            :gen_tcp.close(client)
          end
        end)

      client = %{context.client | base_url: "http://127.0.0.1:#{port}"}
      assert {:error, %{kind: :protocol, code: "not_http"}} = read(client)
      Process.unlink(pid)
    end
  end

  describe "what is tried again" do
    test "a read goes well once the trouble has passed", %{moodle: moodle, client: client} do
      FakeMoodle.fault(moodle, :php_down, times: 1)
      FakeMoodle.fault(moodle, :reset, times: 2)
      assert {:ok, [_site]} = read(client)
      assert length(FakeMoodle.calls(moodle)) == 3
    end

    test "a write goes out once, whatever comes of it", %{moodle: moodle, client: client} do
      for fault <- [:reset, :reset_after, :half, :php_down, :database_down, :too_many, {:maintenance_cli, 0}] do
        FakeMoodle.forget_calls(moodle)
        FakeMoodle.fault(moodle, fault)
        assert {:error, %Error{}} = write(client)
        assert length(FakeMoodle.calls(moodle)) == 1
        FakeMoodle.heal(moodle)
      end
    end

    test "of a write without an answer nobody knows the outcome", %{moodle: moodle} = context do
      FakeMoodle.fault(moodle, :reset_after, times: 1)
      assert {:error, %{code: "outcome_unknown", retryable?: true}} = write(context.client)
      FakeMoodle.fault(moodle, {:slow, 2_000}, times: 1)
      assert {:error, %{code: "outcome_unknown"}} = write(with_http(context, timeout: 300))
    end

    test "a write that did not go out is no such thing", context do
      {:ok, gone} = FakeMoodle.start()
      client = FakeMoodle.client(gone, http: [pool: context.pool])
      GenServer.stop(gone)
      assert {:error, %{code: "connection_refused"}} = write(client)
    end

    test "Retry-After is heeded where it is short, and passed on where it is long", %{
      moodle: moodle,
      client: client
    } do
      FakeMoodle.fault(moodle, {:maintenance_cli, 0}, times: 1)
      assert {:ok, _} = read(client)
      FakeMoodle.fault(moodle, {:maintenance_cli, 7_200})
      assert {:error, %{retry_after: 7_200, retryable?: true}} = read(client)
      FakeMoodle.heal(moodle)
      FakeMoodle.fault(moodle, {:maintenance_cli, "a while"})
      assert {:error, %{retry_after: nil}} = read(client)
    end

    test "Retry-After may be a date; a day is the most that is believed" do
      head = fn value -> %{status: 503, headers: [{"retry-after", value}]} end

      date = fn seconds ->
        DateTime.utc_now() |> DateTime.add(seconds) |> Calendar.strftime("%a, %d %b %Y %H:%M:%S GMT")
      end

      assert Failure.of_status(head.(date.(120))).retry_after in 110..120
      assert Failure.of_status(head.(date.(-120))).retry_after == 0
      assert Failure.of_status(head.("99999999")).retry_after == 86_400
      assert Failure.of_status(head.("-5")).retry_after == nil
    end

    test "pauses grow, are random within bounds, and are what Moodle said where it did" do
      error = Error.new(:outage, "http_502", "x")

      for number <- 1..8 do
        bound = min(500 * Integer.pow(2, number - 1), 8_000)
        assert Retry.pause(error, number, 500) in div(bound, 2)..bound
      end

      assert Enum.uniq(for _ <- 1..50, do: Retry.pause(error, 3, 500)) |> length() > 1
      assert Retry.pause(%{error | retry_after: 3}, 1, 500) == 3_000
    end
  end

  describe "limits" do
    test "a slow answer, one that trickles, and one that stalls are ended", %{moodle: moodle} = context do
      client = with_http(context, timeout: 300, attempts: 1)

      for fault <- [{:slow, 3_000}, {:trickle, 60}] do
        FakeMoodle.fault(moodle, fault)
        assert {:error, %{kind: :unreachable, code: "timeout"}} = read(client)
        FakeMoodle.heal(moodle)
      end

      FakeMoodle.fault(moodle, {:trickle, 2_000})
      assert {:error, %{code: "timeout"}} = read(with_http(context, idle_timeout: 100, attempts: 1))
    end

    test "more than is taken is not read, announced or in chunks, nor of an error",
         %{moodle: moodle} = context do
      client = with_http(context, max_bytes: 50_000)
      FakeMoodle.fault(moodle, {:answer, List.duplicate("word", 20_000)}, times: 1)
      assert {:error, %{kind: :too_large, code: "answer_too_large"}} = read(client)
      page = {500, [{"Content-Type", "text/html"}], String.duplicate("x", 200_000)}
      FakeMoodle.fault(moodle, {:raw, page}, times: 1)
      assert {:error, %{kind: :too_large}} = read(client)
    end

    test "a head without an end is not read for ever", %{moodle: moodle} = context do
      endless = {200, for(n <- 1..5_000, do: {"X-#{n}", "value"}), "[]"}
      FakeMoodle.fault(moodle, {:raw, endless})
      assert {:error, %{kind: :protocol}} = read(with_http(context, attempts: 1))
    end
  end

  describe "connections" do
    test "are kept between calls; a write gets one of its own", %{moodle: moodle, client: client} do
      for _ <- 1..5, do: assert({:ok, _} = read(client))
      assert FakeMoodle.connections(moodle) == 1
      write(client)
      assert FakeMoodle.connections(moodle) == 2
    end

    test "that the other side closed meanwhile are not used", context do
      client = with_http(context, attempts: 1)
      assert {:ok, _} = read(client)
      port = URI.parse(client.base_url).port
      GenServer.stop(context.moodle)
      # Its end is on its way.
      Process.sleep(300)
      {:ok, _again} = FakeMoodle.start(port: port)
      assert {:ok, _} = read(client)
    end

    test "are so many at once and no more; who waits too long is told", %{moodle: moodle} = context do
      client = with_http(context, connections: 2, attempts: 1)
      FakeMoodle.fault(moodle, {:slow, 150})
      tasks = for _ <- 1..6, do: Task.async(fn -> read(client) end)
      assert Enum.all?(Task.await_many(tasks, 20_000), &match?({:ok, _}, &1))
      assert FakeMoodle.connections(moodle) == 2

      FakeMoodle.heal(moodle)
      FakeMoodle.fault(moodle, {:slow, 2_000})
      busy = Task.async(fn -> read(with_http(context, connections: 1, attempts: 1)) end)
      wait_until(fn -> length(FakeMoodle.calls(moodle)) == 7 end)

      assert {:error, %{kind: :unreachable, code: "busy"}} =
               read(with_http(context, connections: 1, attempts: 1, timeout: 100))

      assert {:ok, _} = Task.await(busy, 20_000)
    end

    test "of a caller that dies are given back", %{moodle: moodle} = context do
      client = with_http(context, connections: 1, attempts: 1)
      FakeMoodle.fault(moodle, {:slow, 60_000}, times: 1)
      pid = spawn(fn -> read(client) end)
      wait_until(fn -> FakeMoodle.calls(moodle) != [] end)
      Process.exit(pid, :kill)
      assert {:ok, _} = read(client)
    end
  end

  test "a form has arrays as Moodle reads them" do
    arguments = %{
      "courseids" => [3, 5],
      "options" => [%{"name" => "x", "value" => true}],
      "deep" => %{a: [%{b: 1.5}]},
      "none" => nil,
      "no" => false
    }

    assert Client.flatten(arguments) == [
             {"courseids[0]", "3"},
             {"courseids[1]", "5"},
             {"deep[a][0][b]", "1.5"},
             {"no", "0"},
             {"options[0][name]", "x"},
             {"options[0][value]", "1"}
           ]
  end

  test "what is sent arrives as it was, whatever is in it", %{moodle: moodle, client: client} do
    odd = "ünï – “q” & = + % # ?\r\n\t<b> 漢字 \u0000"
    Client.read(client, "core_user_get_users_by_field", %{field: "email", values: [odd]})
    assert [%{params: %{"values[0]" => ^odd}, method: "POST"}] = FakeMoodle.calls(moodle)
  end

  defp wait_until(fun) do
    unless fun.() do
      Process.sleep(5)
      wait_until(fun)
    end
  end

  test "a redirect is an error that names the host, and its address is not called", %{
    moodle: moodle,
    client: client
  } do
    {:ok, elsewhere} = FakeMoodle.start()
    FakeMoodle.fault(moodle, {:redirect, FakeMoodle.url(elsewhere) <> "/?wstoken=" <> FakeMoodle.token()})
    assert {:error, %{code: "redirect", message: message}} = Moodle.get_courses(client)
    assert message =~ "127.0.0.1"
    refute message =~ FakeMoodle.token()
    assert FakeMoodle.calls(elsewhere) == []
  end
end
