Code.require_file("rel/steps.exs", __DIR__)

defmodule AwapBackend.MixProject do
  use Mix.Project

  def project do
    [
      app: :awap_backend,
      version: "0.1.0",
      elixir: "~> 1.14",
      elixirc_paths: elixirc_paths(Mix.env()),
      start_permanent: Mix.env() == :prod,
      test_coverage: [summary: [threshold: 0]],
      deps: deps(),
      releases: releases()
    ]
  end

  # With Erlang and Elixir inside: it runs where neither is installed. `make release` makes it and its tarball.
  defp releases do
    [
      awap_backend: [
        include_erts: true,
        include_executables_for: [:unix],
        steps: AwapBackend.ReleaseSteps.steps()
      ]
    ]
  end

  # Everything below Erlang and Elixir themselves comes with the operating system (Debian:
  # erlang-jiffy, erlang-mochiweb, erlang-cowlib, erlang-jose); no package of Hex's is used.
  def application do
    [
      mod: {AwapBackend.Application, []},
      extra_applications: [
        :logger,
        :crypto,
        :public_key,
        :ssl,
        :inets,
        :jiffy,
        :mochiweb,
        :cowlib,
        :jose
      ]
    ]
  end

  defp elixirc_paths(:test), do: ["lib", "test/support"]
  defp elixirc_paths(_env), do: ["lib"]

  # The core as a NIF is another build of Rust's, so it comes along where it is asked for: AWAP_CORE_MODE=nif when building.
  # Tests hold both ways against each other.
  defp deps do
    nif? = Mix.env() == :test or System.get_env("AWAP_CORE_MODE") == "nif"
    if nif? and File.regular?("../awap-nif/mix.exs"), do: [{:awap_nif, path: "../awap-nif"}], else: []
  end
end
