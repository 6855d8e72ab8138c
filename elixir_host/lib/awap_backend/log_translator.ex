defmodule AwapBackend.LogTranslator do
  @moduledoc """
  Reports of crashes, said without what the process was working on.

  Erlang's reports print the state, the last message and the arguments of the function that failed. Here these hold
  students' work, so a report says who failed, for what kind of reason, and where in the code. Of an error that is not
  known to this module only its label or format is said, never its arguments.
  """

  alias AwapBackend.Redact

  @doc "Puts this translator before Logger's own."
  @spec install() :: :ok
  def install, do: Logger.add_translator({__MODULE__, :translate})

  @doc false
  def translate(_least, :error, :report, {:logger, %{label: label} = report}), do: report(label, report)
  def translate(_least, :error, :report, {{_, _} = label, report}), do: report(label, report)

  def translate(_least, :error, :report, _report),
    do: {:ok, "An error was reported, of a kind that is not known here"}

  def translate(_least, :error, :format, {~c"Error in process " ++ _rest, [pid | rest]}) do
    crash("Process", pid, List.last(rest))
  end

  def translate(_least, :error, :format, {format, _arguments}) do
    {:ok, ["An error was reported: ", String.trim(to_string(format))]}
  end

  def translate(_least, _level, _kind, _data), do: :none

  defp report({:gen_server, :terminate}, report), do: crash("Process", report[:name], report[:reason])
  defp report({:gen_event, :terminate}, report), do: crash("Event handler", report[:handler], report[:reason])
  defp report({:gen_statem, :terminate}, report), do: crash("Process", report[:name], statem(report[:reason]))
  defp report({Task.Supervisor, :terminating}, report), do: crash("Task", report[:name], report[:reason])

  defp report({kind, :no_handle_info}, report),
    do: {:ok, "#{kind} #{who(report[:name])} got a message it has no use for"}

  # Told already by what crashed.
  defp report({:proc_lib, :crash}, _report), do: :skip

  defp report({:supervisor, _event}, report) do
    reason = report[:reason]

    if reason in [:normal, :shutdown] do
      :skip
    else
      {:ok,
       "Child #{child(report[:offender])} of #{who(report[:supervisor])} ended: #{Redact.reason(reason)}"}
    end
  end

  defp report({kind, event}, _report) when is_atom(kind) and is_atom(event) do
    {:ok, "An error was reported: #{inspect(kind)} #{event}"}
  end

  defp report(_label, _report), do: {:ok, "An error was reported, of a kind that is not known here"}

  defp crash(what, who, reason) do
    stack = if is_tuple(reason) and tuple_size(reason) == 2, do: Redact.stacktrace(elem(reason, 1)), else: ""
    {:ok, String.trim_trailing("#{what} #{who(who)} ended: #{Redact.reason(reason)}\n#{stack}")}
  end

  defp statem({_class, reason, stack}), do: {reason, stack}
  defp statem(reason), do: reason

  defp child(offender) when is_list(offender), do: who(offender[:id] || offender[:pid])
  defp child(_offender), do: "unknown"

  defp who({_kind, name}) when is_atom(name), do: inspect(name)
  defp who(name) when is_atom(name) or is_pid(name), do: inspect(name)
  defp who(_name), do: "unknown"
end
