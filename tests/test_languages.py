"""Languages: the same rules with the same facts in each; what is said where facts are missing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import symbolic.steps
from jacobians.errors import InputError
from jacobians.notation import parse
from jacobians.notation.languages import LANGUAGES
from jacobians.notation.options import Notation
from symbolic.steps.language import facts_of, filled, rule_name, rule_sentence, table, words

EN, DE = Notation(), Notation(language="de")
OTHERS = [language for language in LANGUAGES if language != "en"]
#: Where code names a rule: in calls of these functions, in these tables, in what these functions return.
CALLS = {"Reason", "used", "_alone", "_of"}
TABLES = {"rule", "SALIENT", "KEPT", "BACKWARDS"}
CHOICES = {"sum_rule", "difference"}


def named_rules(code: ast.AST) -> Iterator[str]:
    """The rules that a module of derivations names."""
    for node in ast.walk(code):
        match node:
            case ast.Call(ast.Name(name) | ast.Attribute(attr=name), args) if name in CALLS:
                yield from (rule for arg in args for rule in texts(arg))
            case ast.Assign([ast.Name(name)], value) | ast.AnnAssign(ast.Name(name), value=value) if name in TABLES:
                yield from texts(value)
            case ast.FunctionDef(name) if name in CHOICES:
                yield from (
                    rule for part in ast.walk(node) if isinstance(part, ast.Return) for rule in texts(part.value)
                )


def texts(value: ast.AST | None) -> Iterator[str]:
    """The texts that an expression may be or have as its values."""
    match value:
        case ast.Constant(str() as text):
            yield text
        case ast.IfExp(_, one, other):
            yield from (*texts(one), *texts(other))
        case ast.BoolOp(values=parts) | ast.Tuple(parts) | ast.Dict(values=parts):
            yield from (text for part in parts for text in texts(part))


def test_the_rules_that_derivations_name_are_those_that_have_a_sentence():
    files = [file for file in Path(symbolic.steps.__path__[0]).glob("*.py") if not file.stem.startswith("language")]
    named = {rule for file in files for rule in named_rules(ast.parse(file.read_text(encoding="utf-8")))}
    assert named == set(table("en").RULES)


def test_there_is_german():
    assert "de" in OTHERS


@pytest.mark.parametrize("language", OTHERS)
def test_all_languages_have_the_same_rules_with_the_same_facts(language):
    ours, english = table(language), table("en")
    assert list(ours.RULES) == list(english.RULES)
    assert list(ours.WORDS) == list(english.WORDS)
    for rule, (name, sentence) in english.RULES.items():
        assert set(facts_of(ours.RULES[rule][0])) == set(facts_of(name)), rule
        assert set(facts_of(ours.RULES[rule][1])) == set(facts_of(sentence)), rule
    for key, said in english.WORDS.items():
        assert set(facts_of(ours.WORDS[key])) == set(facts_of(said)), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_and_sentences_are_whole_and_in_letters_that_tex_has(language):
    notation = Notation(language=language)
    for rule, templates in table(language).RULES.items():
        facts = {fact: parse("x") for template in templates for fact in facts_of(template)}
        for prose in (rule_name(rule, facts, notation), rule_sentence(rule, facts, notation)):
            said = "".join(piece if isinstance(piece, str) else "x" for piece in prose)
            assert not re.search(r"[\[\]{}\"]|  ", said), rule
            assert all(c < "ſ" for c in said), rule
        assert said.endswith("."), rule
        assert said[0].isupper() or not isinstance(prose[0], str), rule


def test_facts_stand_in_the_sentence_in_its_order():
    L, z, a = parse("L"), parse("z2"), parse("a1")
    assert rule_sentence("chain rule", {"of": L, "by": a, "via": z}, EN) == (
        "Chain rule: ", L, " depends on ", a, " through ", z, ".",
    )  # fmt: skip
    assert rule_sentence("chain rule", {"of": L, "by": a, "via": z}, DE) == (
        "Kettenregel: ", L, " hängt über ", z, " von ", a, " ab.",
    )  # fmt: skip
    assert words("title", EN, of=L, wrt=a) == ("The derivative of ", L, " by ", a)


def test_what_an_optional_part_needs_is_all_or_nothing():
    assert rule_sentence("chain rule", {"of": parse("L")}, EN) == ("Chain rule.",)


def test_a_sentence_begins_with_a_capital_where_its_beginning_is_left_out():
    assert rule_sentence("derivative of an affine map", {}, EN) == ("Only its coefficient remains.",)


def test_a_missing_fact_is_named():
    with pytest.raises(InputError, match=r"reason 'trace': expected the fact 'name', got of; give it to Reason"):
        filled("the trace of {name}", {"of": parse("L")}, "trace")


def test_unknown_rules_and_languages_list_what_there_is():
    with pytest.raises(InputError, match=r"derivation: unknown rule 'magic'; known are definition, chain rule, "):
        rule_name("magic", {}, EN)
    with pytest.raises(InputError, match=r"notation: unknown language 'fr'; known are de, en"):
        table("fr")
