"""The answer to an invitation, as the person gives it or a clerk writes it down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, RadioField, SelectField
from wtforms.validators import InputRequired
from wtforms.widgets import HiddenInput

from liaison_app.core.errors import LiaisonError
from liaison_app.core.fields import Form, LineField, TextField
from liaison_app.core.web import row_id, translated, within_column
from liaison_app.people.models import Post

from . import rules
from .kinds import AnswerState
from .models import Invitation
from .rules import Given

NOBODY = 0
_WORDS = {
    AnswerState.ACCEPTED: _l("参加"),
    AnswerState.DECLINED: _l("请假"),
    AnswerState.DELEGATED: _l("委托别人代会"),
    AnswerState.TENTATIVE: _l("暂定"),
}


class AnswerForm(Form):
    """`sequence` is that of the meeting as it was shown; an answer to an older time or place is refused."""

    answer = RadioField(_l("答复"), validators=[InputRequired(_l("请选一项。"))])
    reason = TextField(_l("原因"), longest=rules.LONGEST_REASON)
    stand_in = SelectField(_l("由谁代会"), coerce=row_id, default=NOBODY, validate_choice=False)
    stand_in_text = LineField(_l("代会人的姓名和职务"), longest=rules.LONGEST_NAME)
    sequence = IntegerField(widget=HiddenInput(), filters=[within_column])
    may_delegate = False

    def offer(self, invitation: Invitation, posts: Sequence[Post], *, with_tentative: bool = False) -> None:
        """Fill the form for one invitation; `posts` are those of who could come in the person's place."""
        self.may_delegate = invitation.participant.unit_id is not None
        left_out = {
            AnswerState.DELEGATED: not self.may_delegate,
            AnswerState.TENTATIVE: not with_tentative,
        }
        self.answer.choices = [
            (str(answer), words) for answer, words in _WORDS.items() if not left_out.get(answer)
        ]
        people = {post.person_id: f"{post.title} {post.person.name}".strip() for post in posts}
        self.stand_in.choices = [(NOBODY, gettext("请选；名单里没有就写在下面")), *people.items()]
        if not self.is_submitted():
            self.sequence.data = invitation.meeting.sequence

    def choose(self, answer: str | None) -> None:
        """Preselect an answer where it can be chosen; it counts only when the form is sent."""
        if answer in {value for value, _ in self.answer.choices or ()}:
            self.answer.data = answer

    def given(self) -> Given:
        return Given(
            answer=AnswerState(self.answer.data),
            reason=self.reason.data or "",
            stand_in_person_id=self.stand_in.data or None,
            stand_in_text=self.stand_in_text.data or "",
        )

    def refuse(self, refusal: LiaisonError) -> None:
        """Show why the answer was not taken, beside the field that it is about."""
        field: Any = self._fields.get(getattr(refusal, "field", ""))
        if field is None:
            self.form_errors.append(translated(refusal))
        else:
            field.errors = [*field.errors, translated(refusal)]

    def show_anew(self, invitation: Invitation) -> None:
        """Let the next try be an answer to the meeting as it stands now."""
        # A field shows what was sent as long as it remembers it.
        self.sequence.raw_data = None
        self.sequence.data = invitation.meeting.sequence
