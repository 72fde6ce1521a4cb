"""The languages that conventions are said in: a file `sentences_xx.py` each."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

_PREFIX = "sentences_"
#: Their codes.
LANGUAGES = tuple(sorted(path.stem.removeprefix(_PREFIX) for path in Path(__file__).parent.glob(f"{_PREFIX}*.py")))


def sentence(language: str, option: str, value: str) -> str:
    """What a value of an option means; empty where nobody needs to be told."""
    table: dict[tuple[str, str], str] = import_module(f"jacobians.notation.{_PREFIX}{language}").SENTENCES
    return table.get((option, value), "")
