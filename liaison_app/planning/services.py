"""What an organizer does with a series: lay it out, leave a date out, put it back, carry one meeting's changes on.

Every meeting goes through scheduling's own services, so that ledger, states and messages are the same by this path.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import date

from sqlalchemy import select

from liaison_app.accounts.models import Account
from liaison_app.audit import services as audit
from liaison_app.core import clock
from liaison_app.core.db import db, get, lock
from liaison_app.core.errors import LiaisonError, Stale
from liaison_app.core.text import local
from liaison_app.scheduling import rules as meetings
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.errors import BusyElsewhere, Conflict, NotAllowedNow
from liaison_app.scheduling.kinds import MeetingState
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.rules import MeetingPlan
from liaison_app.workdays.queries import calendar_between
from liaison_app.workdays.rules import A_WEEK

from . import queries, rules
from .errors import AlreadyInSeries, DateRefused, NothingToDo
from .kinds import HOLDS, DateState, Facet, HolidayPolicy
from .models import Series, SeriesDate
from .rules import Choice, Rule, Slot

# A date may be put off beyond the last one; weeks of holidays do not follow one another.
REACH = A_WEEK * 8


def propose(
    meeting: Meeting, rule: Rule, policy: HolidayPolicy, last: date, choices: Mapping[date, Choice]
) -> list[Slot]:
    """Return what becomes of each date of a rule, from the meeting's own day to `last`. Writes nothing.

    The meeting itself is the first date, whatever the rule says of its day. Raises RuleRefused.
    """
    first = local(meeting.starts_at).date()
    days = [day for day in rules.rule_days(rule, first, last) if day != first]
    calendar = calendar_between(first, last + REACH)
    own = Slot(first, first, DateState.PLANNED, is_certain=calendar.is_certain(first))
    return [own, *rules.lay_out(rule, days, policy, calendar, choices, taken=[first])]


def make_series(
    meeting_id: int,
    rule: Rule,
    policy: HolidayPolicy,
    last: date,
    choices: Mapping[date, Choice],
    *,
    version: int,
    by: Account | None,
) -> Series:
    """Let one meeting become the first of a series, and draft the others: all of them, or none.

    The meeting keeps its id, sign-ups and UID. Raises Stale, AlreadyInSeries, NotAllowedNow, RuleRefused, DateRefused.
    """
    meeting = lock(Meeting, meeting_id)
    if queries.find_of(meeting.id) is not None:
        raise AlreadyInSeries
    if meeting.version != version:
        raise Stale
    if meeting.state not in meetings.EDITABLE:
        raise NotAllowedNow
    slots = propose(meeting, rule, policy, last, choices)
    if sum(slot.state in HOLDS for slot in slots) < 2:
        raise NothingToDo
    plan = rules.fresh(scheduling.as_plan(meeting))
    series = Series(
        unit_id=meeting.unit_id,
        title=meeting.title,
        rule=as_json(rule),
        policy=policy,
        pattern=dict(rules.facets(plan)),
        created_at=clock.now(),
    )
    db.session.add(series)
    # Its dates hang upon it.
    db.session.flush()
    for slot in slots:
        row = SeriesDate(series_id=series.id, rule_day=slot.rule_day, day=slot.day, state=slot.state)
        if slot.rule_day == local(meeting.starts_at).date():
            row.meeting_id = meeting.id
        elif slot.state in HOLDS and slot.day:
            row.meeting_id = _draft(rules.moved(plan, slot.day, slot.room_id), series, slot.day, by).id
        db.session.add(row)
    audit.record("planning:series:create", series, by=by, sentence=_sentence(series, slots))
    return series


def restore(date_id: int, day: date, *, by: Account | None) -> Meeting:
    """Draft the meeting of a date that was left out, as the series' latest meeting is, on `day`.

    Raises NotAllowedNow where it has one, DateRefused where room or people are taken.
    """
    row = _lock(date_id)
    if row.meeting is not None and row.meeting.state != MeetingState.CANCELLED:
        raise NotAllowedNow
    series = queries.get_series(row.series_id)
    meeting = _draft(rules.moved(rules.fresh(_latest_plan(series)), day), series, day, by)
    row.meeting_id, row.day = meeting.id, day
    row.state = DateState.PLANNED if day == row.rule_day else DateState.SHIFTED
    audit.record("planning:date:restore", series, by=by, sentence=f"{series.title} {day.isoformat()}")
    return meeting


def skip(date_id: int, *, reason: str, by: Account | None) -> None:
    """Leave a date out: its meeting is called off. Raises NotAllowedNow, and ReasonMissing where people were told."""
    row = _lock(date_id)
    if row.meeting_id is None:
        raise NotAllowedNow
    _call_off(row, reason, by)
    series = row.series
    audit.record("planning:date:skip", series, by=by, sentence=f"{series.title} {row.rule_day.isoformat()}")


def end(series_id: int, first: date, *, reason: str, by: Account | None) -> int:
    """Call off what is still ahead of a series from `first` on, and return how many meetings that were.

    Raises NothingToDo, and ReasonMissing where people were told of one.
    """
    lock(Series, series_id)
    series = queries.get_series(series_id)
    rows = [row for row in ahead(series) if row.meeting and local(row.meeting.starts_at).date() >= first]
    if not rows:
        raise NothingToDo
    for row in rows:
        _call_off(row, reason, by)
    audit.record(
        "planning:series:end", series, by=by, sentence=f"{series.title} {first.isoformat()} {len(rows)}"
    )
    return len(rows)


def carry_on(
    meeting_id: int,
    wanted: Sequence[Facet],
    targets: Mapping[int, int],
    *,
    by: Account | None,
) -> int:
    """Let other meetings of the series become like this one in the sides that are `wanted`; all of them, or none.

    `targets` are the meetings' versions by id, as they were looked at. Returns how many changed.
    Raises Missing, NothingToDo, Stale, DateRefused.
    """
    own = queries.find_of(meeting_id)
    if own is None or not wanted or not targets:
        raise NothingToDo
    lock(Series, own.series_id)
    series = queries.get_series(own.series_id)
    source = rules.fresh(scheduling.as_plan(get(Meeting, meeting_id)))
    changed = 0
    for row in ahead(series):
        if row.meeting is None or row.meeting_id == meeting_id or row.meeting_id not in targets:
            continue
        plan = scheduling.as_plan(row.meeting)
        new = rules.carried(plan, source, wanted)
        if new != plan:
            _revise(row.meeting, new, targets[row.meeting.id], by)
            changed += 1
    series.pattern = {**series.pattern, **{facet: rules.facets(source)[facet] for facet in wanted}}
    sentence = f"{series.title} {'、'.join(wanted)} {changed}"
    audit.record("planning:series:carry_on", series, by=by, sentence=sentence)
    return changed


def publish_drafts(series_id: int, versions: Mapping[int, int], *, by: Account | None) -> int:
    """Publish the drafts of a series that were looked at; all of them, or none. Returns how many.

    Raises NothingToDo, Stale, DateRefused.
    """
    lock(Series, series_id)
    series = queries.get_series(series_id)
    drafts = [
        row.meeting
        for row in ahead(series)
        if row.meeting and row.meeting.state == MeetingState.DRAFT and row.meeting.id in versions
    ]
    if not drafts:
        raise NothingToDo
    for meeting in drafts:
        try:
            scheduling.publish(meeting.id, version=versions[meeting.id], by=by)
        except Stale:
            raise
        except LiaisonError as refusal:
            raise DateRefused(local(meeting.starts_at).date(), _discreet(refusal)) from refusal
    return len(drafts)


def shift_meeting(meeting_id: int, day: date, *, version: int, by: Account | None) -> Meeting:
    """Put a meeting on another day at the same hours; everybody is told as of any change. Raises as `revise`, Stale."""
    meeting = lock(Meeting, meeting_id)
    plan = rules.moved(scheduling.as_plan(meeting), day)
    return _revise(meeting, plan, version, by)


def is_free(series: Series, day: date) -> bool:
    """Return whether room and people of the series' latest meeting are free on a day, so that it could be held."""
    plan = rules.moved(rules.fresh(_latest_plan(series)), day)
    return not queries.is_taken(plan)


