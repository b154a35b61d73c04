"""How much is too much, as data and as pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address

MILLISECOND = timedelta(milliseconds=1)
HOUSEHOLD_BITS = 64


@dataclass(frozen=True)
class Limit:
    """`burst` at once, and one more after each `every`: an allowance that fills up again, and no ban.

    `counts_loopback` says whether it holds for requests from the machine itself. A proxy that nobody told the
    program of looks like one such visitor, and a limit would then shut everybody out together.
    """

    name: str
    burst: int
    every: timedelta
    counts_loopback: bool = False


# A form that anybody can send, whichever it is.
PUBLIC_WRITE = Limit("public_write", 120, timedelta(seconds=2))
# Places taken at one meeting from one network: a hall full of people on one Wi-Fi passes (SECURITY G1, G2).
SIGN_UP = Limit("sign_up", 30, timedelta(minutes=1))
# Addresses that look like a personal link and are none (SECURITY B1). A right link opens all the same.
MISSED_LINK = Limit("missed_link", 20, timedelta(seconds=30), counts_loopback=True)
# Tries of a door's PIN: from one network, and from all of them together (SECURITY A14).
DOOR_PIN = Limit("door_pin", 10, timedelta(minutes=1), counts_loopback=True)
DOOR_PINS = Limit("door_pins", 60, timedelta(seconds=30), counts_loopback=True)
# By account: files with many people in them, and whole telephone numbers.
FILES = Limit("files", 20, timedelta(seconds=30), counts_loopback=True)
REVEAL = Limit("reveal", 60, timedelta(seconds=30), counts_loopback=True)


def network(address: str, limit: Limit) -> str | None:
    """Return what an address is counted under, or None where it is not counted.

    A household or a phone holds a whole /64 of IPv6 and may choose any address of it.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.is_loopback and not limit.counts_loopback:
        return None
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return network(str(found.ipv4_mapped), limit)
        return str(int(found) >> (128 - HOUSEHOLD_BITS))
    return str(found)


def span_ms(limit: Limit) -> int:
    """Return how long a spent allowance takes to fill again, in milliseconds."""
    return limit.burst * every_ms(limit)


def every_ms(limit: Limit) -> int:
    """Return after how many milliseconds one more is allowed."""
    return limit.every // MILLISECOND


def wait_ms(limit: Limit, full_at: int, now: int) -> int:
    """Return for how many milliseconds the next one has to wait; 0 where it is allowed now.

    `full_at` is when the allowance is full again, both as milliseconds since 1970. Each use moves it by `every`
    (the generic cell rate algorithm, as in ITU-T I.371: one number for each counter).
    """
    return max(0, max(full_at, now) + every_ms(limit) - now - span_ms(limit))
