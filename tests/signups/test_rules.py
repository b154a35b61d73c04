from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liaison_app.scheduling.kinds import MeetingState, RoleCode
from liaison_app.signups.errors import MeetingOff, NotYetOpen, PoolFull, SignUpClosed
from liaison_app.signups.kinds import Door, SignUpState
from liaison_app.signups.rules import (
    Hours,
    PoolSeats,
    door,
    is_late,
    is_moving,
    is_night,
    is_shared,
    lender,
    may_leave,
    move_up,
    numbered,
    offer_until,
    place_next,
    room_left,
    share_out,
    why_shut,
)

OPENS = datetime(2026, 11, 10, 0, 0, tzinfo=UTC)
CLOSES = datetime(2026, 11, 19, 10, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
STARTS = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
ENDS = STARTS + timedelta(hours=2)
SECOND = timedelta(seconds=1)


def pool(seats=4, *, id=1, role=RoleCode.CITIZEN, wait_places=100, **facts) -> PoolSeats:
    return PoolSeats(id, role, seats, wait_places=wait_places, **facts)


def hours(state=MeetingState.PUBLISHED, **facts) -> Hours:
    return Hours(
        **{
            "state": state,
            "starts_at": STARTS,
            "ends_at": ENDS,
            "opens_at": OPENS,
            "closes_at": CLOSES,
            **facts,
        }
    )


def test_a_free_seat_is_given_at_once():
    assert place_next(pool(4, taken=3)) == SignUpState.CONFIRMED


def test_when_the_seats_are_taken_one_waits():
    assert place_next(pool(4, taken=4)) == SignUpState.WAITING


def test_a_newcomer_never_passes_those_who_wait():
    assert place_next(pool(4, taken=3, waiting=1)) == SignUpState.WAITING


def test_the_room_is_the_limit_where_it_is_smaller_than_the_seats():
    assert place_next(pool(4, taken=1, room=0)) == SignUpState.WAITING
    assert pool(4, taken=1, room=2).free == 2


def test_lowered_seats_throw_nobody_out_and_let_nobody_in():
    assert place_next(pool(2, taken=4)) == SignUpState.WAITING


def test_a_refusal_counts_seats_and_places_to_wait():
    with pytest.raises(PoolFull, match="1 个名额和 1 个候补都满了"):
        place_next(pool(1, taken=1, waiting=1, wait_places=1))
    with pytest.raises(PoolFull, match="1 个名额都满了，这一场不设候补"):
        place_next(pool(1, taken=1, wait_places=0))


def test_nobody_waits_for_a_role_without_seats():
    with pytest.raises(PoolFull):
        place_next(pool(0))


@pytest.mark.parametrize(
    ("seat_limit", "capacity", "left"),
    [(None, 30, 15), (20, 30, 5), (40, 30, 15), (20, None, 5), (None, None, None), (5, 30, -10)],
)
def test_the_smaller_limit_holds_everybody(seat_limit, capacity, left):
    assert room_left(seat_limit, capacity, expected=10, confirmed=5) == left


def test_who_waits_first_moves_up_first_whatever_the_role():
    pools = [pool(2, id=1, taken=1, room=1), pool(2, id=2, taken=1, room=1)]
    assert move_up(pools, [(7, 2), (3, 1)]) == [7]


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


# The meeting begins at 14:30 on the 20th.
@pytest.mark.parametrize(
    ("freed_at", "until"),
    [
        (shanghai(18, 14, 29), None),
        (shanghai(18, 14, 30), shanghai(19, 14, 30)),
        (shanghai(18, 23, 0), shanghai(20, 8, 0)),
        (shanghai(19, 10, 0), shanghai(19, 14, 0)),
        (shanghai(19, 19, 0), shanghai(20, 10, 0)),
        (shanghai(19, 23, 0), shanghai(20, 12, 0)),
        (shanghai(20, 2, 0), shanghai(20, 12, 0)),
        (shanghai(20, 9, 0), shanghai(20, 10, 0)),
        (shanghai(20, 12, 50), shanghai(20, 13, 30)),
        (shanghai(20, 13, 10), None),
    ],
)
def test_an_offer_stands_a_day_four_hours_or_one_and_the_night_does_not_count(freed_at, until):
    assert offer_until(STARTS, freed_at) == until


@given(left=st.integers(1, 60 * 60), starts=st.integers(0, 24 * 60))
def test_no_offer_ends_at_night_or_too_soon_or_after_the_start(left, starts):
    starts_at = shanghai(20, 0) + timedelta(minutes=starts)
    now = starts_at - timedelta(minutes=left)
    until = offer_until(starts_at, now)
    if until is not None:
        assert not is_night(until.astimezone(SHANGHAI))
        assert now + timedelta(minutes=30) <= until < starts_at


def test_a_deadline_to_answer_includes_its_last_second():
    assert not is_late(STARTS, STARTS)
    assert is_late(STARTS, STARTS + SECOND)


def test_a_smaller_room_or_fewer_seats_say_how_many_are_too_many():
    assert pool(4, taken=6).too_many == 2
    assert pool(4, taken=3, room=-3).too_many == 3
    assert pool(4, taken=4, room=0).too_many == 0
    assert pool(4, taken=3, room=-3).openings == 0


def test_seats_are_shared_out_from_the_hour_that_was_published_until_the_start():
    assert not is_shared(STARTS, 24, STARTS - timedelta(hours=24) - SECOND)
    assert is_shared(STARTS, 24, STARTS - timedelta(hours=24))
    assert not is_shared(STARTS, 24, STARTS)
    assert not is_shared(STARTS, None, STARTS - SECOND)


def test_seats_shared_out_go_to_who_waits_first_and_no_further_than_the_room():
    pools = [pool(1, id=1, taken=1, waiting=3), pool(3, id=2, taken=1)]
    assert share_out(pools, [(7, 1), (8, 1), (9, 1)]) == [(7, 2), (8, 2)]
    pools = [pool(1, id=1, taken=1, waiting=3, room=1), pool(3, id=2, taken=1, room=1)]
    assert share_out(pools, [(7, 1), (8, 1)]) == [(7, 2)]


def test_seats_of_those_who_are_invited_are_not_shared_out():
    assert share_out([pool(6, role=RoleCode.DEPUTY), pool(1, id=2, taken=1, waiting=1)], [(7, 2)]) == []


def test_a_newcomer_sees_no_seat_that_somebody_of_another_role_has_a_claim_to():
    assert pool(4, taken=1, claimed=1).free == 0
    assert lender(pool(1, taken=1), [pool(3, id=2, claimed=1)]) is None
    assert lender(pool(1, taken=1, waiting=1), [pool(3, id=2)]) is None
    assert lender(pool(1, taken=1), [pool(3, id=2)]) == 2


def test_who_cannot_move_is_passed_by_another_role_and_keeps_the_place():
    pools = [pool(1, id=1, taken=1), pool(2, id=2, taken=0)]
    assert move_up(pools, [(1, 1), (2, 2), (3, 1), (4, 2), (5, 2)]) == [2, 4]


@given(
    seats=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=4),
    room=st.none() | st.integers(0, 8),
    queue=st.lists(st.integers(0, 3), max_size=20),
)
def test_moving_up_never_oversells_and_never_leaves_a_seat_that_could_be_had(seats, room, queue):
    pools = [pool(n, id=id, taken=taken, room=room) for id, (n, taken) in enumerate(seats)]
    waiting = [(number, id % len(pools)) for number, id in enumerate(queue)]
    moved = move_up(pools, waiting)
    of_pool = dict(waiting)
    for one in pools:
        assert sum(of_pool[id] == one.pool_id for id in moved) <= max(one.seats - one.taken, 0)
    assert room is None or len(moved) <= room
    assert moved == sorted(moved)
    if room is None or len(moved) < room:
        for one in pools:
            left = [id for id, pool_id in waiting if pool_id == one.pool_id and id not in moved]
            got = sum(of_pool[id] == one.pool_id for id in moved)
            assert not left or got == max(one.seats - one.taken, 0)


