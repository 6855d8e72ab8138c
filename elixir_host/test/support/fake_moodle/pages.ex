defmodule AwapBackend.FakeMoodle.Pages do
  @moduledoc "The fake Moodle's answers that are no data: errors in their two forms, and the pages of outages."

  alias AwapBackend.JSON

  @doc "An answer of the web service."
  def json(term), do: {200, [{"Content-Type", "application/json"}, chunked()], JSON.encode(term)}

  @doc "The body comes in chunks."
  def chunked, do: {"Transfer-Encoding", "chunked"}

  @doc "An error of the web service."
  def exception(exception, code),
    do: %{"exception" => exception, "errorcode" => code, "message" => "A sentence in the site's language"}

  @doc "An error where a file or a token was asked for."
  def file_error(status, code) do
    body = %{
      "error" => "A sentence in the site's language",
      "errorcode" => code,
      "stacktrace" => nil,
      "debuginfo" => nil,
      "reproductionlink" => nil
    }

    {status, [{"Content-Type", "application/json; charset=utf-8"}, chunked()], JSON.encode(body)}
  end

  @doc "What is said in XML where no format was asked for."
  def xml,
    do:
      ~s(<?xml version="1.0" encoding="UTF-8" ?>\n<EXCEPTION class="x"><ERRORCODE>invalidtoken</ERRORCODE></EXCEPTION>)

  @doc "The answer that a fault makes, or nil for those of the socket."
  def fault(:bad_token, what), do: refused(what, "core\\exception\\moodle_exception", "invalidtoken")
  def fault(:expired_token, :file), do: file_error(200, "invalidtoken")
  def fault(:expired_token, what), do: refused(what, "webservice_access_exception", "accessexception")
  def fault(:ip_blocked, what), do: refused(what, "webservice_access_exception", "accessexception")
  def fault(:maintenance, what), do: refused(what, "core\\exception\\moodle_exception", "sitemaintenance")
  def fault(:database_down, _what), do: file_error(200, "dbconnectionfailed")

  def fault(:web_services_off, _what),
    do: {403, [{"Content-Type", "text/html; charset=utf-8"}, chunked()], ""}

  def fault(:too_many, _what), do: {429, [{"Retry-After", "1"}], "slow down"}

  def fault({:maintenance_cli, seconds}, _what) do
    wait = if seconds, do: [{"Retry-After", to_string(seconds)}], else: []

    {503, [{"Content-Type", "text/html; charset=utf-8"}, chunked() | wait],
     page("The site is being looked after")}
  end

  def fault(:php_down, _what), do: {502, [{"Content-Type", "text/html"}], page("502 Bad Gateway")}
  def fault(:html, _what), do: {200, [{"Content-Type", "text/html"}], page("Welcome")}
  def fault(:json_file, _what), do: file_error(200, "requireloginerror")

  def fault({:redirect, url}, _what),
    do: {302, [{"Location", url}, {"Content-Type", "text/html"}], page("Moved")}

  def fault({:answer, term}, _what), do: json(term)
  def fault({:raw, answer}, _what), do: answer
  def fault(_of_the_socket, _what), do: nil

  defp refused(what, _exception, code) when is_atom(what), do: file_error(200, code)
  defp refused(_function, exception, code), do: json(exception(exception, code))

  defp page(text),
    do:
      "<!DOCTYPE html>\n<html lang=\"en\"><head><title>#{text}</title></head><body><h1>#{text}</h1></body></html>\n"
end
