"""Heads: the columns of a matrix cut into equal parts and put together again; attention with projections and heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from jacobians.composite import Composite
from jacobians.errors import InputError, ShapeError, shape_text
from jacobians.op import Op, OpenShape, Rule, Shape, Signature, term
from jacobians.ops.labels import whole
from jacobians.ops.mask import BATCH, Masked
from jacobians.terms import Array


def head_count(where: str, heads: int) -> int:
    """An option that must be a positive whole number."""
    if not whole(heads) or heads < 1:
        raise InputError(f"{where}: expected a positive whole number of heads, got {heads!r}")
    return int(heads)


def head_width(where: str, label: str, shape: OpenShape, heads: int) -> int | None:
    """The width of a head for an array of this shape, None where that is open, or a ShapeError."""
    width = shape[-1] if shape else None
    if width is not None and width % heads:
        fits = " or ".join(f"{label} = {n}" for n in (width // heads * heads, (width // heads + 1) * heads) if n)
        raise ShapeError(
            f"{where}: expected a width {label} that heads = {heads} divides, got {label} = {width} in "
            f"{shape_text(shape)}; {fits} would do, or another number of heads"
        )
    return None if width is None else width // heads


def place(y: Array) -> tuple[str, Array]:
    """The 0/1 pattern [j = width h + k] for an array with the axes (... h t k), with its name."""
    heads, _, width = y.shape[-3:]
    hits = np.eye(heads * width, dtype=bool).reshape(heads, width, heads * width)
    return f"[{{2}} = {width} {{0}} + {{1}}]" if width > 1 else "[{2} = {0}]", hits


class SplitHeads(Op):
    """y = x with its columns cut into `heads` equal parts, each a matrix of its own; merge_heads puts them together.

    Shapes:    x (... t j) -> y (... h t k), j = heads times k
    Formula:   y_htk = x_tj with j = n_k h + k
    Jacobians: dy/dx = δ_tt' [j = 3 h + k]   (h t k | t' j)    for heads of width 3
    Source:    Vaswani et al., "Attention Is All You Need" (2017), sec. 3.2.2; Jacobian: own derivation
    """

    inputs = {"x": "... t j"}
    output = "... h t k"
    letters = BATCH

    def __init__(self, heads: int = 2) -> None:
        """Take the number of heads."""
        self.heads = head_count(self.label, heads)

    def compute(self, x: Array) -> Array:
        parts = x.reshape(*x.shape[:-1], self.heads, x.shape[-1] // self.heads)
        return np.swapaxes(parts, -2, -3)

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        width = head_width(f"{self.label}.x", "j", shapes["x"], self.heads)
        known = {"h": self.heads} | ({} if width is None else {"k": width})
        return replace(super().signature(shapes), sizes=known)

    def d_x(self, y: Array) -> Rule:
        return term("h k j -> ... h t k | ... t j", place(y))

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(3), cls(1))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        t, k, n, m, *_ = sizes
        return [{"x": (*batch, t, self.heads * k)} for batch in ((), (n,), (n, m))]


class MergeHeads(Op):
    """y = the matrices of all heads side by side, as split_heads cut them.

    Shapes:    x (... h t k) -> y (... t j), j = h times k
    Formula:   y_tj = x_htk with j = n_k h + k
    Jacobians: dy/dx = δ_tt' [j = 5 h + k]   (t j | h t' k)    for heads of width 5
    Source:    Vaswani et al., "Attention Is All You Need" (2017), sec. 3.2.2; Jacobian: own derivation
    """

    inputs = {"x": "... h t k"}
    output = "... t j"
    letters = BATCH

    def compute(self, x: Array) -> Array:
        turned = np.swapaxes(x, -2, -3)
        return turned.reshape(*turned.shape[:-2], turned.shape[-2] * turned.shape[-1])

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        signature = super().signature(shapes)
        heads, width = shapes["x"][-3], shapes["x"][-1]
        return signature if heads is None or width is None else replace(signature, sizes={"j": heads * width})

    def d_x(self, x: Array) -> Rule:
        return term("h k j -> ... t j | ... h t k", place(x))


# ----- attention with projections -----


class ProjectedAttention(Masked, Composite):
    """Attention of projected tokens; a subclass names the tokens that queries, keys and values are made of."""

    output = "... t e"
    symbol = "Y"
    optional = {"W_O": "out", "mask": "mask"}
    #: What the projected queries, keys and values are called.
    projected: tuple[str, str, str] = ("Q", "K", "V")
    #: The inputs that they are projections of.
    tokens: tuple[str, str, str]
    heads: int
    out: bool

    def __init__(self, heads: int = 1, causal: bool = False, mask: bool = False, out: bool = False) -> None:
        """Take the number of heads, causal or not, whether there is a mask, and whether W_O mixes the heads."""
        self.heads = head_count(self.label, heads)
        self.causal = causal
        self.mask = mask
        self.out = out

    def equations(self) -> str:
        lines = []
        for name, tokens in zip(self.projected, self.tokens, strict=True):
            product = f"{tokens} @ W_{name.upper()}"
            lines.append(f"{name} = " + (f"split_heads({product}, heads={self.heads})" if self.heads > 1 else product))
        mask = ", mask" if self.mask else ""
        result = f"attention({', '.join(self.projected)}{mask}, causal={str(self.causal).lower()})"
        if self.heads > 1:
            lines.append(f"H = {result}")
            result = "merge_heads(H)"
        lines += [f"O = {result}", "Y = O @ W_O"] if self.out else [f"Y = {result}"]
        return "\n".join(lines)

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        for name, label in (("W_Q", "d"), ("W_V", "e")):
            head_width(f"{self.label}.{name}", label, shapes[name], self.heads)
        signature = super().signature(shapes)
        return replace(signature, output=(*signature.output[:-1], "o" if self.out else "e"))

    def inner_names(self) -> tuple[str, ...]:
        """Also the weights P, which are called by the output of the attention."""
        return (*super().inner_names(), "P_H" if self.heads > 1 else "P_O" if self.out else "P_Y")

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(1, out=True), cls(2, out=True), cls(2, causal=True, mask=True, out=False))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        """Heads of width 4 in the plainest, so that 1/sqrt(d/heads) is 1/2; a small case; a batch."""
        h = self.heads
        m = 7 if h > 1 else 11  # more than SymPy differentiates: a minute for what the small case says as well
        plain = {"t": 2, "s": sizes[2], "m": m, "c": 7, "d": 4 * h, "e": 2 * h, "o": sizes[1]}
        small = {"t": 2, "s": 3, "m": 2, "c": 1, "d": h, "e": h, "o": 1}
        batch = {"t": 3, "s": 5, "m": 11, "c": 7, "d": 2 * h, "e": 3 * h, "o": 8}
        return [
            {
                name: tuple(k for a in labels.split() for k in (n if a == "..." else (size[a],)))
                for name, labels in self.declared().items()
            }
            for n, size in (((), plain), ((), small), ((2,), batch))
        ]

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        """Weights divided by the square root of their rows, as layers begin: no key takes all the attention."""
        drawn = super().sample(rng, shapes)
        return {k: v / np.sqrt(shapes[k][0]) if k.startswith("W_") else v for k, v in drawn.items()}


class SelfAttention(ProjectedAttention):
    """Y = Attention(Q, K, V) with Q = X W_Q, K = X W_K, V = X W_V; each row of X is a token.

    heads=2 cuts Q, K and V into two matrices of columns each and attends in each of them, scaled by 1/sqrt(d/heads).
    With out=True (or a fifth argument in an equation) the heads, side by side, are multiplied by W_O. With causal=True
    a token sees itself and what came before; with mask=True, which an equation has to say, the input mask is True or 1
    where a token (row) may attend to a token (column).

    Shapes:    X (... t m), W_Q (m d), W_K (m d), W_V (m e), W_O (e o) if out=True, mask (t t) if mask=True
               -> Y (... t e), or (... t o) if out=True
    Formula:   Y = P_Y V with P_Y = softmax(Q K^T / sqrt(n_d)), Q = X W_Q, K = X W_K, V = X W_V
    Jacobians: dY/dX = (P_Y)_tp (W_V)_me + 1/2 Σ_q (P_Y)_tp V_pe Q_tq (W_K)_mq - 1/2 Σ_q Y_te (P_Y)_tp Q_tq (W_K)_mq
                   + 1/2 δ_tp Σ_lq (P_Y)_tl V_le K_lq (W_Q)_mq - 1/2 δ_tp Σ_lq Y_te (P_Y)_tl K_lq (W_Q)_mq (t e | p m)
               dY/dW_Q = 1/2 Σ_p (P_Y)_tp V_pe K_pd X_tm - 1/2 Σ_p Y_te (P_Y)_tp K_pd X_tm (t e | m d)
               dY/dW_K = 1/2 Σ_p (P_Y)_tp V_pe Q_td X_pm - 1/2 Σ_p Y_te (P_Y)_tp Q_td X_pm (t e | m d)
               dY/dW_V = δ_ee' Σ_l (P_Y)_tl X_lm (t e | m e')
               with P_Y = softmax(Q K^T / sqrt(d)), for d = 4
    Source:    Vaswani et al., "Attention Is All You Need" (2017), sec. 3.2; Jacobians: own derivation
    """

    inputs = {"X": "... t m", "W_Q": "m d", "W_K": "m d", "W_V": "m e", "W_O": "e o", "mask": "t t"}
    tokens = ("X", "X", "X")


class CrossAttention(ProjectedAttention):
    """Y = Attention(Q, K, V) with Q = X W_Q from the tokens X, and K = M W_K, V = M W_V from the memory M.

    Each row of X and of M is a token. The options are those of self_attention.

    Shapes:    X (... t m), M (... s c), W_Q (m d), W_K (c d), W_V (c e), W_O (e o) if out=True, mask (t s) if mask=True
               -> Y (... t e), or (... t o) if out=True
    Formula:   Y = P_Y V with P_Y = softmax(Q K^T / sqrt(n_d)), Q = X W_Q, K = M W_K, V = M W_V
    Jacobians: dY/dX = 1/2 δ_tt' Σ_lp (P_Y)_tl V_le K_lp (W_Q)_mp - 1/2 δ_tt' Σ_lp Y_te (P_Y)_tl K_lp (W_Q)_mp (t e
                   | t' m)
               dY/dM = (P_Y)_ts (W_V)_ce + 1/2 Σ_m (P_Y)_ts V_se Q_tm (W_K)_cm - 1/2 Σ_m Y_te (P_Y)_ts Q_tm (W_K)_cm
                   (t e | s c)
               dY/dW_Q = 1/2 Σ_p (P_Y)_tp V_pe K_pd X_tm - 1/2 Σ_p Y_te (P_Y)_tp K_pd X_tm (t e | m d)
               dY/dW_K = 1/2 Σ_m (P_Y)_tm V_me Q_td M_mc - 1/2 Σ_m Y_te (P_Y)_tm Q_td M_mc (t e | c d)
               dY/dW_V = δ_ee' Σ_l (P_Y)_tl M_lc (t e | c e')
               with P_Y = softmax(Q K^T / sqrt(d)), for d = 4
    Source:    Vaswani et al., "Attention Is All You Need" (2017), sec. 3.2.3; Jacobians: own derivation
    """

    inputs = {
        "X": "... t m",
        "M": "... s c",
        "W_Q": "m d",
        "W_K": "c d",
        "W_V": "c e",
        "W_O": "e o",
        "mask": "t s",
    }
    tokens = ("X", "M", "M")


class MultiHeadAttention(ProjectedAttention):
    """Y = [head_1, ..., head_heads] W_O with head_h = Attention(Q W_Q_h, K W_K_h, V W_V_h), side by side.

    W_Q_h are the columns of W_Q that belong to the head h, and so on: q = Q W_Q, k = K W_K, v = V W_V are cut into
    `heads` equal parts. Rows are tokens; options as for self_attention, which has Q = K = V = X.

    Shapes:    Q (... t m), K (... s m), V (... s m), W_Q (m d), W_K (m d), W_V (m e), W_O (e o) unless out=False,
               mask (t s) if mask=True -> Y (... t o)
    Formula:   H = P_H v in each head, with P_H = softmax(q k^T / sqrt(n_d / heads)); q, k, v are the columns of
               the head of Q W_Q, K W_K, V W_V; O = concat(H_1, ..., H_heads), Y = O W_O
    Jacobians: dY/dQ = 1/2 δ_tt' Σ_lpnqrs (W_O)_lo [l = 2 p + n] (P_H)_ptq v_pqn k_pqr [s = 4 p + r] (W_Q)_ms - 1/2
                   δ_tt' Σ_lpnqrs (W_O)_lo [l = 2 p + n] H_ptn (P_H)_ptq k_pqr [s = 4 p + r] (W_Q)_ms (t o | t' m)
               dY/dK = 1/2 Σ_pnqru (W_O)_po [p = 2 n + q] (P_H)_nts v_nsq q_ntr [u = 4 n + r] (W_K)_mu - 1/2 Σ_pnqru
                   (W_O)_po [p = 2 n + q] H_ntq (P_H)_nts q_ntr [u = 4 n + r] (W_K)_mu (t o | s m)
               dY/dV = Σ_pnqr (W_O)_po [p = 2 n + q] (P_H)_nts [r = 2 n + q] (W_V)_mr (t o | s m)
               dY/dW_Q = 1/2 Σ_pnqrs (W_O)_po [p = 2 n + q] (P_H)_ntr v_nrq k_nrs [d = 4 n + s] Q_tm - 1/2 Σ_pnqrs
                   (W_O)_po [p = 2 n + q] H_ntq (P_H)_ntr k_nrs [d = 4 n + s] Q_tm (t o | m d)
               dY/dW_K = 1/2 Σ_pnqrs (W_O)_po [p = 2 n + q] (P_H)_ntr v_nrq q_nts [d = 4 n + s] K_rm - 1/2 Σ_pnqrs
                   (W_O)_po [p = 2 n + q] H_ntq (P_H)_ntr q_nts [d = 4 n + s] K_rm (t o | m d)
               dY/dW_V = Σ_pnqr (W_O)_po [p = 2 n + q] (P_H)_ntr [e = 2 n + q] V_rm (t o | m e)
               dY/dW_O = δ_oo' O_te (t o | e o')
    Source:    Vaswani et al., "Attention Is All You Need" (2017), sec. 3.2.2; Jacobians: own derivation
    """

    inputs = {
        "Q": "... t m",
        "K": "... s m",
        "V": "... s m",
        "W_Q": "m d",
        "W_K": "m d",
        "W_V": "m e",
        "W_O": "e o",
        "mask": "t s",
    }
    projected = ("q", "k", "v")
    tokens = ("Q", "K", "V")

    def __init__(self, heads: int = 2, causal: bool = False, mask: bool = False, out: bool = True) -> None:
        """As for self_attention."""
        super().__init__(heads, causal, mask, out)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(1), cls(2, causal=True, mask=True, out=False))


OPS: tuple[Op, ...] = (SplitHeads(), MergeHeads(), SelfAttention(), CrossAttention(), MultiHeadAttention())
