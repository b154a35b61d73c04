"""Working days by the notice of 2026, and what a pasted notice may look like."""

from datetime import date

import pytest

from liaison_app.workdays import errors, notices, rules
from liaison_app.workdays.kinds import DayMark, YearState
from liaison_app.workdays.rules import NoticeDay, WorkCalendar

MAKE_UP_2026 = [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)]
KNOWN = range(2023, 2027)
CHINA = WorkCalendar(
    {one.day: one for year in KNOWN for one in notices.days_of(year) or ()},
    dict.fromkeys(KNOWN, YearState.PUBLISHED),
)


@pytest.mark.parametrize(("month", "day"), MAKE_UP_2026)
def test_a_make_up_day_is_a_workday_on_a_weekend(month, day):
    assert CHINA.mark(date(2026, month, day)) == "work"
    assert CHINA.is_workday(date(2026, month, day))


@pytest.mark.parametrize(
    ("day", "name"),
    [(date(2026, 2, 16), "春节"), (date(2026, 10, 5), "国庆节"), (date(2026, 1, 1), "元旦")],
)
def test_a_holiday_is_marked_with_its_name_and_nobody_works(day, name):
    assert (CHINA.mark(day), CHINA.name_of(day)) == ("off", name)
    assert not CHINA.is_workday(day)


@pytest.mark.parametrize(("day", "works"), [(date(2026, 11, 25), True), (date(2026, 11, 28), False)])
def test_a_plain_day_has_no_mark(day, works):
    assert CHINA.mark(day) == ""
    assert CHINA.is_workday(day) is works


def test_a_year_without_a_notice_says_so_and_counts_monday_to_friday():
    assert CHINA.mark(date(2050, 3, 1)) == "unknown"
    assert CHINA.is_workday(date(2050, 3, 1))
    assert not CHINA.is_workday(date(2050, 3, 5))
    assert not CHINA.is_certain(date(2050, 3, 1))


@pytest.mark.parametrize(
    ("start", "number", "last"),
    [
        (date(2026, 2, 10), 10, date(2026, 3, 2)),
        (date(2026, 9, 30), 7, date(2026, 10, 15)),
        (date(2024, 10, 24), 10, date(2024, 11, 7)),
        (date(2024, 9, 27), 10, date(2024, 10, 16)),
    ],
)
def test_a_term_of_working_days_leaves_out_holidays_and_counts_make_up_days(start, number, last):
    assert rules.add_workdays(CHINA, start, number) == last


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        (date(2024, 11, 30), 3, date(2025, 2, 28)),
        (date(2025, 11, 15), 3, date(2026, 2, 24)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2025, 3, 31), -1, date(2025, 2, 28)),
    ],
)
def test_a_term_of_months_is_clamped_to_the_month_and_rolls_to_a_workday(start, months, last):
    assert rules.due_in_months(CHINA, start, months) == last


@pytest.mark.parametrize(
    ("shift", "day", "becomes"),
    [
        (rules.next_workday, date(2026, 2, 16), date(2026, 2, 24)),
        (rules.next_workday, date(2026, 2, 23), date(2026, 2, 24)),
        (rules.next_workday, date(2026, 10, 5), date(2026, 10, 8)),
        (rules.next_workday, date(2026, 3, 15), date(2026, 3, 16)),
        (rules.next_workday, date(2026, 11, 15), date(2026, 11, 16)),
        (rules.same_weekday_later, date(2026, 1, 2), date(2026, 1, 9)),
        (rules.same_weekday_later, date(2026, 5, 1), date(2026, 5, 8)),
        (rules.same_weekday_later, date(2026, 10, 2), date(2026, 10, 9)),
        (rules.previous_workday, date(2026, 2, 16), date(2026, 2, 14)),
    ],
)
def test_a_day_off_shifts_as_the_station_rules_say(shift, day, becomes):
    assert shift(CHINA, day) == becomes


def test_what_was_assumed_counts_and_is_not_certain():
    calendar = WorkCalendar(
        {date(2027, 1, 1): NoticeDay(date(2027, 1, 1), DayMark.OFF, "元旦")}, {2027: YearState.ASSUMED}
    )
    assert not calendar.is_workday(date(2027, 1, 1))
    assert calendar.mark(date(2027, 1, 4)) == ""
    assert not calendar.is_certain(date(2027, 1, 4))


# --- a pasted notice ----------------------------------------------------------

NOTICE = """日期\t类型\t名称
2026-12-31 休 元旦
2027-01-01 至 2027-01-03, 休, 元旦
2027年2月5日～2027年2月12日 放假 春节
2027/1/31\t班\t春节
5.1—5.5 休 劳动节
2027-10-01到2027-10-07 休 国庆节

2027-10-09，补班"""


def test_a_notice_is_read_as_people_paste_it():
    days = rules.read_notice(NOTICE, 2027, YearState.PUBLISHED)
    assert len(days) == 1 + 3 + 8 + 1 + 5 + 7 + 1
    assert days[0] == NoticeDay(date(2026, 12, 31), DayMark.OFF, "元旦")
    assert NoticeDay(date(2027, 1, 31), DayMark.WORK, "春节") in days
    assert NoticeDay(date(2027, 10, 9), DayMark.WORK) in days


def test_a_notice_that_is_written_out_is_read_back():
    days = rules.read_notice(NOTICE, 2027, YearState.PUBLISHED)
    assert rules.read_notice(rules.as_lines(days), 2027, YearState.PUBLISHED) == days


@pytest.mark.parametrize("year", KNOWN)
def test_every_past_notice_is_read_back(year):
    days = list(notices.days_of(year) or ())
    assert rules.read_notice(rules.as_lines(days), year, YearState.PUBLISHED) == days


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", errors.NothingTyped),
        ("日期,类型", errors.NothingTyped),
        ("2027-10-01", errors.UnreadableLine),
        ("2027-10-01 也许", errors.UnreadableLine),
        ("2027-02-30 休", errors.UnreadableLine),
        ("２０２７-13-01 休", errors.UnreadableLine),
        ("2026-10-01 休", errors.ForeignYear),
        ("2028-01-01 休", errors.ForeignYear),
        ("2027-10-07 至 2027-10-01 休", errors.BackwardSpan),
        ("2027-01-01 至 2027-12-31 休", errors.BackwardSpan),
        ("2027-01-01 休\n2027-01-01 班", errors.TwiceSaid),
        ("2027-01-01 班", errors.WorkOnWeekday),
        ("2027-01-01 休 元旦", errors.HolidayMissing),
    ],
)
def test_a_table_that_cannot_be_is_refused_by_name(text, refusal):
    with pytest.raises(refusal) as said:
        rules.read_notice(text, 2027, YearState.PUBLISHED)
    assert str(said.value)


def test_what_is_only_assumed_need_not_be_whole():
    assert len(rules.read_notice("2027-02-06 休 春节", 2027, YearState.ASSUMED)) == 1


def test_the_days_that_change_are_told():
    before = [NoticeDay(date(2027, 5, 1), DayMark.OFF), NoticeDay(date(2027, 5, 2), DayMark.OFF)]
    after = [NoticeDay(date(2027, 5, 1), DayMark.OFF), NoticeDay(date(2027, 5, 8), DayMark.WORK)]
    assert rules.differences(before, after) == [
        (date(2027, 5, 2), DayMark.OFF, None),
        (date(2027, 5, 8), None, DayMark.WORK),
    ]
