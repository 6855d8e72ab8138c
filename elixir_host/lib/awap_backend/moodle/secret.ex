defmodule AwapBackend.Moodle.Secret do
  @moduledoc """
  A token or password that shows itself nowhere by accident.

  It lies in a closure: neither `inspect`, nor a crash report, nor Erlang's own formatting of a state prints it. `reveal/1` is called
  where it is sent and nowhere else.
  """

  @enforce_keys [:fun]
  defstruct [:fun]

  @opaque t :: %__MODULE__{fun: (() -> String.t())}

  @doc "Wraps a value; nil stays nil."
  @spec new(String.t() | nil) :: t | nil
  def new(nil), do: nil
  def new(value) when is_binary(value), do: %__MODULE__{fun: fn -> value end}

  @doc "The value itself."
  @spec reveal(t) :: String.t()
  def reveal(%__MODULE__{fun: fun}), do: fun.()

  defimpl Inspect do
    def inspect(_secret, _options), do: "#Secret<…>"
  end
end
