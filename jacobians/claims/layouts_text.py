"""The layout detective's report as text: question by question, what is right, what is wrong and how it would read."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from jacobians.claims.layouts_report import Finding, LayoutReport
from jacobians.claims.layouts_table import Choice, Conventions, Question, answer, chosen
from jacobians.claims.report_rows import MARKS
from jacobians.claims.report_strings import one_line, visible
from jacobians.claims.report_text import PROSE, STYLES


def print_layouts(out: Console, report: LayoutReport) -> None:
    """The report: on a terminal with marks and colours, in a pipe with words."""
    out.print(Text(visible(one_line(report.text)), style="bold"), soft_wrap=True)
    out.print(Text(summary(report)), soft_wrap=True)
    if report.taken:
        out.print(Text(visible(f"taken as: {', '.join(report.taken)}"), style="dim"), soft_wrap=True)
    for question in report.questions:
        _print_question(out, report, question)
    if others := elsewhere(report):
        out.print(Text(f"\nalso right in: {'; '.join(others)}"), soft_wrap=True)


def summary(report: LayoutReport) -> str:
    """One line: where it is right."""
    if report.found is None:
        reason = report.findings[0].reason
        return f"right in no convention: {reason}; `jacobians check` looks for the mistake"
    if not report.questions:
        return "right in every layout"
    found = report.found
    names = [", ".join(x.key for x, f in answers(report, q, found) if f.right) for q in report.questions]
    return f"right in: {'; '.join(names)}"


def answers(report: LayoutReport, question: Question, start: Conventions) -> Iterator[tuple[Choice, Finding]]:
    """The verdict for every answer to one question, the others answered as at the start."""
    by_conventions = {finding.conventions: finding for finding in report.findings}
    for choice in question.choices:
        if (finding := by_conventions.get(chosen(start, choice))) is not None:
            yield choice, finding


def elsewhere(report: LayoutReport) -> list[str]:
    """Combinations it is right in that differ in more than one answer from those that are shown."""
    if report.found is None:
        return []
    near = {f.conventions for q in report.questions for _, f in answers(report, q, report.found)}
    far = [finding for finding in report.right if finding.conventions not in near]
    usual = [f for f in far if not _differ_by_right_answers(report, f)]
    return [report.names(finding) for finding in usual]


def _differ_by_right_answers(report: LayoutReport, finding: Finding) -> bool:
    """Whether every answer by itself is right, so that nothing new is said."""
    assert report.found is not None
    right = {x for q in report.questions for x, f in answers(report, q, report.found) if f.right}
    return all(answer(finding.conventions, q) in right for q in report.questions)


def _print_question(out: Console, report: LayoutReport, question: Question) -> None:
    """What is open, the verdict for every answer, what is right first, and what is at stake."""
    start = report.found or report.findings[0].conventions
    out.print(Text(f"\n{question.name}", style="bold"))
    groups: dict[tuple[bool, tuple[str, ...]], list[tuple[Choice, Finding]]] = {}
    for choice, finding in answers(report, question, start):
        groups.setdefault((not finding.right, tuple(_said(report, finding))), []).append((choice, finding))
    width = max(len(choice.key) for choice in question.choices)
    for key in sorted(groups, key=lambda key: key[0]):
        for choice, finding in groups[key]:
            _print_answer(out, choice, finding, width)
        for said in key[1]:
            out.print(Text(f"      {visible(said)}"), soft_wrap=True)
    for line in Text(question.stake if report else "").wrap(out, min(out.width, PROSE) - 2):
        line.rstrip()
        out.print(Text("  ") + line, style="dim", soft_wrap=True)


def _said(report: LayoutReport, finding: Finding) -> Iterator[str]:
    """Why it is wrong there, and how it reads there."""
    name = report.names(finding)
    if finding.reason:
        yield finding.reason
    if name in report.forms:
        yield f"there: {one_line(report.forms[name])}"
    elif name in report.problems:
        yield report.problems[name]


def _print_answer(out: Console, choice: Choice, finding: Finding, width: int) -> None:
    word = "right" if finding.right else finding.status
    mark = MARKS[finding.status] if out.is_terminal else f"{word:<14}"
    head = Text.assemble("  ", (mark, STYLES[finding.status]), f"  {choice.key:<{width}}  ")
    head.append("; ".join(choice.users), style="dim").rstrip()
    out.print(head, soft_wrap=True)
