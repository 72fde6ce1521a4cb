"""The ops of `jacobians/ops/preference.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

import jax.numpy as jnp
import torch
from jax import nn
from torch.nn import functional

from tests.peers import jax_twins, torch_twins


def jax_log_probability(op, z, a):
    return jnp.take_along_axis(nn.log_softmax(z), jnp.asarray(a)[..., None], axis=-1)[..., 0]


def implied(op, logp_w, logp_l, ref_w, ref_l):
    return op.beta * ((logp_w - logp_l) - (ref_w - ref_l))


def jax_dpo(op, **inputs):
    h = implied(op, **inputs)
    return jax_twins.reduced(op, -(1 - op.smoothing) * nn.log_sigmoid(h) - op.smoothing * nn.log_sigmoid(-h))


def torch_dpo(op, **inputs):
    h = implied(op, **inputs)
    loss = -(1 - op.smoothing) * functional.logsigmoid(h) - op.smoothing * functional.logsigmoid(-h)
    return torch_twins.reduced(op, loss)


def torch_log_probability(op, z, a):
    return torch.gather(functional.log_softmax(z, dim=-1), -1, a[..., None])[..., 0]


JAX = {
    "bradley_terry": lambda op, r_w, r_l: jax_twins.reduced(op, -nn.log_sigmoid(r_w - r_l)),
    "dpo": jax_dpo,
    "log_probability": jax_log_probability,
    "policy_gradient": lambda op, z, a, A: jax_twins.reduced(op, -A * jax_log_probability(op, z, a)),
}
TORCH = {
    "bradley_terry": lambda op, r_w, r_l: torch_twins.reduced(op, -functional.logsigmoid(r_w - r_l)),
    "dpo": torch_dpo,
    "log_probability": torch_log_probability,
    "policy_gradient": lambda op, z, a, A: torch_twins.reduced(op, -A * torch_log_probability(op, z, a)),
}
