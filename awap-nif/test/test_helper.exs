# The same key as the Port is given, so that both give the same pseudonyms.
Application.put_env(:awap_nif, :pseudonym_key, AwapNif.Port.pseudonym_key())
# Here, because it may take longer than a test.
AwapNif.Port.build()
ExUnit.start()
