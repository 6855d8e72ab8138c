defmodule AwapBackend.Moodle.HTTP.Failure do
  @moduledoc """
  What becomes of a failed exchange, or of an answer whose status is no success, for a person: an `AwapBackend.Moodle.Error`.

  Nothing of the request or the answer is in it.
  """

  alias AwapBackend.Moodle.Error
  alias AwapBackend.Moodle.HTTP.Exchange

  @doc "A connection that did not come about, or broke."
  @spec of(term) :: Error.t()
  def of(%Error{} = error), do: error
  def of(:busy), do: unreachable("busy", "All connections to Moodle are in use.")
  def of({:connect, :nxdomain}), do: unreachable("no_such_host", "Moodle's host name is not known here.")

  def of({:connect, :timeout}),
    do: unreachable("connect_timeout", "Moodle's host did not take a connection in time.")

  def of({:connect, :econnrefused}),
    do: unreachable("connection_refused", "Moodle's host refuses connections.")

  def of({:connect, reason}), do: unreachable("connect_#{reason}", "Moodle's host cannot be reached.")

  def of({:proxy, {:status, status}}),
    do: unreachable("proxy_#{status}", "The proxy that HTTPS_PROXY names refuses (#{status}).")

  def of({:proxy, _reason}), do: unreachable("proxy", "The proxy that HTTPS_PROXY names cannot be used.")

  def of({:tls, :no_authorities}) do
    advice =
      "This machine has no certificate authorities, so Moodle's certificate cannot be checked (Debian: apt install ca-certificates)."

    unreachable("tls_no_authorities", advice)
  end

  def of({:tls, reason}) do
    advice =
      "No TLS connection with a certificate that can be trusted came about (#{reason}): see Moodle's certificate, or MOODLE_CA_FILE."

    unreachable("tls_#{reason}", advice)
  end

  def of(:timeout), do: unreachable("timeout", "Moodle did not answer in time.")
  def of(:closed), do: unreachable("closed", "Moodle's host hung up before its answer was whole.")
  def of(:protocol), do: Error.new(:protocol, "not_http", "What answers is no HTTP server.", retryable?: true)

  def of(:too_large),
    do: Error.new(:too_large, "answer_too_large", "Moodle's answer is larger than is taken.")

  def of(reason) when is_atom(reason),
    do: unreachable("socket_#{reason}", "The connection to Moodle broke (#{reason}).")

  def of(_reason), do: unreachable("unknown", "The connection to Moodle broke.")

  @doc "A write after which nobody knows whether Moodle did it."
  @spec unknown_outcome(Error.t()) :: Error.t()
  def unknown_outcome(%Error{} = error) do
    %{
      error
      | code: "outcome_unknown",
        message: error.message <> " Whether it did what was asked is not known."
    }
  end

  @doc "An answer whose status says that the call did not succeed; nil where it may have."
  @spec of_status(Exchange.head()) :: Error.t() | nil
  def of_status(%{status: status}) when status in [200, 206, 304], do: nil

  def of_status(%{status: status} = head) when status in 300..399 do
    Error.new(
      :protocol,
      "redirect",
      "Moodle sends callers elsewhere (#{status}#{whither(head)}); its token is not sent there. Set MOODLE_BASE_URL to the site's own address."
    )
  end

  def of_status(%{status: 403}) do
    Error.new(
      :outage,
      "web_services_disabled",
      "Moodle refuses all calls (403): web services or their REST protocol are switched off."
    )
  end

  def of_status(%{status: 404}),
    do: Error.new(:not_found, "http_404", "There is no Moodle web service at this address (404).")

  def of_status(%{status: 413}),
    do: Error.new(:too_large, "http_413", "Moodle's host does not take so large a request (413).")

  def of_status(%{status: 429} = head) do
    Error.new(:outage, "http_429", "Moodle's host asks for fewer calls (429).", retry_after: retry_after(head))
  end

  def of_status(%{status: status} = head) when status >= 500 do
    Error.new(:outage, "http_#{status}", "Moodle is down or under maintenance (#{status}).",
      retry_after: retry_after(head)
    )
  end

  def of_status(%{status: status}),
    do: Error.new(:protocol, "http_#{status}", "Moodle's host answers with status #{status}.")

  # The host alone: an address may carry a token.
  defp whither(head) do
    case URI.parse(Exchange.header(head, "location") || "") do
      %URI{host: host} when host not in [nil, ""] -> " to " <> printable(host)
      _other -> ""
    end
  end

  defp printable(host), do: if(host =~ ~r/\A[A-Za-z0-9.:-]{1,253}\z/, do: host, else: "another host")

  # Seconds, or a date, from which seconds are made; a day at most, whatever their clock says.
  defp retry_after(head) do
    case Exchange.header(head, "retry-after") do
      nil -> nil
      value -> value |> String.trim() |> seconds()
    end
  end

  defp seconds(value) do
    case Integer.parse(value) do
      {seconds, ""} when seconds >= 0 -> min(seconds, 86_400)
      _other -> from_date(value)
    end
  end

  defp from_date(value) do
    case :httpd_util.convert_request_date(to_charlist(value)) do
      :bad_date ->
        nil

      date ->
        at = date |> NaiveDateTime.from_erl!() |> DateTime.from_naive!("Etc/UTC")
        at |> DateTime.diff(DateTime.utc_now()) |> max(0) |> min(86_400)
    end
  rescue
    _error -> nil
  end

  defp unreachable(code, message), do: Error.new(:unreachable, code, message)
end
