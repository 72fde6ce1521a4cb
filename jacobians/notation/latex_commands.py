r"""What the commands of LaTeX mean, as tables."""

from __future__ import annotations

from functools import cache

from jacobians.notation.names import GREEK
from jacobians.notation.tokens import Kind

#: Never carried out, never skipped over.
FORBIDDEN = frozenset(
    "input include write immediate csname endcsname catcode openin openout read special href url includegraphics"
    " loop repeat let edef xdef gdef expandafter newread newwrite usepackage verb directlua".split()
)
#: Spacing, style and size: no meaning.
SKIPPED = frozenset(
    ", : ; > ! / - limits nolimits displaystyle textstyle scriptstyle scriptscriptstyle nonumber notag hline hfill"
    " thinspace space enspace negthinspace medspace thickspace allowbreak bf rm it cal sf tt boldmath mathstrut strut"
    " noindent centering ensuremath mathrel mathbin mathop mathord mathpunct boxed cancel bcancel xcancel fbox"
    " underline smash nobreak null relax".split()
) | {" ", "\n", "\t"}
#: Skipped together with what follows: a remark, a number, a colour.
SKIPPED_WITH_ARGUMENT = frozenset(
    "tag label hspace vspace phantom hphantom color textcolor colorbox overset underset stackrel raisebox intertext"
    " shortintertext cline eqref ref cite".split()
)
SIZES = frozenset(f"{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m"))
FENCES = frozenset(("left", "right", "middle")) | SIZES
#: Words; those of TEXT may be remarks.
TEXT = frozenset("text textrm textnormal mbox textit textbf textsf texttt".split())
UPRIGHT = frozenset("mathrm operatorname mathsf mathtt mathit mathnormal".split())
#: Fonts and what a name in it is called, if it is declared; `bold` is \mathbf x as boldx.
FONTS = {
    **dict.fromkeys("mathbf boldsymbol bm pmb bold vec mathbbm mathds".split(), "bold"),
    **dict.fromkeys("mathcal mathscr mathfrak".split(), "cal"),
    "mathbb": "bb",
}
ACCENTS = {
    **{"hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde", "widetilde": "tilde"},
    **{"dot": "dot", "ddot": "ddot", "check": "check", "breve": "breve", "mathring": "ring"},
    **{"overrightarrow": ""},
}
#: Combining characters: x̂, x̄, x̃.
COMBINING = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0305": "bar", "\u0307": "dot", "\u20d7": ""}
GREEK_NAMES = {
    **{name: name for name in GREEK.split()},
    **{f"var{name}": name for name in "epsilon phi theta rho sigma pi kappa".split()},
    **{"omicron": "omicron", "digamma": "digamma", "infty": "infinity", "imath": "i", "jmath": "j"},
}
#: Read by a method of the parser each.
STRUCTURES = frozenset("frac dfrac tfrac cfrac sqrt over underbrace overbrace substack".split()) | set(ACCENTS)
#: Functions with a command of their own, and what they are called.
COMMAND_FUNCTIONS = {
    **{
        name: name
        for name in "exp log ln sin cos tan sinh cosh tanh coth cot sec max min det arg argmax argmin".split()
    },
    **{"arctan": "arctan", "arcsin": "arcsin", "arccos": "arccos", "tr": "tr", "Tr": "tr", "trace": "trace"},
    **{"sgn": "sign", "sign": "sign", "diag": "diag", "Diag": "diag", "softmax": "softmax", "relu": "relu"},
    **{"ReLU": "relu", "sigmoid": "sigmoid", "rank": "rank", "logsumexp": "logsumexp"},
}
ALIGNED = frozenset(
    "align align* aligned alignat alignat* alignedat split gather gather* gathered multline multline* multlined"
    " eqnarray eqnarray* equation equation* displaymath math flalign flalign* dmath dmath*".split()
)
MATRICES = frozenset(
    "matrix pmatrix bmatrix Bmatrix vmatrix smallmatrix psmallmatrix bsmallmatrix array cases dcases rcases"
    " cases* dcases*".split()
)
WITH_COLUMNS = frozenset(("array", "alignat", "alignat*", "alignedat"))