def ahead(series: Series) -> list[SeriesDate]:
    """Return the dates whose meeting can still be changed, earliest first."""
    now = clock.now()
    rows = [
        row
        for row in series.dates
        if row.meeting and row.meeting.state in meetings.EDITABLE and row.meeting.starts_at > now
    ]
    return sorted(rows, key=lambda row: row.meeting.starts_at if row.meeting else now)


def as_json(rule: Rule) -> dict[str, object]:
    """Return a rule as plain values, for the column."""
    return {**asdict(rule), "dates": [day.isoformat() for day in rule.dates]}


def rule_of(series: Series) -> Rule:
    """Return the rule of a series."""
    kept = dict(series.rule)
    for name in ("weekdays", "month_days"):
        kept[name] = tuple(kept[name])
    kept["dates"] = tuple(date.fromisoformat(day) for day in kept["dates"])
    return Rule(**kept)


def _draft(plan: MeetingPlan, series: Series, day: date, by: Account | None) -> Meeting:
    try:
        return scheduling.create_meeting(plan, unit_id=series.unit_id, by=by)
    except LiaisonError as refusal:
        raise DateRefused(day, _discreet(refusal)) from refusal


def _revise(meeting: Meeting, plan: MeetingPlan, version: int, by: Account | None) -> Meeting:
    try:
        return scheduling.revise(meeting.id, plan, version=version, by=by)
    except Stale:
        raise
    except LiaisonError as refusal:
        raise DateRefused(local(plan.starts_at).date(), _discreet(refusal)) from refusal


def _discreet(refusal: LiaisonError) -> LiaisonError:
    """Return a refusal that names no meeting of a unit that the reader may not look into."""
    return BusyElsewhere(refusal.blockers[0]) if isinstance(refusal, Conflict) else refusal


def _call_off(row: SeriesDate, reason: str, by: Account | None) -> None:
    meeting = lock(Meeting, row.meeting_id or 0)
    scheduling.cancel(meeting.id, reason=reason, version=meeting.version, by=by)
    row.state = DateState.SKIPPED


def _lock(date_id: int) -> SeriesDate:
    """Return a date once its series is locked."""
    series_id = get(SeriesDate, date_id).series_id
    lock(Series, series_id)
    return db.session.scalars(
        select(SeriesDate).where(SeriesDate.id == date_id).execution_options(populate_existing=True)
    ).one()


def _latest_plan(series: Series) -> MeetingPlan:
    """Return the plan of the meeting of the series that was planned last, as all are meant to be now."""
    known = [row.meeting for row in series.dates if row.meeting]
    live = [meeting for meeting in known if meeting.state != MeetingState.CANCELLED] or known
    return scheduling.as_plan(max(live, key=lambda meeting: meeting.starts_at))


def _sentence(series: Series, slots: Collection[Slot]) -> str:
    return f"{series.title} {sum(slot.state in HOLDS for slot in slots)}"
