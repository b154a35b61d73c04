"""Play the lives of the demo's meetings, in the order in which things happened, through the services.

So that invitations, ledger, trail and outbox hold what they would hold if the office had worked all along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from liaison_app.access.permissions import Role
from liaison_app.accounts.models import Account
from liaison_app.attendance import queries as came
from liaison_app.attendance import services as attendance
from liaison_app.core import clock, pictures
from liaison_app.core.text import local, show_span
from liaison_app.invitations import queries as asked
from liaison_app.invitations import services as invitations
from liaison_app.invitations.kinds import AnswerState, Door
from liaison_app.invitations.letters import thread_of
from liaison_app.invitations.models import Invitation
from liaison_app.invitations.rules import Given
from liaison_app.messages import queries as outbox
from liaison_app.messages import services as messages
from liaison_app.messages.models import Message
from liaison_app.proposals import queries as wished
from liaison_app.proposals import services as proposals
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.kinds import KINDS, ROLE_NAMES, MeetingState, PlaceKind, RoleCode
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from liaison_app.signups import services as signups
from liaison_app.signups.models import SignUp
from liaison_app.signups.rules import PRIVACY_VERSION, Applicant

from . import district, values
from .drawings import signed_sheet
from .founding import Rows
from .making import evening_before

# How long things take at the office.
DRAFTED_BEFORE = timedelta(hours=20)
TOLD_BEFORE = timedelta(minutes=5)
TOLD_AFTER = timedelta(hours=4)
REFUSED_AFTER = timedelta(hours=1)
STAND_IN_AFTER = timedelta(minutes=10)
CLOSED_AFTER = timedelta(days=7)

OVER = frozenset({MeetingState.HELD, MeetingState.CLOSED})
OFFICE = "office"


class Step(NamedTuple):
    """Something that happened at a moment."""

    at: datetime
    do: Callable[[], object]


def play(planned: Iterable[values.Meeting], rows: Rows, drafted_at: datetime) -> None:
    """Let everything happen that has happened to the meetings; what was never published was drafted then."""
    desks = Desks(rows)
    lives = [Life(meeting, rows, desks, drafted_at) for meeting in planned]
    for step in sorted(chain.from_iterable(life.steps() for life in lives), key=lambda step: step.at):
        with clock.frozen(step.at):
            step.do()


class Desks:
    """Whose work it is: that of the nearest account of the unit or above it, else the office's."""

    def __init__(self, rows: Rows):
        self._parents = {unit.key: unit.parent for unit in district.UNITS}
        self._office = rows.accounts[OFFICE]
        self._hosts = self._holding(rows, {Role.LIAISON, Role.STREET})
        self._contacts = self._holding(rows, {Role.BUREAU_CONTACT})

    @staticmethod
    def _holding(rows: Rows, roles: set[Role]) -> dict[str, Account]:
        return {one.unit: rows.accounts[one.login] for one in district.ACCOUNTS if one.role in roles}

    def host(self, unit: str) -> Account:
        """Return who runs the meetings of a unit."""
        above: str | None = unit
        while above:
            if above in self._hosts:
                return self._hosts[above]
            above = self._parents[above]
        return self._office

    def contact(self, unit: str) -> Account | None:
        """Return the bureau's own clerk, where the bureau has one with an account."""
        return self._contacts.get(unit)


