"""Which dates a series has, what holidays do to them, and what one meeting may hand on to the others. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from liaison_app.core.errors import N_
from liaison_app.core.text import from_local, local
from liaison_app.scheduling.kinds import PlaceKind
from liaison_app.scheduling.rules import MeetingPlan, sent_by_others
from liaison_app.workdays import rules as workdays
from liaison_app.workdays.kinds import DayMark
from liaison_app.workdays.rules import WorkCalendar

from .errors import RuleRefused
from .kinds import LAST, DateState, Facet, HolidayPolicy, Months, Repeat

A_DAY = timedelta(days=1)
MOST_DATES = 120
MOST_WEEKS_APART = 12


@dataclass(frozen=True)
class Rule:
    """By what a series repeats. `weekdays` count from Monday 0; `month_days` from 1, and 31 in a shorter month is its
    last day; `nth` is 1–4 or `LAST`. `dates` are a free list, with `Repeat.DATES`."""

    repeat: Repeat
    weekdays: tuple[int, ...] = ()
    weeks_apart: int = 1
    month_days: tuple[int, ...] = ()
    nth: int = 1
    months: Months = Months.EVERY
    dates: tuple[date, ...] = ()


@dataclass(frozen=True)
class Choice:
    """What somebody decided of one date before saving: hold it as it falls, leave it out, hold it on `day`; without a
    state it stays as the rule has it. `room_id` is another room than the pattern's.
    """

    state: DateState | None = None
    day: date | None = None
    room_id: int | None = None


@dataclass(frozen=True)
class Slot:
    """One date of a series: `rule_day` as the rule has it, `day` on which it is held, if it is.

    `holiday` is what the rule's day is off for. Not certain: nobody knows the holidays of that year yet.
    """

    rule_day: date
    day: date | None
    state: DateState
    holiday: str = ""
    is_certain: bool = True
    room_id: int | None = None


def rule_days(rule: Rule, first: date, last: date) -> list[date]:
    """Return the dates of a rule from `first` to `last`, both included, earliest first. Raises RuleRefused."""
    _check(rule, first, last)
    days: list[date] = []
    for day in _days(rule, first, last):
        if first <= day <= last and day not in days:
            days.append(day)
        if len(days) > MOST_DATES:
            raise RuleRefused("last_day", N_("一次最多排 {n} 场，请把最后一天提前。"), n=MOST_DATES)
    if not days:
        raise RuleRefused("last_day", N_("到这一天为止一场也没有，请把最后一天推后，或者换一个规律。"))
    return sorted(days)


def _check(rule: Rule, first: date, last: date) -> None:
    if last < first:
        raise RuleRefused("last_day", N_("最后一天要在第一场以后。"))
    if (last - first).days > 731:
        raise RuleRefused("last_day", N_("最远只能排到两年以后。"))
    if rule.repeat in (Repeat.WEEKLY, Repeat.NTH_WEEKDAY) and not rule.weekdays:
        raise RuleRefused("weekdays", N_("请选星期几。"))
    if rule.repeat is Repeat.WEEKLY and not 1 <= rule.weeks_apart <= MOST_WEEKS_APART:
        raise RuleRefused("weeks_apart", N_("隔 1 到 {n} 周。"), n=MOST_WEEKS_APART)
    if rule.repeat is Repeat.MONTH_DAYS and not rule.month_days:
        raise RuleRefused("month_days", N_("请写几号，例如 15，或者 9、19。"))
    if rule.repeat is Repeat.MONTH_DAYS and not all(1 <= day <= 31 for day in rule.month_days):
        raise RuleRefused("month_days", N_("一个月只有 1 到 31 号。"))
    if rule.repeat is Repeat.DATES and not rule.dates:
        raise RuleRefused("dates", N_("请列出日期，一行一个。"))


def _days(rule: Rule, first: date, last: date) -> Iterator[date]:
    if rule.repeat is Repeat.DATES:
        yield from sorted(rule.dates)
    elif rule.repeat is Repeat.WEEKLY:
        monday = first - A_DAY * first.weekday()
        while monday <= last:
            yield from (monday + A_DAY * weekday for weekday in sorted(rule.weekdays))
            monday += timedelta(weeks=rule.weeks_apart)
    else:
        for year, month in _months(rule.months, first, last):
            yield from _of_month(rule, year, month)


def _months(months: Months, first: date, last: date) -> Iterator[tuple[int, int]]:
    falls = {
        Months.EVERY: lambda month: True,
        Months.ODD: lambda month: month % 2 == 1,
        Months.EVEN: lambda month: month % 2 == 0,
        Months.QUARTER: lambda month: month % 3 == 1,
    }[months]
    for count in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        year, month = divmod(count, 12)
        if falls(month + 1):
            yield year, month + 1


def _of_month(rule: Rule, year: int, month: int) -> Iterator[date]:
    length = monthrange(year, month)[1]
    if rule.repeat is Repeat.MONTH_DAYS:
        yield from (date(year, month, min(day, length)) for day in sorted(rule.month_days))
        return
    for weekday in sorted(rule.weekdays):
        days = [
            date(year, month, n) for n in range(1, length + 1) if date(year, month, n).weekday() == weekday
        ]
        yield days[-1] if rule.nth == LAST else days[rule.nth - 1]


def lay_out(
    rule: Rule,
    days: Sequence[date],
    policy: HolidayPolicy,
    calendar: WorkCalendar,
    choices: Mapping[date, Choice] | None = None,
    *,
    taken: Iterable[date] = (),
) -> list[Slot]:
    """Return what becomes of each date. Two that end up on one day are one meeting: the later one is merged.

    `taken` are days that are held already.
    """
    held = set(taken)
    slots = []
    for rule_day in days:
        slot = _decide(rule, rule_day, policy, calendar, (choices or {}).get(rule_day))
        if slot.day is not None and slot.day in held:
            slot = replace(slot, state=DateState.MERGED)
        elif slot.day is not None:
            held.add(slot.day)
        slots.append(slot)
    return slots


def _decide(
    rule: Rule, rule_day: date, policy: HolidayPolicy, calendar: WorkCalendar, choice: Choice | None
) -> Slot:
    slot = Slot(rule_day, rule_day, DateState.PLANNED, is_certain=calendar.is_certain(rule_day))
    if gives_way(rule, calendar, rule_day):
        slot = replace(slot, holiday=calendar.name_of(rule_day) or N_("周末"))
    if choice is not None:
        slot = replace(slot, room_id=choice.room_id)
    if choice is not None and choice.state is not None:
        return _chosen(slot, choice.state, choice.day)
    if not slot.holiday:
        return slot
    moves = {
        HolidayPolicy.NEXT_WORKDAY: workdays.next_workday,
        HolidayPolicy.NEXT_SAME_WEEKDAY: workdays.same_weekday_later,
        HolidayPolicy.PREVIOUS_WORKDAY: workdays.previous_workday,
    }
    if policy in moves:
        return replace(slot, day=moves[policy](calendar, rule_day), state=DateState.SHIFTED)
    return replace(
        slot, day=None, state=DateState.SKIPPED if policy is HolidayPolicy.SKIP else DateState.OPEN
    )


def _chosen(slot: Slot, state: DateState, day: date | None) -> Slot:
    if state is DateState.PLANNED:
        return slot
    if state is DateState.SHIFTED and day is not None:
        return replace(slot, day=day, state=state)
    return replace(slot, day=None, state=DateState.SKIPPED if state is DateState.SKIPPED else DateState.OPEN)


def gives_way(rule: Rule, calendar: WorkCalendar, day: date) -> bool:
    """Return whether a rule's day is not meant to be kept: a holiday, and for days of the month a weekend, too.

    A rule that names Saturday means Saturday; “the 15th” does not mean Sunday the 15th.
    """
    if rule.repeat is Repeat.MONTH_DAYS:
        return not calendar.is_workday(day)
    return calendar.mark_of(day) is DayMark.OFF


# --- from one meeting to the others -------------------------------------------


def moved(plan: MeetingPlan, day: date, room_id: int | None = None) -> MeetingPlan:
    """Return a plan on another day at the same hours; its sign-up window moves along."""
    by = day - local(plan.starts_at).date()
    opens_at, closes_at = plan.signup_opens_at, plan.signup_closes_at
    plan = replace(
        plan,
        starts_at=_later(plan.starts_at, by),
        ends_at=_later(plan.ends_at, by),
        signup_opens_at=_later(opens_at, by) if opens_at else None,
        signup_closes_at=_later(closes_at, by) if closes_at else None,
    )
    if room_id:
        plan = replace(plan, place_kind=PlaceKind.ROOM, room_id=room_id, station_id=None, place_text="")
    return plan


def _later(moment: datetime, by: timedelta) -> datetime:
    there = local(moment)
    return from_local(there.date() + by, there.time())


def fresh(plan: MeetingPlan) -> MeetingPlan:
    """Return a plan for another date of its series: without the notice of this one, and without whom somebody sent."""
    sent = sent_by_others(plan.people)
    return replace(plan, notice="", people=tuple(one for one in plan.people if one not in sent))


_FIELDS: dict[Facet, tuple[str, ...]] = {
    Facet.PLACE: ("place_kind", "station_id", "room_id", "place_text"),
    Facet.SEATS: ("seats", "seat_limit", "firm_limit", "spill_hours"),
    Facet.PEOPLE: ("people",),
    Facet.WORDS: ("kind", "title", "is_public", "about", "agenda"),
}


def facets(plan: MeetingPlan) -> dict[Facet, Any]:
    """Return the sides of a plan as plain values, to compare and to keep: of people who and in which role."""
    begins, ends = local(plan.starts_at), local(plan.ends_at)
    return {
        Facet.TIME: [f"{begins:%H:%M}", f"{ends:%H:%M}"],
        Facet.PLACE: [str(plan.place_kind), plan.station_id, plan.room_id, plan.place_text],
        Facet.PEOPLE: [[one.person_id, str(one.role), one.unit_id, one.is_lead] for one in plan.people],
        Facet.SEATS: [
            [[str(role), number] for role, number in plan.seats if number],
            plan.seat_limit,
            plan.firm_limit,
            plan.spill_hours,
        ],
        Facet.WORDS: [getattr(plan, name) for name in _FIELDS[Facet.WORDS]],
    }


def differing(plan: MeetingPlan, other: Mapping[Any, Any]) -> list[Facet]:
    """Return the sides in which a plan is not as `other` has it."""
    mine = facets(plan)
    return [facet for facet in Facet if facet in other and mine[facet] != other[facet]]


def carried(plan: MeetingPlan, source: MeetingPlan, wanted: Iterable[Facet]) -> MeetingPlan:
    """Return `plan` with some sides of `source`; it stays on its own day."""
    for facet in wanted:
        if facet is Facet.TIME:
            day = local(plan.starts_at).date()
            hours = moved(source, day)
            plan = replace(plan, starts_at=hours.starts_at, ends_at=hours.ends_at)
            closes = plan.signup_closes_at
            if closes is not None and closes > plan.starts_at:
                plan = replace(plan, signup_closes_at=plan.starts_at)
        else:
            plan = replace(plan, **{name: getattr(source, name) for name in _FIELDS[facet]})
    return plan
