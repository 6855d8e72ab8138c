defmodule AwapBackend.LogTranslator do
  @moduledoc """
  Reports of crashes, said without what the process was working on.

  Erlang's reports print the state, the last message and the arguments of the function that failed. Here these hold
  students' work, so a report says who failed, for what kind of reason, and where in the code. Logger's own translator
  sees only what this one leaves to it.
  """

  alias AwapBackend.Redact

  @doc "Puts this translator before Logger's own."
  @spec install() :: :ok
  def install, do: Logger.add_translator({__MODULE__, :translate})

  @doc false
  def translate(_least, _level, :report, {:logger, %{label: label} = report}) do
    case label do
      {:gen_server, :terminate} -> crash("Process", report[:name], report[:reason])
      {:gen_server, _event} -> {:ok, "Process #{who(report[:name])} got a message it has no use for"}
      {:gen_event, _event} -> crash("Event handler", report[:handler], report[:reason])
      {:gen_statem, _event} -> crash("Process", report[:name], reason_of(report[:reason]))
      {Task.Supervisor, :terminating} -> crash("Task", nil, task_reason(report))
      {Task, :terminating} -> crash("Task", nil, task_reason(report))
      {:proc_lib, :crash} -> :skip
      {:supervisor, _event} -> supervisor(report[:report])
      _other -> :none
    end
  end

  def translate(_least, :error, :report, {{:proc_lib, :crash}, _report}), do: :skip
  def translate(_least, :error, :report, {:supervisor_report, report}), do: supervisor(report)

  def translate(_least, :error, :format, {~c"Error in process " ++ _rest, [pid, reason]}),
    do: crash("Process", pid, reason)

  def translate(_least, :error, :format, {~c"Error in process " ++ _rest, [pid, _node, reason]}) do
    crash("Process", pid, reason)
  end

  def translate(_least, _level, _kind, _data), do: :none

  defp crash(what, who, reason) do
    stack = if is_tuple(reason) and tuple_size(reason) == 2, do: Redact.stacktrace(elem(reason, 1)), else: ""
    {:ok, String.trim_trailing("#{what} #{who(who)} ended: #{Redact.reason(reason)}\n#{stack}")}
  end

  defp task_reason(%{report: %{reason: reason}}), do: reason
  defp task_reason(%{args: [_name, _starter, _mfa, reason | _rest]}), do: reason
  defp task_reason(_report), do: :unknown

  defp reason_of({_class, reason, stack}), do: {reason, stack}
  defp reason_of(reason), do: reason

  defp supervisor(report) when is_list(report) do
    child = report |> Keyword.get(:offender, []) |> child_id()

    case Keyword.get(report, :reason) do
      reason when reason in [:normal, :shutdown] -> :skip
      reason -> {:ok, "Child #{child} of #{who(report[:supervisor])} ended: #{Redact.reason(reason)}"}
    end
  end

  defp supervisor(_report), do: :none

  defp child_id(offender) when is_list(offender), do: who(offender[:id] || offender[:pid])
  defp child_id(_offender), do: "unknown"

  defp who({_kind, name}) when is_atom(name), do: inspect(name)
  defp who(name) when is_atom(name) or is_pid(name), do: inspect(name)
  defp who(_name), do: "unknown"
end
