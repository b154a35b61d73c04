"""Errors with data; the sentence for the person is a class attribute, in Chinese, translated at the edge."""

from __future__ import annotations

from typing import Any


def N_(text: str) -> str:
    """Mark a message for the catalogue without translating it here."""
    return text


class LiaisonError(Exception):
    """Base of everything this product says no with.

    `message` may hold `{placeholders}` that are filled from the error's own attributes;
    `status` is the HTTP status of a page that shows it.
    """

    message = N_("这一步没有做成。")
    status = 400

    @property
    def values(self) -> dict[str, Any]:
        return vars(self)

    def values_in(self, locale: str) -> dict[str, Any]:
        """Return the values as a language writes them; moments differ."""
        return self.values

    def __str__(self) -> str:
        return self.message.format(**self.values)


class Missing(LiaisonError):
    """There is no such thing, or it is not this person's to know of: the same answer for both."""

    message = N_("没有这一页，或者链接过期了。")
    status = 404


class Refused(LiaisonError):
    """Base of the refusals that a form shows in place."""

    status = 422


class Stale(LiaisonError):
    """Somebody changed the thing after the form was opened."""

    message = N_("这一场刚被别人改过，请先看现在的内容，再改。")
    status = 409
