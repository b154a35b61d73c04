"""A link to set a password is spent once, whoever presses at the same moment."""

from __future__ import annotations

from collections import Counter

from liaison_app.accounts import services
from liaison_app.core.db import transaction
from liaison_app.core.errors import Missing
from tests.factories.accounts import make_account

BROWSERS = 8


def make_link() -> str:
    with transaction():
        return services.make_setup_link(make_account(login="admin"))


def set_password(token: str, number: int) -> str:
    """Do what the page does: look the link up, then spend it. Return the password that was set, or nothing."""
    link, password = services.find_setup_link(token), f"早上六点去河边走一走{number}"
    try:
        with transaction():
            services.use_setup_link(link.id, password)
    except Missing:
        return ""
    return password


def set_password_unguarded(token: str, number: int) -> str:
    """The same, believing what was seen when the page was opened."""
    link, password = services.find_setup_link(token), f"早上六点去河边走一走{number}"
    with transaction():
        services.set_password(link.account, password, by=link.account)
        link.used_at = services.clock.now()
    return password


def test_of_two_browsers_one_sets_the_password(app, crowd):
    token = make_link()
    (winner,) = filter(None, crowd.rush([(set_password, token, number) for number in range(BROWSERS)]))
    assert services.check_password("admin", winner)


def test_without_looking_again_many_do(app, crowd):
    token = make_link()
    set_by = Counter(crowd.rush([(set_password_unguarded, token, number) for number in range(BROWSERS)]))
    assert len(set_by) > 1
