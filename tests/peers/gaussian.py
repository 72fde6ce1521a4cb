"""The ops of `jacobians/ops/gaussian.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

import jax.numpy as jnp
import torch
from jax.scipy.stats import norm
from torch.distributions import Normal, kl_divergence
from torch.nn import functional

from tests.peers import jax_twins, torch_twins


def jax_nll(op, mu, v, y):
    constant = 0 if op.full else jnp.log(2 * jnp.pi) / 2
    return jax_twins.reduced(op, -jnp.sum(norm.logpdf(y, mu, jnp.sqrt(v)) + constant, axis=-1))


def jax_kl(op, mu_1, s_1, mu_2, s_2):
    entries = jnp.exp(s_1 - s_2) + (mu_1 - mu_2) ** 2 * jnp.exp(-s_2) - 1 - s_1 + s_2
    return jax_twins.reduced(op, jnp.sum(entries, axis=-1) / 2)


def torch_nll(op, mu, v, y):
    return torch_twins.summed(op, functional.gaussian_nll_loss(mu, y, v, full=op.full, reduction="none"))


def normal(mu, s):
    return Normal(mu, torch.exp(s / 2), validate_args=False)


def torch_kl(op, mu_1, s_1, mu_2, s_2):
    return torch_twins.summed(op, kl_divergence(normal(mu_1, s_1), normal(mu_2, s_2)))


JAX = {
    "gaussian_nll": jax_nll,
    "standard_normal_kl": lambda op, mu, s: jax_kl(op, mu, s, 0, 0),
    "gaussian_kl": jax_kl,
}
TORCH = {
    "gaussian_nll": torch_nll,
    "standard_normal_kl": lambda op, mu, s: torch_kl(op, mu, s, torch.zeros(()).double(), torch.zeros(()).double()),
    "gaussian_kl": torch_kl,
}
