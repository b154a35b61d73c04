"""What is decided about meetings without a database."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from liaison_app.scheduling import rules
from liaison_app.scheduling.kinds import MeetingState, RoleCode

NINE = datetime(2026, 11, 20, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def span(start: float, end: float) -> rules.Span:
    return NINE + start * HOUR, NINE + end * HOUR


@dataclass
class Meeting:
    state: MeetingState = MeetingState.PUBLISHED
    is_public: bool = True
    starts_at: datetime = NINE
    ends_at: datetime = NINE + 2 * HOUR
    first_starts_at: datetime = NINE
    signup_opens_at: datetime | None = None
    signup_closes_at: datetime | None = None
    pools: list = field(default_factory=lambda: [SimpleNamespace(role=RoleCode.CITIZEN, seats=4)])


@pytest.mark.parametrize("kind", ["room", "person"])
@pytest.mark.parametrize("id", [1, 7, 250_000])
def test_a_ledger_number_leads_back_to_its_room_or_person(kind, id):
    number = {"room": rules.room_resource, "person": rules.person_resource}[kind](id)
    assert rules.resource_parts(number) == (kind, id)


@pytest.mark.parametrize(
    ("one", "other", "do"),
    [((0, 2), (2, 3), False), ((0, 2), (1, 3), True), ((1, 2), (0, 3), True), ((0, 1), (0, 1), True)],
)
def test_spans_that_only_touch_do_not_overlap(one, other, do):
    assert rules.overlaps(span(*one), span(*other)) is do
    assert rules.overlaps(span(*other), span(*one)) is do


def test_free_starts_are_nearest_first_inside_the_windows_and_on_nobodys_time():
    found = rules.free_starts([span(0, 2)], span(0, 1), [span(-1, 4)], limit=3)
    assert found == [NINE - HOUR, NINE + 2 * HOUR, NINE + 2.25 * HOUR]


def test_the_wanted_time_itself_is_no_suggestion():
    assert NINE not in rules.free_starts([], span(0, 1), [span(-1, 3)], limit=50)


def test_suggestions_are_spread_out():
    starts = [NINE + n * timedelta(minutes=15) for n in range(20)]
    assert rules.spread(starts, limit=3, apart=2 * HOUR) == [NINE, NINE + 2 * HOUR, NINE + 4 * HOUR]


@pytest.mark.parametrize(
    ("change", "now", "word"),
    [
        ({}, NINE - HOUR, "open"),
        ({"is_public": False}, NINE - HOUR, "published"),
        ({"pools": []}, NINE - HOUR, "published"),
        ({"signup_opens_at": NINE - HOUR / 2}, NINE - HOUR, "published"),
        ({"signup_closes_at": NINE - 2 * HOUR}, NINE - HOUR, "published"),
        ({"signup_closes_at": NINE - HOUR}, NINE - HOUR, "open"),
        ({"pools": [], "first_starts_at": NINE - 24 * HOUR}, NINE - HOUR, "moved"),
        ({}, NINE, "live"),
        ({}, NINE + 2 * HOUR, "published"),
        ({"state": MeetingState.CANCELLED}, NINE, "cancelled"),
        ({"state": MeetingState.DRAFT}, NINE - HOUR, "draft"),
    ],
)
def test_the_tag_of_a_meeting_follows_the_clock(change, now, word):
    assert rules.phase(Meeting(**change), now) == word


def test_the_notice_of_a_friday_meeting_must_be_out_by_the_end_of_tuesday():
    by = rules.notice_by("face_bureau", datetime(2026, 11, 20, 6, 30, tzinfo=UTC))
    assert by == datetime(2026, 11, 17, 16, tzinfo=UTC)


def test_office_windows_are_morning_and_afternoon():
    midnight = datetime(2026, 11, 19, 16, tzinfo=UTC)
    assert rules.office_windows([midnight]) == [
        (midnight + 8.5 * HOUR, midnight + 12 * HOUR),
        (midnight + 14.5 * HOUR, midnight + 18 * HOUR),
    ]
