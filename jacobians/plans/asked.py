"""What a plan is asked for, as pairs (of, wrt), and the plan itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jacobians.errors import InputError, unknown
from jacobians.node import node
from jacobians.plans.draft import Key, Wanted
from jacobians.plans.plan import Plan

if TYPE_CHECKING:
    from jacobians.model import Model
    from jacobians.op import Op, Shape

#: What `of` and `wrt` may be.
Asked = str | Sequence[str] | Sequence[Key]


def plan_of_model(
    model: Model,
    of: Asked,
    wrt: str | Sequence[str] | None,
    order: str,
    samples: Collection[str],
    structured: bool,
    values: Sequence[str],
) -> Plan:
    """The plan for `of` by `wrt`, or for a list of pairs."""
    pairs = asked_pairs(model, of, wrt)
    batched = _listed(samples, "samples as names of leaves")
    for name in batched:
        if name not in model.leaves:
            raise unknown("plan: samples", "leaf", name, model.leaves)
        if not model.leaves[name]:
            raise InputError(f"plan: samples: expected {name} to have a first axis of samples, got a number")
    if order not in (known := ("best", "backward", "forward")):
        raise unknown("plan", "order", order, known)
    shown = tuple(dict.fromkeys(_listed(values, "values as names")))
    for name in shown:
        model.require(name, "plan: values")
    return Plan(model, Wanted(tuple(pairs), order, batched, structured, shown))


def _listed(given: Any, expected: str) -> tuple[Any, ...]:
    """One name or many."""
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, Iterable):
        raise InputError(f"plan: expected {expected}, got {given!r}; as in model.plan('L', ['W1', 'b1'])")
    return tuple(given)


def asked_pairs(model: Model, of: Asked, wrt: str | Sequence[str] | None) -> list[Key]:
    """Every name checked; `wrt` left out means all parameters (all differentiable leaves where there are none)."""
    given = _listed(of, "names or pairs (of, wrt)")
    wrts = _listed(wrt or model.parameters() or model.differentiable(), "wrt as names")
    if not given:
        raise InputError("plan: expected a name, names, or pairs (of, wrt), got nothing; as in model.plan('L', 'W1')")
    pairs: list[Key] = []
    for item in given:
        if isinstance(item, str):
            pairs += [(item, w) for w in wrts]
        elif isinstance(item, tuple | list) and len(item) == 2 and wrt is None:
            pairs.append((item[0], item[1]))
        else:
            raise InputError(
                f"plan: expected names or pairs (of, wrt), got {item!r}; as in [('z1', 'W1'), ('L', 'b1')]"
            )
    if not pairs:
        raise InputError(f"plan: {given[0]} depends on nothing that a Jacobian can be taken by")
    smooth = {*model.differentiable(), *model.nodes}
    for pair in pairs:
        for name in pair:
            model.require(name, "plan")
        if pair[1] not in smooth:
            _refuse_data(model, pair[1])
    return list(dict.fromkeys(pairs))


def _refuse_data(model: Model, wrt: str) -> None:
    """A leaf that is only ever data (class indices, a mask) has no Jacobian: its op says why."""
    uses = [(n, key) for n in model.nodes.values() for key, source in n.sources.items() if source == wrt]
    if uses and all(key in n.op.data for n, key in uses):
        n, key = uses[0]
        n.op.require_input(key)


def plan_of_op(op: Op, wrt: str | Sequence[str] | None, order: str, shapes: Mapping[str, Shape]) -> Plan:
    """The plan of an op by itself, keyed by (its output's symbol, input)."""
    from jacobians.model import Model

    names = _listed(wrt or op.differentiable(), "names of inputs")
    for name in names:
        op.require_input(name)
    if missing := [name for name in op.input_names() if name not in shapes]:
        raise InputError(f"{op.label}.plan: the shape of {missing[0]} is missing; pass it, as in {missing[0]}=(3,)")
    for name in shapes:
        if name not in op.input_names():
            raise unknown(f"{op.label}.plan", "input", name, op.input_names())
    symbol = op.symbol if op.symbol not in shapes else f"{op.symbol}_"
    model = Model(dict(shapes), [node(symbol, op, **{name: name for name in shapes})])
    return plan_of_model(model, symbol, names, order, (), False, ())
