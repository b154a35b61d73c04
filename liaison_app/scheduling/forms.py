"""The editor of a meeting, and the reason for taking one off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from liaison_app.core.fields import Form, VersionForm, row_number
from liaison_app.core.text import clean_line, clean_text, from_local, local
from liaison_app.core.time_fields import ClockField, DayField, complain
from liaison_app.orgs.kinds import OrgKind
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Person, Post
from liaison_app.stations.models import Room

from .kinds import KINDS, ROLE_NAMES, MeetingKind, PlaceKind, RoleCode
from .rules import MOST, MeetingPlan, PlannedPerson, sent_by_others

SEAT_ROLES = (
    RoleCode.DEPUTY,
    RoleCode.CITIZEN,
    RoleCode.PROPERTY_REP,
    RoleCode.ENTERPRISE_REP,
    RoleCode.COUNCIL_CITIZEN,
)
MOST_DEPUTIES = 500
LONGEST_SEARCH = 40
# In which role the people of a unit come to the table.
ROLE_OF_UNIT = {
    OrgKind.BUREAU: RoleCode.BUREAU_HEAD,
    OrgKind.UTILITY: RoleCode.UTILITY,
    OrgKind.COURT: RoleCode.LEGAL_OFFICER,
    OrgKind.JUSTICE_OFFICE: RoleCode.LEGAL_OFFICER,
}
# Roles that this form decides on; people in other roles stay as they are.
FORM_ROLES = frozenset(ROLE_OF_UNIT.values()) | {RoleCode.CHAIR, RoleCode.DEPUTY}
# Which field of the form shows the refusal of which field of the plan.
SHOWN_AT = {
    "starts_at": "starts",
    "ends_at": "ends",
    "signup_closes_at": "closes_day",
    "seats": "seats_citizen",
    "people": "lead",
}


def _line(text: str | None) -> str:
    return clean_line(text or "")


def _words(text: str | None) -> str:
    """Return words to search by; a database looks for no more than a line."""
    return _line(text)[:LONGEST_SEARCH]


def _text(text: str | None) -> str:
    return clean_text(text or "")


def _few(ids: list[int] | None) -> list[int]:
    """Return no more people than a page can offer; a list of thousands is nobody's choice."""
    return (ids or [])[:MOST_DEPUTIES]


def _limit(name: str, label: Any, hint: Any) -> IntegerField:
    """Return a field for a number that may be left open."""
    words = _l("请填 1 到 %(most)s，不限就空着。", most=MOST[name])
    return IntegerField(label, description=hint, validators=[Optional(), NumberRange(1, MOST[name], words)])


