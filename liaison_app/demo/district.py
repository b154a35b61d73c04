"""The demo district: places and offices as they are, people invented, the same on every machine.

Pure data; whoever loads it walks from top to bottom. Things point at each other by `key`.
"""

from datetime import date

from .accounts import ACCOUNTS
from .coming import coming
from .days import Days, IsWorkday, is_office_day
from .deputies import DEPUTIES, DEPUTY_POSTS, OUTSIDE
from .errors import TooEarly
from .guests import GUESTS
from .held import HELD_2024
from .officials import OFFICIAL_POSTS, OFFICIALS
from .orgs import ALIASES, BODIES, BUREAUS
from .recent import recent
from .stations import STATION_UNITS, STATIONS
from .values import Meeting

__all__ = [
    "ACCOUNTS", "ALIASES", "BUREAUS", "DEPUTIES", "GUESTS", "HELD_2024", "OFFICIALS", "OUTSIDE", "PEOPLE",
    "POSTS", "STATIONS", "UNITS", "meetings",
]  # fmt: skip

EARLIEST = date(2025, 3, 1)

UNITS = BODIES + STATION_UNITS
PEOPLE = OFFICIALS + DEPUTIES + OUTSIDE
POSTS = OFFICIAL_POSTS + DEPUTY_POSTS


def meetings(at: date, is_workday: IsWorkday = is_office_day) -> tuple[Meeting, ...]:
    """Return all meetings of a demo that stands on the day `at`: those of 2024, then those around it by date.

    `is_workday` says on which days meetings may lie; it must say yes again and again.
    Raises: TooEarly before 1 March 2025, where both would lie on top of each other.
    """
    if at < EARLIEST:
        raise TooEarly(EARLIEST)
    days = Days(at, is_workday)
    return HELD_2024 + recent(days) + coming(days)
