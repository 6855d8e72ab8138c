defmodule AwapBackend.Config.Environment do
  @moduledoc """
  The variables that the configuration is read from: this process's environment, and the secrets that systemd hands over
  as credentials (`LoadCredential=`), which are in no process's environment.

  A file of `$CREDENTIALS_DIRECTORY` named as a secret variable in lower case (`awap_seal_key`) is that variable, where the
  environment does not set it.
  """

  alias AwapBackend.Config
  alias AwapBackend.Config.Variable

  @doc "The variables of this process."
  @spec read() :: %{String.t() => String.t()}
  def read, do: read(System.get_env())

  @doc "The variables of an environment."
  @spec read(%{String.t() => String.t()}) :: %{String.t() => String.t()}
  def read(%{"CREDENTIALS_DIRECTORY" => folder} = env) when folder != "" do
    set = Map.reject(env, fn {_name, value} -> String.trim(value) == "" end)
    Map.merge(credentials(folder), set)
  end

  def read(env), do: env

  defp credentials(folder) do
    for %Variable{secret: true, name: name} <- Config.variables(),
        {:ok, value} <- [File.read(Path.join(folder, String.downcase(name)))],
        into: %{},
        do: {name, value}
  end
end
