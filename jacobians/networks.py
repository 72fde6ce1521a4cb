"""Built-in networks, written as the equations a reader would write."""

from __future__ import annotations

from collections.abc import Sequence

from jacobians.errors import InputError, unknown
from jacobians.model import Model
from jacobians.ops import OPS
from jacobians.ops.elementwise import Elementwise, Undefined

#: Loss name -> the right side of its equation, with `{z}` for the network's output and `{y}` for the target, and
#: whether the target is a class index.
LOSSES = {
    "squared_error": ("1/2 * norm({z} - {y})^2", False),
    "mean_squared_error": ("squared_error({z}, {y}, half=false, mean=true)", False),
    "cross_entropy": ("cross_entropy({z}, {y})", False),
    "cross_entropy_index": ("cross_entropy_index({z}, {y})", True),
}
#: Kinds of pooling -> the op.
POOLS = {"max": "max_pool2d", "avg": "avg_pool2d"}
#: The equations of a transformer block, by where the layer norms stand.
BLOCKS = {
    "pre": """\
N1 = layer_norm(X, gamma1, beta1)
A = self_attention(N1, W_Q, W_K, W_V, W_O, {options})
H = X + A
N2 = layer_norm(H, gamma2, beta2)
Z = N2 @ W1.T + b1
G = {activation}(Z)
Y = H + G @ W2.T + b2""",
    "post": """\
A = self_attention(X, W_Q, W_K, W_V, W_O, {options})
H = layer_norm(X + A, gamma1, beta1)
Z = H @ W1.T + b1
G = {activation}(Z)
F = G @ W2.T + b2
Y = layer_norm(H + F, gamma2, beta2)""",
}


def mlp(
    sizes: Sequence[int],
    activation: str = "tanh",
    loss: str | None = "squared_error",
    output_activation: str | None = None,
    batch: int | None = None,
) -> Model:
    """A multilayer perceptron: z1 = W1 x + b1, a1 = g(z1), ..., and a loss against y.

    `sizes` are the widths, inputs first; the last layer has no activation unless `output_activation` names one.
    Cross-entropy takes the last pre-activation as logits. With `batch`, x has a row per sample and z1 = x W1^T + b1.

    Raises:
        InputError: fewer than two sizes, a size below 1, an unknown activation or loss.
    """
    if len(sizes) < 2 or any(not isinstance(n, int) or n < 1 for n in sizes):
        raise InputError(f"mlp.sizes: expected at least two positive integers, as in [3, 4, 2], got {list(sizes)}")
    require_activation("mlp", activation, output_activation)
    if loss is not None and loss not in LOSSES:
        raise unknown("mlp", "loss", loss, LOSSES)
    rows = "" if batch is None else f"{batch} x "
    lines = [f"x : {rows}{sizes[0]}"]
    source, last = "x", len(sizes) - 1
    for k in range(1, last + 1):
        lines += [f"W{k} : {sizes[k]} x {sizes[k - 1]}", f"b{k} : {sizes[k]}"]
    for k in range(1, last + 1):
        lines.append(f"z{k} = W{k} @ {source} + b{k}" if batch is None else f"z{k} = {source} @ W{k}.T + b{k}")
        source = f"z{k}"
        g = activation if k < last else output_activation
        if g is not None:
            lines.append(f"a{k} = {g}(z{k})")
            source = f"a{k}"
    if loss is not None:
        right, index = LOSSES[loss]
        target = (rows.rstrip(" x") or "scalar") if index else f"{rows}{sizes[-1]}"
        lines += [f"y : {target}", f"L = {right.format(z=source, y='y')}"]
    return Model.parse("\n".join(lines))


def cnn(
    shape: Sequence[int] = (1, 4, 4),
    channels: Sequence[int] = (2,),
    kernel: int = 3,
    padding: int = 1,
    pooling: str | None = "max",
    classes: int = 3,
    activation: str = "relu",
    batch: int | None = None,
) -> Model:
    """A convolutional classifier: z1 = conv2d(x, W1, b1), a1 = relu(z1), p1 = max_pool2d(a1), ..., cross-entropy.

    `shape` is (channels, height, width) of an image, `channels` what each convolution makes of it; every one has a
    square kernel and is followed by pooling over 2 x 2 ("max", "avg" or None). A linear layer makes the logits of
    `classes` classes. With `batch`, x has a leading axis of samples, and the loss is their mean.

    Raises:
        InputError: sizes that are not positive integers, an image smaller than kernel or pool, an unknown option.
    """
    require_sizes("cnn", "shape", shape, 3, "(channels, height, width), as in (1, 4, 4)")
    require_sizes("cnn", "channels", channels, None, "the channels that each convolution makes, as in (2, 3)")
    for option, value in (("kernel", kernel), ("classes", classes), ("batch", 1 if batch is None else batch)):
        require_sizes("cnn", option, [value], 1, "a positive integer")
    if not _whole(padding) or padding < 0:
        raise InputError(f"cnn.padding: expected an integer from 0, got {padding!r}")
    if pooling is not None and pooling not in POOLS:
        raise unknown("cnn", "pooling", pooling, POOLS)
    require_activation("cnn", activation)
    rows = [] if batch is None else [batch]
    depth, *space = shape
    head, lines, source = [f"x : {_times(*rows, *shape)}"], [], "x"
    for k, made in enumerate(channels, 1):
        head += [f"W{k} : {made} x {depth} x {kernel} x {kernel}", f"b{k} : {made}"]
        space, depth = _convolved(k, space, kernel, padding), made
        lines.append(f"z{k} = conv2d({source}, W{k}, b{k}{f', padding={padding}' if padding else ''})")
        lines.append(f"a{k} = {activation}(z{k})")
        source = f"a{k}"
        if pooling is not None:
            space = _pooled(k, space)
            lines.append(f"p{k} = {POOLS[pooling]}(a{k}, size=2)")
            source = f"p{k}"
    features, last = depth * space[0] * space[1], len(channels) + 1
    return Model.parse("\n".join([*head, *lines, *_classifier(last, rows, features, classes, source)]))


