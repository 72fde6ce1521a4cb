"""The judge: one equation, evaluated in every instance and reading that it may be meant in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from jacobians.claims import filled
from jacobians.claims.bindings import Reading, Scope
from jacobians.claims.compare import DIFFERENT, SAME, Comparison, Entry, FreeIndex, Mismatch, compare
from jacobians.claims.context import Settings
from jacobians.claims.conventions import alternatives
from jacobians.claims.einstein import with_sums
from jacobians.claims.errors import ClaimError, NotUnderstood, OutsideLabels
from jacobians.claims.evaluator import Evaluator
from jacobians.claims.instance import DRAWS, Configuration
from jacobians.claims.instances import CONFIGURATIONS, Instances
from jacobians.claims.letters import index_letters
from jacobians.claims.products import elementwise_signs, scaled_by
from jacobians.claims.special import special_cases
from jacobians.claims.values import Value
from jacobians.claims.verdicts import Evidence, Link
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.to_plain import to_plain

#: Derivatives whose reading is tried both ways; more would be too many combinations.
MOST_READINGS = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one equation under one reading."""

    equal: bool
    evidence: Evidence = field(default_factory=Evidence)
    entry: Entry | None = None
    error: ClaimError | None = None
    notes: tuple[str, ...] = ()
    failed: str = ""