def test_places_are_counted_within_a_role():
    assert numbered([(11, 1), (12, 2), (13, 1), (14, 1)]) == {11: 1, 12: 1, 13: 2, 14: 3}


def test_the_doors_of_a_meeting_before_it_begins():
    free, waited, full = pool(1), pool(1, taken=1), pool(1, taken=1, wait_places=0)
    assert door(hours(), [free], OPENS - SECOND) == (Door.NOT_YET, OPENS)
    assert door(hours(), [free], OPENS) == (Door.OPEN, CLOSES)
    assert door(hours(), [free], CLOSES) == (Door.OPEN, CLOSES)
    assert door(hours(), [free], CLOSES + SECOND) == (Door.CLOSED, CLOSES)
    assert door(hours(), [waited, full], OPENS)[0] == Door.QUEUE
    assert door(hours(), [full], OPENS)[0] == Door.FULL
    assert door(hours(), [pool(6, role=RoleCode.DEPUTY)], OPENS) == (Door.NONE, None)


def test_full_is_since_the_last_sign_up():
    last = OPENS + timedelta(days=2)
    pools = [
        pool(1, taken=1, wait_places=0, last_at=OPENS),
        pool(1, id=2, taken=1, wait_places=0, last_at=last),
    ]
    assert door(hours(), pools, CLOSES) == (Door.FULL, last)


