"""Random configurations of every layer; `python -m tests.configurations` prints layer x argument x witnesses.

The table has the largest disagreement of each witness with the hand rule, relative to the largest entry of the
Jacobian. PyTorch and the forward pass are asked about all configurations; JAX, which compiles each of them, about the
plainest example of each variant; SymPy about the small ones among the cases of the contract test. Names of layers as
arguments print their lines only.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from math import prod

import numpy as np

from jacobians.op import Op
from jacobians.ops import OPS
from jacobians.terms import Array
from tests.contract import Case, away_from_kinks, cases, from_sympy, numeric, plainest
from tests.peers import LAYERS, twins

COUNT = 20
SIZES = (2, 3, 4, 5, 6)
#: Draws of sizes and data until a configuration is small and keeps away from the layer's kinks.
TRIES = 50
#: The most entries that the Jacobians of a configuration have together.
ENTRIES = 200_000
#: SymPy is asked about cases with at most so many entries.
SYMPY_ENTRIES = 120
#: Below this a Jacobian counts as zero, and a disagreement with it is absolute.
ZERO = 1e-6
Said = dict[str, Array]


def layers() -> list[Op]:
    """The layers: all ops of the files that have a file of twins, and the bilinear one among the products."""
    files = [import_module(f"jacobians.ops.{name}") for name in LAYERS]
    return [*(op for file in files for op in file.OPS), OPS["bilinear"]]


def configurations(op: Op) -> list[Case]:
    """Every variant once, so every option; then variants at random. Sizes, example and data are always random."""
    rng = np.random.default_rng(zlib.crc32(op.name.encode()))
    variants = type(op).variants()
    more = rng.integers(len(variants), size=max(0, COUNT - len(variants)))
    return [draw(variant, rng) for variant in (*variants, *(variants[k] for k in more))]


def draw(op: Op, rng: np.random.Generator) -> Case:
    """The op at a random point, with a random one of its examples for random sizes."""
    for _ in range(TRIES):
        sizes = tuple(int(n) for n in rng.permutation(SIZES))
        examples = op.example_shapes(sizes)
        shapes = examples[rng.integers(len(examples))]
        if prod(op.out_shape(**shapes)) * sum(map(prod, shapes.values())) > ENTRIES:
            continue
        try:
            inputs = away_from_kinks(op, shapes, seed=int(rng.integers(2**32)))
        except AssertionError:  # too many entries to keep all of them away from kinks
            continue
        return Case(op, inputs, f"{op!r}, {', '.join(f'{k} {v.shape}' for k, v in inputs.items())}")
    raise AssertionError(f"{op!r}: no small configuration away from kinks in {TRIES} draws")


def disagreement(got: Array, want: Array) -> float:
    """The largest difference relative to the largest entry."""
    assert got.shape == want.shape, (got.shape, want.shape)
    largest = float(np.max(np.abs(want), initial=0.0))
    return float(np.max(np.abs(got - want), initial=0.0)) / (largest if largest > ZERO else 1.0)


# ----- the witnesses: the value under "", then the Jacobian by each argument -----


@cache
def twin_of(peer: str, op: str):
    return twins(peer)[op]


def rules(case: Case) -> Said:
    """The hand rules."""
    jacobians = {wrt: J.dense() for wrt, J in case.op.jacobians(**case.inputs).items()}
    return {"": case.op.forward(**case.inputs), **jacobians}


def by_torch(case: Case) -> Said:
    """PyTorch's reverse mode on its own forward pass."""
    import torch

    torch.set_num_threads(1)  # on arrays as small as these, threads wait for each other
    names = case.op.differentiable()
    tensors = {name: torch.tensor(value) for name, value in case.inputs.items()}

    def forward(*values):
        return twin_of("torch", case.op.name)(case.op, **{**tensors, **dict(zip(names, values, strict=True))})

    values = [tensors[name] for name in names]
    if not names:  # indices in, zeros and ones out
        return {"": forward().numpy()}
    jacobians = torch.func.jacrev(forward, argnums=tuple(range(len(names))))(*values)
    return {"": forward(*values).numpy(), **{k: J.numpy() for k, J in zip(names, jacobians, strict=True)}}


def by_jax(asked: Sequence[Case]) -> list[Said]:
    """JAX's reverse and forward mode in turn on its own forward pass; compiled at once for all cases of an op."""
    import jax

    twin = twin_of("jax", asked[0].op.name)

    def said(k: int, case: Case, chosen):
        def forward(values):
            value = twin(case.op, **{**case.inputs, **values})
            return value, value

        if not chosen:  # indices in, zeros and ones out
            return {"": forward({})[0]}
        jacobians, value = (jax.jacfwd if k % 2 else jax.jacrev)(forward, has_aux=True)(chosen)
        return {"": value, **jacobians}

    chosen = [{name: case.inputs[name] for name in case.op.differentiable()} for case in asked]
    together = jax.jit(lambda many: [said(k, *pair) for k, pair in enumerate(zip(asked, many, strict=True))])
    return jax.tree.map(np.asarray, together(chosen))


def by_sympy(case: Case) -> Said:
    """SymPy's derivatives of the formula; nothing where that would take long."""
    if sum(value.size for value in case.inputs.values()) > SYMPY_ENTRIES:
        return {}
    return {wrt: from_sympy(case, wrt) for wrt in case.op.differentiable()}


def by_forward_pass(case: Case) -> Said:
    """Complex step, or central differences where the op is not analytic."""
    return {wrt: numeric(case, wrt)[0] for wrt in case.op.differentiable()}


# ----- the table -----


def asked(op: Op) -> Iterator[tuple[str, Case, Said]]:
    """Each witness with what it says about each configuration that it is asked about."""
    for case in configurations(op):
        yield "torch", case, by_torch(case)
        yield "complex step" if case.op.analytic else "differences", case, by_forward_pass(case)
    plain = list(plainest(op))
    for case, said in zip(plain, by_jax(plain), strict=True):
        yield "JAX", case, said
    for case in cases(op):
        yield "SymPy", case, by_sympy(case)


COLUMNS = ("torch", "JAX", "SymPy", "complex step", "differences")


def rows(op: Op) -> Iterator[str]:
    """A line of the table for the value and for each argument."""
    worst: dict[tuple[str, str], float] = {}
    for witness, case, said in asked(op):
        ours = rules(case)
        for wrt, value in said.items():
            worst[wrt, witness] = max(worst.get((wrt, witness), 0.0), disagreement(ours[wrt], value))
    for wrt in dict.fromkeys(wrt for wrt, _ in worst):
        found = (worst.get((wrt, witness)) for witness in COLUMNS)
        cells = ("" if d is None else "0" if d == 0 else f"{d:.0e}" for d in found)
        yield f"| {op.name} | {wrt or 'value'} | {' | '.join(cells)} |"


if __name__ == "__main__":
    print(f"| layer | by | {' | '.join(COLUMNS)} |")
    print(f"|---|---|{'---|' * len(COLUMNS)}")
    for layer in layers():
        if not sys.argv[1:] or layer.name in sys.argv[1:]:
            for row in rows(layer):
                print(row, flush=True)
