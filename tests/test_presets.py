"""Presets: one formula as each of them prints it, and names that are none."""

from __future__ import annotations

import pytest

from jacobians.claims.check import Checker, context_of
from jacobians.claims.notated import Notated
from jacobians.claims.surfaces import read_claim
from jacobians.errors import InputError
from jacobians.notation.presets import PRESETS, preset
from tests.test_katex import problems

LAYERED = """
k : layer
x : n_(0)
W_(k) : n_(k) x n_(k-1)
b_(k) : n_(k)
g : function
l : function -> scalar
a0 = x
z_(k) = W_(k) @ a_(k-1) + b_(k)
a_(k) = g(z_(k))
L = l(a3)
delta_(k) = D(L, z_(k))
"""
CONTEXT = context_of(LAYERED)
#: The error signal of a layer, and the gradient by its weights.
SIGNAL = r"\delta^{(k)} = {W^{(k+1)}}^\top \delta^{(k+1)} \odot g'(z^{(k)})"
WEIGHTS = r"\frac{\partial L}{\partial W^{(k)}} = \delta^{(k)} a^{(k-1)\top}"
PRINTED = {
    "goodfellow": (
        r"\boldsymbol{\delta}^{(k)} = \mathbf{W}^{(k + 1)\top} \boldsymbol{\delta}^{(k + 1)} \odot "
        r"g'\left(\mathbf{z}^{(k)}\right)",
        r"\nabla_{\mathbf{W}^{(k)}} L = \boldsymbol{\delta}^{(k)} \mathbf{a}^{(k - 1)\top}",
    ),
    "bishop": (
        r"\boldsymbol{\delta}^{(k)} = \mathbf{W}^{(k + 1)\mathrm{T}} \boldsymbol{\delta}^{(k + 1)} \odot "
        r"g'\left(\mathbf{z}^{(k)}\right)",
        r"\nabla_{\mathbf{W}^{(k)}} L = \boldsymbol{\delta}^{(k)} \mathbf{a}^{(k - 1)\mathrm{T}}",
    ),
    "nielsen": (
        r"\delta^{k} = \left(W^{k + 1}\right)^T \delta^{k + 1} \odot g'\left(z^{k}\right)",
        r"\frac{\partial C}{\partial W^{k}} = \delta^{k} \left(a^{k - 1}\right)^T",
    ),
    "cs231n": (
        r"\delta_{k} = \delta_{k + 1} W^T_{k + 1} \odot g'\left(z_{k}\right)",
        r"dW_{k} = a^T_{k - 1} \delta_{k}",
    ),
    "ng": (
        r"\delta^{[k]} = W^{[k + 1]T} \delta^{[k + 1]} \odot g'\left(z^{[k]}\right)",
        r"dW^{[k]} = \delta^{[k]} a^{[k - 1]T}",
    ),
    "mml": (
        r"\boldsymbol{\delta}_{k} = \mathbf{W}^\top_{k + 1} \boldsymbol{\delta}_{k + 1} \odot "
        r"g'\left(\mathbf{z}_{k}\right)",
        r"\frac{\partial L}{\partial \mathbf{W}_{k}} = \mathbf{a}_{k - 1} \boldsymbol{\delta}^\top_{k}",
    ),
    "parr-howard": (
        r"\boldsymbol{\delta}^{(k)} = \mathbf{W}^{(k + 1)T} \boldsymbol{\delta}^{(k + 1)} \odot "
        r"g'\left(\mathbf{z}^{(k)}\right)",
        r"\frac{\partial L}{\partial \mathbf{W}^{(k)}} = \mathbf{a}^{(k - 1)} \boldsymbol{\delta}^{(k)T}",
    ),
    "seeds-de": (
        r"\delta^{(k)} = W^{(k + 1)\top} \delta^{(k + 1)} \odot g'\left(z^{(k)}\right)",
        r"J_{L}\left(W^{(k)}\right) = a^{(k - 1)} \delta^{(k)\top}",
    ),
    "seeds-en": (
        r"\delta^{(k)} = W^{(k + 1)\top} \delta^{(k + 1)} \odot g'\left(z^{(k)}\right)",
        r"\frac{\partial L}{\partial W^{(k)}} = \delta^{(k)} a^{(k - 1)\top}",
    ),
}


def test_every_preset_is_here():
    assert PRINTED.keys() == PRESETS.keys()


@pytest.mark.parametrize("name", PRINTED)
def test_a_preset_prints_as_its_text_does_and_is_read_back(name):
    notated = Notated(CONTEXT, preset(name))
    checker = Checker(notated.context)
    for claim, tex in zip((SIGNAL, WEIGHTS), PRINTED[name], strict=True):
        assert notated.latex(read_claim(claim, CONTEXT)[1][0]) == tex
        assert checker.check(tex, explain=False).status == "true"
    swapped = tex.partition(" = ")[0] + " = " + PRINTED[name][0].partition(" = ")[0]
    assert checker.check(swapped, explain=False).status != "true"  # the context does not take everything


@pytest.mark.katex
def test_katex_takes_them():
    assert set(problems([tex for pair in PRINTED.values() for tex in pair])) == {None}


def test_a_preset_that_is_none_names_what_is_near():
    with pytest.raises(
        InputError, match=r"unknown preset 'goodfelow'; did you mean goodfellow\? Known are goodfellow, "
    ):
        preset("goodfelow")
    with pytest.raises(InputError, match="unknown preset 'xyz'; Known are"):
        preset("xyz")
