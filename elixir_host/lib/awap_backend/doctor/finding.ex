defmodule AwapBackend.Doctor.Finding do
  @moduledoc "One thing that was looked at: how it is, and what to do about it."

  @enforce_keys [:name, :state, :message]
  defstruct [:area, :name, :state, :message, :advice]

  @type state :: :ok | :skipped | :warning | :fault
  @type t :: %__MODULE__{
          area: String.t() | nil,
          name: String.t(),
          state: state,
          message: String.t(),
          advice: String.t() | nil
        }

  @doc "It is as it should be."
  def ok(name, message), do: %__MODULE__{name: name, state: :ok, message: message}

  @doc "It is not set up, and not needed."
  def skipped(name, message), do: %__MODULE__{name: name, state: :skipped, message: message}

  @doc "AWAP works, but something is risked."
  def warning(name, message, advice),
    do: %__MODULE__{name: name, state: :warning, message: message, advice: advice}

  @doc "AWAP does not work so."
  def fault(name, message, advice),
    do: %__MODULE__{name: name, state: :fault, message: message, advice: advice}

  @doc "The worst state among findings: `:fault`, `:warning` or `:ok`."
  @spec worst([t]) :: :ok | :warning | :fault
  def worst(findings) do
    states = Enum.map(findings, & &1.state)
    Enum.find([:fault, :warning], :ok, &(&1 in states))
  end
end
