defmodule AwapBackend.Moodle do
  @moduledoc """
  The Moodle site that TMAs come from and grades go back to.

  Its web service is not called by this version: every function answers `{:error, :not_configured}` where no site is
  configured, and `{:error, :not_supported}` where one is.
  """

  alias AwapBackend.Config

  @type reason :: :not_configured | :not_supported

  @doc "The assignments of a course."
  @spec get_assignments(term, String.t()) :: {:error, reason}
  def get_assignments(_client, _course_id), do: unavailable()

  @doc "One submission, its files included."
  @spec download_submission(term, String.t()) :: {:error, reason}
  def download_submission(_client, _submission_id), do: unavailable()

  @doc "Every submission of an assignment."
  @spec download_submissions(term, String.t()) :: {:error, reason}
  def download_submissions(_client, _assignment_id), do: unavailable()

  @doc "Uploads a grade and its feedback."
  @spec upload_grade(term, map) :: {:error, reason}
  def upload_grade(_client, _grade), do: unavailable()

  @doc "Whether a site is configured."
  @spec configured?() :: boolean
  def configured?, do: Config.get(:moodle_base_url) != nil

  @doc "This part of `AwapBackend.Health`."
  @spec health() :: map
  def health, do: %{"status" => "disabled", "configured" => configured?()}

  defp unavailable, do: {:error, if(configured?(), do: :not_supported, else: :not_configured)}
end
