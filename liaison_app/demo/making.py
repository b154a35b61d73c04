"""Parts of which the meetings are put together, and the meetings of the usual shapes."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

from liaison_app.core.text import from_local, show_time
from liaison_app.scheduling.kinds import MeetingState, RoleCode

from .deputies import NAMED, members
from .orgs import COMMITTEE_NAME, SHORT_NAMES
from .stations import STATIONS
from .values import SILENT, YES, Answer, Guest, Invitee, Meeting, Pool, SignUp

T = TypeVar("T")

ONE_DAY = timedelta(days=1)
ANSWERS_AFTER = timedelta(minutes=25)
NOTICE = "欢迎报名。会上逐条答复；法院、仲裁、行政复议正在处理的事不受理，工作人员会告诉您该去哪里。"
RECEPTION_AGENDA = ("9:00 代表接待，逐件登记原话", "10:40 当场能答的答复，其余说明去向和时间")
WALK_IN = "不用报名，直接来。说话不方便或者走不动的，请先打电话，代表上门。"

Hours = tuple[time, time]
MORNING: Hours = (time(9), time(11))
AFTERNOON: Hours = (time(15), time(17))


def span(day: date, hours: Hours) -> tuple[datetime, datetime]:
    """Return start and end, in UTC, of a meeting on that day of Beijing's calendar."""
    return from_local(day, hours[0]), from_local(day, hours[1])


def evening_before(day: date) -> datetime:
    """Return 18:00 of the day before, when sign-up usually ends."""
    return from_local(day - ONE_DAY, time(18))


def room_of(station: str, name: str) -> str:
    """Return the key of a station's room."""
    return next(
        room.key for place in STATIONS if place.key == station for room in place.rooms if room.name == name
    )


def agenda(starts: time, bureau: str) -> tuple[str, ...]:
    """Return the usual order of two hours face to face, each line with the time it begins."""
    steps = (
        (0, "主持人开场，通报上次问题办理情况"),
        (10, f"{bureau}通报有关工作（10 分钟以内）"),
        (20, "一问一答：代表、群众、企业逐条提问，部门逐条答复"),
        (100, "部门表态，说明承诺期限"),
        (110, "主持人小结"),
    )
    midnight = datetime.combine(date.min, starts)
    return tuple(f"{show_time((midnight + timedelta(minutes=after)).time())} {text}" for after, text in steps)


def head(unit: str, answer: Answer = SILENT, *, is_lead: bool = True) -> Invitee:
    """Invite the head of a bureau."""
    return Invitee(f"{unit}-head", RoleCode.BUREAU_HEAD, unit, is_lead, answer)


def heating_company(answer: Answer = SILENT) -> Invitee:
    return Invitee("reli-service", RoleCode.UTILITY, "reli", answer=answer)


def judge(answer: Answer = SILENT) -> Invitee:
    return Invitee("fayuan-judge", RoleCode.LEGAL_OFFICER, "fayuan", answer=answer)


def chair(person: str, answer: Answer = SILENT) -> Invitee:
    """Let a person lead the meeting: a deputy by name, anybody else by key."""
    return Invitee(NAMED[person].key if person in NAMED else person, RoleCode.CHAIR, answer=answer)


def deputy(name: str, answer: Answer = SILENT) -> Invitee:
    """Invite one of the deputies who are known by name."""
    return Invitee(NAMED[name].key, RoleCode.DEPUTY, answer=answer)


def deputies(station: str, count: int, *, skip: int = 0, yes: int = 0) -> tuple[Invitee, ...]:
    """Invite `count` members of a station after the first `skip`; the first `yes` of them have accepted.

    Counts round, so that later meetings of one station see other faces. The leaders of the standing
    committee are left out: they take the chair.
    """
    table = [person for person in members(station) if person.employer != COMMITTEE_NAME]
    return tuple(
        Invitee(person.key, RoleCode.DEPUTY, answer=YES if number < yes else SILENT)
        for number, person in enumerate(some(table, count, skip=skip))
    )


