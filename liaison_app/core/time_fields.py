"""Form fields for days and times of day: a native picker where there is one, typed words where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from typing import Any

from flask_babel import gettext
from wtforms import Field, StringField
from wtforms.widgets import DateInput, TextInput

from . import clock
from .errors import LiaisonError
from .text import local, parse_date, parse_time


class _TypedField(StringField):
    """A field that keeps what was typed and says in words why it cannot be read."""

    typed: str = ""

    def _value(self) -> str:
        if self.typed:
            return self.typed
        return self._show(self.data) if self.data is not None else ""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        self.typed = str(valuelist[0]).strip() if valuelist else ""
        self.data = None
        if not self.typed:
            return
        try:
            self.data = self._read(self.typed)
        except LiaisonError as error:
            raise ValueError(gettext(error.message).format(**error.values)) from error

    def _read(self, typed: str) -> Any:
        raise NotImplementedError

    def _show(self, value: Any) -> str:
        return str(value.isoformat())


class DayField(_TypedField):
    """A day in Beijing; `data` is a date. 11.20 and 11月20日 are read as the nearest such day."""

    widget = DateInput()

    def _read(self, typed: str) -> date:
        return parse_date(typed, near=local(clock.now()).date())


class ClockField(_TypedField):
    """A time of day in Beijing; `data` is a time. 下午2点半 is read as well as 14:30."""

    # A native clock shows 上午 and 下午 or AM and PM, by the browser; ours is read in 24 hours.
    widget = TextInput()

    def _read(self, typed: str) -> time:
        return parse_time(typed)

    def _show(self, value: time) -> str:
        return value.strftime("%H:%M")


def complain(field: Field, message: str) -> None:
    """Put a sentence beside a field after validation."""
    field.errors = [*field.errors, message]
