"""Proof of the reports' books: made anew from the ledger they are what is kept, posting by posting."""

from __future__ import annotations

from collections.abc import Iterator

from zhuomai_appliance.flows.report_books import figures_of
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.store import network, report_books
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.report_books import StoredFigure
from zhuomai_appliance.store.verify import Proof

_PAGE = 1000


def prove_reports(reader: Reader) -> Proof:
    """Compare every figure with the posting that it comes from, and every day's sum with its figures."""
    faults = (*_figures(reader), *report_books.disagreements(reader))
    return Proof("reports", f"figures up to posting {report_books.mark(reader)}, made anew", faults)


def _figures(reader: Reader) -> Iterator[str]:
    zones = {project.id: Zone(project.zone) for project in network.projects(reader)}
    after, last = 0, report_books.mark(reader)
    while after < last:
        found = [one for one in report_books.postings_after(reader, after, _PAGE) if one.posting_id <= last]
        upto = found[-1].posting_id if len(found) == _PAGE else last
        made = {_key(figure): figure for one in found for figure in figures_of(one, zones[one.project_id])}
        kept = {_key(figure): figure for figure in report_books.figures_between(reader, after, upto)}
        for key in sorted(made.keys() | kept.keys()):
            yield from _compare(made.get(key), kept.get(key))
        after = upto


def _key(figure: StoredFigure) -> tuple[int, str, str]:
    return figure.posting_id, figure.measure, figure.subject


def _compare(made: StoredFigure | None, kept: StoredFigure | None) -> Iterator[str]:
    """What the posting itself says must be kept; a group or channel that changed later stays as it was then."""
    one = made or kept
    if one is None or (made and kept and (made.day, made.amount_fen) == (kept.day, kept.amount_fen)):
        return
    said = "nothing" if made is None else f"{made.amount_fen} fen on day {made.day}"
    stands = "nothing" if kept is None else f"{kept.amount_fen} fen on day {kept.day}"
    name = f"{one.measure} {one.subject}".rstrip()
    yield f"posting {one.posting_id} means {said} of {name}; the reports keep {stands}"
