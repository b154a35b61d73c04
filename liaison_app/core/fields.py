"""Form fields for what people type: cleaned, kept as typed when refused, with the reason beside the field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import get_locale, gettext
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.i18n import get_translations
from wtforms.widgets import Input, TelInput, TextArea

from .errors import N_, LiaisonError
from .text import Unreadable, clean_line, clean_name, clean_text, mobile_normal, name_key
from .web import row_id


class Form(FlaskForm):
    """Base of every form: sentences of the library itself come in the reader's language."""

    class Meta(FlaskForm.Meta):
        def get_translations(self, form: Any) -> Any:
            return get_translations(["en" if str(get_locale()) == "en" else "zh"])


def row_number(typed: object) -> int:
    """Read the number of a row, or a version, out of a form; 0, which no row has, where there is none."""
    try:
        return row_id(str(typed or ""))
    except ValueError:
        return 0


class VersionForm(Form):
    """A step that asks for nothing but a yes, to the thing as it was when it was looked at."""

    version = HiddenField(filters=[row_number])


class TooLong(Unreadable):
    """More characters than the field holds."""


class NoName(Unreadable):
    """Something typed as a name that has no letter in it."""


# As long as a column for the comparing of names.
LONGEST_KEY = 100


def refuse_long(text: str, longest: int) -> None:
    """Raise TooLong where `text` has more than `longest` characters."""
    if len(text) > longest:
        raise TooLong(N_("最多 {longest} 个字，现在是 {count} 个。"), longest=longest, count=len(text))


class CleanField(StringField):
    """A field whose `data` is the cleaned text, and which shows what was typed where that was refused.

    `longest` is the number of characters that may remain after cleaning. Errors are sentences of `read`.
    """

    typed: str | None = None

    def __init__(self, *args: Any, longest: int = 200, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.longest = longest

    def read(self, typed: str) -> str:
        """Return the cleaned text, or raise a LiaisonError that says what is wrong with it."""
        raise NotImplementedError

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        self.typed = str(valuelist[0]) if valuelist else ""
        self.data = ""
        if not self.typed.strip():
            return
        try:
            text = self.read(self.typed)
            refuse_long(text, self.longest)
        except LiaisonError as error:
            raise ValueError(gettext(error.message).format(**error.values)) from error
        self.data = text

    def post_validate(self, form: Any, validation_stopped: bool) -> None:
        # One sentence at a time: what was typed in vain is not “missing” as well.
        if self.process_errors:
            self.errors = list(self.process_errors)

    def _value(self) -> str:
        if self.errors and self.typed is not None:
            return self.typed
        return self.data or ""


class LineField(CleanField):
    """One line of text."""

    def read(self, typed: str) -> str:
        return clean_line(typed)


class TextField(CleanField):
    """Text of several lines."""

    widget: Input | TextArea = TextArea()

    def read(self, typed: str) -> str:
        return clean_text(typed).strip()


class NameField(CleanField):
    """A person's name; rare characters and the middle dot stay (RULES 2.1)."""

    def read(self, typed: str) -> str:
        name = clean_name(typed)
        if name and not any(map(str.isalpha, name)):
            raise NoName(N_("姓名里要有字，现在是“{typed}”。"), typed=name[:20])
        # A sign may stand for several letters where names are compared.
        refuse_long(name_key(name), LONGEST_KEY)
        return name


class MobileField(CleanField):
    """A mobile number of mainland China, in any usual spelling; `data` is its eleven digits."""

    widget: Input | TextArea = TelInput()

    def read(self, typed: str) -> str:
        return mobile_normal(typed)
