"""Pictures of a Jacobian, as SVG and as TikZ: blocks of cells, and the tensor diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from jacobians.errors import unknown
from jacobians.pictures.blocks import blocks
from jacobians.pictures.cells import Content
from jacobians.pictures.diagram import diagram
from jacobians.pictures.svg import svg
from jacobians.pictures.tikz import tikz

if TYPE_CHECKING:
    from jacobians.jacobian import Jacobian

__all__ = ["Content", "Format", "Kind", "picture"]

Kind = Literal["blocks", "diagram"]
Format = Literal["svg", "tikz"]


def picture(
    J: Jacobian,
    kind: Kind = "blocks",
    format: Format = "svg",
    cells: Content = "numbers",
    of: str = "",
    wrt: str = "",
) -> str:
    """A picture as text: an `<svg>` element or a `tikzpicture` environment that needs `tikz` alone.

    Raises:
        FormError: too large for a picture, or no symbols for the cells.
        InputError: another `kind`, `format` or `cells`.
    """
    if format not in get_args(Format):
        raise unknown("Jacobian.picture", "format", format, get_args(Format))
    match kind:
        case "blocks":
            scene = blocks(J, cells, of, wrt)
        case "diagram":
            scene = diagram(J)
        case _:
            raise unknown("Jacobian.picture", "kind", kind, get_args(Kind))
    return svg(scene) if format == "svg" else tikz(scene)
