"""Passwords and lock-out, as pure rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache

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
# Failures are remembered this long, so that the wait grows.
ATTEMPTS_KEPT = timedelta(hours=24)
LONGEST_WAIT = timedelta(hours=4)
SIGN_IN_LINK_LIFE = timedelta(minutes=15)
LINKS_PER_ADDRESS = 5
LINKS_PER_MAIL = 3
CODE_LIFE = timedelta(minutes=5)
QUESTION_LIFE = timedelta(minutes=5)
MOST_PASSKEYS = 10
FRESH = timedelta(minutes=10)
STEP_SECONDS = 30
RECOVERY_CODES = 10

DENGBAO = "dengbao"
OLDEST = timedelta(days=90)
NOT_AGAIN = 5
KINDS_NEEDED = 3
_KINDS = tuple(map(re.compile, ("[A-Z]", "[a-z]", "[0-9]", "[^A-Za-z0-9]")))

# People who never keep a password.
LINK_ROLES = frozenset({Role.DEPUTY, Role.BUREAU_HEAD})

_BROWSERS = (
    ("MicroMessenger", "微信"), ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip

# Shown to be among the first guesses; compared without case and without digits at the end.
OBVIOUS = frozenset(
    """password passw0rd admin administrator root qwerty qwertyuiop abcdefgh iloveyou welcome letmein
    woaini shangjie zhengzhou henan renda rendadaibiao daibiao lianluozhan liaison juzhang gongwei
    zhonganjie jiyuanlu zhongxinlu xinanlu gongyelu kuangshan xiawozhen""".split()
)


def password_flaw(password: str, login: str, name: str, *, rules: str = "long") -> str | None:
    """Return the sentence that says why `password` is refused, or None.

    Length over composition (ASVS 6.2); with the rules “dengbao” three of four kinds of sign as well.
    """
    if len(password) < SHORTEST:
        return N_("密码太短，至少 10 个字符；可以用一句话。")
    if len(password) > LONGEST:
        return N_("密码太长，最多 200 个字符。")
    plain = password.casefold()
    stem = plain.rstrip("0123456789!@#$.")
    if stem in OBVIOUS or plain in OBVIOUS or not stem:
        return N_("这个密码太容易猜到，请换一个。")
    if {plain, stem} & leaked_passwords():
        return N_("这个密码在泄露过的密码里，请换一个。")
    if len(set(plain)) < 5:
        return N_("密码里重复的字符太多，请换一个。")
    if login.casefold() in plain or (len(name) > 1 and name in password):
        return N_("密码里不要带账号或姓名。")
    if rules == DENGBAO and sum(bool(kind.search(password)) for kind in _KINDS) < KINDS_NEEDED:
        return N_("密码要有大写字母、小写字母、数字、其他符号这四类里的三类。")
    return None


@cache
def leaked_passwords() -> frozenset[str]:
    """Return passwords that were leaked and are tried first, in small letters; some thirty thousand."""
    # Read with the first password: most processes never see one.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])


def is_stale(set_at: datetime | None, must_change: bool, now: datetime, *, rules: str) -> bool:
    """Return whether a password has to be changed before anything else (等保 8.1.4.1 a).

    Under “dengbao”: when somebody else chose it, or when it is old; `set_at` is None where nobody knows since when.
    """
    return rules == DENGBAO and (must_change or set_at is None or now - set_at > OLDEST)


def wait_after(failures: int) -> timedelta:
    """Return how long a pair of login and address waits after so many failures within ATTEMPTS_KEPT.

    A quarter of an hour after the fifth, then twice as long after each, up to LONGEST_WAIT.
    """
    if failures < ATTEMPTS_PER_PAIR:
        return timedelta(0)
    return min(ATTEMPT_WINDOW * 2 ** min(failures - ATTEMPTS_PER_PAIR, 10), LONGEST_WAIT)


def locked_for(pair: int, last: datetime | None, login: int, address: int, now: datetime) -> timedelta:
    """Return how long sign-in must wait: `pair` failures within ATTEMPTS_KEPT, the others within ATTEMPT_WINDOW.

    The pair of login and address locks first, so that a stranger cannot easily shut an office out
    (SECURITY C4); many addresses on one login, or many logins from one address, lock as well.
    """
    wait = max(last + wait_after(pair) - now, timedelta(0)) if last else timedelta(0)
    if login >= ATTEMPTS_PER_LOGIN or address >= ATTEMPTS_PER_ADDRESS:
        wait = max(wait, ATTEMPT_WINDOW)
    return wait


def is_fresh(confirmed_at: datetime | None, now: datetime) -> bool:
    """Return whether somebody proved just now to be the account's owner, as a grave step asks."""
    return confirmed_at is not None and now - confirmed_at <= FRESH


def may_use_link(roles: Iterable[Role]) -> bool:
    """Return whether an account with these roles signs in by a link in a mail: only who has nothing graver."""
    held = set(roles)
    return bool(held) and held <= LINK_ROLES


def agent_words(user_agent: str) -> str:
    """Return by what its owner knows a browser: “Edge · Windows”."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return " · ".join(filter(None, [browser, system]))


def code_steps(now: datetime) -> range:
    """Return the time steps whose codes are taken at `now`: this one, and one before and after it (RFC 6238)."""
    step = int(now.timestamp()) // STEP_SECONDS
    return range(step - 1, step + 2)


def counts_up(before: int, now: int) -> bool:
    """Return whether a key's counter went on; a key that never counts always gives 0 (WebAuthn 6.1.1)."""
    return now > before or now == before == 0


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
