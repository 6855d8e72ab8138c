defmodule AwapBackend.Moodle.TLSTest do
  @moduledoc "Moodle over TLS: certificates and names are checked, directly and through a proxy."

  use ExUnit.Case, async: true

  require Record

  alias AwapBackend.{FakeMoodle, Moodle, TestProxy}
  alias AwapBackend.Moodle.HTTP.{Pool, Target}

  Record.defrecordp(
    :extension,
    :Extension,
    Record.extract(:Extension, from_lib: "public_key/include/public_key.hrl")
  )

  @names [dNSName: ~c"localhost"]
  # The defaults are too weak for TLS 1.3.
  @made [key: {:namedCurve, :secp256r1}, digest: :sha256]

  setup do
    folder = Path.join(System.tmp_dir!(), "awap-tls-#{System.unique_integer([:positive])}")
    File.mkdir_p!(folder)
    on_exit(fn -> File.rm_rf!(folder) end)
    pool = Module.concat(__MODULE__, "Pool#{System.unique_integer([:positive])}")
    start_supervised!({Pool, name: pool})
    %{folder: folder, pool: pool}
  end

  # A server with a certificate for these names, by an authority of its own whose certificate lies in a file.
  defp site(context, names, host \\ "localhost") do
    names = extension(extnID: {2, 5, 29, 17}, critical: false, extnValue: names)
    chain = %{root: @made, intermediates: [], peer: [{:extensions, [names]} | @made]}

    %{server_config: server, client_config: client} =
      :public_key.pkix_test_data(%{
        server_chain: chain,
        client_chain: %{root: @made, intermediates: [], peer: @made}
      })

    {:ok, moodle} = FakeMoodle.start(tls: Keyword.take(server, [:cert, :key]), host: host)
    path = Path.join(context.folder, "ca-#{System.unique_integer([:positive])}.pem")

    File.write!(
      path,
      :public_key.pem_encode(for der <- client[:cacerts], do: {:Certificate, der, :not_encrypted})
    )

    {moodle, path}
  end

  defp client(context, moodle, options),
    do: FakeMoodle.client(moodle, http: [{:pool, context.pool}, {:attempts, 1} | options])

  test "a certificate by a trusted authority, for this name, is taken; the connection is kept", context do
    {moodle, ca} = site(context, @names)
    client = client(context, moodle, ca_file: ca)
    for _ <- 1..3, do: assert({:ok, []} = Moodle.get_courses(client))
    assert FakeMoodle.connections(moodle) == 1
  end

  test "an authority that is not trusted is not, and nothing is sent", context do
    {moodle, _ca} = site(context, @names)
    {_other, ca} = site(context, @names)

    for options <- [[], [ca_file: ca]] do
      assert {:error, %{kind: :unreachable, code: "tls_unknown_ca", message: message}} =
               Moodle.get_courses(client(context, moodle, options))

      assert message =~ "MOODLE_CA_FILE"
    end

    assert FakeMoodle.calls(moodle) == []
  end

  test "a certificate for another name is not taken", context do
    {moodle, ca} = site(context, dNSName: ~c"moodle.example.ac.uk")
    assert {:error, %{code: "tls_" <> _}} = Moodle.get_courses(client(context, moodle, ca_file: ca))
    assert FakeMoodle.calls(moodle) == []
  end

  test "an address counts as a name where the certificate has it, and not else", context do
    {moodle, ca} = site(context, [iPAddress: <<127, 0, 0, 1>>], "127.0.0.1")
    assert {:ok, []} = Moodle.get_courses(client(context, moodle, ca_file: ca))
    {moodle, ca} = site(context, [iPAddress: <<127, 0, 0, 2>>], "127.0.0.1")
    assert {:error, %{code: "tls_" <> _}} = Moodle.get_courses(client(context, moodle, ca_file: ca))
    {moodle, ca} = site(context, @names, "127.0.0.1")
    assert {:error, %{code: "tls_" <> _}} = Moodle.get_courses(client(context, moodle, ca_file: ca))
  end

  test "a server without TLS is an error", context do
    {:ok, moodle} = FakeMoodle.start()
    client = client(context, moodle, [])
    client = %{client | base_url: String.replace(client.base_url, "http:", "https:")}
    assert {:error, %{kind: :unreachable, code: "tls_" <> _}} = Moodle.get_courses(client)
  end

  test "through a proxy, with its name and password, the certificate is the site's", context do
    {moodle, ca} = site(context, @names)
    port = TestProxy.start("awap:pr0xy")
    proxy = "http://awap:pr0xy@127.0.0.1:#{port}"
    client = client(context, moodle, ca_file: ca, proxy: proxy)
    assert {:ok, []} = Moodle.get_courses(client)
    assert_received {:connect, "localhost:" <> _}
    # The token went through the tunnel alone.
    assert length(FakeMoodle.calls(moodle)) == 1

    wrong = "http://awap:no@127.0.0.1:#{port}"
    refused = client(context, moodle, ca_file: ca, proxy: wrong)
    assert {:error, %{kind: :unreachable, code: "proxy_407"}} = Moodle.get_courses(refused)
    gone = client(context, moodle, ca_file: ca, proxy: "http://127.0.0.1:1")
    assert {:error, %{kind: :unreachable}} = Moodle.get_courses(gone)
  end

  test "NO_PROXY names what is reached without it" do
    reached = fn url, no_proxy ->
      {:ok, target} = Target.of(url, proxy: "http://proxy:3128", no_proxy: no_proxy)
      if target.proxy, do: :proxy, else: :direct
    end

    for {url, no_proxy, way} <- [
          {"https://moodle.example.ac.uk", [], :proxy},
          {"https://moodle.example.ac.uk", ["example.ac.uk"], :direct},
          {"https://moodle.example.ac.uk", [".example.ac.uk"], :direct},
          {"https://moodle.example.ac.uk", ["Moodle.Example.ac.uk"], :direct},
          {"https://moodle.example.ac.uk", ["ample.ac.uk"], :proxy},
          {"https://moodle.example.ac.uk", ["example.ac.uk:8443"], :proxy},
          {"https://moodle.example.ac.uk:8443", ["example.ac.uk:8443"], :direct},
          {"https://moodle.example.ac.uk", ["*"], :direct},
          {"https://127.0.0.1:8443", ["127.0.0.1"], :direct},
          {"https://[::1]:8443", ["::1"], :direct},
          {"http://moodle.example.ac.uk", [], :direct}
        ] do
      assert {url, no_proxy, reached.(url, no_proxy)} == {url, no_proxy, way}
    end
  end
end
