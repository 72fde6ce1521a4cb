"""`jacobians derive` and `jacobians bridge`: what they print, the files they write, what they say to bad input."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import jacobians as jac
from jacobians.notation import parse
from symbolic.steps.derivation import Derivation
from tests.derived_models import LAYERED


@pytest.fixture
def layered(tmp_path):
    path = tmp_path / "layered.txt"
    path.write_text(LAYERED, encoding="utf-8")
    return str(path)


def test_a_derivation_with_its_reasons_and_its_check(run_command):
    status, out, _err = run_command("derive", "--wrt", "W1")
    assert status == 0
    assert "delta1[i] x[j]" in out
    assert "Chain rule: L depends on" in out
    assert "lines hold: compared at" in out


def test_layers_in_general_in_german(run_command, layered):
    options = ("--wrt", "W^{(k)}", "--lang", "de", "--detail", "result", "--no-check")
    status, out, _err = run_command("derive", layered, *options)
    assert status == 0
    assert "Die Ableitung von C nach W_(k)" in out
    assert "D(C, W_(k)[i, j]) = delta_(k)[i] a_(k - 1)[j]" in out


@pytest.mark.parametrize("style", ["matrix", "tensor", "differential", "paths", "forward", "backward"])
def test_every_style_holds(run_command, style):
    status, out, _err = run_command("derive", "--style", style)
    assert status == 0
    assert "lines hold" in out


def test_a_notation_and_a_snippet(run_command):
    _status, out, _err = run_command("derive", "--style", "matrix", "--notation", "ng", "--format", "latex")
    assert r"dW^{[1]}" in out
    assert r"\documentclass" not in out


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("d.tex", r"\documentclass"),
        ("d.md", "$$"),
        ("d.html", "<html"),
        ("d.ipynb", '"nbformat"'),
        ("d.txt", "Chain rule"),
        ("d.json", '"rule": "chain rule"'),
        ("d.py", "def gradient_L_by_W1"),
    ],
)
def test_the_ending_of_a_file_says_its_format(run_command, tmp_path, name, found):
    status, _out, err = run_command("derive", "-o", str(tmp_path / name))
    assert status == 0
    assert err == f"written: {tmp_path / name}\n"
    assert found in (tmp_path / name).read_text(encoding="utf-8")


def test_the_function_of_arrays_is_the_gradient(run_command):
    model = jac.mlp([3, 4, 2])
    point = model.random_point(seed=0)
    names: dict[str, object] = {}
    exec(run_command("derive", "--format", "numpy")[1], names)
    function = names["gradient_L_by_W1"]
    given = function.__code__.co_varnames[: function.__code__.co_argcount]
    got = function(**{name: point[name] for name in given})
    np.testing.assert_allclose(got, model.run(point).jacobian("L", "W1").dense(), rtol=1e-12)


def test_all_entries(run_command):
    _status, out, _err = run_command("derive", "--wrt", "b2", "--entries", "--json")
    answer = json.loads(out)
    assert answer["result"]["plain"] == "[z2[1] - y[1], z2[2] - y[2]]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["derive", "--wrt", "W9"], "W9"),
        (["derive", "-o", "d.doc"], "expected a name that ends in"),
        (["derive", "--format", "pdf"], "expected -o FILE"),
        (["derive", "--notation", "nobody"], "nobody"),
        (["derive", "--lang", "xx"], "notation.language: expected de or en, got 'xx'"),
        (["derive", "missing.txt"], "missing.txt"),
        (["derive", "--style", "diagonal"], "diagonal"),
        (["bridge", "a +", "b"], "a"),
    ],
)
def test_bad_input_is_one_message(run_command, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, out, err = run_command(*arguments)
    assert status == 2
    assert message in out + err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_the_steps_between_two_lines(run_command):
    status, out, _err = run_command("bridge", "delta1 @ x.T", "(W2.T @ delta2 * tanh'(z1)) @ x.T")
    assert status == 0
    assert "chain rule" in out


def test_unequal_lines_are_told_why(run_command):
    status, out, _err = run_command("bridge", "delta1 @ x.T", "(W2 @ delta2 * tanh'(z1)) @ x.T", "--json")
    assert status == 1
    assert json.loads(out)["status"] == "unequal"


def test_a_line_that_does_not_hold_is_said(run_command, monkeypatch):
    made = Derivation.check

    def broken(self):
        last = self.parts[-1]
        wrong = replace(last.steps[-1], line=parse("2 * delta1[i] * x[j]"))
        return made(replace(self, parts=(*self.parts[:-1], replace(last, steps=(*last.steps[:-1], wrong)))))

    monkeypatch.setattr(Derivation, "check", broken)
    status, _out, err = run_command("derive", "--wrt", "W1", "--format", "md")
    assert status == 1
    assert "this line does not hold, please report it: D(L, W1[i, j]) = 2 * delta1[i] * x[j]: false" in err
