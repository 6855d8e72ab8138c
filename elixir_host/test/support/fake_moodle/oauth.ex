defmodule AwapBackend.FakeMoodle.OAuth do
  @moduledoc "An OAuth 2.0 token endpoint beside the fake Moodle: three grants, and refresh tokens that work once."

  alias AwapBackend.JSON

  @client {"awap-client", "cl13nt-s3cr3t"}

  @doc "The client that it knows."
  def client, do: @client

  @doc "Answers a request for a token."
  def token(state, request, fields) do
    if client?(request, fields), do: grant(state, fields), else: {refused(401, "invalid_client"), state}
  end

  # A code of "basic-…" comes from a server that wants the client's secret in a header.
  defp client?(request, fields) do
    {id, secret} = @client

    case request.headers["authorization"] do
      nil -> {fields["client_id"], fields["client_secret"]} == @client and fields["scope"] != "basic"
      header -> header == "Basic " <> Base.encode64("#{id}:#{secret}")
    end
  end

  defp grant(state, %{"grant_type" => "client_credentials"}), do: {given(state, nil), state}

  defp grant(state, %{"grant_type" => "password", "username" => "svc", "password" => "pw"}),
    do: {given(state, nil), state}

  defp grant(state, %{
         "grant_type" => "authorization_code",
         "code" => code,
         "redirect_uri" => "https://awap.example/back"
       }) do
    with_once(state, {:code, code}, String.starts_with?(code, "good"))
  end

  defp grant(state, %{"grant_type" => "refresh_token", "refresh_token" => token}) do
    with_once(state, {:refresh, token}, Map.has_key?(state.drafts, {:refresh, token}))
  end

  defp grant(state, %{"grant_type" => grant}) when grant in ["password", "authorization_code"],
    do: {refused(400, "invalid_grant"), state}

  defp grant(state, _other), do: {refused(400, "unsupported_grant_type"), state}

  defp with_once(state, key, good?) do
    if good? and not Map.has_key?(state.drafts, {:used, key}) do
      refresh = "r3fr3sh-#{map_size(state.drafts)}"
      drafts = Map.merge(state.drafts, %{{:used, key} => true, {:refresh, refresh} => true})
      {given(state, refresh), %{state | drafts: drafts}}
    else
      {refused(400, "invalid_grant"), state}
    end
  end

  defp given(state, refresh) do
    answer = %{"access_token" => state.token, "token_type" => "Bearer", "expires_in" => 3600}
    answer = if refresh, do: Map.put(answer, "refresh_token", refresh), else: answer
    {200, [{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}], JSON.encode(answer)}
  end

  defp refused(status, error) do
    body = JSON.encode(%{"error" => error, "error_description" => "Why"})
    {status, [{"Content-Type", "application/json"}], body}
  end
end