KINDS: dict[str, Kind] = {
    **{"{": Kind.BRACE_OPEN, "lbrace": Kind.BRACE_OPEN, "}": Kind.BRACE_CLOSE, "rbrace": Kind.BRACE_CLOSE},
    **{"langle": Kind.ANGLE_OPEN, "rangle": Kind.ANGLE_CLOSE, "lbrack": Kind.LIST_OPEN, "rbrack": Kind.LIST_CLOSE},
    **{"lvert": Kind.BAR_OPEN, "rvert": Kind.BAR_CLOSE, "vert": Kind.BAR, "mid": Kind.SEMICOLON},
    **{"lVert": Kind.NORM_OPEN, "rVert": Kind.NORM_CLOSE, "Vert": Kind.NORM, "|": Kind.NORM},
    **{"llbracket": Kind.LIST_OPEN, "rrbracket": Kind.LIST_CLOSE, "lparen": Kind.OPEN, "rparen": Kind.CLOSE},
    **{"cdot": Kind.DOT, "cdotp": Kind.DOT, "bullet": Kind.DOT, "times": Kind.TIMES, "otimes": Kind.OUTER},
    **{"odot": Kind.HADAMARD, "bigodot": Kind.HADAMARD, "ast": Kind.HADAMARD, "star": Kind.HADAMARD},
    **{"circ": Kind.COMPOSE, "div": Kind.DIVIDE, "slash": Kind.DIVIDE},
    **dict.fromkeys(("equiv", "doteq", "triangleq", "coloneqq", "colonequals", "coloneq", "eqqcolon"), Kind.EQUALS),
    **{"ne": Kind.DIFFERENT, "neq": Kind.DIFFERENT, "lt": Kind.LESS, "gt": Kind.GREATER},
    **dict.fromkeys(("le", "leq", "leqslant"), Kind.LESS_EQUAL),
    **dict.fromkeys(("ge", "geq", "geqslant"), Kind.GREATER_EQUAL),
    **{"in": Kind.ELEMENT, "to": Kind.ARROW, "rightarrow": Kind.ARROW, "colon": Kind.COLON},
    **{"partial": Kind.PARTIAL, "part": Kind.PARTIAL, "nabla": Kind.NABLA, "sum": Kind.SUM, "prod": Kind.SUM},
    **{"top": Kind.TRANSPOSE, "intercal": Kind.TRANSPOSE, "dagger": Kind.TRANSPOSE, "prime": Kind.PRIME},
    **dict.fromkeys("dots ldots cdots vdots ddots dotsc dotsb dotsm dotsi".split(), Kind.DOTS),
    **dict.fromkeys("Rightarrow implies Longrightarrow iff Leftrightarrow Longleftrightarrow".split(), Kind.SEPARATOR),
    **dict.fromkeys("therefore because quad qquad land wedge forall".split(), Kind.SEPARATOR),
    **{"_": Kind.SUBSCRIPT, "\\": Kind.ROW, "cr": Kind.ROW, "newline": Kind.ROW},
}
#: What only looks like an equality; read as one it would be judged as one.
INEXACT = frozenset(
    "approx approxeq sim simeq cong propto mapsto leftarrow gets longrightarrow xrightarrow ll gg".split()
)

