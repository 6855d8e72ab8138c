defmodule AwapBackend.Application do
  @moduledoc "The host's supervision tree."

  use Application

  @impl true
  def start(_type, _args) do
    Supervisor.start_link([], strategy: :one_for_one, name: AwapBackend.Supervisor)
  end
end
