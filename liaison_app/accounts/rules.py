"""Passwords and lock-out, as pure rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from liaison_app.access.permissions import THREE_ADMINS, Permission, Role, roles_with
from liaison_app.core.errors import N_

SHORTEST = 10
LONGEST = 200
ATTEMPTS_PER_PAIR = 5
ATTEMPTS_PER_LOGIN = 30
ATTEMPTS_PER_ADDRESS = 40
ATTEMPT_WINDOW = timedelta(minutes=15)
SETUP_LINK_LIFE = timedelta(hours=24)
IDLE_ACCOUNT = timedelta(days=90)

# Shown to be among the first guesses; compared without case and without digits at the end.
OBVIOUS = frozenset(
    """password passw0rd admin administrator root qwerty qwertyuiop abcdefgh iloveyou welcome letmein
    woaini shangjie zhengzhou henan renda rendadaibiao daibiao lianluozhan liaison juzhang gongwei
    zhonganjie jiyuanlu zhongxinlu xinanlu gongyelu kuangshan xiawozhen""".split()
)


def password_flaw(password: str, login: str, name: str) -> str | None:
    """Return the sentence that says why `password` is refused, or None. Length over composition (ASVS 6.2)."""
    if len(password) < SHORTEST:
        return N_("密码太短，至少 10 个字符；可以用一句话。")
    if len(password) > LONGEST:
        return N_("密码太长，最多 200 个字符。")
    plain = password.casefold()
    stem = plain.rstrip("0123456789!@#$.")
    if stem in OBVIOUS or plain in OBVIOUS or not stem:
        return N_("这个密码太容易猜到，请换一个。")
    if len(set(plain)) < 5:
        return N_("密码里重复的字符太多，请换一个。")
    if login.casefold() in plain or (len(name) > 1 and name in password):
        return N_("密码里不要带账号或姓名。")
    return None


def is_locked(pair: int, login: int, address: int) -> bool:
    """Return whether sign-in must wait, from failures within ATTEMPT_WINDOW.

    The pair of login and address locks first, so that a stranger cannot easily shut an office out
    (SECURITY C4); many addresses on one login, or many logins from one address, lock as well.
    """
    return pair >= ATTEMPTS_PER_PAIR or login >= ATTEMPTS_PER_LOGIN or address >= ATTEMPTS_PER_ADDRESS


def is_over(
    started_at: datetime, seen_at: datetime, now: datetime, idle_minutes: int, absolute_hours: int
) -> bool:
    """Return whether a browser session has ended by idleness or age (等保 8.1.4.1 b)."""
    return now - seen_at > timedelta(minutes=idle_minutes) or now - started_at > timedelta(
        hours=absolute_hours
    )


# Who may give which roles. The administrators hand out what others need and they do not; an office gives only
# what it holds itself, and only below itself (SECURITY A10).
MAY_GRANT: dict[Role, frozenset[Role]] = {
    Role.ADMIN: frozenset(Role),
    Role.SECURITY_ADMIN: frozenset(Role),
    Role.OFFICE: frozenset(
        {
            Role.BUREAU_CONTACT,
            Role.BUREAU_HEAD,
            Role.DEPUTY,
            Role.LIAISON,
            Role.RECORDER,
            Role.REVIEWER,
            Role.STATION_HEAD,
            Role.STREET,
        }
    ),
}


def grantable(held: Iterable[Role], *, three_admins: bool = False) -> list[Role]:
    """Return the roles that a holder of `held` may give to others, in the order of the list.

    With `three_admins` only who may manage accounts at all gives any: the security administrator.
    """
    givers = roles_with(Permission.ACCOUNT_MANAGE, three_admins=three_admins)
    allowed = {given for role in held if role in givers for given in MAY_GRANT.get(role, ())}
    return [role for role in Role if role in allowed]


def unites_admins(roles: Iterable[Role]) -> bool:
    """Return whether somebody with these roles would be two of the three administrators."""
    return len(THREE_ADMINS & set(roles)) > 1


def is_span(starts_on: date | None, ends_on: date | None) -> bool:
    """Return whether a grant from one day to another lasts at least a day; None is open."""
    return starts_on is None or ends_on is None or starts_on <= ends_on
