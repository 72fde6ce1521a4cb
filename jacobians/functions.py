"""The functions of equations: from the name and the options in a call to an op."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Callable, Mapping
from typing import Any

from jacobians.errors import InputError, ModelError, unknown
from jacobians.notation.tree import List, Name, Tree
from jacobians.op import Op
from jacobians.ops import OPS
from jacobians.ops.elementwise import Undefined
from jacobians.options import own_signature

#: Other names of functions that people write.
ALIASES = {"sigma": "sigmoid", "ln": "log", "atan": "arctan", "inv": "inverse", "det": "determinant", "tr": "trace"}

#: Names, beside single letters, of functions that nobody defined: the g of the lecture notes.
GREEK_FUNCTIONS = ("phi", "psi", "rho", "varphi", "chi")

_STOPPED = "stopping the gradient is not a Jacobian: it takes as constant what is not; make the value a leaf instead"
#: Functions of deep learning that have no Jacobian, or none here, and why.
REFUSED = {
    "straight_through": "the straight-through estimator is not a Jacobian: it puts the derivative of another function "
    "in the place of that of a step, which is 0; write the function whose derivative is meant, as in clip(x)",
    "detach": _STOPPED,
    "stop_gradient": _STOPPED,
    "ctc": "the CTC loss sums over alignments by dynamic programming and is not among the ops",
    "argmax": "argmax gives positions and is constant between its jumps, so it has no useful Jacobian; softmax is its "
    "smooth relative",
    "sign": "sign is constant but for its jump at 0, so its Jacobian is 0 wherever it has one; tanh is its smooth "
    "relative",
}


def named_op(name: str, count: int, options: Mapping[str, Any]) -> Op:
    """The op that a call `name(count arguments, options)` means.

    Raises:
        ModelError: no such function.
        InputError: an option that the op does not have, or a value that it refuses.
    """
    name = ALIASES.get(name, name)
    if name not in OPS:
        base = name.rstrip("0123456789")
        if count == 1 and not options and (len(base) == 1 or base in GREEK_FUNCTIONS):
            return Undefined(name)  # the g of the lecture notes
        if name in REFUSED:
            raise ModelError(REFUSED[name])
        near = difflib.get_close_matches(name, [*OPS, *ALIASES], n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else "; `jacobians op` lists all"
        raise ModelError(f"unknown function {name}{hint}; an undefined function is one letter, as in g(z)")
    cls: type = type(OPS[name])
    allowed = own_signature(cls).parameters
    for key in options:
        if key not in allowed:
            raise unknown(name, "option", key, allowed)
    # `none` is the value None, but one of the words where the option takes words: reduction=none
    options = {k: None if _is_none(v) and not isinstance(allowed[k].default, str) else v for k, v in options.items()}
    if "count" in allowed:
        options = {"count": count, **options}
    for key, parameter in allowed.items():
        if parameter.default is parameter.empty and key not in options:
            raise InputError(f"{name}: option {key} is missing; give it by name, as in {name}(..., {key}=...)")
    return _switched(OPS[name], count, options)


def option_value(tree: Tree, number: Callable[[Tree], float | int]) -> Any:
    """What an option of a call means: true and false, a word, a list, else what `number` makes of it."""
    if isinstance(tree, Name):
        return {"true": True, "false": False}.get(tree.text.lower(), tree.text)
    if isinstance(tree, List):
        return tuple(option_value(item, number) for item in tree.items)
    return number(tree)


def wrong_count(op: Op, got: int) -> str:
    """What a call with too few or too many arguments is told: the inputs, which may be left out, the options."""
    names = op.input_names()
    plural = "s" if len(names) != 1 else ""
    spare = [name for name in names if name in op.optional]
    left_out = f"; {', '.join(spare)} may be left out" if spare and got < len(names) else ""
    cls: type = type(op)
    options = own_signature(cls).parameters
    by_name = f"; options are given by name: {', '.join(options)}" if options and got > len(names) else ""
    return f"{op.name} takes {len(names)} argument{plural} ({', '.join(names)}), got {got}{left_out}{by_name}"


def _is_none(value: Any) -> bool:
    return isinstance(value, str) and value.lower() == "none"


def _switched(default: Op, count: int, options: Mapping[str, Any]) -> Op:
    """The op with as many inputs as there are arguments: `conv2d(x, W)` is the one without a bias."""
    op = type(default)(**options) if options else default
    switches = [o for o in dict.fromkeys(op.optional.values()) if o not in options]
    for many in range(len(switches) + 1):
        for chosen in itertools.combinations(switches, many):
            turned = {o: not getattr(op, o) for o in chosen}
            candidate = type(op)(**options, **turned) if turned else op
            if len(candidate.input_names()) == count:
                return candidate
    return op
