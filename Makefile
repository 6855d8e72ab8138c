# Every target sets up what it needs. `make` alone says what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
# Elixir wants to know that names and paths are UTF-8; nothing here asks a package host.
export LC_ALL := C.UTF-8
export HEX_OFFLINE := 1

.PHONY: help run bridge-soak bench-bridge ai-image test test-rust test-nif test-host test-page test-release release crash-test two-hosts-test ai-chaos moodle-check setup setup-test fmt lint bench bench-marking bench-documents bench-host bench-page screenshots fuzz fuzz-api fuzz-nif score-documents score-structure score-whole score-essays fixtures clean score-pii time-pii bench-pii test-identity train-names

help: ## Say what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 16

run: setup ## Start AWAP on SQLite, mark a sample TMA and show its feedback; stays up until Ctrl-C
	@scripts/run

test: setup-test ## Run all tests: Rust, NIF, host on SQLite and PostgreSQL, end to end over HTTP, the page in a browser
	@scripts/test

test-rust: setup-test ## The Rust tests alone
	@scripts/test rust

test-nif: setup-test ## The NIF and Port on a real BEAM, and nothing else
	@scripts/test nif

test-host: setup-test ## The Elixir host's tests, end to end included, and nothing else
	@scripts/test host

test-page: ## The tutors' page in a real browser, and nothing else
	@scripts/setup page
	@scripts/test page

crash-test: setup-test ## Kill everything at random under load (MINUTES=10, SEED=…, DATABASE=sqlite|postgres, RATE=8 TMAs/s)
	@AWAP_CRASH_SECONDS=$$(( $${MINUTES:-10} * 60 )) AWAP_CRASH_DATABASE=$${DATABASE:-postgres} \
	  AWAP_CRASH_RATE=$${RATE:-8} AWAP_TEST_SEED=$${SEED:-} scripts/test crash

ai-chaos: setup-test ## Kill, hang and flood AI containers at random while TMAs are marked (TMAS=200), and say how long things took
	@AWAP_AI_CHAOS_TMAS=$${TMAS:-200} AWAP_AI_CHAOS_REPORT=1 scripts/test ai_chaos

bridge-soak: setup-test ## Many requests through the Core Bridge, one in a hundred of them poison, and the core's memory over many (REQUESTS=10000, MEMORY_REQUESTS=100000)
	@AWAP_SOAK_REQUESTS=$${REQUESTS:-10000} AWAP_SOAK_MEMORY_REQUESTS=$${MEMORY_REQUESTS:-100000} scripts/test bridge_soak

two-hosts-test: setup-test ## Two hosts on one PostgreSQL, one killed half-way (TMAS=1000)
	@AWAP_TWO_HOSTS_TMAS=$${TMAS:-1000} scripts/test two_hosts

test-release: setup-test ## Make a release and run it where no Erlang, Elixir or Rust is, without rights: marking, commands, SIGTERM
	@scripts/test release

release: setup ## Make dist/awap-VERSION-linux-ARCH.tar.gz, which runs without Erlang, Elixir and Rust (AWAP_CORE_MODE=nif: with the NIF)
	@scripts/release

moodle-check: setup ## Call the configured Moodle site (MOODLE_BASE_URL, MOODLE_TOKEN): what works, what is missing, what a sync would do; changes nothing
	@cd elixir_host && mix awap.moodle_check

ai-image: ## Build the AI container's image with Podman
	@scripts/ai-image

setup: ## Install what running AWAP needs and this machine lacks
	@scripts/setup run

setup-test:
	@scripts/setup test

fmt: ## Format all code
	cargo fmt --all
	cd elixir_host && mix format
	cd awap-nif && mix format

lint: setup-test ## Check formatting and lints; any warning fails
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cd awap-nif && mix format --check-formatted
	cd elixir_host && mix format --check-formatted

fuzz-nif: setup-test ## Run what the fuzzers keep (after make fuzz) through NIF and Port: the same answers, and the BEAM lives
	@AWAP_NIF_CORPUS=$${CORPUS:-$$PWD/fuzz/corpus} scripts/test nif

