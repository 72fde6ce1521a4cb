"""Every op, one file per delta pattern; `OPS` is the list of all."""

from .families import FAMILIES as FAMILIES
from .families import FILES as FILES
from .families import OPS as OPS
