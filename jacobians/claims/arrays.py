"""`explain`: a claimed array against the true Jacobian, with the name of the mistake.

Every explanation is computed and compared before it is offered: the array that the mistake makes of the true one is
the claim. Single mistakes come first, plain ones before unlikely ones, then two mistakes at once, then the part of the
array that is wrong. Where nothing fits, no cause is invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jacobians.claims.arrays_case import Case, Mistake
from jacobians.claims.arrays_parts import not_finite, part, rounding
from jacobians.claims.arrays_reading import EXACT, Truth, read_claim, read_truth
from jacobians.claims.arrays_report import ArrayEntry, ArrayExplanation, axes_text, entry_formula
from jacobians.claims.arrays_search import COARSE, applied, of_changed_terms, search
from jacobians.errors import shape_text

__all__ = ["ArrayEntry", "ArrayExplanation", "explain"]


def explain(
    claimed: Any, true: Any, *, out: int | None = None, at: Mapping[str, Any] | None = None
) -> ArrayExplanation:
    """Say whether `claimed` is the Jacobian `true` and, where it is not, which mistake makes the one of the other.

    `claimed` is an array, or a function that returns one: it is called without arguments, or with those in `at`.
    `true` is a Jacobian, an array with its outputs first (`out` of its axes; every split is tried where that is left
    open), or a pair (function, point), which is differentiated at the point.

    >>> import jacobians as jac
    >>> J = jac.Linear().jacobian("x", x=[1, 2, 3], W=[[1, 2, 3], [4, 5, 6]], b=[0, 1])
    >>> print(jac.explain([[1, 4], [2, 5], [3, 6]], J))
    not equal: transposed
      The inputs stand first, (i | o), as in denominator layout and in SymPy; here
      the outputs do.
      claimed    (3, 2)
      true       (2, 3)  (o | i)
      formula    W_oi
      entry      at [0, 1]: claimed 4, true 2 = W_01
      corrected  claimed.T

    Raises:
        InputError: what is no array of real numbers, has no entries, or is larger than `settings.dense_limit`; a true
            array with NaN or inf; a function that fails; an `out` that does not fit.
    """
    array, precision = read_claim(claimed, at)
    truth = read_truth(true, out)
    with np.errstate(all="ignore"):  # what is not finite is found and reported
        return _Explainer(array, truth, max(precision, truth.tolerance)).explanation()


class _Explainer:
    """One claim: the comparison, then the search for the mistake."""

    def __init__(self, claimed: Any, truth: Truth, tolerance: float) -> None:
        self.truth, self.tolerance = truth, tolerance
        self.case = Case(claimed, truth.array, truth.out, truth.names, tolerance, truth.jacobian)

    def explanation(self) -> ArrayExplanation:
        """Equal, explained, or not explained."""
        case = self.case
        scale = float(np.abs(case.true).max(initial=0.0))
        if mistake := not_finite(case.claimed, case.true, self.tolerance * scale):
            return self._wrong(mistake, None)
        deviation = self._deviation(scale)
        if deviation is not None and deviation <= self.tolerance:
            precision = f" up to {self.tolerance:.0e}, the precision of the numbers" if self.tolerance > EXACT else ""
            sentence = f"The claim is the Jacobian{precision}; the largest deviation is {deviation:.1e}."
            return self._made(True, "", sentence, deviation=deviation)
        found, notes = self._search(deviation)
        return self._wrong(found, deviation, notes)

    def _deviation(self, scale: float) -> float | None:
        if not self.case.same_shape:
            return None
        gap = float(np.abs(self.case.claimed - self.case.true).max(initial=0.0))
        return gap / scale if scale else gap

    def _search(self, deviation: float | None) -> tuple[Mistake | None, tuple[str, ...]]:
        case = self.case
        if not case.claimed.any():
            return Mistake("zero", "The claim is zero everywhere, the Jacobian is not: the input is cut off."), ()
        found = search(case)
        if found.mistake:
            return found.mistake, found.notes
        if deviation is not None and (noise := rounding(case, deviation)):
            return noise, ()
        if found.coarse:
            return found.coarse, (f"equal to the claim up to {COARSE:.0e} only, as finite differences are",)
        return part(case) or next(of_changed_terms(case), None), ()

    def _wrong(self, mistake: Mistake | None, deviation: float | None, notes: tuple[str, ...] = ()) -> ArrayExplanation:
        if mistake is None:
            return self._made(False, "", self._unexplained(), deviation=deviation)
        corrected = applied(mistake.corrected, "claimed")
        return self._made(False, mistake.name, mistake.sentence, corrected, deviation, notes)

    def _unexplained(self) -> str:
        case = self.case
        if not case.same_shape:
            expected = f"{shape_text(case.true.shape)} = {axes_text(case.names, case.out)}"
            return (
                f"The claim has the shape {shape_text(case.claimed.shape)}, {expected} was expected, and nothing that "
                "was tried makes the one of the other."
            )
        gaps = np.abs(case.claimed - case.true)
        worst = tuple(int(k) for k in np.unravel_index(int(gaps.argmax()), gaps.shape))
        wrong = int((gaps > case.allowed).sum())
        return (
            f"Nothing that was tried explains it: {wrong} of {gaps.size} entries differ. The largest deviation is "
            f"{self._entry(worst)}."
        )

    def _made(
        self,
        equal: bool,
        name: str,
        sentence: str,
        corrected: str = "",
        deviation: float | None = None,
        notes: tuple[str, ...] = (),
    ) -> ArrayExplanation:
        case = self.case
        axes = axes_text(case.names, case.out)
        entry = None if equal else self._first_entry()
        formula = str(case.jacobian) if case.jacobian is not None and not equal else ""
        shapes = case.claimed.shape, case.true.shape
        return ArrayExplanation(equal, name, sentence, *shapes, axes, formula, entry, corrected, deviation, notes)

    def _first_entry(self) -> ArrayEntry | None:
        """The first entry that differs, among those that both arrays have."""
        case = self.case
        if case.claimed.ndim != case.rank:
            return None
        both = tuple(slice(min(sizes)) for sizes in zip(case.claimed.shape, case.true.shape, strict=True))
        claimed, true = case.claimed[both], case.true[both]
        differ = ~(np.abs(claimed - true) <= self.tolerance * np.abs(case.true).max(initial=0.0))
        if not differ.any():
            return None
        return self._entry(tuple(int(k) for k in np.unravel_index(int(differ.argmax()), differ.shape)))

    def _entry(self, index: tuple[int, ...]) -> ArrayEntry:
        J = self.case.jacobian
        formula = entry_formula(J, index) if J is not None and J.shape else ""
        return ArrayEntry(index, float(self.case.claimed[index]), float(self.case.true[index]), formula)
