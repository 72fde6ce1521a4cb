"""Whether a model is a layered network, z = W a + b and a = g(z) in turn, read off its graph; or why it is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jacobians.errors import ModelError, shape_text
from jacobians.node import Node

if TYPE_CHECKING:
    from jacobians.model import Model

EXPECTED = "expected layers z = W a + b, a = g(z) of a single sample, each with its own W and b"


@dataclass(frozen=True)
class Layer:
    """z = W source + b; `b` is empty where there is none."""

    z: str
    W: str
    source: str
    b: str = ""


def find_layers(model: Model, loss: str) -> list[Layer]:
    """The layers from the input to the loss.

    Raises:
        ModelError: the model is not layered; the message says where.
    """
    if model.shapes[loss] != ():
        raise _refusal(f"{loss} has shape {shape_text(model.shapes[loss])}, and only a scalar loss has deltas")
    among = ancestors(model, loss)
    layers = _affine_nodes(model, among)
    if not layers:
        raise _refusal(f"no equation on the way to {loss} is a weight matrix times a vector")
    _refuse_shared(model, layers, among)
    for lower, upper in zip(layers, [*layers[1:], None], strict=True):
        _refuse_bypass(model, lower, upper.source if upper else loss, layers)
    return layers


def ancestors(model: Model, name: str, stop: str = "") -> set[str]:
    """The node, and every node and leaf that it is computed from; not looking behind `stop`."""
    found: set[str] = set()
    stack = [name]
    while stack:
        one = stack.pop()
        if one not in found:
            found.add(one)
            stack += model.nodes[one].sources.values() if one in model.nodes and one != stop else ()
    return found


def last_activation(model: Model, z: str, loss: str) -> str:
    """The last a = g(z): the vector made from z alone that the loss reads instead; z itself where there is none."""
    users = [n for n in model.nodes.values() if n.name in ancestors(model, loss) and z in n.sources.values()]
    if len(users) != 1 or len(set(users[0].sources.values())) > 1 or len(model.shapes[users[0].name]) != 1:
        return z
    return users[0].name


def elementwise_between(model: Model, a: str, z: str) -> bool:
    """Whether entry j of `a` depends on entry j of `z` only, because every op on the way works entry by entry."""
    nodes = _nodes(model, ancestors(model, a, stop=z) - {z})
    return all(
        {*n.op.inputs.values(), n.op.output} == {"..."} and model.shapes[n.name] == model.shapes[z]
        for n in nodes
        if z in ancestors(model, n.name)
    )


def _nodes(model: Model, names: Set[str]) -> list[Node]:
    return [n for n in model.nodes.values() if n.name in names]


def _affine_nodes(model: Model, among: Set[str]) -> list[Layer]:
    """Every z = W a + b, in order; the product inside a sum is no layer of its own."""
    found: dict[str, Layer] = {}
    for n in _nodes(model, among):
        product = _product(model, n)
        if n.op.name == "add":
            product = _biased(model, n, found)
        if product:
            found[product.z] = product
    return [layer for layer in found.values() if not _absorbed(layer, found.values(), model)]


def _product(model: Model, n: Node) -> Layer | None:
    """W a, or W a + b as one op."""
    keys = {"linear": ("W", "x"), "linear_map": ("W", "x"), "matmul": ("A", "B")}.get(n.op.name)
    if keys is None or n.sources[keys[0]] not in model.leaves or len(model.shapes[n.sources[keys[0]]]) != 2:
        return None
    if len(model.shapes[n.name]) != 1:
        raise _refusal(f"{n.display} has shape {shape_text(model.shapes[n.name])}, several samples at once")
    return Layer(n.name, n.sources[keys[0]], n.sources[keys[1]], n.sources.get("b", ""))


def _biased(model: Model, n: Node, found: dict[str, Layer]) -> Layer | None:
    """W a + b or b + W a from a product found before."""
    x, y = n.sources.values()
    for product, b in ((x, y), (y, x)):
        if product in found and not found[product].b and b in model.leaves and model.shapes[b] == model.shapes[n.name]:
            return Layer(n.name, found[product].W, found[product].source, b)
    return None


def _absorbed(layer: Layer, layers: Iterable[Layer], model: Model) -> bool:
    """Whether another layer is this product plus a bias, and nothing else reads the product."""
    sums = [other for other in layers if other.W == layer.W and other.z != layer.z and other.b and not layer.b]
    readers = [n.name for n in model.nodes.values() if layer.z in n.sources.values()]
    return any(readers == [other.z] for other in sums)


def _refuse_shared(model: Model, layers: list[Layer], among: Set[str]) -> None:
    uses = Counter(source for n in _nodes(model, among) for source in n.sources.values())
    for layer in layers:
        for name in filter(None, (layer.W, layer.b)):
            if name not in model.leaves:
                raise _refusal(f"{name} in {model.nodes[layer.z].equation} is itself computed")
            if uses[name] > 1:
                users = {n.part_of or n.name: 0 for n in _nodes(model, among) if name in n.sources.values()}
                raise _refusal(f"{name} is used {uses[name]} times, in {', '.join(users)} (shared weights)")


def _refuse_bypass(model: Model, layer: Layer, end: str, layers: list[Layer]) -> None:
    """Between z and the next layer (or the loss) nothing may come from another z, or the deltas have more summands."""
    names = ancestors(model, end, stop=layer.z)
    others = [model.display(other.z) for other in layers if other.z in names and other.z != layer.z]
    if others:
        shown, below = model.display(end), model.display(layer.z)
        raise _refusal(f"{shown} depends on {others[0]} by a way that passes {below} by (a skip connection)")
    if layer.z not in names:
        raise _refusal(f"{model.display(end)} does not depend on {model.display(layer.z)}, the layer below it")


def _refusal(reason: str) -> ModelError:
    return ModelError(f"not a layered network: {reason}; {EXPECTED}")