class MeetingForm(Form):
    kind = SelectField(_l("活动类型"))
    title = StringField(
        _l("主题"),
        filters=[_line],
        validators=[InputRequired(_l("请写主题，例如“供暖专场”。")), Length(max=60)],
    )
    unit_id = SelectField(_l("主办单位"), coerce=int)
    day = DayField(_l("日期"), validators=[InputRequired(_l("请选日期。"))])
    starts = ClockField(_l("开始"), validators=[InputRequired(_l("请填开始时间。"))])
    ends = ClockField(_l("结束"), validators=[InputRequired(_l("请填结束时间。"))])
    place_kind = RadioField(_l("在哪里开"), default=PlaceKind.ROOM)
    room_id = SelectField(_l("房间"), coerce=row_number)
    place_text = StringField(_l("站外地点或网址"), filters=[_line], validators=[Length(max=120)])
    chair = SelectField(_l("主持人"), coerce=row_number)
    lead = SelectField(_l("主办部门和到场的人"))
    others = SelectMultipleField(_l("同来的部门"))
    stand_in_reason = StringField(_l("局长不来的原因"), filters=[_line], validators=[Length(max=200)])
    deputies = SelectMultipleField(_l("邀请代表"), coerce=row_number, validate_choice=False, filters=[_few])
    find = StringField(_l("找别的代表"), filters=[_words])
    is_public = BooleanField(_l("公开：放到公开页面，群众可以看到和报名"))
    opens_day = DayField(_l("报名开始"), validators=[Optional()])
    opens_time = ClockField(_l("几点开始"), validators=[Optional()])
    closes_day = DayField(_l("报名截止"), validators=[Optional()])
    closes_time = ClockField(_l("几点截止"), validators=[Optional()])
    seat_limit = _limit("seat_limit", _l("全场最多坐几人"), _l("台上台下一起算；空着就按房间能坐的算。"))
    firm_limit = _limit("firm_limit", _l("一个单位最多几人"), _l("物业、企业报名时算；空着就不限。"))
    spill_hours = _limit(
        "spill_hours",
        _l("开始前几小时起，空席给别的身份"),
        _l("一类席位空着、又没人候补，就给别类候补的人；写在公开页上。空着就不给。"),
    )
    about = TextAreaField(_l("谈什么"), filters=[_text], validators=[Length(max=2000)])
    agenda = TextAreaField(_l("议程"), filters=[_text], validators=[Length(max=2000)])
    notice = TextAreaField(_l("公告"), filters=[_text], validators=[Length(max=4000)])
    version = HiddenField(filters=[row_number])
    form_token = HiddenField(filters=[_line], validators=[Length(max=64)])
    # How many deputies the words in `find` found; None where nothing was looked for.
    matches: int | None = None
    # How many people each room on offer holds.
    fits: dict[int, int] = {}

    def offer(
        self,
        *,
        units: Sequence[OrgUnit],
        rooms: Sequence[Room],
        chairs: Sequence[Post],
        posts: Sequence[Post],
        deputies: Sequence[Person],
        labels: dict[int, str],
    ) -> None:
        """Fill the choices: what this account may choose from."""
        self.kind.choices = [(kind.code, gettext(kind.name)) for kind in KINDS.values()]
        self.unit_id.choices = [(unit.id, unit.name) for unit in units]
        self.place_kind.choices = [
            (PlaceKind.ROOM, gettext("联络站的房间")),
            (PlaceKind.OUTSIDE, gettext("站外")),
            (PlaceKind.ONLINE, gettext("线上")),
        ]
        self.room_id.choices = {"": [(0, gettext("请选房间"))], **_grouped_rooms(rooms)}
        self.chair.choices = [(0, gettext("以后再定"))] + [
            (post.person_id, f"{post.person.name}　{post.unit.short_name}{post.title}") for post in chairs
        ]
        by_unit = _grouped_posts(posts)
        self.lead.choices = {"": [("", gettext("不请部门"))], **by_unit}
        self.others.choices = [choice for group in by_unit.values() for choice in group]
        self.deputies.choices = [(person.id, labels[person.id]) for person in deputies]

    def span(self) -> tuple[datetime, datetime] | None:
        """Return start and end in UTC, or None while they cannot be read. An end before the start is kept."""
        if self.day.data is None or self.starts.data is None or self.ends.data is None:
            return None
        return from_local(self.day.data, self.starts.data), from_local(self.day.data, self.ends.data)

    def plan(self, posts: Sequence[Post], was: MeetingPlan | None = None) -> MeetingPlan:
        """Return what was filled in as a plan; what this form does not decide on stays as it `was`."""
        starts_at, ends_at = self.span() or (datetime.min, datetime.min)
        place_kind = PlaceKind(self.place_kind.data)
        plan = MeetingPlan(
            kind=self.kind.data,
            title=self.title.data or "",
            starts_at=starts_at,
            ends_at=ends_at,
            place_kind=place_kind,
            room_id=self.room_id.data or None,
            place_text=self.place_text.data or "",
            is_public=bool(self.is_public.data),
            signup_opens_at=_moment(self.opens_day.data, self.opens_time.data, time(0)),
            signup_closes_at=_moment(self.closes_day.data, self.closes_time.data, time(18)),
            about=self.about.data or "",
            agenda=self.agenda.data or "",
            notice=self.notice.data or "",
            seats=tuple((role, self.seats(role).data or 0) for role in SEAT_ROLES),
            **{name: self[name].data for name in MOST},
            people=tuple(self._people(posts)),
        )
        return _completed(plan, was) if was else plan

    def use_kind(self, kind: MeetingKind) -> None:
        """Start from what is usual for a kind: its seats, and whether it is public."""
        self.kind.data, self.is_public.data = kind.code, kind.is_public
        usual = dict(kind.pools)
        for role in SEAT_ROLES:
            # A field shows what was sent as long as it remembers it.
            self.seats(role).raw_data = None
            self.seats(role).data = usual.get(role, 0)

    def places_wanted(self) -> int:
        """Return how many people would sit in the room if every seat were taken."""
        seats = {role: self.seats(role).data or 0 for role in SEAT_ROLES}
        seats[RoleCode.DEPUTY] = max(seats[RoleCode.DEPUTY], len(self.deputies.data or []))
        officials = {self.lead.data, *(self.others.data or [])} - {"", None}
        return sum(seats.values()) + len(officials) + bool(self.chair.data)

    def seats(self, role: RoleCode) -> Field:
        """Return the field that holds the number of seats of a role."""
        return self[f"seats_{role}"]

    def show(self, plan: MeetingPlan, posts: Sequence[Post]) -> None:
        """Fill the fields from a plan, to edit or clone it."""
        self.kind.data, self.title.data = plan.kind, plan.title
        self.day.data = local(plan.starts_at).date()
        self.starts.data, self.ends.data = local(plan.starts_at).time(), local(plan.ends_at).time()
        self.place_kind.data, self.room_id.data = plan.place_kind, plan.room_id or 0
        self.place_text.data, self.is_public.data = plan.place_text, plan.is_public
        for prefix, moment in (("opens", plan.signup_opens_at), ("closes", plan.signup_closes_at)):
            if moment:
                self[f"{prefix}_day"].data, self[f"{prefix}_time"].data = (
                    local(moment).date(),
                    local(moment).time(),
                )
        self.about.data, self.agenda.data, self.notice.data = plan.about, plan.agenda, plan.notice
        for name in MOST:
            self[name].data = getattr(plan, name)
        seats = dict(plan.seats)
        for role in SEAT_ROLES:
            self.seats(role).data = seats.get(role, 0)
        known, sent = {key_of(post) for post in posts}, sent_by_others(plan.people)
        coming = [
            (key, p)
            for p in plan.people
            if (key := f"{p.unit_id}:{p.person_id}") in known and p.role in FORM_ROLES and p not in sent
        ]
        self.lead.data = next((key for key, p in coming if p.is_lead), "")
        self.others.data = [key for key, p in coming if not p.is_lead]
        self.stand_in_reason.data = next((p.stand_in_reason for _, p in coming if p.stand_in_reason), "")
        self.chair.data = next((p.person_id for p in plan.people if p.role == RoleCode.CHAIR), 0)
        self.deputies.data = [p.person_id for p in plan.people if p.role == RoleCode.DEPUTY]

    def refuse(self, field: str, message: str) -> None:
        """Put a refusal of the service beside the field it is about."""
        complain(self[SHOWN_AT.get(field, field)], message)

    def _people(self, posts: Sequence[Post]) -> list[PlannedPerson]:
        by_key = {key_of(post): post for post in posts}
        heads = {post.unit_id: post for post in reversed(posts) if post.is_head}
        keys = [key for key in dict.fromkeys([self.lead.data, *(self.others.data or [])]) if key in by_key]
        chosen = {by_key[key].person_id for key in keys}
        people = []
        if self.chair.data:
            people.append(PlannedPerson(self.chair.data, RoleCode.CHAIR))
        for key in keys:
            post = by_key[key]
            head = heads.get(post.unit_id)
            # Beside the head a deputy head comes along, and stands in for nobody.
            comes_for = head if head and head.person_id not in chosen else None
            people.append(
                PlannedPerson(
                    person_id=post.person_id,
                    role=ROLE_OF_UNIT[post.unit.kind],
                    unit_id=post.unit_id,
                    is_lead=key == self.lead.data,
                    title=post.title,
                    stand_in_for_id=comes_for.person_id if comes_for else None,
                    stand_in_reason=(self.stand_in_reason.data or "") if comes_for else "",
                )
            )
        people += [PlannedPerson(id, RoleCode.DEPUTY) for id in dict.fromkeys(self.deputies.data or []) if id]
        return people


