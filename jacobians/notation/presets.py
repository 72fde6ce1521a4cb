r"""The notations of well-known texts: `preset("nielsen")`."""

from __future__ import annotations

import difflib

from jacobians.errors import InputError
from jacobians.notation.options import Notation

PRESETS: dict[str, Notation] = {
    # Goodfellow, Bengio, Courville, "Deep Learning" (2016), page "Notation" and section 6.5: bold vectors and matrices,
    # layers a^{(k)}, W^\top, \odot, gradients \nabla_x L in the shape of x, Jacobians with outputs as rows.
    "goodfellow": Notation(bold=True, derivative="∇", layout="mixed"),
    # Bishop, "Pattern Recognition and Machine Learning" (2006), page "Mathematical notation" and appendix C: bold, a
    # roman T for the transpose, \nabla E; layers as (1), (2) above the weights, section 5.1.
    "bishop": Notation(bold=True, transpose=r"\mathrm{T}", derivative="∇", layout="mixed"),
    # Nielsen, "Neural Networks and Deep Learning" (2015), chapter 2: layers w^l without brackets, errors \delta^l,
    # \odot, T for the transpose, a cost C, columns.
    "nielsen": Notation(layers="k", transpose="T", layout="mixed", names={"L": "C"}),
    # Stanford CS231n, notes on backpropagation and linear classification: samples are rows X W, every gradient dW has
    # the shape of what it belongs to.
    "cs231n": Notation(layers="_k", transpose="T", vectors="rows", derivative="d", layout="mixed"),
    # Ng, "Neural Networks and Deep Learning" (deeplearning.ai): layers W^{[l]}, columns, a cost J, dW for its gradient.
    "ng": Notation(layers="[k]", transpose="T", derivative="d", layout="mixed", names={"L": "J"}),
    # Deisenroth, Faisal, Ong, "Mathematics for Machine Learning" (2020), chapter 5: bold, numerator layout, layers f_i
    # and weights A_i with a number below.
    "mml": Notation(layers="_k", bold=True, layout="numerator"),
    # Parr, Howard, "The Matrix Calculus You Need For Deep Learning" (2018): bold, numerator layout, T, \otimes for
    # products of entries (here \odot), vectors are columns.
    "parr-howard": Notation(bold=True, transpose="T", layout="numerator"),
    # German lecture notes: Jacobians J_a(W) with outputs first, \mathrm{Id}_m \otimes x.
    "seeds-de": Notation(derivative="J", layout="numerator", language="de"),
    # English lecture notes: layers \delta^{(k)}_j, derivatives by components.
    "seeds-en": Notation(layout="mixed"),
}


def preset(name: str) -> Notation:
    """The notation of a text.

    Raises:
        InputError: no such preset; it names those that are near.
    """
    if name in PRESETS:
        return PRESETS[name]
    near = difflib.get_close_matches(name.lower(), PRESETS, n=2, cutoff=0.4)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    raise InputError(f"notation: unknown preset {name!r}; {meant}Known are {', '.join(PRESETS)}")
