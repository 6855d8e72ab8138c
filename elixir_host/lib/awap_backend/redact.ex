defmodule AwapBackend.Redact do
  @moduledoc """
  Says what went wrong without saying what was being worked on.

  The reason of a crash often holds the arguments of the function that crashed, and those are a student's work.
  """

  @doc "The kind of a crash's reason: an exception's name, an atom, or the tag of a tuple."
  @spec reason(term) :: String.t()
  def reason(%{__exception__: true, __struct__: module}), do: inspect(module)
  def reason({%{__exception__: true} = exception, _stack}), do: reason(exception)
  def reason(reason) when is_atom(reason), do: Atom.to_string(reason)
  def reason({:shutdown, reason}), do: "shutdown: " <> reason(reason)
  def reason({reason, stack}) when is_list(stack), do: reason(reason)
  def reason(tuple) when is_tuple(tuple) and tuple_size(tuple) > 0, do: reason(elem(tuple, 0))
  def reason(_other), do: "unknown"

  @doc "A stack trace in which calls show how many arguments they had, not which."
  @spec stacktrace(term) :: String.t()
  def stacktrace(stack) when is_list(stack) do
    stack
    |> Enum.take(12)
    |> Enum.map_join("\n", fn entry ->
      "    " <> (entry |> arity_only() |> Exception.format_stacktrace_entry())
    end)
  rescue
    _error -> ""
  end

  def stacktrace(_other), do: ""

  defp arity_only({module, function, arguments, location}) when is_list(arguments) do
    {module, function, length(arguments), Keyword.take(location, [:file, :line])}
  end

  defp arity_only({function, arguments, location}) when is_list(arguments) do
    {function, length(arguments), Keyword.take(location, [:file, :line])}
  end

  defp arity_only(entry), do: entry
end