fuzz-api: setup-test ## Hold a running host against its OpenAPI document with Schemathesis (EXAMPLES=100, SEED=…; needs Python 3)
	@scripts/setup fuzz-api
	@scripts/fuzz-api

fuzz: ## Fuzz the readers of documents and the whole verbs with libFuzzer (SECONDS_EACH=60; TARGETS=…)
	@scripts/fuzz

score-documents: ## How well real documents are read, by format and source (AWAP_DATA; ARGS=--peers with other extractors beside)
	@scripts/score-documents $${ARGS:-}

score-pii: ## Score anonymization on the data in AWAP_DATA (a folder with pii/dev.jsonl), by slice
	@cargo run --quiet --release --locked -p pii-tools --bin score-pii -- "$${AWAP_DATA:-}"

time-pii: ## Time anonymization on the data in AWAP_DATA: essays, by stage, then texts from 1 KB to 50 MB, with the memory they take
	@cargo run --quiet --release --locked -p pii-tools --bin time-pii -- "$${AWAP_DATA:-}"

test-identity: ## Plant 10,000 names of many cultures in every place of a TMA, and look whether one survives
	@AWAP_IDENTITY_CASES=10000 cargo test --release --locked -p awap-core --test anonymize_properties

train-names: ## Train the model of names anew from AWAP_DATA/pii/names-train.jsonl.gz and public name lists (needs Python, pip, npm)
	@mkdir -p target/names
	@python3 tools/pii/lists.py target/names
	@cargo run --quiet --release --locked -p train-names -- target/names/lists.tsv "$${AWAP_DATA:?is not set}/pii/names-train.jsonl.gz" awap-names/data

score-structure: ## How well TMAs in many layouts and formats are taken apart (fixtures/structure)
	cargo test --locked --workspace --test tma_gold -- --nocapture

score-whole: ## What eighty-five whole TMAs by other authors leave of people, lose, and are taken apart into (fixtures/whole)
	cargo test --locked --workspace --test whole_tmas -- --nocapture

score-essays: ## How well trained models agree with markers, and short answers are judged (AWAP_DATA; half an hour)
	@scripts/score-essays

bench-marking: ## Measure marking 2,000 words by every kind of criterion, and comparing a cohort of 300 scripts
	cargo bench -p awap-benches --bench marking

bench: ## Measure the verbs by format and size, and the Port by size and threads (several minutes)
	cargo build --quiet --release --locked -p awap-port
	cargo bench -p awap-benches

bench-bridge: setup-test ## Measure the Core Bridge from Elixir, by Port and NIF, at 100 bytes, 20 KB and 2 MB (on a quiet machine)
	@scripts/bench-bridge

bench-documents: ## Time and memory of reading by format and size, as ratios beside other extractors (EACH=10 files of a size; AWAP_DATA)
	@scripts/bench-documents

bench-pii: ## Time anonymization beside Presidio on the same essays, then by stage and size (TEXTS=36, ROUNDS=5; AWAP_DATA)
	@scripts/setup bench-pii
	@scripts/bench-pii

bench-host: ## Measure a whole host: health with wrk, TMAs a second, overload (SECONDS_EACH=15; on a quiet machine)
	@scripts/setup bench
	@scripts/bench-host

bench-page: ## Measure the tutors' page in Chromium: a queue of 1,000 TMAs, a TMA of 5,000 words, its weight (on a quiet machine)
	@scripts/page bench

screenshots: ## Take the README's pictures of the tutors' page anew (docs/page)
	@scripts/page screenshots

fixtures: ## Make the fixtures again from their sources (needs Python, python-docx and reportlab)
	python3 fixtures/build.py
	python3 fixtures/structure/make.py

clean: ## Remove what was built, and the data of `make run`
	rm -rf target var dist elixir_host/_build awap-nif/_build awap-nif/priv
