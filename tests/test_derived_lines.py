"""Derivations, printed in a notation and read back, are true; every notation takes its turn with cases and styles."""

from __future__ import annotations

import itertools

import pytest

from jacobians.notation.options import Notation
from symbolic.steps.derivation import STYLES, Style
from tests.derived_lines import derived, read_back
from tests.derived_models import CASES
from tests.notations import NOTATIONS

#: A style and a notation for every case; `python -m tests.derived_lines` goes through all of them.
TURNS = list(zip(CASES, itertools.cycle(STYLES), itertools.cycle(NOTATIONS), strict=False))


@pytest.mark.parametrize(("name", "style", "notation"), TURNS)
def test_printed_lines_are_read_back(name: str, style: Style, notation: str) -> None:
    found = derived(name, style, NOTATIONS[notation])
    for status, tex in read_back(found) if found is not None else ():
        assert status in ("true", "refused"), tex


@pytest.mark.parametrize("style", STYLES)
def test_nothing_is_refused_in_the_notation_of_this_project(style: Style) -> None:
    found = derived("mlp", style, Notation())
    assert found is not None
    assert {status for status, _ in read_back(found)} == {"true"}
