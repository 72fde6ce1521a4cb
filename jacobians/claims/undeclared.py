"""Names that no document declares because everybody knows them: gradients, sizes, constants."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from jacobians.claims.bindings import Scope
from jacobians.claims.errors import IllFormed, NotUnderstood, OutsideLabels
from jacobians.claims.values import (
    Value,
    constant,
    scaled,
)
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import split_name

if TYPE_CHECKING:
    from jacobians.claims.evaluator import Evaluator


def unknown_name(ev: Evaluator, name: str, at: t.Tree | None) -> Value:
    """Sizes, gradients named after their variable, the error signals delta, constants.

    Raises:
        NotUnderstood: the name means nothing here.
    """
    context = ev.instance.context
    if (by := gradient_of(ev, name)) is not None:
        if by == context.loss:
            problem = f"the differential {name} stands alone; in a quotient of differentials its partner is missing"
            raise IllFormed(problem, at)
        return _loss_gradient(ev, by, at)
    if name in context.sizes or name in ev.instance.sizes:
        return constant(float(ev.instance.size_of_name(name)))
    if name in context.labels and context.labels[name][0] == context.labels[name][1]:
        return constant(float(context.labels[name][0]))
    if name in context.functions:
        return _bare_function(ev, name, at)
    if name in CONSTANTS:
        return constant(CONSTANTS[name])
    if ev.instance.context.is_generic(name):
        raise NotUnderstood(f"which layer's {name} is meant? write its label, as in {name}^{{(k)}}", at)
    if (layer := split_name(name).layer) and (has := _other_labels(ev, name)):
        raise OutsideLabels(f"{name}: there is no label {layer}; {has}", at)
    raise NotUnderstood(f"{name} is not declared; say what it is, as in `{name} : 3` or `{name} = ...`", at)


def _other_labels(ev: Evaluator, name: str) -> str:
    """What labels a name has, where it has any."""
    parts = split_name(name)
    base = parts.base.removeprefix("d") if parts.base != "delta" else "z"
    rest = f"_{parts.subscript}" if parts.subscript else ""
    there = [k for k in range(10) for b in (parts.base, base) if known(ev, f"{b}{k}{rest}")]
    return f"known are {there[0]} to {there[-1]}" if there else ""


CONSTANTS = {"pi": float(np.pi), "e": float(np.e)}


def gradient_of(ev: Evaluator, name: str) -> str | None:
    """The quantity whose gradient a name is: `dW1` of W1, `W1bar` where the overline says so, `delta1` of z1."""
    parts = split_name(name)
    rest = parts.layer + (f"_{parts.subscript}" if parts.subscript else "")
    if name.startswith("d") and len(name) > 1 and known(ev, name[1:]):
        return name[1:]
    if parts.base.endswith("bar") and ev.settings.overline == "gradient" and known(ev, parts.base[:-3] + rest):
        return parts.base[:-3] + rest
    if parts.base == "delta" and parts.layer:
        return next((v + rest for v in ("z", "Z") if known(ev, v + rest)), None)
    return None


def differential_of(ev: Evaluator, tree: t.Name, scope: Scope) -> c.Differential | None:
    """What a name such as dz means where differentials are taken and no quantity has that name."""
    if ev.instance.context.varying is None or not tree.text.startswith("d") or len(tree.text) < 2:
        return None
    inner = t.Name(tree.text[1:], tree.label, span=tree.span)
    if known(ev, ev.full_name(tree, scope)) or not known(ev, ev.full_name(inner, scope)):
        return None
    return c.Differential(inner, span=tree.span)


def known(ev: Evaluator, name: str) -> bool:
    """Whether this is a leaf or defined."""
    model = ev.instance.context.model
    if model is not None and (name in model.leaves or name in model.named):
        return True
    return ev.instance.find(name) is not None


def _loss_gradient(ev: Evaluator, by: str, at: t.Tree | None) -> Value:
    """The gradient of the loss in the shape of its variable."""
    tree = c.Gradient(t.Name(by), None, span=at.span if at else None)
    made = ev.value(tree, Scope())
    count = ev.instance.context.samples
    if ev.settings.gradients == "sum" and count is not None and _has_samples(ev, by, count, at):
        made = scaled(made, float(ev.instance.size(count, {})))
    return made


def _has_samples(ev: Evaluator, name: str, count: t.Tree, at: t.Tree | None) -> bool:
    """Whether a quantity has an axis of samples, as Z has and W has not: told by its size where all sizes differ."""
    different = replace(ev.instance, configuration="different sizes", sizes={})
    shape = (
        replace(ev.without(*ev.seeds), instance=different, _cache={}, _names={}, _open=set()).quantity(name, at).shape
    )
    return different.size(count, {}) in shape


def _bare_function(ev: Evaluator, name: str, at: t.Tree | None) -> Value:
    """`f` for f(x): the one application that the equations have."""
    applications = ev.instance.context.applications(name)
    if len(applications) != 1:
        raise NotUnderstood(f"{name} is a function; write what it is applied to, as in {name}(x)", at)
    return ev.value(applications[0], Scope())