class Life:
    """One meeting from its draft to its end."""

    def __init__(self, planned: values.Meeting, rows: Rows, desks: Desks, drafted_at: datetime):
        self.planned = planned
        self.rows = rows
        self.by = desks.host(planned.unit)
        self.contact_of = desks.contact
        published_at = planned.published_at
        self.drafted_at = published_at - DRAFTED_BEFORE if published_at else drafted_at
        # Rows that are held here are not asked for again and again.
        self.meeting: Meeting
        self.invitations: dict[str, Invitation] = {}
        self.sign_ups: dict[str, SignUp] = {}
        self.wishes: dict[values.Wish, int] = {}

    def steps(self) -> Iterator[Step]:
        """Give everything that has happened, each at its moment."""
        planned = self.planned
        yield Step(self.drafted_at, self.draft)
        if planned.published_at is None:
            return
        yield Step(planned.published_at, self.publish)
        yield from self._answers(planned.published_at, timedelta(0))
        yield from self._sign_ups()
        yield from self._wishes()
        if planned.moved_at is not None:
            yield Step(planned.moved_at, self.move)
            # All are asked anew, and say the same again.
            yield from self._answers(planned.moved_at, planned.moved_at - planned.published_at)
        if planned.state in OVER:
            yield from self._end()
        elif planned.state == MeetingState.CANCELLED and planned.ended_at is not None:
            yield Step(planned.ended_at, self.cancel)

    def _answers(self, asked_at: datetime, later: timedelta) -> Iterator[Step]:
        for invitee in self.planned.invitees:
            if invitee.answered_at is None:
                continue
            at, answer = invitee.answered_at + later, invitee.answer
            yield Step(max(at - TOLD_BEFORE, asked_at), partial(self.tell, invitee.person))
            yield Step(at, partial(self.answer, invitee.person, invitee.unit, answer))
            if answer.stand_in:
                at += STAND_IN_AFTER
                yield Step(at, partial(self.tell, answer.stand_in))
                yield Step(at, partial(self.answer, answer.stand_in, invitee.unit, values.YES))
        if self.planned.state in OVER:
            yield Step(asked_at + TOLD_AFTER, self.tell_the_rest)

    def _sign_ups(self) -> Iterator[Step]:
        for planned in self.planned.sign_ups:
            yield Step(planned.signed_up_at, partial(self.sign_up, planned))
            if planned.withdrawn_at is not None:
                yield Step(planned.withdrawn_at, partial(self.withdraw, planned))

    def _wishes(self) -> Iterator[Step]:
        for wish in self.planned.wishes:
            yield Step(wish.made_at, partial(self.propose, wish))
            if wish.reply:
                yield Step(wish.made_at + REFUSED_AFTER, partial(self.refuse, wish))

    def _end(self) -> Iterator[Step]:
        ended_at = self.planned.ended_at or self.planned.ends_at
        yield Step(ended_at, self.hold)
        if self.planned.state == MeetingState.CLOSED:
            yield Step(ended_at + CLOSED_AFTER, self.close)

    # --- what happens -----------------------------------------------------------------------------

    def draft(self) -> None:
        host = self.rows.units[self.planned.unit]
        self.meeting = scheduling.create_meeting(self._plan(), unit_id=host.id, by=self.by)

    def publish(self) -> None:
        scheduling.publish(**self._step())

    def move(self) -> None:
        """Give the meeting its present time, and say in the notice why."""
        planned = self.planned
        was = show_span(planned.first_starts_at, planned.first_ends_at)
        plan = replace(
            scheduling.as_plan(self.meeting),
            starts_at=planned.starts_at,
            ends_at=planned.ends_at,
            signup_closes_at=planned.signup_closes_at,
            notice=f"原定 {was}，{planned.reason}，改到现在的时间。报过名的席位保留。\n{planned.notice}",
        )
        scheduling.revise(plan=plan, **self._step())

    def cancel(self) -> None:
        scheduling.cancel(reason=self.planned.reason, **self._step())

    def hold(self) -> None:
        scheduling.hold_meeting(raised=self.planned.issues, solved=self.planned.solved, **self._step())
        # The clerk keys the signed sheet in.
        expected = [one.key for one in came.list_guests(self.meeting.id) if one.is_expected]
        attendance.key_in(self.meeting.id, expected, by=self.by)
        photo = pictures.made_anew(signed_sheet(self.meeting.id))
        attendance.file_photo(self.meeting.id, photo, form_token=f"demo-{self.meeting.id}", by=self.by)

    def close(self) -> None:
        scheduling.close_meeting(**self._step())

    def tell(self, person: str) -> None:
        """Tick off what the person was told by telephone, or by words copied into a message."""
        thread = thread_of(self._invitation(person))
        for message_id in outbox.list_open_ids(self._about(), thread):
            messages.told_by_phone(message_id, by=self.by)

    def tell_the_rest(self) -> None:
        """Tick off whatever still waits: nobody is told of a meeting that is over."""
        self._tick_off(lambda message: True)

    def answer(self, person: str, unit: str, answer: values.Answer) -> None:
        """Take an answer by the door that lies nearest: the bureau's own clerk, the link, the telephone."""
        door = Door.PHONE
        by: Account | None = self.by
        if contact := self.contact_of(unit):
            door, by = Door.ACCOUNT, contact
        elif self.rows.people[person].email:
            door, by = Door.LINK, None
        stand_in = self.rows.people[answer.stand_in].id if answer.stand_in else None
        given = Given(AnswerState(answer.state), answer.reason, stand_in)
        invitations.take_answer(
            self._invitation(person).id, given, sequence=self.meeting.sequence, door=door, by=by
        )

    def propose(self, wish: values.Wish) -> None:
        """Let an invited person ask for another time behind the personal link."""
        invitation, span = self._invitation(wish.person), (wish.starts_at, wish.ends_at)
        made = proposals.propose(
            invitation.id, span, wish.comment, sequence=self.meeting.sequence, door=Door.LINK
        )
        self.wishes[wish] = made.id

    def refuse(self, wish: values.Wish) -> None:
        """Refuse a wish, with the times that are free; the person was told by telephone as well."""
        proposal_id = self.wishes[wish]
        offers = wished.list_feasible(wished.get_of_meeting(self.meeting.id, proposal_id))
        message = proposals.decline(proposal_id, offers, wish.reply, by=self.by)
        messages.told_by_phone(message.id, by=self.by)

    def sign_up(self, planned: values.SignUp) -> None:
        guest = planned.guest
        applicant = Applicant(
            name=guest.name,
            mobile=guest.mobile,
            organisation=guest.organisation,
            question=planned.question,
            needs=(planned.needs,) if planned.needs else (),
            privacy_version=PRIVACY_VERSION,
        )
        pools = {pool.role: pool.id for pool in self.meeting.pools}
        by = self.rows.accounts[planned.entered_by] if planned.entered_by else None
        self.sign_ups[guest.mobile] = signups.sign_up(pools[planned.role], applicant, by=by)

    def withdraw(self, planned: values.SignUp) -> None:
        """Give a seat back; whoever does so has heard what there was to tell."""
        signups.withdraw(self.sign_ups[planned.guest.mobile].id)
        self._tick_off(lambda message: message.to_name == planned.guest.name)

    # --- the words for it ---------------------------------------------------------------------------

    def _plan(self) -> MeetingPlan:
        """Return the meeting as it was first planned."""
        planned, rows = self.planned, self.rows
        closes_at = planned.signup_closes_at
        if closes_at is not None:
            closes_at = min(closes_at, evening_before(local(planned.first_starts_at).date()))
        # Whoever is only counted takes no seat, and is told in words.
        counted = "".join(
            f"{ROLE_NAMES[role]} {number} 人，只记人数，不登记姓名。" for role, number in planned.headcount
        )
        return MeetingPlan(
            kind=planned.kind,
            title=planned.title,
            starts_at=planned.first_starts_at,
            ends_at=planned.first_ends_at,
            place_kind=PlaceKind.ROOM if planned.room else PlaceKind.OUTSIDE,
            station_id=rows.stations[planned.station].id,
            room_id=rows.rooms[planned.room].id if planned.room else None,
            place_text=planned.place,
            is_public=KINDS[planned.kind].is_public,
            signup_opens_at=planned.signup_opens_at,
            signup_closes_at=closes_at,
            about=planned.about + counted,
            agenda="\n".join(planned.agenda),
            notice=planned.notice,
            seats=tuple((pool.role, pool.seats) for pool in planned.pools),
            firm_limit=planned.firm_limit,
            spill_hours=planned.spill_hours,
            people=tuple(self._invite(invitee) for invitee in planned.invitees),
        )

    def _invite(self, invitee: values.Invitee) -> PlannedPerson:
        unit = self.rows.units[invitee.unit] if invitee.unit else None
        return PlannedPerson(
            person_id=self.rows.people[invitee.person].id,
            role=invitee.role,
            unit_id=unit.id if unit else None,
            is_lead=invitee.is_lead,
            title=_title(invitee),
        )

    def _step(self) -> dict[str, Any]:
        """Return by whom a step of the meeting's life is taken, and in view of which version."""
        return {"meeting_id": self.meeting.id, "version": self.meeting.version, "by": self.by}

    def _about(self) -> str:
        return f"meeting:{self.meeting.id}"

    def _tick_off(self, is_told: Callable[[Message], bool]) -> None:
        for message in outbox.list_about(self._about()):
            if message.can_settle and is_told(message):
                messages.told_by_phone(message.id, by=self.by)

    def _invitation(self, person: str) -> Invitation:
        """Return the invitation of somebody who was asked to this meeting."""
        if person not in self.invitations:
            keys = {self.rows.people[key].id: key for key in self.rows.people}
            for one in asked.list_of_meeting(self.meeting.id):
                self.invitations[keys[one.participant.person_id]] = one
        return self.invitations[person]


def _title(invitee: values.Invitee) -> str:
    """Return what the person is in the unit that the person speaks for; of who leads, with the unit."""
    for post in district.POSTS:
        if post.person == invitee.person and invitee.unit in ("", post.unit):
            if invitee.unit:
                return post.title
            if invitee.role == RoleCode.CHAIR:
                return f"{_SHORT_NAMES[post.unit]}{post.title}"
    return ""


_SHORT_NAMES = {unit.key: unit.short_name for unit in district.UNITS}
