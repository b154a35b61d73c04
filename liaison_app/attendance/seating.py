"""Who sits where (座次), as numbers and names; pure.

The first sits in the middle, the second at the first's left hand, and so on by turns (左为上). Where an even number sits
in a row there are two habits: the second at the first's left hand as ever, or the first at the second's left hand. Which
of the two is the house's own, DOMAIN (座次图).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

from liaison_app.core.errors import N_
from liaison_app.scheduling.kinds import RoleCode

Someone = TypeVar("Someone")


class Layout(StrEnum):
    STAGE = "stage"
    FACING = "facing"


class Even(StrEnum):
    """How an even row is seated, named by what eight seats look like from the room."""

    SECOND_LEFT = "75312468"
    FIRST_LEFT = "86421357"


LAYOUT_NAMES = {Layout.STAGE: N_("主席台"), Layout.FACING: N_("面对面")}
EVEN_NAMES = {Even.SECOND_LEFT: "7 5 3 1 2 4 6 8", Even.FIRST_LEFT: "8 6 4 2 1 3 5 7"}
USUAL_IN_ROW, ROW_WIDTHS = 8, (4, 6, 8, 10, 12)
# At a long table these sit on the congress's side; everybody else of the table sits across.
CONGRESS = frozenset(
    {RoleCode.CHAIR, RoleCode.SC_LEADER, RoleCode.DEPUTY, RoleCode.COUNCIL_CITIZEN, RoleCode.RECORDER}
)


def ranks(number: int, even: Even = Even.SECOND_LEFT) -> list[int]:
    """Return the ranks of a row of so many seats as they are seen from the room, from left to right.

    The left hand of who sits there is at the right of who looks.
    """
    odd, paired = list(range(1, number + 1, 2)), list(range(2, number + 1, 2))
    if number % 2 == 0 and even == Even.FIRST_LEFT:
        return [*reversed(paired), *odd]
    return [*reversed(odd), *paired]


def row(people: Sequence[Someone], even: Even, *, from_behind: bool = False) -> list[tuple[int, Someone]]:
    """Seat people, who come in their rank, in one row: (rank, who) from left to right.

    `from_behind`: they sit with their backs to who looks.
    """
    seated = [(rank, people[rank - 1]) for rank in ranks(len(people), even)]
    return seated[::-1] if from_behind else seated


def rows(people: Sequence[Someone], in_row: int) -> list[list[Someone]]:
    """Seat the room in rows, as people come."""
    return [list(people[first : first + in_row]) for first in range(0, len(people), in_row)]
