defmodule AwapBackend.Moodle.HttpClient do
  @moduledoc """
  How a call of Moodle's web service is written and what its answers mean. Nothing is sent by this version.

  Moodle takes a form, arrays as `name[0][key]`, and answers 200 whatever happened: success and failure are told apart
  by the body.
  """

  @path "/webservice/rest/server.php"

  @doc "The address and form of a call. The token is in the form: neither goes into a log."
  @spec request(String.t(), String.t(), String.t(), map) :: {url :: String.t(), [{String.t(), String.t()}]}
  def request(base_url, token, function, arguments) do
    form = [{"wstoken", token}, {"wsfunction", function}, {"moodlewsrestformat", "json"}]
    {base_url <> @path, form ++ flatten(arguments)}
  end

  @doc "Maps and lists as Moodle's form fields, in the order of their names."
  @spec flatten(map) :: [{String.t(), String.t()}]
  def flatten(arguments) do
    arguments |> Enum.sort() |> Enum.flat_map(fn {name, value} -> field(to_string(name), value) end)
  end

  defp field(name, list) when is_list(list) do
    list |> Enum.with_index() |> Enum.flat_map(fn {value, index} -> field("#{name}[#{index}]", value) end)
  end

  defp field(name, map) when is_map(map) do
    map |> Enum.sort() |> Enum.flat_map(fn {key, value} -> field("#{name}[#{key}]", value) end)
  end

  defp field(name, true), do: [{name, "1"}]
  defp field(name, false), do: [{name, "0"}]
  defp field(_name, nil), do: []
  defp field(name, value), do: [{name, to_string(value)}]

  @doc "What a decoded answer means. Matched on `errorcode`, as the names of exceptions differ between versions."
  @spec result(term) :: {:ok, term} | {:error, %{code: String.t(), message: String.t() | nil}}
  def result(%{"exception" => _, "errorcode" => code} = answer) when is_binary(code) do
    {:error, %{code: code, message: answer["message"]}}
  end

  def result(%{"exception" => _} = answer), do: {:error, %{code: "unknown", message: answer["message"]}}
  def result(answer), do: {:ok, answer}
end
