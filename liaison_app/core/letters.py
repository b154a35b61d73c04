"""The words of what leaves the building: always Chinese, whatever language the clerk at the screen reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import force_locale
from jinja2 import TemplateNotFound

from .text import CHINESE


@dataclass(frozen=True)
class Letter:
    """One text in its four forms; `short` is what a clerk says by telephone or sends as one SMS, without links."""

    subject: str
    text: str
    html: str | None
    short: str


def render_letter(name: str, **values: Any) -> Letter:
    """Return the letter `name`, such as “invitations/invite”, from `<domain>/messages/<name>.*`.

    There are `.subject.txt` and `.txt`; `.html` may be missing, and `.sms.txt`, for which the subject stands in.
    """
    domain, _, stem = name.partition("/")
    path = f"{domain}/messages/{stem}"
    with force_locale(CHINESE):
        subject = _render(f"{path}.subject.txt", values)
        return Letter(
            subject=subject,
            text=_render(f"{path}.txt", values) + "\n",
            html=_find(f"{path}.html", values),
            short=_find(f"{path}.sms.txt", values) or subject,
        )


def _render(template: str, values: dict[str, Any]) -> str:
    return current_app.jinja_env.get_template(template).render(**values).strip()


def _find(template: str, values: dict[str, Any]) -> str | None:
    try:
        return _render(template, values)
    except TemplateNotFound as missing:
        if missing.name != template:
            raise
        return None
