"""What a rule is called and what is said of it, in the language of the reader's notation.

A language is one file `language_xx.py` with two tables, `RULES` (rule -> name and sentence) and `WORDS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Protocol

from jacobians.errors import InputError, unknown
from jacobians.notation.languages import LANGUAGES
from jacobians.notation.options import Notation
from jacobians.notation.tree import Tree

#: Words and formulas in the order in which they are read.
Prose = tuple[str | Tree, ...]


class Language(Protocol):
    """The tables of one language."""

    #: For every rule its name and its sentence.
    RULES: Mapping[str, tuple[str, str]]
    WORDS: Mapping[str, str]


_OPTIONAL = re.compile(r"\[([^\]]*)\]")
_FACT = re.compile(r"\{(\w+)\}")


def rule_name(rule: str, facts: Mapping[str, Tree], notation: Notation) -> Prose:
    """What stands beside a line: `chain rule`.

    Raises:
        InputError: an unknown language or rule, a fact that the name needs and that is not given.
    """
    return filled(_rule(rule, notation)[0], facts, rule)


def rule_sentence(rule: str, facts: Mapping[str, Tree], notation: Notation) -> Prose:
    """What is said of a line: a sentence with formulas in it.

    Raises:
        InputError: as `rule_name`.
    """
    return filled(_rule(rule, notation)[1], facts, rule)


def words(key: str, notation: Notation, **facts: Tree) -> Prose:
    """What documents say around formulas, such as their title."""
    return filled(table(notation.language).WORDS[key], facts, key)


def table(language: str) -> Language:
    """The tables of a language.

    Raises:
        InputError: there is none; the message lists those that there are.
    """
    if language not in LANGUAGES:
        raise unknown("notation", "language", language, LANGUAGES)
    found: Language = import_module(f"symbolic.steps.language_{language}")
    return found


def facts_of(template: str) -> tuple[str, ...]:
    """The facts that a name or a sentence can take, each once."""
    return tuple(dict.fromkeys(_FACT.findall(template)))


def filled(template: str, facts: Mapping[str, Tree], rule: str) -> Prose:
    """The template with its facts; parts in square brackets are left out where one of theirs is not given."""
    shown = _OPTIONAL.sub(lambda found: found[1] if facts.keys() >= set(facts_of(found[1])) else "", template)
    missing = [fact for fact in facts_of(shown) if fact not in facts]
    if missing:
        given = ", ".join(facts) or "none"
        raise InputError(f"reason {rule!r}: expected the fact {missing[0]!r}, got {given}; give it to Reason")
    return tuple(_pieces(_sentence(shown) if template.endswith(".") else shown, facts))


def _sentence(text: str) -> str:
    """With a capital letter at its beginning, also where an optional part before it is left out."""
    return text if text.startswith("{") else text[:1].upper() + text[1:]


def _pieces(text: str, facts: Mapping[str, Tree]) -> Iterator[str | Tree]:
    for number, part in enumerate(_FACT.split(text)):
        if part:
            yield facts[part] if number % 2 else part


def _rule(rule: str, notation: Notation) -> tuple[str, str]:
    rules = table(notation.language).RULES
    if rule not in rules:
        raise unknown("derivation", "rule", rule, rules)
    return rules[rule]
