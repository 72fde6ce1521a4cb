"""Mistakes with names: another layer, another quantity, the gradient for the weight, another variable below."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jacobians.claims.matching import substituted
from jacobians.claims.redpen.edits import Above, Local, in_index, is_target, shifted
from jacobians.claims.redpen.operator import Mistake
from jacobians.claims.redpen.site import Site, base_and_label
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import with_layer
from jacobians.notation.rebuild import rebuilt


def other_label(site: Site) -> Local:
    """W^{(k)} becomes W^{(k+1)}, l becomes L."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if in_index(tree, above) or not isinstance(tree, t.Name | t.Call):
            return
        if tree.label is not None:
            for label in _near(site, tree.label):
                yield replace(tree, label=label)
            return
        base, number = base_and_label(tree.text if isinstance(tree, t.Name) else tree.function)
        if number is None:
            return
        for by in (1, -1, 2, -2):
            name = with_layer(base, str(number + by)) if number + by >= 0 else ""
            if name in site.names and isinstance(tree, t.Name):
                yield t.Name(name)
            elif name in site.judge.context.functions and isinstance(tree, t.Call):
                yield replace(tree, function=name)

    return local


def _near(site: Site, label: t.Tree) -> Iterator[t.Tree]:
    """The labels that are taken for this one: next to it, and the other letters."""
    letters = [part for part in label.walk() if isinstance(part, t.Name)]
    for by in (1, -1):
        yield shifted(label, by)
    for letter in site.labels:
        if letters and letters[0].text != letter:
            yield substituted(label, {letters[0].text: t.Name(letter)})
            yield t.Name(letter)
    for by in (2, -2):
        yield shifted(label, by)


def other_label_throughout(site: Site) -> Local:
    """W^{(i)} a^{(i-1)} becomes W^{(k)} a^{(k-1)}: the label's letter is another one than on the left side."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if above:
            return
        there = {p.text for p in tree.walk() if isinstance(p, t.Name)}
        for old in (x for x in site.labels if x in there):
            for new in site.labels:
                if new != old:
                    yield relabelled(tree, {old: t.Name(new)})

    return local


def relabelled(tree: t.Tree, letters: dict[str, t.Tree]) -> t.Tree:
    """Letters of labels exchanged; index letters of the same name stay."""
    if isinstance(tree, t.Name | t.Call) and tree.label is not None:
        tree = replace(tree, label=substituted(tree.label, letters))
    return rebuilt(tree, lambda child: child if child is getattr(tree, "label", None) else relabelled(child, letters))


def add_label(site: Site) -> Local:
    """a becomes a^{(k)}: the label was left out."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if in_index(tree, above) or not isinstance(tree, t.Name) or tree.label is not None:
            return
        if site.judge.context.is_generic(tree.text):
            yield from (replace(tree, label=label) for label in site.label_trees)

    return local


def other_name(site: Site) -> Local:
    """A quantity becomes another one of the same shape."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, t.Name) and not in_index(tree, above) and not is_target(tree, above):
            yield from site.alike(tree)
            if site.uses_gradient_names:
                base = replace(tree, text=tree.text[1:]) if tree.text.startswith("d") else tree
                yield from (replace(other, text="d" + other.text) for other in site.alike(base))
            if site.rank(tree) == 0:
                yield from (t.Name(size) for size in site.judge.context.sizes)

    return local


def other_entry(site: Site) -> Local:
    """b_j becomes W_ji: an entry of another quantity, with letters that are there."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not isinstance(tree, t.Index) or not isinstance(tree.array, t.Name) or is_target(tree, above):
            return
        label = tree.array.label
        letters = [t.Name(x) for x in site.letters]
        for other, shape in site.names.items():
            if other == tree.array.text or not 0 < len(shape) <= 2 or len(shape) == len(tree.indices):
                continue
            base = t.Name(other, label if site.judge.context.is_generic(other) else None)
            for first in letters:
                if len(shape) == 1:
                    yield t.Index(base, (first,))
                else:
                    yield from (t.Index(base, (first, second)) for second in letters if second != first)

    return local


def gradient_for_quantity(site: Site) -> Local:
    """dW becomes W, a derivative of the loss becomes its variable."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if in_index(tree, above) or is_target(tree, above):
            return
        if isinstance(tree, t.Name) and tree.text[:1] == "d" and tree.text[1:] and _known(site, tree.text[1:]):
            yield replace(tree, text=tree.text[1:])
        if isinstance(tree, c.Partial) and isinstance(tree.by, t.Name | t.Index) and above:
            yield tree.by

    return local


def quantity_for_gradient(site: Site) -> Local:
    """W becomes dW, or the derivative of the loss by it."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        parent = above[0] if above else None
        if in_index(tree, above) or is_target(tree, above) or isinstance(parent, c.Partial | t.Index):
            return
        base = tree.array if isinstance(tree, t.Index) else tree
        if isinstance(base, t.Name) and _known(site, base.text):
            loss = site.judge.context.loss
            if tree is not base:
                if loss and loss != base.text and not site.uses_gradient_names:
                    yield c.Partial(t.Name(loss), tree)
                return
            assert isinstance(tree, t.Name)
            if site.uses_gradient_names:
                yield replace(tree, text="d" + tree.text)
            elif loss and loss != tree.text:
                yield c.Partial(t.Name(loss), tree)

    return local


