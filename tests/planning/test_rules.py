"""Which dates a rule gives, what holidays do to them, and what one meeting hands on; vectors of 2026 by its notice."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liaison_app.core.text import from_local, parse_time
from liaison_app.planning import rules
from liaison_app.planning.errors import RuleRefused
from liaison_app.planning.kinds import HOLDS, LAST, DateState, Facet, HolidayPolicy, Months, Repeat
from liaison_app.planning.rules import Choice, Rule
from liaison_app.scheduling.kinds import PlaceKind, RoleCode
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from liaison_app.workdays import notices
from liaison_app.workdays.kinds import YearState
from liaison_app.workdays.rules import WorkCalendar

CHINA = WorkCalendar(
    {one.day: one for year in (2025, 2026) for one in notices.days_of(year) or ()},
    dict.fromkeys((2025, 2026), YearState.PUBLISHED),
)
MONDAYS = Rule(Repeat.WEEKLY, weekdays=(0,))
NEXT = HolidayPolicy.NEXT_WORKDAY


def laid(rule: Rule, policy: HolidayPolicy, first: date, last: date, choices=None):
    return rules.lay_out(rule, rules.rule_days(rule, first, last), policy, CHINA, choices)


def test_two_mondays_of_the_spring_festival_become_one_meeting():
    slots = laid(MONDAYS, NEXT, date(2026, 2, 9), date(2026, 3, 2))
    assert [(one.day, one.state) for one in slots] == [
        (date(2026, 2, 9), DateState.PLANNED),
        (date(2026, 2, 24), DateState.SHIFTED),
        (date(2026, 2, 24), DateState.MERGED),
        (date(2026, 3, 2), DateState.PLANNED),
    ]
    assert slots[1].holiday == "春节"


def test_a_monday_of_the_national_day_goes_to_thursday():
    [slot] = laid(MONDAYS, NEXT, date(2026, 10, 5), date(2026, 10, 5))
    assert slot.day == date(2026, 10, 8)


@pytest.mark.parametrize(("month", "day"), [(1, 9), (5, 8), (10, 9)])
def test_the_first_friday_goes_a_week_later_where_it_is_a_holiday(month, day):
    first_friday = Rule(Repeat.NTH_WEEKDAY, weekdays=(4,), nth=1)
    slots = laid(first_friday, HolidayPolicy.NEXT_SAME_WEEKDAY, date(2026, month, 1), date(2026, month, 28))
    assert [one.day for one in slots] == [date(2026, month, day)]


def test_the_fifteenth_of_odd_months_goes_to_the_next_workday():
    rule = Rule(Repeat.MONTH_DAYS, month_days=(15,), months=Months.ODD)
    slots = laid(rule, NEXT, date(2026, 1, 1), date(2026, 12, 31))
    days = [one.day for one in slots]
    assert date(2026, 3, 16) in days
    assert date(2026, 11, 16) in days
    assert len(days) == 6


def test_a_rule_that_names_saturday_means_saturday():
    slots = laid(Rule(Repeat.WEEKLY, weekdays=(5,)), NEXT, date(2026, 6, 6), date(2026, 6, 20))
    assert [(one.rule_day.day, one.state) for one in slots] == [
        (6, DateState.PLANNED),
        (13, DateState.PLANNED),
        (20, DateState.SHIFTED),  # the Dragon Boat festival
    ]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        (Rule(Repeat.MONTH_DAYS, month_days=(31,)), [(1, 31), (2, 28), (3, 31)]),
        (Rule(Repeat.MONTH_DAYS, month_days=(9, 19)), [(1, 9), (1, 19), (2, 9), (2, 19), (3, 9), (3, 19)]),
        (Rule(Repeat.NTH_WEEKDAY, weekdays=(4,), nth=LAST), [(1, 30), (2, 27), (3, 27)]),
        (Rule(Repeat.NTH_WEEKDAY, weekdays=(0,), nth=2, months=Months.QUARTER), [(1, 12)]),
        (Rule(Repeat.WEEKLY, weekdays=(0, 3), weeks_apart=6), [(1, 1), (2, 9), (2, 12), (3, 23), (3, 26)]),
        (Rule(Repeat.DATES, dates=(date(2026, 3, 3), date(2026, 1, 7), date(2027, 1, 1))), [(1, 7), (3, 3)]),
    ],
)
def test_a_rule_gives_its_dates(rule, days):
    found = rules.rule_days(rule, date(2026, 1, 1), date(2026, 3, 31))
    assert [(one.month, one.day) for one in found] == days


@pytest.mark.parametrize(
    ("rule", "last", "field"),
    [
        (MONDAYS, date(2025, 12, 31), "last_day"),
        (MONDAYS, date(2040, 1, 1), "last_day"),
        (Rule(Repeat.WEEKLY, weekdays=tuple(range(7))), date(2026, 12, 31), "last_day"),
        (Rule(Repeat.WEEKLY), date(2026, 3, 1), "weekdays"),
        (Rule(Repeat.NTH_WEEKDAY), date(2026, 3, 1), "weekdays"),
        (Rule(Repeat.WEEKLY, weekdays=(0,), weeks_apart=0), date(2026, 3, 1), "weeks_apart"),
        (Rule(Repeat.MONTH_DAYS), date(2026, 3, 1), "month_days"),
        (Rule(Repeat.MONTH_DAYS, month_days=(32,)), date(2026, 3, 1), "month_days"),
        (Rule(Repeat.MONTH_DAYS, month_days=(0,)), date(2026, 3, 1), "month_days"),
        (Rule(Repeat.DATES), date(2026, 3, 1), "dates"),
        (Rule(Repeat.DATES, dates=(date(2030, 1, 1),)), date(2026, 3, 1), "last_day"),
    ],
)
def test_a_rule_that_cannot_be_names_its_field(rule, last, field):
    with pytest.raises(RuleRefused) as said:
        rules.rule_days(rule, date(2026, 1, 1), last)
    assert said.value.field == field
    assert str(said.value)


def test_what_somebody_decided_of_a_date_goes_before_the_rule():
    monday = date(2026, 10, 5)
    for choice, day, state in (
        (Choice(DateState.PLANNED), monday, DateState.PLANNED),
        (Choice(DateState.SKIPPED), None, DateState.SKIPPED),
        (Choice(DateState.SHIFTED, date(2026, 10, 9)), date(2026, 10, 9), DateState.SHIFTED),
        (Choice(DateState.SHIFTED), None, DateState.OPEN),
        (Choice(room_id=4), date(2026, 10, 8), DateState.SHIFTED),
    ):
        [slot] = laid(MONDAYS, NEXT, monday, monday, {monday: choice})
        assert (slot.day, slot.state, slot.room_id) == (day, state, choice.room_id)


@pytest.mark.parametrize(
    ("policy", "state"), [(HolidayPolicy.SKIP, DateState.SKIPPED), (HolidayPolicy.ASK, DateState.OPEN)]
)
def test_a_holiday_is_left_out_or_left_open_as_the_policy_says(policy, state):
    [slot] = laid(MONDAYS, policy, date(2026, 10, 5), date(2026, 10, 5))
    assert (slot.day, slot.state) == (None, state)


def test_a_date_in_a_year_without_a_notice_is_not_certain():
    [slot] = laid(MONDAYS, NEXT, date(2027, 1, 4), date(2027, 1, 4))
    assert not slot.is_certain


some_rules = st.one_of(
    st.builds(
        Rule,
        st.just(Repeat.WEEKLY),
        weekdays=st.lists(st.integers(0, 6), min_size=1, max_size=3).map(tuple),
        weeks_apart=st.integers(1, 12),
    ),
    st.builds(
        Rule,
        st.just(Repeat.MONTH_DAYS),
        month_days=st.lists(st.integers(1, 31), min_size=1, max_size=3).map(tuple),
        months=st.sampled_from(Months),
    ),
    st.builds(
        Rule,
        st.just(Repeat.NTH_WEEKDAY),
        weekdays=st.lists(st.integers(0, 6), min_size=1, max_size=2).map(tuple),
        nth=st.integers(1, LAST),
        months=st.sampled_from(Months),
    ),
)


@given(
    some_rules,
    st.sampled_from(HolidayPolicy),
    st.dates(date(2025, 1, 1), date(2026, 10, 1)),
    st.integers(60, 200),
)
def test_no_day_is_held_twice_and_none_on_a_holiday_that_nobody_chose(rule, policy, first, length):
    try:
        slots = laid(rule, policy, first, first + timedelta(days=length))
    except RuleRefused:
        return
    held = [one.day for one in slots if one.state in HOLDS]
    assert len(held) == len(set(held))
    for one in slots:
        if one.state is DateState.SHIFTED:
            assert CHINA.is_workday(one.day) or one.day.year > 2026
        if one.state is DateState.PLANNED:
            assert CHINA.mark(one.rule_day) != "off"
    assert [one.rule_day for one in slots] == sorted({one.rule_day for one in slots})


# --- from one meeting to the others -------------------------------------------

PLAN = MeetingPlan(
    kind="reception",
    title="接待选民日",
    starts_at=from_local(date(2026, 12, 7), parse_time("9:00")),
    ends_at=from_local(date(2026, 12, 7), parse_time("11:00")),
    room_id=3,
    signup_closes_at=from_local(date(2026, 12, 6), parse_time("18:00")),
    seats=((RoleCode.CITIZEN, 8),),
    people=(PlannedPerson(1, RoleCode.DEPUTY), PlannedPerson(2, RoleCode.CHAIR)),
    notice="十二月七日的公告",
)


def test_a_plan_moves_with_its_hours_and_its_sign_up_window():
    moved = rules.moved(PLAN, date(2027, 3, 1), room_id=9)
    assert moved.starts_at == from_local(date(2027, 3, 1), parse_time("9:00"))
    assert moved.signup_closes_at == from_local(date(2027, 2, 28), parse_time("18:00"))
    assert (moved.room_id, moved.place_kind, moved.notice) == (9, PlaceKind.ROOM, PLAN.notice)


def test_another_date_begins_without_the_notice_and_without_whom_somebody_sent():
    sent = PlannedPerson(5, RoleCode.BUREAU_HEAD, 7, stand_in_for_id=4)
    plan = replace(PLAN, people=(PlannedPerson(4, RoleCode.BUREAU_HEAD, 7), sent))
    fresh = rules.fresh(plan)
    assert fresh.notice == ""
    assert [one.person_id for one in fresh.people] == [4]


@pytest.mark.parametrize("facet", Facet)
def test_one_side_is_carried_over_and_the_others_stay(facet):
    other = replace(
        rules.moved(PLAN, date(2026, 12, 14)),
        title="另一场",
        room_id=8,
        people=(),
        seats=(),
        starts_at=from_local(date(2026, 12, 14), parse_time("14:00")),
        ends_at=from_local(date(2026, 12, 14), parse_time("15:00")),
    )
    carried = rules.carried(other, PLAN, [facet])
    before, after, source = rules.facets(other), rules.facets(carried), rules.facets(PLAN)
    assert after[facet] == source[facet]
    assert {one for one in Facet if after[one] != before[one]} == {facet}
    assert carried.starts_at.date() == other.starts_at.date()


def test_an_earlier_hour_closes_the_sign_up_no_later_than_the_start():
    late = replace(PLAN, signup_closes_at=PLAN.starts_at)
    early = replace(PLAN, starts_at=from_local(date(2026, 12, 7), parse_time("8:00")))
    assert rules.carried(late, early, [Facet.TIME]).signup_closes_at == early.starts_at
