"""Holidays and make-up workdays of the official notices, and years that have none yet."""

from datetime import date

import pytest

from liaison_app.workdays.rules import day_mark, is_workday

MAKE_UP_2026 = [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)]


@pytest.mark.parametrize(("month", "day"), MAKE_UP_2026)
def test_a_make_up_day_is_a_workday_on_a_weekend(month, day):
    assert day_mark(date(2026, month, day)) == "work"
    assert is_workday(date(2026, month, day))


@pytest.mark.parametrize("day", [date(2026, 2, 16), date(2026, 10, 5), date(2026, 1, 1)])
def test_a_holiday_on_a_weekday_is_marked_and_nobody_works(day):
    assert day_mark(day) == "off"
    assert not is_workday(day)


@pytest.mark.parametrize(("day", "works"), [(date(2026, 11, 25), True), (date(2026, 11, 28), False)])
def test_a_plain_day_has_no_mark(day, works):
    assert day_mark(day) == ""
    assert is_workday(day) is works


def test_a_year_without_a_notice_says_so_and_counts_monday_to_friday():
    assert day_mark(date(2050, 3, 1)) == "unknown"
    assert is_workday(date(2050, 3, 1))
    assert not is_workday(date(2050, 3, 5))
