defmodule AwapBackendWeb.StaticFilesTest do
  # Not async: it reads the log.
  use AwapBackendWeb.ConnCase

  import ExUnit.CaptureLog

  alias AwapBackendWeb.ConnCase.Answer

  @long String.duplicate("body { color: black; }\n", 100)

  setup do
    folder = AwapBackend.DataCase.new_folder()
    root = Path.join(folder, "static")

    for {path, content} <- [
          {"index.html", "<!doctype html><title>A page</title>"},
          {"assets/app.js", "'use strict'"},
          {"assets/app-3f2a9c1d.js", "'use strict'; 1"},
          {"assets/plain.css", @long},
          {"assets/zipped.css", @long},
          {"assets/zipped.css.gz", :zlib.gzip(@long)},
          {"assets/stale.css", @long},
          {"assets/stale.css.gz", :zlib.gzip("an earlier life of it")},
          {"assets/broken.css", @long},
          {"assets/broken.css.gz", "no gzip at all"},
          {"assets/picture.png", String.duplicate(<<0, 1, 2>>, 400)},
          {"assets/Case.txt", "one"},
          {"assets/empty.txt", ""},
          {".secret.txt", "hidden"},
          {".git/config.txt", "hidden"},
          {"a name with spaces.txt", "odd"},
          {"assets/module.wasm", "unknown kind"}
        ] do
      file = Path.join(root, path)
      File.mkdir_p!(Path.dirname(file))
      File.write!(file, content)
    end

    File.write!(Path.join(folder, "outside.txt"), "outside")
    File.ln_s!(Path.join(folder, "outside.txt"), Path.join(root, "link.txt"))
    File.ln_s!(folder, Path.join(root, "folder"))
    File.ln_s!("/etc/passwd", Path.join(root, "assets/passwd.txt"))

    {port, log} = with_log(fn -> start_endpoint(static_root: root) end)
    %{port: port, root: root, log: log}
  end

  defp get(port, path, headers \\ []), do: request(port, "GET", path, key: nil, headers: headers)

  test "the page and what it loads are there, for anyone, each as what it is", %{port: port} do
    for {path, type, content} <- [
          {"/", "text/html; charset=utf-8", "<!doctype html><title>A page</title>"},
          {"/index.html", "text/html; charset=utf-8", "<!doctype html><title>A page</title>"},
          {"/?a=b", "text/html; charset=utf-8", "<!doctype html><title>A page</title>"},
          {"/assets/app.js", "text/javascript; charset=utf-8", "'use strict'"},
          {"/assets/%61pp.js", "text/javascript; charset=utf-8", "'use strict'"},
          {"/assets/plain.css", "text/css; charset=utf-8", @long},
          {"/assets/picture.png", "image/png", String.duplicate(<<0, 1, 2>>, 400)},
          {"/assets/empty.txt", "text/plain; charset=utf-8", ""}
        ] do
      answer = get(port, path)
      assert {path, answer.status, answer.body == content} == {path, 200, true}
      assert {path, Answer.header(answer, "content-type")} == {path, type}
      assert Answer.header(answer, "x-content-type-options") == "nosniff"
      assert Answer.header(answer, "etag") =~ ~r/\A"[0-9a-f]{32}"\z/

      head = request(port, "HEAD", path, key: nil)
      assert {head.status, head.body} == {200, ""}

      for name <- ["content-length", "content-type", "etag", "cache-control"],
          do: assert({path, Answer.header(head, name)} == {path, Answer.header(answer, name)})
    end
  end

  test "a page may load what is here and run no script of its own; nothing else may anything", %{port: port} do
    policy = Answer.header(get(port, "/"), "content-security-policy")

    for part <- [
          "default-src 'none'",
          "script-src 'self'",
          "base-uri 'none'",
          "frame-ancestors 'none'",
          "form-action 'self'"
        ],
        do: assert(policy =~ part)

    refute policy =~ "unsafe"

    assert Answer.header(get(port, "/assets/app.js"), "content-security-policy") =~
             "default-src 'none'; frame"
  end

  test "what has a fingerprint is kept for good, anything else is asked for anew", %{port: port} do
    for {path, kept} <- [
          {"/", "no-cache"},
          {"/assets/app.js", "no-cache"},
          {"/assets/app-3f2a9c1d.js", "public, max-age=31536000, immutable"}
        ],
        do: assert({path, Answer.header(get(port, path), "cache-control")} == {path, kept})
  end

  test "what is as it was is not sent again", %{port: port} do
    answer = get(port, "/assets/plain.css")
    etag = Answer.header(answer, "etag")

    for {condition, status} <- [
          {etag, 304},
          {"W/" <> etag, 304},
          {~s("another", #{etag}), 304},
          {"*", 304},
          {~s("another"), 200},
          {String.slice(etag, 0..-2//1), 200}
        ] do
      again = get(port, "/assets/plain.css", [{"if-none-match", condition}])
      assert {condition, again.status} == {condition, status}

      if status == 304 do
        assert again.body == ""
        assert Answer.header(again, "content-length") == nil

        for name <- ["etag", "cache-control", "vary"],
            do: assert(Answer.header(again, name) == Answer.header(answer, name))
      end
    end
  end

  test "who takes gzip gets it, under a tag of its own", %{port: port} do
    for path <- ["/assets/plain.css", "/assets/zipped.css", "/assets/stale.css", "/assets/broken.css"] do
      plain = get(port, path)
      zipped = get(port, path, [{"accept-encoding", "br, gzip"}])
      assert {path, Answer.header(zipped, "content-encoding")} == {path, "gzip"}
      assert {path, :zlib.gunzip(zipped.body) == plain.body} == {path, true}
      assert byte_size(zipped.body) < byte_size(plain.body)
      assert Answer.header(zipped, "content-length") == Integer.to_string(byte_size(zipped.body))
      assert Answer.header(zipped, "etag") != Answer.header(plain, "etag")
      for answer <- [plain, zipped], do: assert(Answer.header(answer, "vary") == "accept-encoding")
      etag = [{"if-none-match", Answer.header(plain, "etag")}]
      assert get(port, path, [{"accept-encoding", "gzip"} | etag]).status == 200
      assert get(port, path, etag).status == 304
    end

    for {accepted, coding} <- [
          {"gzip;q=0", nil},
          {"gzip; q=0.000", nil},
          {"gzip;q=0.5", "gzip"},
          {"GZIP", "gzip"},
          {"*", "gzip"},
          {"*;q=0", nil},
          {"gzip;q=0, *", nil},
          {"identity", nil},
          {"br", nil},
          {"", nil},
          {"gzipped", nil},
          {";;=,", nil}
        ] do
      answer = get(port, "/assets/plain.css", [{"accept-encoding", accepted}])
      assert {accepted, Answer.header(answer, "content-encoding")} == {accepted, coding}
    end

    # What gains nothing is sent as it is.
    picture = get(port, "/assets/picture.png", [{"accept-encoding", "gzip"}])
    assert {Answer.header(picture, "content-encoding"), Answer.header(picture, "vary")} == {nil, nil}
  end

  test "a table of addresses that lead nowhere", %{port: port} do
    for path <- [
          "/..",
          "/../outside.txt",
          "/assets/../index.html",
          "/assets/../../outside.txt",
          "/%2e%2e/outside.txt",
          "/%2e%2e%2foutside.txt",
          "/assets/%2e%2e/%2e%2e/outside.txt",
          "/assets%2fapp.js",
          "/assets%5capp.js",
          "/assets\\app.js",
          "/..%5c..%5coutside.txt",
          "/assets/./app.js",
          "/assets//app.js",
          "//assets/app.js",
          "/%2fetc/passwd",
          "//etc/passwd",
          "/file:///etc/passwd",
          "/link.txt",
          "/folder/outside.txt",
          "/assets/passwd.txt",
          "/.secret.txt",
          "/.git/config.txt",
          "/%2esecret.txt",
          "/a%20name%20with%20spaces.txt",
          "/assets",
          "/assets/case.txt",
          "/ASSETS/app.js",
          "/INDEX.HTML",
          "/assets/zipped.css.gz",
          "/assets/module.wasm",
          "/assets/app.js%20",
          "/assets/app.js.",
          "/assets/app.js::$DATA",
          "/assets/app.js~",
          "/%252e%252e/outside.txt",
          "/..;/outside.txt"
        ] do
      answer = get(port, path)
      assert {path, answer.status} == {path, 404}
      refute answer.body =~ "outside"
    end

    for path <- ["/assets/app.js%00", "/%00", "/assets/%ff.js", "/%c0%ae%c0%ae/outside.txt", "/%zz"],
        do: assert({path, get(port, path).status} == {path, 400})
  end

  test "files are only read", %{port: port} do
    for method <- ["POST", "PUT", "PATCH", "DELETE", "TRACE"], path <- ["/", "/assets/app.js"] do
      answer = request(port, method, path)
      assert {method, answer.status, Answer.header(answer, "allow")} == {method, 405, "GET, HEAD, OPTIONS"}
    end

    assert Answer.header(request(port, "OPTIONS", "/", key: nil), "allow") == "GET, HEAD, OPTIONS"
    assert request(port, "OPTIONS", "/nothing", key: nil) |> Answer.header("allow") == nil
  end

  test "a request touches no disk: what changes there is served after the next start", %{
    port: port,
    root: root
  } do
    File.write!(Path.join(root, "index.html"), "changed")
    File.write!(Path.join(root, "new.txt"), "new")
    refute get(port, "/").body == "changed"
    assert get(port, "/new.txt").status == 404
    {again, _log} = with_log(fn -> start_endpoint(static_root: root) end)
    assert get(again, "/").body == "changed"
    assert get(again, "/new.txt").body == "new"
  end

  test "what is left out is named in the log, with the reason", %{log: log} do
    for {name, why} <- [
          {"/link.txt", "symlink"},
          {"/folder", "symlink"},
          {"/.secret.txt", "name"},
          {"/.git", "name"},
          {"/a name with spaces.txt", "name"},
          {"/assets/module.wasm", "kind"},
          {"/assets/stale.css.gz", "does not hold"},
          {"/assets/broken.css.gz", "does not hold"}
        ],
        do: assert(log =~ ~r/#{Regex.escape(inspect(name))} is not served: [^\n]*#{why}/, name)

    refute log =~ "zipped.css.gz"
  end

  test "a page on another origin that is allowed makes no variant be forgotten", %{root: root} do
    {port, _log} =
      with_log(fn -> start_endpoint(static_root: root, cors_origins: ["https://vle.example"]) end)

    answer = get(port, "/assets/plain.css", [{"accept-encoding", "gzip"}])
    assert Answer.header(answer, "vary") == "accept-encoding, origin"
  end

  test "a folder that is too large for memory ends the start, and one that is not there has no files", %{
    root: root
  } do
    Process.flag(:trap_exit, true)
    {:ok, file} = File.open(Path.join(root, "film.png"), [:write])
    :file.position(file, 70_000_000)
    :file.truncate(file)
    File.close(file)

    capture_log(fn ->
      assert {:error, {:shutdown, {:failed_to_start_child, _, {:configuration, sentence}}}} =
               Endpoint.start_link(name: :too_large, server: true, port: 0, static_root: root)

      assert sentence =~ "memory"
    end)

    port = start_endpoint(static_root: Path.join(root, "nowhere"))
    assert get(port, "/").status == 404
    assert get(port, "/api/health").status == 200
  end

  describe "the host's own page" do
    setup do: %{port: start_endpoint()}

    test "has no script or style in it, and asks this host alone", %{port: port} do
      page = get(port, "/")
      assert page.status == 200
      assert page.body =~ ~s(<html lang="en-GB">)
      refute page.body =~ ~r/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/

      links =
        for [_, link] <- Regex.scan(~r/(?:href|src)="([^"]+)"/, page.body),
            link != "data:," and not String.starts_with?(link, "#"),
            do: link

      assert "/api/openapi.json" in links and "/assets/app.js" in links
      for link <- links, do: assert({link, get(port, link).status} == {link, 200})
    end

    test "imports only what is there, makes no markup of text, and keeps each library's licence", %{
      port: port
    } do
      root = Path.expand("../../priv/static", __DIR__)

      for file <- Path.wildcard(Path.join(root, "assets/*.js")) do
        source = File.read!(file)
        # What would run or build what a student wrote, and what the policy of the page would refuse.
        refute source =~ ~r/innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser/
        refute source =~ ~r/["'`]https?:\/\/[a-z]/

        for [_, path] <- Regex.scan(~r/(?:from |import\()"(\.[^"]+)"/, source) do
          address = "/" <> Path.relative_to(Path.expand(path, Path.dirname(file)), root)
          assert {file, address, get(port, address).status} == {file, address, 200}
        end
      end

      for library <- File.ls!(Path.join(root, "assets/vendor")) do
        licence = get(port, "/assets/vendor/#{library}/LICENSE.txt")
        assert {library, licence.status, licence.body =~ ~r/copyright/i} == {library, 200, true}
      end
    end
  end
end
