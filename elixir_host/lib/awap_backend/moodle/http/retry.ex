defmodule AwapBackend.Moodle.HTTP.Retry do
  @moduledoc """
  Trying again what may be tried again: reads that failed for a reason that may pass in a moment.

  Between attempts there is a pause that doubles, of random length up to its bound, so that hosts that failed together do not come back
  together; where Moodle said how long to wait, that long, if it is no more than #{10} seconds. Longer is for whoever called to wait.
  """

  alias AwapBackend.Moodle.Error

  @longest_wait_s 10
  @longest_pause_ms 8_000

  # These last: what switched them on is a person.
  @lasting ~w(sitemaintenance upgraderunning web_services_disabled no_such_host)

  @doc "Runs `fun`, again where that may help: at most `attempts` times, with pauses from `backoff_ms`."
  @spec run((() -> result), keyword) :: result when result: term
  def run(fun, options) do
    attempts = Keyword.get(options, :attempts, 3)
    attempt(fun, 1, attempts, Keyword.get(options, :backoff_ms, 500))
  end

  defp attempt(fun, number, attempts, backoff) do
    case fun.() do
      {:error, %Error{} = error} = failed ->
        if number < attempts and passing?(error) do
          Process.sleep(pause(error, number, backoff))
          attempt(fun, number + 1, attempts, backoff)
        else
          failed
        end

      result ->
        result
    end
  end

  @doc "Whether a moment's wait may help."
  @spec passing?(Error.t()) :: boolean
  def passing?(%Error{} = error) do
    error.retryable? and error.code not in @lasting and not tls?(error) and
      (error.retry_after || 0) <= @longest_wait_s
  end

  defp tls?(error), do: String.starts_with?(error.code, "tls_")

  @doc "Milliseconds to wait after the attempt of this number."
  @spec pause(Error.t(), pos_integer, pos_integer) :: non_neg_integer
  def pause(%Error{retry_after: seconds}, _number, _backoff) when is_integer(seconds), do: seconds * 1_000

  def pause(_error, number, backoff) do
    bound = min(backoff * Integer.pow(2, number - 1), @longest_pause_ms)
    div(bound, 2) + :rand.uniform(max(div(bound, 2), 1))
  end
end
