"""The public names: each is loaded from its file when it is first used."""

from .entries import NetworkEntries as NetworkEntries
from .entries import entries as entries
from .entries import entries_of as entries_of
from .index import index_form as index_form
from .latex import latex as latex
from .steps.bridge import bridge as bridge
from .steps.derivation import Derivation as Derivation
from .steps.engine import derivation as derivation
from .steps.engine import derivations as derivations
