"""The Python that has the peers we are measured beside: target/score-venv, made and filled where something is missing."""
import pathlib, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PYTHON = ROOT / "target" / "score-venv" / "bin" / "python"


def python_with(*pins):
    """The Python in which each of `pins` (`name==version`) is installed."""
    install([pin for pin in pins if not has(pin)])
    return PYTHON


def has(pin):
    name, version = pin.split("==")
    asked = f"import importlib.metadata as m; print(m.version({name!r}))"
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", asked], capture_output=True, text=True).stdout.strip() == version


def install(arguments):
    """`pip install` with these arguments; nothing where there are none."""
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", PYTHON.parent.parent], check=True)
    if arguments:
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments], check=True)
