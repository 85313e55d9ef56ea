"""The books are the same whatever the network does to a session's packets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.books import Books, a_report
from tests.vendors.examples import NOW
from zhuomai_appliance.model.access import ClosedBy, ReportKind, UsageReport
from zhuomai_appliance.policy.sessions import Ignore

TOP = 1 << 44


@dataclass(frozen=True)
class Story:
    """One session as the device lived it: its Start, its interims, its Stop."""

    reports: tuple[UsageReport, ...]

    @property
    def stop(self) -> UsageReport:
        return self.reports[-1]


@st.composite
def stories(draw: st.DrawFn, /, start: int = NOW, shortest: int = 1, **changes: Any) -> Story:
    """A session of up to six interims; the device's session time may lag by a second behind its clock."""
    steps = draw(
        st.lists(
            st.tuples(st.integers(shortest, 900), st.integers(0, TOP), st.integers(0, TOP)),
            min_size=1,
            max_size=7,
        )
    )
    reports = [a_report(ReportKind.START, at=start, **changes)]
    at, received, sent, seconds = start, 0, 0, 0
    for number, (step, more, further) in enumerate(steps, 1):
        at, received, sent = at + step, received + more, sent + further
        seconds = max(seconds, at - start - draw(st.integers(0, 1)))
        kind = ReportKind.STOP if number == len(steps) else ReportKind.INTERIM
        reports.append(
            a_report(
                kind, at=at, session_seconds=seconds, input_octets=received, output_octets=sent, **changes
            )
        )
    return Story(tuple(reports))


@st.composite
def deliveries(draw: st.DrawFn, /) -> tuple[Story, list[UsageReport]]:
    """What arrives: the Stop for certain, others perhaps, some more than once, in any order."""
    story = draw(stories())
    kept = [r for r in story.reports[:-1] if draw(st.booleans())]
    copies = draw(st.lists(st.sampled_from([*kept, story.stop]), max_size=6))
    return story, draw(st.permutations([*kept, story.stop, *copies]))


@given(deliveries())
@settings(max_examples=150)
def test_any_order_copies_and_losses(delivery: tuple[Story, list[UsageReport]]) -> None:
    """However a session's packets arrive, there is one row, closed, with the totals of the Stop, charged once.

    On the way no total is ever lower than one that was acknowledged before.
    """
    story, packets = delivery
    books = Books()
    largest = 0
    for packet in packets:
        books.record(packet)
        books.check()
        largest = max(largest, packet.input_octets)
        assert books.rows[0].input_octets >= largest
    (row,) = books.rows
    assert (row.input_octets, row.output_octets) == (story.stop.input_octets, story.stop.output_octets)
    assert row.session_seconds == story.stop.session_seconds
    assert (row.stopped_at, row.closed_by, row.cause) == (story.stop.at, ClosedBy.STOP, 1)
    assert row.started_at in {NOW, NOW + 1}
    assert row.anomalies == 0


@given(deliveries(), st.integers(0, 6))
def test_a_sweep_at_any_moment(delivery: tuple[Story, list[UsageReport]], moment: int) -> None:
    """Our own close as stale, whenever it happens, changes neither the row's number nor its final totals."""
    story, packets = delivery
    books = Books()
    for number, packet in enumerate(packets):
        books.record(packet)
        if number == moment and books.rows[0].stopped_at is None:
            books.sweep(1)
        books.check()
    (row,) = books.rows
    assert (row.input_octets, row.session_seconds) == (story.stop.input_octets, story.stop.session_seconds)
    assert row.closed_by is ClosedBy.STOP


@given(st.data())
def test_every_copy_after_the_first_delivery_is_free(data: st.DataObject) -> None:
    """Replaying a whole session, as a device does after an outage, records nothing more."""
    story: Story = data.draw(stories())
    books = Books()
    for packet in story.reports:
        books.record(packet)
    before = books.rows
    for packet in data.draw(st.permutations(story.reports)):
        assert isinstance(books.record(packet), Ignore)
    assert books.rows == before


@given(st.data())
def test_an_id_used_again_after_a_restart(data: st.DataObject) -> None:
    """Two sessions under one id, the first without its Stop: two rows, each with its own totals, nothing mixed."""
    first: Story = data.draw(stories(shortest=30))
    lived = list(first.reports[:-1])
    last = lived[-1]
    second: Story = data.draw(stories(start=last.at + data.draw(st.integers(61, 600)), shortest=30))
    books = Books()
    arrived = [
        *lived,
        *[r for r in second.reports if r.kind is not ReportKind.START or data.draw(st.booleans())],
    ]
    for packet in arrived:
        for _ in range(data.draw(st.integers(1, 2))):
            books.record(packet)
            books.check()
    told = {(r.session_seconds, r.input_octets, r.output_octets) for r in second.reports}
    if last.session_seconds and (last.session_seconds, last.input_octets, last.output_octets) not in told:
        assert [row.input_octets for row in books.rows] == [last.input_octets, second.stop.input_octets]
        assert books.rows[0].closed_by is ClosedBy.REPLACED
    # A first session that reported no use, or the very same, leaves nothing to mix up: one row may serve both.
    if len(books.rows) > 1:
        assert sum(row.input_octets for row in books.rows) == last.input_octets + second.stop.input_octets
    assert books.rows[-1].closed_by is ClosedBy.STOP


@given(st.lists(st.integers(0, 2_000_000_000), min_size=1, max_size=30), st.data())
def test_wraps_in_order_with_copies(steps: list[int], data: st.DataObject) -> None:
    """A counter of 32 bits without gigawords is followed through every turn, copies or not."""
    books = Books()
    true = 0
    for number, step in enumerate(steps, 1):
        true += step
        packet = a_report(
            at=NOW + 300 * number,
            session_seconds=300 * number,
            input_octets=true % (1 << 32),
            gigawords_sent=False,
        )
        for _ in range(data.draw(st.integers(1, 2))):
            books.record(packet)
    books.check()
    assert books.rows[0].input_octets == true
    assert books.rows[0].anomalies == 0


REPORTS = st.builds(
    a_report,
    kind=st.sampled_from([ReportKind.START, ReportKind.INTERIM, ReportKind.STOP]),
    at=st.integers(NOW - 5, NOW + 5).map(lambda n: NOW + (n - NOW) * 97),
    acct_session_id=st.sampled_from(["S1", "S2"]),
    session_seconds=st.sampled_from([0, 1, 300, 600, 0xFFFFFFFF]),
    input_octets=st.sampled_from([0, 5, 1000, 4_000_000_000, TOP]),
    output_octets=st.sampled_from([0, 7, 2000, 4_000_000_000]),
    gigawords_sent=st.booleans(),
    mac=st.sampled_from([None, "a4:5e:60:aa:bb:cc", "a4:5e:60:aa:bb:cd"]),
    class_token=st.sampled_from([b"", b"one", b"two"]),
)


@given(st.lists(REPORTS, max_size=25))
@settings(max_examples=150)
def test_nonsense_keeps_the_books_sound(reports: list[UsageReport]) -> None:
    """Whatever devices send, growth is never negative, rows stay distinct, and the charges sum to the totals."""
    books = Books()
    for report in reports:
        before = {row.id: (row.input_octets, row.output_octets, row.session_seconds) for row in books.rows}
        books.record(report)
        books.check()
        for row in books.rows:
            if row.id in before:
                now = (row.input_octets, row.output_octets, row.session_seconds)
                assert all(a <= b for a, b in zip(before[row.id], now, strict=True))
