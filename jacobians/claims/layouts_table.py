"""The conventions by name: what each means, who uses it, and what a reader loses who takes one for another."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jacobians.claims.context import Settings
from jacobians.errors import unknown


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One convention: its name as it is typed, what it means, who uses it, and the setting that it is."""

    key: str
    value: str
    meaning: str
    users: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What a formula leaves open: the field of `Settings`, the conventions that answer it, what is at stake."""

    setting: str
    name: str
    stake: str
    choices: tuple[Choice, ...]

    def usual(self, settings: Settings) -> Choice:
        """The choice that a document makes which says nothing else; one that says so makes its own."""
        value = getattr(settings, self.setting)
        value = "strict mixed" if value == "mixed" else value
        return next((choice for choice in self.choices if choice.value == value), self.choices[0])


LAYOUT = Question(
    "layout",
    "layout of derivatives",
    "Two layouts differ by a transpose: a factor that is copied from a text of another layout, without transposing it, "
    "gives a wrong gradient that still has the right size wherever a matrix is square.",
    (
        Choice(
            "mixed",
            "strict mixed",
            "Jacobians have outputs as rows, inputs as columns; the gradient of a number has the shape of the variable",
            ("Goodfellow, Bengio & Courville", "Bishop (PRML)", "Petersen & Pedersen", "MATLAB (jacobian, gradient)"),
        ),
        Choice(
            "denominator",
            "denominator",
            "Jacobians have inputs as rows, outputs as columns; the gradient of a number has the shape of the variable",
            ("SymPy (diff of matrix expressions)",),
        ),
        Choice(
            "numerator",
            "numerator",
            "Jacobians have outputs as rows, inputs as columns; the gradient of a number has the transposed shape",
            ("Magnus & Neudecker", "Parr & Howard"),
        ),
        Choice(
            "row-gradients",
            "row gradients",
            "Jacobians have outputs as rows; the gradient by a vector is a row, by a matrix it has the matrix's shape",
            ("Deisenroth, Faisal & Ong (MML)",),
        ),
        Choice(
            "function-first",
            "mixed",
            "the axes of the output stand before those of the input; the gradient by a vector has one axis, "
            "neither row nor column",
            ("PyTorch", "JAX", "TensorFlow"),
        ),
        Choice(
            "variable-first",
            "variable first",
            "the axes of the input stand before those of the output; the gradient by a vector has one axis, "
            "neither row nor column",
            ("SymPy (derive_by_array)",),
        ),
    ),
)

VECTORS = Question(
    "vectors",
    "columns or rows",
    "For rows every product stands in the other order, and W is the transpose of the W for columns: "
    "code that multiplies samples as rows cannot be taken from a formula for columns as it stands.",
    (
        Choice(
            "columns",
            "columns",
            "vectors and samples are columns: W x",
            ("Goodfellow, Bengio & Courville", "Bishop (PRML)", "Nielsen", "Petersen & Pedersen"),
        ),
        Choice("rows", "rows", "vectors and samples are rows: x W", ("Keras (Dense)", "Flax (Dense)")),
    ),
)

VEC = Question(
    "vec",
    "order of vec",
    "The same numbers stand in another order: Kronecker factors swap, and a vector stacked the other way fits in size.",
    (
        Choice(
            "column-vec",
            "column",
            "vec stacks the columns of a matrix",
            ("Magnus & Neudecker", "Petersen & Pedersen", "MATLAB, Julia, R, Fortran"),
        ),
        Choice(
            "row-vec", "row", "vec stacks the rows of a matrix", ("NumPy (ravel)", "PyTorch (flatten)", "JAX (ravel)")
        ),
    ),
)

OTIMES = Question(
    "otimes",
    "meaning of ⊗",
    "The numbers are the same: the outer product of two vectors is a matrix, their Kronecker product a vector.",
    (
        Choice("outer-product", "outer product", "⊗ is the outer product", ("Deisenroth, Faisal & Ong (MML)",)),
        Choice(
            "Kronecker",
            "Kronecker",
            "⊗ is the Kronecker product",
            ("Magnus & Neudecker", "Petersen & Pedersen", "NumPy (kron)"),
        ),
    ),
)

QUESTIONS = (LAYOUT, VECTORS, VEC, OTIMES)
CHOICES = {choice.key: choice for question in QUESTIONS for choice in question.choices}
QUESTION_OF = {choice: question for question in QUESTIONS for choice in question.choices}

#: A choice for every question.
Conventions = tuple[Choice, ...]


def choice_named(name: str, where: str) -> Choice:
    """The convention of a name.

    Raises:
        InputError: there is no such convention.
    """
    found = {key.lower(): choice for key, choice in CHOICES.items()}.get(name.lower())
    if found is None:
        raise unknown(where, "convention", name, CHOICES)
    return found


def usual(settings: Settings) -> Conventions:
    """The conventions of a document, as far as it states them, and else the usual ones."""
    return tuple(question.usual(settings) for question in QUESTIONS)


def chosen(conventions: Conventions, choice: Choice) -> Conventions:
    """The conventions with one answer changed."""
    return tuple(choice if QUESTION_OF[old] is QUESTION_OF[choice] else old for old in conventions)


def answer(conventions: Conventions, question: Question) -> Choice:
    """The choice for one question."""
    return conventions[QUESTIONS.index(question)]


def settings_of(conventions: Conventions, own: Settings) -> Settings:
    """The settings to evaluate with; whether vectors are rows is a matter of the formula, see `layouts_rows`."""
    values = {QUESTION_OF[choice].setting: choice.value for choice in conventions if QUESTION_OF[choice] is not VECTORS}
    return replace(own, **values)  # type: ignore[arg-type]