def _classifier(layer: int, rows: Sequence[int], features: int, classes: int, source: str) -> list[str]:
    """Flatten, one linear layer, softmax cross-entropy."""
    z, W, b = (f"{name}{layer}" for name in "zWb")
    head = [f"{W} : {classes} x {features}", f"{b} : {classes}", f"y : {_times(*rows, classes)}"]
    flat = f"h = flatten({source}{', start=1' if rows else ''})"
    logits = f"{z} = h @ {W}.T + {b}" if rows else f"{z} = {W} @ h + {b}"
    return [*head, flat, logits, f"L = cross_entropy({z}, y)"]


def transformer_block(
    tokens: int = 3,
    width: int = 4,
    heads: int = 2,
    hidden: int = 6,
    norm: str = "pre",
    activation: str = "gelu",
    causal: bool = False,
    loss: str | None = "squared_error",
) -> Model:
    """A transformer block: self-attention and a two-layer perceptron, each with a skip connection and a layer norm.

    X has a row per token. With norm="pre" each part reads a normed input, H = X + attention(norm(X)); with "post" the
    sum is normed, H = norm(X + attention(X)). The loss compares the output Y with a target T; None leaves it out.

    Raises:
        InputError: sizes that are not positive integers, a width that the heads do not divide, an unknown option.
    """
    sizes = {"tokens": tokens, "width": width, "heads": heads, "hidden": hidden}
    for option, value in sizes.items():
        require_sizes("transformer_block", option, [value], 1, "a positive integer")
    if width % heads:
        raise InputError(
            f"transformer_block.heads: expected a number of heads that divides width = {width}, got {heads}; "
            f"{width} columns do not make {heads} heads of equal size"
        )
    if norm not in BLOCKS:
        raise unknown("transformer_block", "norm", norm, BLOCKS)
    if not isinstance(causal, bool):
        raise InputError(f"transformer_block.causal: expected True or False, got {causal!r}")
    require_activation("transformer_block", activation)
    known = [name for name, (_, index) in LOSSES.items() if not index]
    if loss is not None and loss not in known:
        raise unknown("transformer_block", "loss", loss, known)
    rows, square = f"{tokens} x {width}", f"{width} x {width}"
    head = [f"X : {rows}", *(f"W_{k} : {square}" for k in "QKVO"), f"W1 : {hidden} x {width}", f"b1 : {hidden}"]
    head += [f"W2 : {width} x {hidden}", f"b2 : {width}"]
    head += [f"{name}{k} : {width}" for k in (1, 2) for name in ("gamma", "beta")]
    options = f"heads={heads}" + (", causal=true" if causal else "")
    lines = BLOCKS[norm].format(options=options, activation=activation).splitlines()
    if loss is not None:
        head.append(f"T : {rows}")
        lines.append("L = " + LOSSES[loss][0].format(z="Y", y="T"))
    return Model.parse("\n".join([*head, *lines]))


def example() -> Model:
    """The network that commands use where none is given: 3 inputs, 4 tanh units, 2 outputs, half the squared error."""
    return mlp([3, 4, 2], activation="tanh", loss="squared_error")


# ----- checks of arguments -----


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def require_sizes(where: str, option: str, given: Sequence[int], count: int | None, expected: str) -> None:
    """Raise where they are not positive integers, or not so many."""
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise InputError(f"{where}.{option}: expected {expected}, got {given!r}")
    if not given or (count is not None and len(given) != count) or not all(_whole(n) and n > 0 for n in given):
        got = given[0] if count == 1 else tuple(given)
        raise InputError(f"{where}.{option}: expected {expected}, got {got!r}")


def require_activation(where: str, *names: str | None, option: str = "activation", also: Sequence[str] = ()) -> None:
    """Raise where one is neither an elementwise op by its name nor a letter, an activation left open."""
    for name in names:
        if name is None or len(name) == 1:
            continue
        if name not in OPS or len(OPS[name].inputs) != 1:
            known = [k for k, op in OPS.items() if isinstance(op, Elementwise) and k != Undefined.name]
            raise unknown(where, option, name, [*also, *known])


def _convolved(layer: int, space: Sequence[int], kernel: int, padding: int) -> list[int]:
    """Height and width after a convolution."""
    padded = [n + 2 * padding for n in space]
    if min(padded) < kernel:
        raise InputError(
            f"cnn.kernel: expected at most {min(padded)} in layer {layer}, whose input is {_times(*space)} with "
            f"padding={padding}, got {kernel}; take a smaller kernel or a larger image"
        )
    return [n - kernel + 1 for n in padded]


def _pooled(layer: int, space: Sequence[int]) -> list[int]:
    """Height and width after pooling."""
    if min(space) < 2:
        raise InputError(
            f"cnn.pooling: layer {layer} makes {_times(*space)}, too small for a pool of 2 x 2; take a larger image, "
            "fewer layers or pooling=None"
        )
    return [n // 2 for n in space]


def _times(*sizes: int) -> str:
    return " x ".join(map(str, sizes))
