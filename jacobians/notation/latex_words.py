r"""Letters side by side: which names they are. Nothing but declarations, and a few customs of the field, decide it."""

from __future__ import annotations

from jacobians.notation.latex_commands import known_functions
from jacobians.notation.names import GREEK, split_name
from jacobians.notation.symbols import Symbols

#: Shorter ones, such as mu or xi, may be a product.
GREEK_WORDS = frozenset(word for word in GREEK.split() if len(word) > 3)
ALL_GREEK = frozenset(GREEK.split())
#: Letters that are functions where nothing else is known of them.
FUNCTION_LETTERS = frozenset(("f", "g", "phi", "psi"))
#: Parameters: `f_\theta` is a name.
PARAMETERS = frozenset(("theta", "phi", "psi", "Theta"))
INDEX_LETTERS = frozenset("ijklmnpqrstuvabcd")
#: Shortest run of letters, none of them declared, that is a word rather than a product.
SHORTEST_WORD = 4
VOWELS = frozenset("aeu")


def leading_name(run: str, symbols: Symbols, plain: bool) -> int:
    """How many letters the first name of a run has.

    The longest declared name (also after a d: dW), else a known word for the whole rest, else one letter.
    """
    for length in range(len(run), 0, -1):
        head = run[:length]
        if symbols.declared(head) or (length > 1 and head[0] == "d" and _is_base(head[1:], symbols)):
            return length if length > 1 else _word_or_letter(run, symbols, plain)
    return _word_or_letter(run, symbols, plain)


def _is_base(text: str, symbols: Symbols) -> bool:
    """What the gradient name d... may be made of."""
    return symbols.is_quantity(text) or (len(text) == 1 and text.isupper() and not symbols.is_quantity("d"))


def _word_or_letter(run: str, symbols: Symbols, plain: bool) -> int:
    lower = run.lower()
    if (
        len(run) > 1
        and run != "kl"
        and (lower in known_functions() or run in GREEK_WORDS or (plain and run in ALL_GREEK))
    ):
        return len(run)
    if len(run) == 2 and run[0] == "d" and not symbols.is_quantity("d"):
        return 2
    spelled = not any(symbols.declared(letter) for letter in run)
    return len(run) if spelled and len(run) >= SHORTEST_WORD and not run.isupper() else 1


def index_letters(run: str, symbols: Symbols) -> int:
    """How many letters the first index of a run has: one, unless a longer name is declared."""
    for length in range(len(run), 1, -1):
        if symbols.declared(run[:length]):
            return length
    return 1


def is_subscript_word(run: str) -> bool:
    """`rec`, `prev`, `in`, `hh` is part of a name; `ij`, `hij` are indices."""
    if len(run) < 2 or not run.isascii() or not run.isalpha():
        return False
    if run in ("in", "out", "hh", "ho", "hy", "xh"):
        return True
    return any(c in VOWELS for c in run) if len(run) > 2 else not set(run.lower()) & (INDEX_LETTERS | VOWELS)


def is_function(name: str, symbols: Symbols) -> bool:
    """Declared as one, or known as one and not declared as anything else."""
    if name in symbols.functions:
        return True
    root, _, subscript = name.partition("_")
    custom = root in FUNCTION_LETTERS or subscript in PARAMETERS or name == "expectation"
    return not symbols.declared(name) and (custom or name in known_functions())


def takes_bare_argument(name: str, symbols: Symbols) -> bool:
    r"""`\tanh z`: a function with a name of several letters."""
    return len(name) > 1 and name in known_functions() and name not in ALL_GREEK and not symbols.declared(name)


def accented(text: str, accent: str) -> str:
    """The name under an accent: `W1`, `bar` is Wbar1."""
    base, layer, subscript = split_name(text)
    return base + accent + layer + (f"_{subscript}" if subscript else "")
