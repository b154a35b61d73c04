"""A wished time as the person gives it, and what the host does about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, RadioField, SelectMultipleField
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import HiddenInput

from liaison_app.core.errors import LiaisonError
from liaison_app.core.fields import Form, TextField
from liaison_app.core.text import from_local, local
from liaison_app.core.time_fields import ClockField, DayField
from liaison_app.core.web import row_id, show_span, translated, within_column
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.rules import Span

from . import rules


class _WishForm(Form):
    """`sequence` is that of the meeting as it was shown."""

    sequence = IntegerField(widget=HiddenInput(), filters=[within_column])

    def refuse(self, refusal: LiaisonError, meeting: Meeting) -> None:
        """Show why the wish was not taken, beside the field that it is about; the next try is about the meeting as it
        stands now."""
        field: Any = self._fields.get(getattr(refusal, "field", ""))
        if field is None:
            self.form_errors.append(translated(refusal))
        else:
            field.errors = [*field.errors, translated(refusal)]
        # A field shows what was sent as long as it remembers it.
        self.sequence.raw_data = None
        self.sequence.data = meeting.sequence


class ProposalForm(_WishForm):
    """Without an end, the meeting is as long as it was."""

    day = DayField(_l("哪一天"), validators=[InputRequired(_l("请选日期。"))])
    starts = ClockField(_l("几点开始"), validators=[InputRequired(_l("请填开始时间。"))])
    ends = ClockField(_l("几点结束"), validators=[Optional()])
    comment = TextField(_l("为什么"), longest=rules.LONGEST_COMMENT)

    def span(self, meeting: Meeting) -> Span:
        """Return the wished time, once the form is valid."""
        assert self.day.data is not None
        assert self.starts.data is not None
        start = from_local(self.day.data, self.starts.data)
        if self.ends.data is None:
            return start, start + (meeting.ends_at - meeting.starts_at)
        return start, from_local(self.day.data, self.ends.data)

    def show(self, meeting: Meeting) -> None:
        """Begin with the present time: most people change one part of it."""
        start = local(meeting.starts_at)
        self.day.data, self.starts.data = start.date(), start.time()
        self.sequence.data = meeting.sequence


class OfferForm(_WishForm):
    """One of the times that went with a refusal; `offer` is its beginning."""

    offer = RadioField(
        _l("可以改到"), validators=[InputRequired(_l("请选一个时间。"))], validate_choice=False
    )

    def offer_times(self, spans: Sequence[Span], meeting: Meeting) -> None:
        self.offer.choices = [(span[0].isoformat(), show_span(*span)) for span in spans]
        if not self.is_submitted():
            self.sequence.data = meeting.sequence


class AcceptForm(Form):
    version = HiddenField(filters=[lambda text: row_id(str(text or 0)) if str(text or "").isdigit() else 0])


class DeclineForm(Form):
    reply = TextField(_l("回话"), longest=rules.LONGEST_COMMENT)
    offers = SelectMultipleField(_l("一起给的时间"), validate_choice=False)

    def offer_times(self, spans: Sequence[Span]) -> None:
        """Offer the feasible times, all of them ticked at first."""
        self.offers.choices = [(span[0].isoformat(), show_span(*span)) for span in spans]
        if not self.is_submitted():
            self.offers.data = [value for value, _words in self.offers.choices]

    def chosen(self, spans: Sequence[Span]) -> list[Span]:
        ticked = set(self.offers.data or [])
        return [span for span in spans if span[0].isoformat() in ticked]
