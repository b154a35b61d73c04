from datetime import UTC, datetime, timedelta

import pytest

from liaison_app.jobs.rules import SILENCE, Work, is_silent, next_try, wait_after

START = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


def work(attempts: int) -> Work:
    return Work(1, "messages.deliver", 7, attempts, START, "key")


def test_the_waits_grow_to_an_hour_and_stay_there():
    assert [int(wait_after(n).total_seconds() / 60) for n in range(1, 10)] == [
        1,
        2,
        5,
        10,
        30,
        60,
        60,
        60,
        60,
    ]


@pytest.mark.parametrize(
    ("hours", "is_tried_again"), [(0, True), (70.9, True), (71, True), (71.1, False), (100, False)]
)
def test_after_seventy_two_hours_nothing_is_tried_again(hours, is_tried_again):
    assert (next_try(work(20), START + timedelta(hours=hours)) is not None) == is_tried_again


def test_a_weekend_is_outlasted():
    """From Friday evening to Monday morning."""
    now, tries = START, 0
    while at := next_try(work(tries + 1), now):
        now, tries = at, tries + 1
    assert timedelta(hours=71) < now - START <= timedelta(hours=72)
    assert 70 < tries < 80


def test_a_worker_is_silent_after_a_while_and_where_there_never_was_one():
    assert is_silent(None, START)
    assert not is_silent(START, START + SILENCE)
    assert is_silent(START, START + SILENCE + timedelta(seconds=1))