@dataclass(slots=True)
class Judge(Instances):
    """Judges the claims of one context; values are kept from one claim to the next."""

    #: The conditions that lines are claimed under, see `claims.conditions`.
    given: dict[int, tuple[t.Tree, t.Comparison]] = field(default_factory=dict)
    _special: list[tuple[str, Judge]] | None = None

    # ----- one equation -----

    def link(self, left: t.Tree, right: t.Tree) -> Link:
        """The verdict on left = right."""
        outcome = self.outcome(left, right)
        if outcome.equal:
            return Link("true", right, "", (*outcome.notes, *self.total(left, right)), outcome.evidence)
        if isinstance(outcome.error, NotUnderstood):
            return Link("not understood", right, outcome.error.message, span=outcome.error.span)
        if (found := self.direct(left, right)) is not None:
            return Link("true", right, "", found.notes, found.evidence)
        names = []
        for convention in alternatives(self.context, left, right):
            other = self.outcome(left, right, settings=convention.settings)
            if other.equal:
                names.append(convention.name)
        if not names and isinstance(outcome.error, Mismatch) and self.is_diagonal(left, right):
            names.append("the Jacobian of an elementwise function is written as the vector of its diagonal")
        if names:
            reason = f"true where {' or '.join(names)}; {self._why(outcome)} otherwise"
            return Link("layout", right, reason, outcome.notes, outcome.evidence, outcome.entry, convention=names[0])
        error = outcome.error
        status = "ill-formed" if error is not None and not isinstance(error, Mismatch) else "false"
        reason = error.message if error is not None else outcome.failed
        if error is None and (case := self.special_case(left, right)):
            reason = f"{reason}; it holds where {case}"
        span = error.span if error is not None else None
        return Link(status, right, reason, outcome.notes, outcome.evidence, outcome.entry, span)  # type: ignore[arg-type]

    def is_diagonal(self, left: t.Tree, right: t.Tree) -> bool:
        """Whether the left side is a diagonal matrix, and the right side the vector of its diagonal."""
        diagonal = t.Call("diag", (left,), span=left.span)
        return self.corrected(diagonal, right) and self.corrected(left, t.Call("diag", (diagonal,), span=left.span))

    def special_case(self, left: t.Tree, right: t.Tree) -> str:
        """The usual activation or loss for which left = right holds although it fails in general; else empty."""
        if self._special is None:
            self._special = [(case, Judge(context)) for case, context in special_cases(self.context)]
        found: list[str] = []
        for case, judge in self._special:
            if len(found) < 2 and not any(case.startswith(known) for known in found) and judge.corrected(left, right):
                found.append(case)
        return ", or where ".join(found)

    def _why(self, outcome: Outcome) -> str:
        return outcome.error.message if outcome.error is not None else "the numbers differ"

    def holds(self, left: t.Tree, right: t.Tree) -> bool:
        """Whether left = right in the document's own conventions, in some reading of its derivatives."""
        return self.outcome(left, right).equal or self.direct(left, right) is not None

    # ----- for the red pen -----

    def corrected(self, left: t.Tree, right: t.Tree) -> bool:
        """Whether left = right in every instance; most that are not fail in the first, and are looked at no further."""
        return self.outcome(left, right).equal

    def refusal(self, left: t.Tree, right: t.Tree) -> str:
        """Why left = right has no truth value; empty where it has one."""
        error = self.outcome(left, right, quick=True).error
        return "" if error is None else error.message

    # ----- readings -----

    def direct(self, left: t.Tree, right: t.Tree, settings: Settings | None = None) -> Outcome | None:
        """The reading of some derivatives as direct ones under which the equation holds, with a note; else None."""
        if self.context.settings.derivatives == "total":
            return None
        derivatives = self._ambiguous(left, right)
        if not derivatives or len(derivatives) > MOST_READINGS:
            return None
        for count in range(1, len(derivatives) + 1):
            for chosen in combinations(derivatives, count):
                outcome = self.outcome(left, right, Reading(frozenset(chosen)), settings)
                if outcome.equal:
                    names = ", ".join(to_plain(d) for d in chosen)
                    note = f"{names} is read as the direct partial derivative: all else in its equation is held fixed"
                    return replace(outcome, notes=(*outcome.notes, note))
        return None

    def total(self, left: t.Tree, right: t.Tree) -> Iterator[str]:
        """A note for every derivative that has to be total for the equation to hold."""
        if self.context.settings.derivatives != "either":
            return
        for tree in self._ambiguous(left, right):
            if not self.outcome(left, right, Reading(frozenset((tree,))), quick=True).equal:
                yield f"{to_plain(tree)} is read as the total derivative: what depends on the variable varies with it"

    def _ambiguous(self, left: t.Tree, right: t.Tree) -> list[t.Tree]:
        """The derivatives whose total and direct values differ, where the variable stands in the equation itself."""
        found: dict[t.Tree, None] = {}
        for tree in (*left.walk(), *right.walk()):
            if isinstance(tree, c.Partial):
                found.setdefault(tree)
        return [tree for tree in found if self._differs(tree)]

    def _differs(self, tree: t.Tree) -> bool:
        ev = self.first()
        letters = index_letters(self.context, tree)
        for labels in self.labels(tree, tree):
            scope = Scope(tuple(sorted(labels.items())), tuple((x, x) for x in letters))
            try:
                with np.errstate(all="ignore"):
                    ev.start(scope, tree)
                    total = ev.value(tree, scope)
                    direct = self._read(ev, Reading(frozenset((tree,)))).value(tree, scope)
                if np.any(direct.array) and not compare(total, direct, letters).equal:
                    return True
            except ClaimError:
                continue
        return False

    def _read(self, ev: Evaluator, reading: Reading) -> Evaluator:
        """The evaluator under another reading; the values of named quantities are the same."""
        return replace(ev, reading=reading, _cache={}, _caches={})

    # ----- instances -----

    def outcome(
        self,
        left: t.Tree,
        right: t.Tree,
        reading: Reading | None = None,
        settings: Settings | None = None,
        quick: bool = False,
    ) -> Outcome:
        """Both sides in every instance and for every value of the free labels; the first difference ends it."""
        if (settings or self.context.settings).star != "elementwise":
            left, right = elementwise_signs(left), elementwise_signs(right)
            reading = reading and Reading(frozenset(map(elementwise_signs, reading.direct)))
        if self.context.settings.sums == "Einstein":
            left, right = with_sums(self.context, left, right)
        before = Outcome(True)
        for configuration in CONFIGURATIONS[:1] if quick or self.context.is_concrete else CONFIGURATIONS:
            found = self._in_every_layer(before, left, right, configuration, reading, settings)
            if not found.equal:
                return found
            seen = (*before.evidence.instances, configuration)
            before = replace(found, evidence=replace(found.evidence, instances=seen))
        return before

    def _in_every_layer(
        self,
        before: Outcome,
        left: t.Tree,
        right: t.Tree,
        configuration: Configuration,
        reading: Reading | None,
        settings: Settings | None,
    ) -> Outcome:
        """Both sides for every value of the free labels, added to what came `before`."""
        count, largest, notes, done = before.evidence.points, before.evidence.deviation, dict.fromkeys(before.notes), 0
        outside: OutsideLabels | None = None
        misfit: tuple[ClaimError, str] | None = None
        for labels in self.labels(left, right):
            try:
                result, extra = self._compare(left, right, configuration, labels, reading, settings)
            except OutsideLabels as error:
                outside = error
                continue
            except FreeIndex as error:
                return Outcome(False, error=error, entry=error.result.entry)
            except ClaimError as error:
                misfit = misfit or (error, _labels(labels))
                if not labels or isinstance(error, NotUnderstood) or done:
                    break
                continue  # sizes that fit for some layers only: the claim has a meaning, and is wrong for others
            done += 1
            if misfit:
                break
            count, largest = count + DRAWS, max(largest, result.deviation)
            notes.update(extra)
            if not result.equal:
                failed = "the numbers differ" + (f" at {_labels(labels)}" if labels else "")
                evidence = Evidence(count, (configuration,), largest)
                return Outcome(False, evidence, result.entry, None, tuple(notes), failed)
        if misfit is not None and done:
            return Outcome(False, Evidence(count), failed=f"not for every layer: {misfit[0].message} (at {misfit[1]})")
        if misfit is not None:
            return Outcome(False, error=misfit[0])
        if not done:
            return Outcome(False, error=NotUnderstood(outside.message if outside else "no layer fits", right))
        return Outcome(True, Evidence(count, before.evidence.instances, largest), None, None, tuple(notes))

    def _compare(
        self,
        left: t.Tree,
        right: t.Tree,
        configuration: Configuration,
        labels: Mapping[str, int],
        reading: Reading | None,
        settings: Settings | None,
    ) -> tuple[Comparison, dict[str, None]]:
        result, notes = self._at(left, right, configuration, labels, reading, settings, False, False)
        if np.isnan(result.deviation):  # a logarithm or root of a negative number: only positive points count
            result, notes = self._at(left, right, configuration, labels, reading, settings, True, False)
            notes["compared where all free quantities are positive"] = None
            if np.isnan(result.deviation):
                raise NotUnderstood(
                    "the values are not finite at the points that were tried; say what is positive", right
                )
        if SAME <= result.deviation <= DIFFERENT:
            try:
                result, _ = self._at(left, right, configuration, labels, reading, settings, False, True)
            except NotUnderstood:
                raise NotUnderstood(
                    f"the sides differ by {result.deviation:.0e}, which may be rounding or a mistake", right
                ) from None
        return result, notes

    def _at(
        self,
        left: t.Tree,
        right: t.Tree,
        configuration: Configuration,
        labels: Mapping[str, int],
        reading: Reading | None,
        settings: Settings | None,
        positive: bool,
        precise: bool,
    ) -> tuple[Comparison, dict[str, None]]:
        ev = self.evaluator(configuration, settings or self.context.settings, positive, precise)
        if reading is not None:
            ev = self._read(ev, reading)
        letters = index_letters(self.context, left, right)
        scope = Scope(tuple(sorted(labels.items())), tuple((x, x) for x in letters))
        with np.errstate(all="ignore"):
            ev.start(scope, left, right)
            a = ev.value(left, scope)
            b = ev.value(right, scope)
            a, b = filled.equated(left, a, b), filled.equated(right, b, a)
            if (given := self.given.get(id(left)) or self.given.get(id(right))) is not None:
                a, b = _where(ev.value(t.Iverson(given[1]), scope), a, b)
        result = compare(a, b, letters, ev.settings.indices)
        parts = (*left.walk(), *right.walk()) if ev.notes else ()
        notes: dict[str, None] = {ev.notes[part]: None for part in parts if part in ev.notes}
        if result.by_entries:
            notes[result.by_entries] = None
        return result, notes


def _where(mask: Value, *sides: Value) -> Iterator[Value]:
    """Both sides, zero where a condition does not hold.

    Raises:
        OutsideLabels: it holds nowhere; NotUnderstood: it is about what has other axes.
    """
    if any(mask.shape != side.shape[: mask.rank] for side in sides):
        raise NotUnderstood("the condition is about arrays of other shapes; write it with indices")
    if not mask.array.any():
        raise OutsideLabels("the condition holds nowhere")
    return (scaled_by(side, mask) for side in sides)


def _labels(labels: Mapping[str, int]) -> str:
    return ", ".join(f"{letter} = {n}" for letter, n in labels.items())
