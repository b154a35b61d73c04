"""What the faults have in common: a meeting to sign up for, and what must be true of it afterwards."""

from __future__ import annotations

import re
from collections import Counter

from sqlalchemy import func, select

from liaison_app.core.db import db, transaction
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import Meeting
from liaison_app.signups.kinds import SignUpState
from liaison_app.signups.models import SignUp
from tests.factories.scheduling import make_meeting
from tests.parts.installations import Citizen, Installation

TOLD = {"seat", "waiting"}


def open_meeting(installation: Installation, seats: int = 10) -> str:
    """Publish a meeting with so many seats and return its code."""
    with installation.inside(), transaction():
        return make_meeting(seats={RoleCode.CITIZEN: seats}).code


def citizens_of(installation: Installation, code: str, number: int, first: int = 0) -> list[Citizen]:
    """Let so many people open the form."""
    citizens = [Citizen(installation.address, code, first + n) for n in range(number)]
    for citizen in citizens:
        citizen.come()
    return citizens


def check_books(installation: Installation, citizens: list[Citizen], seats: int) -> Counter[str]:
    """Fail where somebody was told what the books do not hold, or the books hold what cannot be; return what was told.

    Inv1: who was told of a place has exactly one row; nobody has two; no more seats are given than there are.
    """
    with installation.inside():
        rows = Counter(db.session.scalars(select(SignUp.name)))
        given = db.session.scalar(
            select(func.count()).select_from(SignUp).where(SignUp.state == SignUpState.CONFIRMED)
        )
        waiting = db.session.scalar(
            select(func.count()).select_from(SignUp).where(SignUp.state == SignUpState.WAITING)
        )
        assert db.session.scalar(select(func.count()).select_from(Meeting)) == 1
    lost = [one.name for one in citizens if one.told in {*TOLD, "ticket"} and rows[one.name] != 1]
    assert lost == []
    assert max(rows.values(), default=0) <= 1
    assert given <= seats
    assert given == seats or not waiting, "somebody waits beside a free seat"
    return Counter(one.told for one in citizens)


def try_again(citizens: list[Citizen]) -> None:
    """Let everybody who was told of no place send the same form again, or look at the ticket."""
    for citizen in citizens:
        if citizen.told not in TOLD:
            citizen.hand_in()


def traces(installation: Installation) -> list[str]:
    """Return what stands in the log of an error that nobody foresaw."""
    return re.findall(r".*(?:Traceback|\"error\": \[|\"status\": 500).*", installation.said())
