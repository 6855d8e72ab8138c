defmodule AwapBackend.Moodle.Client do
  @moduledoc """
  The Moodle site that is called, and how: what every function of `AwapBackend.Moodle` takes first; and one call of its web service.

  A call is a form to `/webservice/rest/server.php`, arrays as `name[0][key]`. Moodle answers 200 whatever happened, so success and failure are told
  apart by the body. A token that is refused is asked for anew, once: nothing was done with the call, so that holds for writes too.
  """

  alias AwapBackend.JSON
  alias AwapBackend.Moodle.{Error, HttpClient, Tokens}

  @enforce_keys [:base_url, :token_provider]
  defstruct [:base_url, :token_provider, :site, http: []]

  @type t :: %__MODULE__{
          base_url: String.t() | nil,
          token_provider: AwapBackend.Moodle.TokenProvider.t() | nil,
          site: AwapBackend.Moodle.site() | nil,
          http: keyword
        }

  @path "/webservice/rest/server.php"

  @doc "Calls a function that changes nothing; again where that may help."
  @spec read(t, String.t(), map) :: {:ok, term} | {:error, Error.t()}
  def read(client, function, arguments \\ %{}), do: call(client, function, arguments, false)

  @doc "Calls a function that changes something: once. What Moodle did where no answer came, nobody knows (`outcome_unknown`)."
  @spec write(t, String.t(), map) :: {:ok, term} | {:error, Error.t()}
  def write(client, function, arguments), do: call(client, function, arguments, true)

  defp call(client, function, arguments, write?) do
    with_token(client, fn token ->
      {headers, sent} = sent(token, "wstoken")

      request = %{
        method: "POST",
        url: client.base_url <> @path,
        headers: headers,
        form: sent ++ [{"wsfunction", function}, {"moodlewsrestformat", "json"}] ++ flatten(arguments),
        write?: write?
      }

      HttpClient.request(request, client.http, &result/1)
    end)
  end

  @doc "Runs `fun` with a token; where Moodle refuses that, once more with another."
  @spec with_token(t, (map -> result)) :: result | {:error, Error.t()}
        when result: {:ok, term} | {:error, Error.t()}
  def with_token(%__MODULE__{base_url: nil}, _fun) do
    {:error,
     Error.new(:not_configured, "not_configured", "No Moodle site is configured: set MOODLE_BASE_URL.")}
  end

  def with_token(client, fun) do
    with {:ok, token} <- Tokens.get(client.token_provider, client.http) do
      case fun.(token) do
        {:error, %Error{code: code}} = refused when code in ["invalidtoken", "accessexception"] ->
          again(client, token, fun, refused)

        outcome ->
          outcome
      end
    end
  end

  # A token that stays the same stays refused.
  defp again(client, token, fun, refused) do
    Tokens.refused(client.token_provider, token)

    case Tokens.get(client.token_provider, client.http) do
      {:ok, ^token} -> refused
      {:ok, another} -> fun.(another)
      {:error, error} -> {:error, error}
    end
  end

  @doc "How a token is sent: headers, and form fields or those of an address."
  @spec sent(map, String.t()) :: {headers :: list, fields :: list}
  def sent(%{secret: secret, sent: :wstoken}, field), do: {[], [{field, secret}]}
  def sent(%{secret: secret, sent: :bearer}, _field), do: {[bearer(secret)], []}
  def sent(%{secret: secret, sent: :both}, field), do: {[bearer(secret)], [{field, secret}]}

  defp bearer(secret) do
    alias AwapBackend.Moodle.Secret
    {"Authorization", Secret.new("Bearer " <> Secret.reveal(secret))}
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

  @doc "What an answer of the web service means."
  @spec result(HttpClient.answer()) :: {:ok, term} | {:error, Error.t()}
  def result(answer) do
    with {:ok, answer} <- HttpClient.successful(answer) do
      case JSON.decode(answer.body) do
        {:ok, term} -> meaning(term)
        {:error, :invalid_json} -> {:error, not_json()}
      end
    end
  end

  @doc "What decoded JSON means: an answer, or an error in one of the two forms that Moodle has for it."
  @spec meaning(term) :: {:ok, term} | {:error, Error.t()}
  def meaning(%{"exception" => _, "errorcode" => code}) when is_binary(code),
    do: {:error, Error.from_code(code)}

  def meaning(%{"exception" => _}), do: {:error, Error.from_code("unknown")}

  def meaning(%{"error" => _, "errorcode" => code}) when is_binary(code),
    do: {:error, Error.from_code(code)}

  def meaning(term), do: {:ok, term}

  defp not_json do
    message = "Moodle's answer is not the JSON that it should be: is MOODLE_BASE_URL the site's own address?"
    Error.new(:protocol, "not_json", message, retryable?: true)
  end
end
