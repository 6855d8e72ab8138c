defmodule AwapBackend.Moodle.Client do
  @moduledoc "The Moodle site that is called, and how: what every function of `AwapBackend.Moodle` takes first."

  @enforce_keys [:base_url, :token_provider]
  defstruct [:base_url, :token_provider, http: []]

  @type t :: %__MODULE__{
          base_url: String.t() | nil,
          token_provider: {module, keyword} | nil,
          http: keyword
        }
end
