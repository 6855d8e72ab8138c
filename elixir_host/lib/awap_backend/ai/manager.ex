defmodule AwapBackend.AI.Manager do
  @moduledoc """
  Keeps the AI containers and hands them requests.

  Containers are not run by this version: `status/0` says so, and feedback is the deterministic one. The configuration
  (`AI_CONTAINER_IMAGE`, `MAX_AI_CONTAINERS`, `AI_PODMAN_RUNTIME`) is read and shown.
  """

  use GenServer

  alias AwapBackend.Config

  def start_link(_options), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  @doc "`:disabled`: no containers are run."
  @spec status() :: :disabled
  def status, do: :disabled

  @doc "What is configured: the image (nil: none), the greatest number of containers, Podman's runtime."
  @spec settings() :: %{image: String.t() | nil, max_containers: non_neg_integer, runtime: String.t() | nil}
  def settings, do: GenServer.call(__MODULE__, :settings)

  @doc "This part of `AwapBackend.Health`."
  @spec health() :: map
  def health, do: %{"status" => to_string(status())}

  @doc "Asks a container: `not_configured`, as none is run."
  @spec request(String.t(), map, pos_integer) :: {:error, AwapBackend.PortClient.error()}
  def request(_command, _data, _timeout) do
    AwapBackend.PortClient.error("not_configured", "AI containers are not run by this version of the host.")
  end

  @impl true
  def init(nil) do
    {:ok,
     %{
       image: Config.get(:ai_container_image),
       max_containers: Config.get(:max_ai_containers),
       runtime: Config.get(:ai_podman_runtime)
     }}
  end

  @impl true
  def handle_call(:settings, _from, settings), do: {:reply, settings, settings}
end