@pytest.mark.parametrize(
    ("state", "now", "found"),
    [
        (MeetingState.PUBLISHED, STARTS, (Door.RUNNING, STARTS)),
        (MeetingState.PUBLISHED, ENDS, (Door.OVER, ENDS)),
        (MeetingState.HELD, ENDS, (Door.OVER, ENDS)),
        (MeetingState.CLOSED, ENDS, (Door.OVER, ENDS)),
        (MeetingState.POSTPONED, OPENS, (Door.POSTPONED, CLOSES)),
        (MeetingState.CANCELLED, ENDS, (Door.CANCELLED, CLOSES)),
    ],
)
def test_the_doors_of_a_meeting_that_runs_is_over_or_off(state, now, found):
    assert door(hours(state, ended_at=CLOSES), [pool()], now) == found


def test_each_refusal_says_since_when():
    assert why_shut(hours(), OPENS) is None
    assert why_shut(hours(), CLOSES) is None
    assert str(why_shut(hours(), OPENS - SECOND)) == "报名 11月10日（星期二）8:00 开始，到时候再来。"
    assert "11月19日（星期四）18:00 截止" in str(why_shut(hours(), CLOSES + SECOND))
    assert isinstance(why_shut(hours(closes_at=None), STARTS), SignUpClosed)
    assert isinstance(why_shut(hours(MeetingState.CANCELLED), OPENS), MeetingOff)
    assert isinstance(why_shut(hours(), OPENS - SECOND), NotYetOpen)


def test_the_staff_writes_people_down_until_the_meeting_begins():
    assert why_shut(hours(), OPENS - SECOND, by_staff=True) is None
    assert why_shut(hours(), CLOSES + SECOND, by_staff=True) is None
    assert isinstance(why_shut(hours(), STARTS, by_staff=True), SignUpClosed)


def test_one_may_leave_until_the_meeting_begins_and_while_it_has_no_time():
    assert may_leave(hours(), STARTS - SECOND)
    assert not may_leave(hours(), STARTS)
    assert may_leave(hours(MeetingState.POSTPONED), ENDS)
    assert not may_leave(hours(MeetingState.CANCELLED), OPENS)


def test_the_wait_list_stands_still_while_a_meeting_has_no_time():
    assert is_moving(hours(), STARTS - SECOND)
    assert not is_moving(hours(), STARTS)
    assert not is_moving(hours(MeetingState.POSTPONED), OPENS)