def _known(site: Site, text: str) -> bool:
    return text in site.names or base_and_label(text)[0] in site.names


def other_variable(site: Site) -> Local:
    """What stands below in a derivative, or above, becomes another quantity."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not isinstance(tree, c.Partial):
            return
        yield from (replace(tree, by=new) for new in _other(site, tree.by, alike=isinstance(tree.by, t.Index)))
        yield from (replace(tree, of=new) for new in _other(site, tree.of, alike=True))

    return local


def _other(site: Site, part: t.Tree, alike: bool) -> Iterator[t.Tree]:
    """Another quantity in the place of one, with the same indices."""
    base = part.array if isinstance(part, t.Index) else part
    if isinstance(base, t.Name):
        for other in site.other_names(base, alike):
            yield t.Index(other, part.indices) if isinstance(part, t.Index) else other


def missing_differential(site: Site) -> Local:
    """dL / y becomes dL / dy, here or wherever it is so."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        yield _mended(tree)
        if not above:
            yield _mended_everywhere(tree)

    return local


def _mended(tree: t.Tree) -> t.Tree:
    """A quotient with one differential as the derivative that was meant."""
    if isinstance(tree, t.Binary) and tree.op == "/":
        top, below = tree.left, tree.right
        if isinstance(top, c.Differential) and not isinstance(below, c.Differential):
            return c.Partial(top.of, below)
        if isinstance(below, c.Differential) and not isinstance(top, c.Differential):
            return c.Partial(top, below.of)
    return tree


def _mended_everywhere(tree: t.Tree) -> t.Tree:
    return rebuilt(_mended(tree), _mended_everywhere)


def drop_differential(site: Site) -> Local:
    """dL / dy becomes dL / y."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, c.Partial) and tree.second is None:
            yield t.Binary("/", c.Differential(tree.of), tree.by)

    return local


def invert_derivative(site: Site) -> Local:
    """dx / dL becomes dL / dx."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, c.Partial) and tree.second is None:
            yield replace(tree, of=tree.by, by=tree.of)

    return local


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "differential missing",
        "a differential sign is missing in a fraction",
        "A derivative has a differential above and below; with one alone it is a quotient of two unlike things.",
        missing_differential,
        drop_differential,
        0,
        "differential",
    ),
    Mistake(
        "wrong layer",
        "the layer is off",
        "Read the equation of this layer once more: every factor belongs to the layer in which it was used.",
        other_label,
        None,
        1,
        "name",
    ),
    Mistake(
        "wrong letter of the layer",
        "the layers are called by another letter than on the left side",
        "The left side is about one layer; the right side must speak of the same one.",
        other_label_throughout,
        None,
        1,
        "name",
    ),
    Mistake(
        "layer left out",
        "a layer's label is missing",
        "Every layer has a quantity of this name; the label says which one is meant.",
        add_label,
        None,
        1,
        "name",
    ),
    Mistake(
        "another quantity",
        "another quantity is meant",
        "A quantity of the same shape stands here that is easily taken for the right one.",
        other_name,
        None,
        2,
        "name",
    ),
    Mistake(
        "another entry",
        "an entry of another quantity is meant",
        "An entry of another quantity stands here; compare with the definition.",
        other_entry,
        None,
        1,
        "name",
    ),
    Mistake(
        "gradient for the quantity",
        "a gradient stands where the quantity itself belongs",
        "The chain rule multiplies by the weight (or value) itself, not by its gradient.",
        gradient_for_quantity,
        quantity_for_gradient,
        1,
        "gradient",
    ),
    Mistake(
        "quantity for its gradient",
        "a quantity stands where its gradient belongs",
        "Here the gradient arriving from behind is meant, not the value.",
        quantity_for_gradient,
        gradient_for_quantity,
        3,
        "gradient",
    ),
    Mistake(
        "wrong variable in a derivative",
        "the derivative is of, or by, another quantity",
        "In a chain of derivatives what stands below in one factor stands above in the next.",
        other_variable,
        None,
        3,
        "name",
    ),
    Mistake(
        "derivative upside down",
        "a derivative is upside down",
        "The quantity that depends stands above, the one it depends on below.",
        invert_derivative,
        None,
        2,
        "differential",
    ),
)
