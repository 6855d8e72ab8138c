# The NIF reads its key at its first call and keeps it for the whole VM, whichever test makes that call.
Application.put_env(:awap_nif, :pseudonym_key, AwapBackend.DataCase.keys()["AWAP_PSEUDONYM_KEY"],
  persistent: true
)

ExUnit.start(exclude: AwapBackend.DataCase.unbuilt())

# The folder that the host of this run has kept its database and secrets in.
ExUnit.after_suite(fn _result ->
  Application.stop(:awap_backend)
  folder = AwapBackend.Config.get(:data_dir)
  if String.starts_with?(folder, System.tmp_dir!()), do: File.rm_rf!(folder)
end)
