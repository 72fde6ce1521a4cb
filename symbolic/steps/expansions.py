"""Ops of several stages written out as the textbook does: layer norm by mean and variance, attention by its scores.

The new quantities take their place in the equations of the context, so that a derivation can walk through them and
every line of it can be evaluated; `tests/test_expansions.py` holds each against the op.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from jacobians.claims.context import Context, Equation
from jacobians.claims.instances import Instances
from jacobians.composite import Composite
from jacobians.notation import parse_model
from jacobians.notation import tree as t
from jacobians.notation.model_text import Equation as ModelEquation
from jacobians.notation.names import split_name, with_layer
from jacobians.notation.reading import parse
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.to_plain import to_plain
from jacobians.op import Op
from symbolic.steps.components import LETTERS, taken
from symbolic.steps.jacobians_of_ops import op_of
from symbolic.steps.sums import put

#: Calls that are nothing but a short formula of their inputs.
INLINE = {"linear": "W @ x + b", "linear_map": "W @ x", "lerp": "z * a + (1 - z) * b"}


def inlined(tree: t.Call) -> t.Tree:
    """A call that is a short formula of its inputs, as that formula."""
    op = op_of(tree)
    formula = INLINE[tree.function]
    if tree.function == "linear" and len(tree.args) == 2:
        formula = INLINE["linear_map"]
    return put(parse(formula), dict(zip(op.input_names(), tree.args, strict=True)))


def expanded(context: Context) -> Context:
    """The context with every op of several stages written out."""
    work = _Expansion(replace(context, equations=dict(context.equations)))
    for equation in list(context.equations.values()):
        work.expand(equation)
    return work.context


@dataclass
class _Expansion:
    """The equations on the way; new ones stand before those that use them."""

    context: Context

    def __post_init__(self) -> None:
        self.instances = Instances(self.context)

    def expand(self, equation: Equation) -> None:
        new: dict[str, Equation] = {}
        made = self.whole(equation, new)
        if made is equation:
            return
        equations: dict[str, Equation] = {}
        for name, other in self.context.equations.items():
            if name == equation.name:
                equations |= new
            equations[name] = made if name == equation.name else other
        self.context.equations.clear()
        self.context.equations.update(equations)
        self.instances = Instances(self.context)

    def whole(self, equation: Equation, new: dict[str, Equation]) -> Equation:
        """An equation written out; one that is a single call takes the last stage, and its indices, as its own."""
        tree = equation.expression
        if isinstance(tree, t.Call) and not equation.indices and self.stages(tree, equation):
            inner = rebuilt(tree, lambda child: self.rewritten(child, equation, new))
            assert isinstance(inner, t.Call)
            last = self.placed(inner, equation, new)
            return replace(equation, expression=last.expression, indices=last.indices)
        expression = self.rewritten(tree, equation, new)
        return equation if expression is tree else replace(equation, expression=expression)

    def rewritten(self, tree: t.Tree, at: Equation, new: dict[str, Equation]) -> t.Tree:
        """A formula with its calls written out, inner ones first."""
        tree = rebuilt(tree, lambda child: self.rewritten(child, at, new))
        if not isinstance(tree, t.Call) or tree.primes or tree.function in self.context.functions:
            return tree
        if tree.function in INLINE:
            return inlined(tree)
        if not self.stages(tree, at):
            return tree
        last = self.placed(tree, at, new)
        if not last.indices:
            return last.expression
        name = self.fresh(last.name, at.name, new)
        new[name] = Equation(name, last.expression, last.indices)
        return t.Name(name)

    def stages(self, tree: t.Call, at: Equation) -> list[Stage]:
        """The stages of a call; none where it has to stay as it is."""
        if tree.function not in STAGES or at.label is not None or tree.primes:
            return []
        return STAGES[tree.function](self, op_of(tree), tree)

    def placed(self, tree: t.Call, at: Equation, new: dict[str, Equation]) -> Stage:
        """The stages as equations with names of their own; the last one is the value."""
        names: dict[str, t.Tree] = dict(zip(op_of(tree).input_names(), tree.args, strict=True))
        *before, last = self.stages(tree, at)
        for stage in before:
            name = self.fresh(stage.name, at.name, new)
            inner = self.rewritten(put(stage.expression, names), at, new)
            new[name] = Equation(name, inner, stage.indices)
            self.context.equations[name] = new[name]  # the stages after it are evaluated with it
            names[stage.name] = t.Name(name)
        return replace(last, expression=self.rewritten(put(last.expression, names), at, new))

    def fresh(self, name: str, target: str, new: Mapping[str, Equation]) -> str:
        """A name for a stage: with the layer or step of what it belongs to."""
        layer = split_name(target).layer
        there = {*taken(self.context), *new}
        choices = (with_layer(name, layer), f"{with_layer(name, layer)}_{target}", f"{name}_{target}_{len(there)}")
        return next(choice for choice in choices if choice not in there)

    def letters(self, many: int) -> list[str]:
        """Letters for entries that name nothing else."""
        there = taken(self.context)
        return [x for x in LETTERS if x not in there][:many]

    # ----- shapes -----

    def rank(self, tree: t.Tree) -> int:
        return len(self.shape(tree))

    def shape(self, tree: t.Tree) -> tuple[int, ...]:
        return self.instances.shape_of(tree, (tree,)) or ()

    def size(self, tree: t.Tree, axis: int) -> str:
        """The size of an axis as it is called."""
        return to_plain(self.instances.size_called(self.shape(tree)[axis]))


@dataclass(frozen=True)
class Stage:
    """One equation of an op in the names of its inputs; with indices it is that of an entry."""

    name: str
    expression: t.Tree
    indices: tuple[str, ...] = ()


def _stage(name: str, text: str, indices: str = "") -> Stage:
    return Stage(name, parse(text), tuple(indices.split()))


def _normalized(work: _Expansion, op: Op, call: t.Call, over: int, centred: bool = True) -> list[Stage]:
    """Mean, variance, and what is normalized by them, of a vector or of a matrix along one of its axes."""
    x = call.args[0]
    rank = work.rank(x)
    if rank not in (1, 2) or getattr(op, "axes", 1) != 1:
        return []
    n = work.size(x, over if rank == 2 else 0)
    eps = f" + {op.eps:.10g}" if op.eps is not None else ""  # type: ignore[attr-defined]
    row, column = work.letters(2)
    summed, kept = ((column, row) if over else (row, column)) if rank == 2 else (row, "")
    there = f"{row} {column}" if rank == 2 else row
    entry, at = f"[{there.replace(' ', ', ')}]", f"[{kept}]" if kept else ""
    shifted = f"(x{entry} - mu{at})" if centred else f"x{entry}"
    stages = [_stage("mu", f"1/{n} * sum_{summed}(x{entry})", kept)] if centred else []
    feature = column if rank == 2 else row
    last = f"gamma[{feature}] * xhat{entry}" if "gamma" in op.input_names() else f"xhat{entry}"
    last += f" + beta[{feature}]" if "beta" in op.input_names() else ""
    return [
        *stages,
        _stage("v", f"1/{n} * sum_{summed}({shifted}^2)", kept),
        _stage("xhat", f"{shifted} / sqrt(v{at}{eps})", there),
        _stage("y", last, there),
    ]


def _attention(work: _Expansion, op: Op, call: t.Call) -> list[Stage]:
    """Scores, weights, the weighted mean of the values."""
    if call.keywords and any(value != t.Name("false") for _, value in call.keywords):
        return []
    Q = call.args[0]
    if work.rank(Q) != 2 or len(call.args) != 3:
        return []
    d = work.size(Q, 1)
    return [_stage("S", f"Q @ K.T / sqrt({d})"), _stage("P", "softmax(S)"), _stage("O", "P @ V")]


def _composite(work: _Expansion, op: Op, call: t.Call) -> list[Stage]:
    """The equations that the op is made of."""
    assert isinstance(op, Composite)
    statements = [s for s in parse_model(op.equations()) if isinstance(s, ModelEquation)]
    return [Stage(s.name, s.expression) for s in statements]


STAGES: dict[str, Callable[[_Expansion, Op, t.Call], list[Stage]]] = {
    "layer_norm": lambda work, op, call: _normalized(work, op, call, over=1),
    "rms_norm": lambda work, op, call: _normalized(work, op, call, over=1, centred=False),
    "batch_norm": lambda work, op, call: _normalized(work, op, call, over=0) if work.rank(call.args[0]) == 2 else [],
    "attention": _attention,
    **dict.fromkeys(
        "swish glu swiglu highway self_attention cross_attention elman_cell lstm_cell lstm_cell_state gru_cell".split(),
        _composite,
    ),
}
