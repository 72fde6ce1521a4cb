"""Masks: which keys a query may attend to, by its place and by an input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from jacobians.errors import InputError, shape_text
from jacobians.op import Op, OpenShape, Shape, Signature
from jacobians.ops.losses import first_true
from jacobians.terms import Array, as_array

#: Batch axes: t and s are positions.
BATCH = "nmpqu"


class Masked(Op):
    """What ops with the options `causal` and `mask` share: which keys a query may attend to."""

    optional = {"mask": "mask"}
    data = {"mask": "a mask says which keys a query may attend to and is not differentiable"}
    letters = BATCH
    causal: bool
    mask: bool

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        """The mask is one for all (t s), or one for each sample (... t s)."""
        signature = super().signature(shapes)
        if self.mask and len(shapes["mask"]) > 2:
            labels = (*signature.axes, *signature.inputs["mask"])
            return replace(signature, inputs={**signature.inputs, "mask": labels})
        return signature

    def check(self, **inputs: Array) -> None:
        if not self.mask:
            return
        mask = inputs["mask"]
        if (bad := (mask != 0) & (mask != 1)).any():
            at = first_true(bad)
            raise InputError(
                f"{self.label}.mask: expected True or 1 where a query may attend to a key and False or 0 elsewhere, "
                f"got {mask[at]} at {shape_text(at)} of {shape_text(mask.shape)}; a mask is not added to the scores"
            )
        none = as_array(~self.allowed(mask.shape[-2], mask.shape[-1], mask).any(axis=-1))
        if none.any():
            query = first_true(none)
            earlier = f" up to {query[-1]}, where causal ends," if self.causal else ""
            raise InputError(
                f"{self.label}.mask: expected at least 1 key for every query, got 0 of {mask.shape[-1]} keys{earlier} "
                f"for query {shape_text(query)} of {shape_text(none.shape)}; softmax of no score is undefined, so let "
                "the query attend to a key or leave it out"
            )

    def allowed(self, queries: int, keys: int, mask: Array | None) -> Array:
        """True where a query may attend to a key: (t s), or (... t s) like the mask."""
        every = np.ones((queries, keys), bool)
        allowed = np.tril(every) if self.causal else every
        return allowed if mask is None else allowed & (mask.real != 0)

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        """A random mask under which every query has a key."""
        drawn = super().sample(rng, shapes)
        if "mask" in shapes:
            mask = rng.random(shapes["mask"]) < 0.6
            alone = ~self.allowed(mask.shape[-2], mask.shape[-1], mask).any(axis=-1)
            mask[..., 0] |= alone  # causal or not, every query may attend to the first key
            drawn["mask"] = mask
        return drawn
