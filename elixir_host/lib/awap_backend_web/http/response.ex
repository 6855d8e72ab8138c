defmodule AwapBackendWeb.HTTP.Response do
  @moduledoc "The bytes of an answer (RFC 9112), with the headers that every answer bears."

  alias AwapBackendWeb.Conn

  @reasons %{
    101 => "Switching Protocols",
    200 => "OK",
    201 => "Created",
    202 => "Accepted",
    204 => "No Content",
    304 => "Not Modified",
    400 => "Bad Request",
    401 => "Unauthorized",
    403 => "Forbidden",
    404 => "Not Found",
    405 => "Method Not Allowed",
    408 => "Request Timeout",
    409 => "Conflict",
    411 => "Length Required",
    412 => "Precondition Failed",
    413 => "Content Too Large",
    414 => "URI Too Long",
    415 => "Unsupported Media Type",
    422 => "Unprocessable Content",
    426 => "Upgrade Required",
    429 => "Too Many Requests",
    431 => "Request Header Fields Too Large",
    500 => "Internal Server Error",
    501 => "Not Implemented",
    503 => "Service Unavailable",
    504 => "Gateway Timeout",
    505 => "HTTP Version Not Supported"
  }

  # Answers are data about students: nothing may keep, sniff, frame or refer to them.
  @always [
    {"cache-control", "no-store"},
    {"x-content-type-options", "nosniff"},
    {"x-frame-options", "DENY"},
    {"referrer-policy", "no-referrer"},
    {"content-security-policy", "default-src 'none'; frame-ancestors 'none'"}
  ]

  @doc "The whole answer; a HEAD and a 101, 204 or 304 have no body."
  @spec encode(Conn.t()) :: iodata
  def encode(%Conn{} = conn) do
    bare? = conn.status in [101, 204, 304]

    [
      status_line(conn.status),
      "date: ",
      date(),
      "\r\n",
      if(conn.close?, do: "connection: close\r\n", else: keep_alive(conn.version)),
      if(bare?,
        do: "",
        else: ["content-length: ", Integer.to_string(IO.iodata_length(conn.resp_body)), "\r\n"]
      ),
      defaults(conn.resp_headers),
      for({name, value} <- conn.resp_headers, do: [name, ": ", value, "\r\n"]),
      "\r\n",
      if(bare? or conn.method == "HEAD", do: "", else: conn.resp_body)
    ]
  end

  for {status, reason} <- @reasons do
    defp status_line(unquote(status)), do: unquote("HTTP/1.1 #{status} #{reason}\r\n")
  end

  defp status_line(status), do: ["HTTP/1.1 ", Integer.to_string(status), " \r\n"]

  defp keep_alive({1, 0}), do: "connection: keep-alive\r\n"
  defp keep_alive(_), do: ""

  for {name, value} <- @always do
    defp always(unquote(name)), do: unquote("#{name}: #{value}\r\n")
  end

  defp defaults(set) do
    for {name, _} <- @always, not List.keymember?(set, name, 0), do: always(name)
  end

  # Once a second is often enough to write the date.
  defp date do
    now = System.os_time(:second)

    case Process.get(__MODULE__) do
      {^now, date} ->
        date

      _ ->
        date = Calendar.strftime(DateTime.from_unix!(now), "%a, %d %b %Y %H:%M:%S GMT")
        Process.put(__MODULE__, {now, date})
        date
    end
  end
end