SIGNS: dict[str, Kind] = {
    **{"+": Kind.PLUS, "-": Kind.MINUS, "−": Kind.MINUS, "–": Kind.MINUS, "@": Kind.MATMUL, "/": Kind.DIVIDE},
    **{"∕": Kind.DIVIDE, "⁄": Kind.DIVIDE, "÷": Kind.DIVIDE, "^": Kind.POWER, "**": Kind.POWER, "_": Kind.SUBSCRIPT},
    **dict.fromkeys(("*", ".*", "∗", "⋆", "⊙", "⨀"), Kind.HADAMARD),
    **{"·": Kind.DOT, "⋅": Kind.DOT, "•": Kind.DOT, "∙": Kind.DOT, "×": Kind.TIMES, "⊗": Kind.OUTER},
    **{"∘": Kind.COMPOSE, "○": Kind.COMPOSE, "'": Kind.PRIME, "’": Kind.PRIME, "′": Kind.PRIME, "`": Kind.PRIME},
    **{"=": Kind.EQUALS, ":=": Kind.EQUALS, "≡": Kind.EQUALS, "≔": Kind.EQUALS, "==": Kind.SAME},
    **{"!=": Kind.DIFFERENT, "≠": Kind.DIFFERENT, "<": Kind.LESS, "<=": Kind.LESS_EQUAL, "≤": Kind.LESS_EQUAL},
    **{"≦": Kind.LESS_EQUAL, ">": Kind.GREATER, ">=": Kind.GREATER_EQUAL, "≥": Kind.GREATER_EQUAL},
    **{"(": Kind.OPEN, ")": Kind.CLOSE, "[": Kind.LIST_OPEN, "]": Kind.LIST_CLOSE},
    **{"{": Kind.GROUP_OPEN, "}": Kind.GROUP_CLOSE, "⟨": Kind.ANGLE_OPEN, "⟩": Kind.ANGLE_CLOSE},
    **{"⟦": Kind.LIST_OPEN, "⟧": Kind.LIST_CLOSE, "|": Kind.BAR, "∣": Kind.BAR, "||": Kind.NORM, "‖": Kind.NORM},
    **{"∥": Kind.NORM, "∂": Kind.PARTIAL, "∇": Kind.NABLA, "∑": Kind.SUM, "∏": Kind.SUM, "∈": Kind.ELEMENT},
    **{",": Kind.COMMA, ";": Kind.SEMICOLON, ":": Kind.COLON, ".": Kind.SEPARATOR, "&": Kind.CELL},
    **{"...": Kind.DOTS, "…": Kind.DOTS, "⋯": Kind.DOTS, "⋮": Kind.DOTS, "⋱": Kind.DOTS},
    **{"->": Kind.ARROW, "→": Kind.ARROW, "=>": Kind.SEPARATOR, "⇒": Kind.SEPARATOR, "⟹": Kind.SEPARATOR},
    **{"⇔": Kind.SEPARATOR, "∴": Kind.SEPARATOR, "∵": Kind.SEPARATOR, "∀": Kind.SEPARATOR, ".T": Kind.TRANSPOSE},
    **{"⊤": Kind.TRANSPOSE, "⊺": Kind.TRANSPOSE},
}
SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᶿ"
SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₔₕₖₗₘₙₚₛₜᵢᵣᵤᵥⱼᵦᵧᵨᵩᵪ"

#: Words that begin a condition, words that mean the remaining case, and words that join two statements.
CONDITION_WORDS = frozenset("if for when falls wenn für fuer iff whenever sofern si dla gdy".split())
OTHERWISE_WORDS = frozenset("otherwise else sonst ansonsten andernfalls elsewhere sinon przypadku иначе".split())
LINKING_WORDS = frozenset(
    "and with where so thus hence then therefore or und mit also daher somit dann because since as by from using bzw"
    " that let we have".split()
)
REMARK_WORDS = CONDITION_WORDS | OTHERWISE_WORDS | LINKING_WORDS

_MORE_FUNCTIONS = (
    "exp log ln max min tr diag vec softmax tanh sigmoid relu sgn sign trace det rank arg sum mean argmax argmin cos"
    " sin tan cot sec sinh cosh coth arctan arcsin arccos erf sqrt norm abs inner outer rot180 where row_sum"
)


@cache
def known_functions() -> frozenset[str]:
    """The functions that need no declaration."""
    from jacobians.functions import ALIASES
    from jacobians.ops import OPS

    return frozenset((*OPS, *ALIASES, *_MORE_FUNCTIONS.split()))
