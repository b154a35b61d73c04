"""Addresses as they stand in mails, posters and calendars: built from the settings, never from a Host header."""

from flask import current_app


def absolute(path: str) -> str:
    """Return the full address of a path of this installation."""
    return current_app.config["LIAISON"].base_url + path


def answer_url(token: str) -> str:
    return absolute(f"/a/{token}")


def ticket_url(token: str) -> str:
    return absolute(f"/t/{token}")


def meeting_url(code: str) -> str:
    return absolute(f"/m/{code}")


def door_url(code: str) -> str:
    return absolute(f"/door/{code}")


def feed_url(token: str) -> str:
    return absolute(f"/feeds/{token}.ics")


def setup_url(token: str) -> str:
    return absolute(f"/setup/{token}")


def sign_in_url(token: str) -> str:
    return absolute(f"/sign-in/{token}")


def office() -> tuple[str, str, str]:
    """Return name, telephone and mail address of the office that runs this installation."""
    settings = current_app.config["LIAISON"]
    return settings.office_name, settings.office_phone, settings.mail_from
