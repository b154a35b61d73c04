from datetime import UTC, datetime, timedelta

import pytest

from liaison_app.invitations import rules
from liaison_app.invitations.errors import MeetingOff, MeetingOver, MeetingWaits, NoLongerAsked, StaleAnswer
from liaison_app.scheduling.kinds import MeetingState

STARTS = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
ENDS = STARTS + timedelta(hours=2)


@pytest.mark.parametrize(
    ("state", "is_withdrawn", "now", "expected"),
    [
        (MeetingState.PUBLISHED, False, STARTS - timedelta(days=3), None),
        (MeetingState.PUBLISHED, False, ENDS - timedelta(seconds=1), None),
        (MeetingState.PUBLISHED, False, ENDS, MeetingOver),
        (MeetingState.PUBLISHED, True, STARTS - timedelta(days=3), NoLongerAsked),
        (MeetingState.POSTPONED, False, STARTS - timedelta(days=3), MeetingWaits),
        (MeetingState.CANCELLED, False, STARTS - timedelta(days=3), MeetingOff),
        (MeetingState.CANCELLED, True, STARTS - timedelta(days=3), NoLongerAsked),
        (MeetingState.HELD, False, ENDS, MeetingOver),
        (MeetingState.CLOSED, False, ENDS, MeetingOver),
    ],
)
def test_an_answer_is_taken_only_while_the_meeting_lies_ahead(state, is_withdrawn, now, expected):
    refusal = rules.refusal(state, ENDS, is_withdrawn=is_withdrawn, now=now)
    assert (type(refusal) if refusal else None) is expected


def test_an_answer_to_an_older_time_is_stale_and_one_to_older_words_is_not():
    rules.check_order(2, 2)
    rules.check_order(3, 2)
    with pytest.raises(StaleAnswer):
        rules.check_order(1, 2)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 11, 10, 1, 0, tzinfo=UTC), datetime(2026, 11, 18, 10, 0, tzinfo=UTC)),
        (datetime(2026, 11, 18, 9, 0, tzinfo=UTC), datetime(2026, 11, 18, 10, 0, tzinfo=UTC)),
        (datetime(2026, 11, 18, 9, 1, tzinfo=UTC), datetime(2026, 11, 19, 10, 0, tzinfo=UTC)),
        (datetime(2026, 11, 19, 9, 1, tzinfo=UTC), STARTS),
        (datetime(2026, 11, 20, 6, 0, tzinfo=UTC), STARTS),
    ],
)
def test_the_answer_is_asked_for_by_the_evening_two_days_before_or_later_where_that_is_over(now, expected):
    assert rules.answer_by(STARTS, now) == expected


def test_the_public_description_is_not_worth_a_mail():
    changes = [("title", "a", "b"), ("about", "c", "d"), ("agenda", "", "e")]
    assert [field for field, _, _ in rules.worth_telling(changes)] == ["title", "agenda"]
