ExUnit.start(exclude: AwapBackend.DataCase.unbuilt())

# The folder that the host of this run has kept its database and secrets in.
ExUnit.after_suite(fn _result ->
  Application.stop(:awap_backend)
  folder = AwapBackend.Config.get(:data_dir)
  if String.starts_with?(folder, System.tmp_dir!()), do: File.rm_rf!(folder)
end)
