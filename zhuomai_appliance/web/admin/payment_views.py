"""What the counter's page shows: plain values, ready to print. Times are UTC epoch seconds, money fen."""

from __future__ import annotations

from dataclasses import dataclass

from zhuomai_appliance.web.admin.views import Badge


@dataclass(frozen=True, slots=True)
class OfferLine:
    """One service that may be sold. ``price_fen`` None is for an amount that the payer names."""

    url: str
    name: str
    note: str
    price_fen: int | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the consequence: what is now and what will be; ``moved`` since the page that was sent."""

    label: str
    now: str
    then: str = ""
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Bill:
    """What is due and what it does. ``hidden`` goes back with the form, so that nothing is done unseen.

    ``wallet_label`` and ``wallet_note`` belong to paying from the wallet; an empty label offers cash alone.
    """

    action: str
    title: str
    due_fen: int
    moved: bool
    changes: tuple[Change, ...]
    hidden: tuple[tuple[str, str], ...]
    cash_label: str
    wallet_label: str = ""
    wallet_note: str = ""
    memo: str = ""


@dataclass(frozen=True, slots=True)
class PayView:
    """The counter for one person: the choice at the left, the consequence at the right."""

    username: str
    full_name: str
    person_url: str
    badge: Badge
    balance_fen: int
    offers: tuple[OfferLine, ...]
    recharging: bool
    amount: str
    amount_problem: str
    bill: Bill | None
    problem: str = ""
    cannot: str = ""