def seats(waiting: int = 0, **wanted: int) -> tuple[Pool, ...]:
    """Return pools by role code; deputies are invited, so only the others have places to wait."""
    return tuple(
        Pool(RoleCode(role), number, 0 if role == RoleCode.DEPUTY else waiting)
        for role, number in wanted.items()
        if number
    )


def answered(invitees: Iterable[Invitee], published_at: datetime) -> tuple[Invitee, ...]:
    """Give everybody who has answered a moment soon after the publication."""
    return tuple(
        invitee
        if invitee.answer is SILENT
        else replace(invitee, answered_at=published_at + number * ANSWERS_AFTER)
        for number, invitee in enumerate(invitees, start=1)
    )


def sign_ups(
    role: RoleCode,
    guests: Sequence[Guest],
    opens_at: datetime,
    *,
    questions: Sequence[str] = (),
    waiting: int = 0,
) -> tuple[SignUp, ...]:
    """Let guests sign up one after the other from `opens_at`; the last `waiting` find all seats taken."""
    asked = [*questions, *[""] * len(guests)]
    return tuple(
        SignUp(
            guest=guest,
            role=role,
            signed_up_at=opens_at + timedelta(minutes=17 * number),
            state="confirmed" if number <= len(guests) - waiting else "waiting",
            question=asked[number - 1],
        )
        for number, guest in enumerate(guests, start=1)
    )


def some(people: Sequence[T], count: int, *, skip: int) -> list[T]:
    """Return `count` different people after the first `skip`, counting round."""
    return [people[(skip + number) % len(people)] for number in range(count)]


def morning_of(day: date) -> datetime:
    """Return 10:00, when notices go out."""
    return from_local(day, time(10))


def opening_of(day: date) -> datetime:
    """Return 14:00, when sign-up begins."""
    return from_local(day, time(14))


def meeting(
    key: str, kind: str, title: str, day: date, hours: Hours, *, station: str, room: str = "", **facts: Any
) -> Meeting:
    """Return a published meeting hosted by its station; `facts` are further fields, and win."""
    starts_at, ends_at = span(day, hours)
    usual: dict[str, Any] = {
        "state": MeetingState.PUBLISHED,
        "unit": station,
        "room": room_of(station, room) if room else "",
        "first_starts_at": starts_at,
        "first_ends_at": ends_at,
        "agenda": (),
    }
    planned = Meeting(
        key=key,
        kind=kind,
        title=title,
        station=station,
        starts_at=starts_at,
        ends_at=ends_at,
        **(usual | facts),
    )
    if planned.published_at is None:
        return planned
    return replace(planned, invitees=answered(planned.invitees, planned.published_at))


def face(key: str, title: str, day: date, hours: Hours, *, bureau: str, **facts: Any) -> Meeting:
    """Return a published meeting with a bureau's head, with the usual agenda, notice and end of sign-up."""
    usual: dict[str, Any] = {
        "agenda": agenda(hours[0], SHORT_NAMES[bureau]),
        "notice": NOTICE,
        "signup_closes_at": evening_before(day),
    }
    return meeting(key, "face_bureau", title, day, hours, **(usual | facts))


def reception(
    key: str,
    day: date,
    published_on: date,
    *,
    station: str,
    room: str,
    invitees: tuple[Invitee, ...],
) -> Meeting:
    """Return a reception day, to which people come without signing up."""
    return meeting(
        key,
        "reception",
        "接待选民日",
        day,
        MORNING,
        station=station,
        room=room,
        about="反映身边的事、问政策、提建议都可以；代表听、记、转、催，办结了回话。",
        agenda=RECEPTION_AGENDA,
        notice=WALK_IN,
        invitees=invitees,
        pools=seats(deputy=len(invitees)),
        published_at=morning_of(published_on),
    )


def held(planned: Meeting, *, issues: int, solved: int) -> Meeting:
    return replace(planned, state=MeetingState.HELD, ended_at=planned.ends_at, issues=issues, solved=solved)
