"""The built-in networks by name: what the commands take in place of a file of equations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from jacobians.model import Model
from jacobians.networks import cnn, example, transformer_block
from jacobians.unrolled import rnn

BUILT_IN: Mapping[str, Callable[[], Model]] = {
    "mlp": example,
    "cnn": cnn,
    "rnn": rnn,
    "lstm": partial(rnn, cell="lstm"),
    "gru": partial(rnn, cell="gru"),
    "transformer_block": transformer_block,
}