for _role in SEAT_ROLES:
    setattr(
        MeetingForm,
        f"seats_{_role}",
        IntegerField(
            _l(ROLE_NAMES[_role]),
            default=0,
            validators=[Optional(), NumberRange(0, 999, _l("名额要在 0 到 999 之间。"))],
        ),
    )


class StepForm(VersionForm):
    """A step that needs no reason."""


class FiguresForm(StepForm):
    """A step after a meeting, with the number of matters raised at it and solved since; both may be left open."""

    raised = IntegerField(
        _l("提出问题"), validators=[Optional(), NumberRange(0, 999, _l("件数要在 0 到 999 之间。"))]
    )
    solved = IntegerField(
        _l("已经解决"), validators=[Optional(), NumberRange(0, 999, _l("件数要在 0 到 999 之间。"))]
    )


class ReasonForm(StepForm):
    """A step that everybody invited is told the reason of."""

    reason = StringField(
        _l("原因"),
        filters=[_line],
        validators=[InputRequired(_l("请写明原因，会告诉每一位受邀的人。")), Length(max=200)],
        description=_l("会写进通知，例如“暴雪红色预警”。不要写个人的病情和家事。"),
    )


def _completed(plan: MeetingPlan, was: MeetingPlan) -> MeetingPlan:
    """Return `plan` with what stays as it `was`: the host station of a place outside, seats and
    people of roles that the form does not know, titles, and whoever was sent by somebody still invited."""
    before = {one.person_id: one for one in was.people}
    people = [_as_before(one, before.get(one.person_id)) for one in plan.people]
    sent = sent_by_others(was.people)
    for one in was.people:
        invited = {other.person_id for other in people}
        stays = one.stand_in_for_id in invited if one in sent else one.role not in FORM_ROLES
        if stays and one.person_id not in invited:
            people.append(one)
    return replace(
        plan,
        people=tuple(people),
        seats=(*plan.seats, *((role, number) for role, number in was.seats if role not in SEAT_ROLES)),
        station_id=None if plan.place_kind == PlaceKind.ROOM else was.station_id,
    )


def _as_before(one: PlannedPerson, before: PlannedPerson | None) -> PlannedPerson:
    """Return who was on the list before in the same role with the unit and title that the form does not show."""
    is_shown = one.role not in {RoleCode.CHAIR, RoleCode.DEPUTY}
    return one if is_shown or before is None or before.role != one.role else before


def _moment(day: date | None, at: time | None, default: time) -> datetime | None:
    return from_local(day, at or default) if day else None


def key_of(post: Post) -> str:
    """Return the value under which the form offers a post."""
    return f"{post.unit_id}:{post.person_id}"


def _grouped_rooms(rooms: Sequence[Room]) -> dict[str, list[tuple[int, str]]]:
    groups: dict[str, list[tuple[int, str]]] = {}
    for room in rooms:
        words = gettext("%(room)s（坐 %(n)d 人）", room=room.name, n=room.capacity)
        groups.setdefault(room.station.name, []).append((room.id, words))
    return groups


def _grouped_posts(posts: Sequence[Post]) -> dict[str, list[tuple[str, str]]]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for post in posts:
        if not post.is_contact:
            groups.setdefault(post.unit.name, []).append(
                (key_of(post), f"{post.unit.short_name}　{post.title} {post.person.name}")
            )
    return groups
