"""What a derivation starts from: the equations of a model with letters for sizes, the names of what is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from jacobians.claims.bindings import Scope
from jacobians.claims.check import context_of
from jacobians.claims.context import Context, Domain
from jacobians.claims.context_text import read_context
from jacobians.claims.errors import ClaimError
from jacobians.claims.instances import CONFIGURATIONS, Instances
from jacobians.errors import InputError, JacobiansError, unknown
from jacobians.model import Model
from jacobians.notation import tree as t
from jacobians.notation.latex_parser import parse_latex
from jacobians.notation.reading import parse
from jacobians.notation.to_plain import to_plain
from jacobians.ops.elementwise import Undefined
from symbolic.steps.expansions import expanded

#: Letters for sizes, the usual ones first.
SIZES = "n m p q r s t u v".split()


def starts(model: Model | Context | str, with_letters: bool = True) -> Iterator[Instances]:
    """The contexts in which a derivation is tried, with their values so far.

    With letters for sizes where the model allows that, else with the sizes it has.
    """
    if isinstance(model, str):
        model = _as_model(model)
    if not isinstance(model, Model):
        yield Instances(expanded(context_of(model)))
        return
    _require_whole_text(model)
    for letters in (True, False) if with_letters else (False,):
        # a power of a model is that of every entry
        context = read_context(equations_of(model, letters)).with_settings(inverse="elementwise")
        for name in broadcast_rows(model):
            context.leaves[name] = replace(context.leaves[name], row=True)
        for name, domain in domains(model).items():
            context.leaves[name] = replace(context.leaves[name], domain=domain)
        if not _says(context, model):
            continue
        instances = Instances(expanded(context))
        if _has_value(instances, model.output):
            yield instances
    yield Instances(Context.of_model(model))


def _as_model(text: str) -> Model | str:
    """The network that a text describes, so that its sizes can be letters; the text where it says more than a model."""
    try:
        return Model.parse(text)
    except JacobiansError:
        return text


def _require_whole_text(model: Model) -> None:
    """That the text of nodes made in Python gives the same ops again.

    Raises:
        InputError: an option that the language of models has no words for.
    """
    made = [name for name, node in model.named.items() if not node.line]
    if not made:
        return
    try:
        again = Model.parse(equations_of(model, with_letters=False)).nodes
    except JacobiansError:
        again = {}
    for name in made:
        op, read = model.nodes[name].op, again[name].op if name in again else None
        if type(read) is not type(op) or repr(vars(op)) != repr(vars(read)):
            raise InputError(
                f"derivation: {model.nodes[name].equation} does not say all that {op.label} does there; write the "
                "model in equations, with ops that these can name"
            )


def equations_of(model: Model, with_letters: bool) -> str:
    """The text of a model: its leaves with letters for sizes, or with the sizes they have, and its equations."""
    free = [x for x in SIZES if x not in {*model.leaves, *model.nodes}] if with_letters else []
    sizes = dict.fromkeys(n for shape in model.leaves.values() for n in shape if n > 1)
    letters = dict(zip(sizes, free, strict=False))  # sizes beyond the letters stay numbers
    shapes = {
        name: " x ".join(letters.get(n, str(n)) for n in shape) or "scalar" for name, shape in model.leaves.items()
    }
    declared = [f"{', '.join(letters.values())} : size"] if letters else []
    leaves = [f"{name} : {shape}" for name, shape in shapes.items()]
    return "\n".join([*declared, *leaves, *(f"{name} = {right}" for name, right in model.equations().items())])


def broadcast_rows(model: Model) -> set[str]:
    """The vectors that go with every row of a matrix, as a bias does in Z = X W + b."""
    rows = set()
    for node in model.nodes.values():
        sources = list(node.sources.values())
        ranks = [len(model.shapes[name]) for name in sources]
        if 2 in ranks and node.op.name in ("add", "subtract", "hadamard", "divide"):
            rows |= {name for name, rank in zip(sources, ranks, strict=True) if rank == 1 and name in model.leaves}
    return rows


def domains(model: Model) -> dict[str, Domain]:
    """The leaves that an op asks special values of: class indices, distributions, positive numbers."""
    found: dict[str, Domain] = {}
    for node in model.nodes.values():
        for key, source in node.sources.items():
            if source in model.leaves:
                if key in node.op.distributions:
                    found[source] = "probability"
                elif key in node.op.data:
                    found[source] = "class"
                elif node.op.interval(key)[0] >= 0:
                    found[source] = "positive"
    return found


def _says(context: Context, model: Model) -> bool:
    """Whether the equations mean in formulas what they mean in the model: the same numbers at a point of its sizes."""
    if any(isinstance(node.op, Undefined) for node in model.nodes.values()):
        return True  # g is another function in every claim
    sizes: dict[str, int | None] = {}
    for name, shape in model.leaves.items():
        sizes |= {n.text: k for n, k in zip(context.leaves[name].sizes, shape, strict=True) if isinstance(n, t.Name)}
    ev = Instances(replace(context, sizes={**context.sizes, **sizes})).first()
    try:
        point = {name: ev.quantity(name).array[0] for name in model.leaves}
        run = model.run(point)
        pairs = [(ev.quantity(name).array[0], run[name]) for name in model.named]
    except (ClaimError, JacobiansError):
        return False
    return all(a.shape == b.shape and np.allclose(a, b, rtol=1e-9, atol=1e-12) for a, b in pairs)


def _has_value(instances: Instances, name: str) -> bool:
    """Whether a quantity can be computed at different and at equal sizes: a number of heads may need the given ones."""
    settings = instances.context.settings
    try:
        for configuration in CONFIGURATIONS:
            instances.evaluator(configuration, settings, False, False).value(t.Name(name), Scope())
    except (ClaimError, JacobiansError):
        return False
    return True


def asked(instances: Instances, text: str | t.Tree | None, what: str) -> t.Name:
    """The quantity that is asked for: its name in plain notation or LaTeX; by default the loss, or its first parameter.

    Raises:
        InputError: there is no such quantity.
    """
    context = instances.context
    if isinstance(text, t.Tree):
        tree = text
    else:
        tree = t.Name(_default(context, what)) if text is None else _read(context, text, what)
    if isinstance(tree, t.Name) and tree.label is None and context.label_of(tree.text):
        tree = t.Name(tree.text, t.Name(context.label_of(tree.text)))
    known = [*context.leaves, *context.equations]
    if not isinstance(tree, t.Name) or instances.shape(tree.text) is None:
        if isinstance(tree, t.Name) and tree.label is None and tree.text not in known:
            raise unknown("derivation", what, to_plain(tree), known)
        raise InputError(f"derivation: {what} is a quantity such as {known[-1]}, got {to_plain(tree)}")
    return tree


def _read(context: Context, text: str, what: str) -> t.Tree:
    try:
        return parse_latex(text, context.symbols()) if any(sign in text for sign in "\\^{") else parse(text)
    except JacobiansError as error:
        raise InputError(f"derivation: {what}={text!r}: {error}") from None


def _default(context: Context, what: str) -> str:
    if what == "of":
        return context.loss or list(context.equations)[-1]
    matrices = [name for name, leaf in context.leaves.items() if len(leaf.sizes) == 2]
    return (matrices or list(context.leaves))[0]
