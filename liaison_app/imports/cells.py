"""How one cell of a list is read: text in, value out, `Unreadable` with the reason otherwise."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from liaison_app.core.errors import N_
from liaison_app.core.text import Unreadable, clean_line, clean_name, mobile_normal, name_key
from liaison_app.people.rules import email_normal

MAX_PEOPLE_IN_ROOM = 5000
_SEPARATORS = re.compile(r"[、，,；;\n]+")
_ROOM = re.compile(r"(?P<name>[^:()]+)[:(](?P<capacity>[0-9]{1,9})人?\)?(?P<accessible>\(?无障碍\)?)?")
_OFFICE_PHONE = re.compile(r"[+(]?[0-9][0-9 ()-]{2,30}(?:转[0-9]{1,6})?")
_NOTHING = re.compile(r"[-—–/／]+|无")

Choice = TypeVar("Choice", bound=StrEnum)


class BadCell(Unreadable):
    """A cell that cannot be taken as it stands."""


@dataclass(frozen=True, slots=True)
class RoomSpec:
    """A room as a list of stations describes it; `capacity` in people."""

    name: str
    capacity: int
    is_accessible: bool = False

    def __str__(self) -> str:
        return f"{self.name}:{self.capacity}" + ("（无障碍）" if self.is_accessible else "")


def line(max_length: int) -> Callable[[str], str]:
    """Make a reader of one line of at most `max_length` characters."""

    def read(text: str) -> str:
        return _at_most(max_length, clean_line(text))

    return read


def person_name(text: str) -> str:
    """Read a name of a person: at most 100 characters, with at least one letter or character."""
    name = _at_most(100, clean_name(text))
    # A sign may stand for several letters where names are compared.
    _at_most(100, name_key(name))
    if not any(char.isalpha() for char in name):
        raise BadCell(N_("“{typed}”不是姓名。"), typed=name[:20])
    return name


def card_number(text: str) -> str:
    """Read the number on a card: no spaces, full-width digits made plain."""
    return _at_most(40, unicodedata.normalize("NFKC", "".join(clean_line(text).split())))


def words(max_length: int) -> Callable[[str], str]:
    """Make a reader of several words, kept as one text with “、” between them."""

    def read(text: str) -> str:
        return _at_most(max_length, "、".join(_split(text)))

    return read


def names(max_length: int) -> Callable[[str], tuple[str, ...]]:
    """Make a reader of several names of units."""

    def read(text: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_at_most(max_length, name) for name in _split(text)))

    return read


def person_names(text: str) -> tuple[str, ...]:
    """Read the names of several people in one cell."""
    return tuple(map(person_name, _split(text)))


def mobiles(text: str) -> tuple[str, ...]:
    """Read several mobiles in one cell; “-” or “无” keeps the place of somebody without, as ""."""
    return tuple("" if says_nothing(part) else mobile_normal(part) for part in _split(text))


def emails(text: str) -> tuple[str, ...]:
    """Read several addresses in one cell, with empty places as for mobiles."""
    return tuple("" if says_nothing(part) else email_normal(part) for part in _split(text))


def says_nothing(text: str) -> bool:
    """Whether a cell is empty or filled with what stands for nothing: “-”, “/”, “无”."""
    return not (typed := clean_line(text)) or _NOTHING.fullmatch(typed) is not None


def office_phone(text: str) -> str:
    """Read a telephone of an office, a landline with area code and extension or a mobile."""
    typed = unicodedata.normalize("NFKC", clean_line(text))
    typed = re.sub("[‐‑–—−]", "-", typed)
    if not _OFFICE_PHONE.fullmatch(typed):
        raise BadCell(N_("电话应像 0371-60000000，现在是“{typed}”。"), typed=typed[:30])
    return typed


def choice(options: dict[Choice, str], also: dict[str, Choice]) -> Callable[[str], Choice]:
    """Make a reader of one of `options`, by its name on screen or by another word in `also`."""
    by_word = {name: option for option, name in options.items()} | also

    def read(text: str) -> Choice:
        word = unicodedata.normalize("NFKC", "".join(clean_line(text).split()))
        if word in by_word:
            return by_word[word]
        raise BadCell(
            N_("没有“{typed}”这一项，可选：{options}。"), typed=word[:20], options="、".join(options.values())
        )

    return read


def rooms(text: str) -> tuple[RoomSpec, ...]:
    """Read the rooms of a station: “大会议室:30；接待室:8（无障碍）”."""
    found = tuple(_room(part) for part in _split(text))
    twice = [room.name for place, room in enumerate(found) if room.name in {r.name for r in found[:place]}]
    if twice:
        raise BadCell(N_("有两个房间都叫“{name}”。"), name=twice[0])
    return found


def _room(part: str) -> RoomSpec:
    match = _ROOM.fullmatch("".join(unicodedata.normalize("NFKC", part).split()))
    if match is None:
        raise BadCell(N_("看不懂房间“{typed}”，请写成“名称:人数”，如“大会议室:30”。"), typed=part[:30])
    capacity = int(match["capacity"])
    if not 1 <= capacity <= MAX_PEOPLE_IN_ROOM:
        raise BadCell(N_("房间“{name}”的人数不对：{capacity}。"), name=match["name"][:30], capacity=capacity)
    return RoomSpec(_at_most(60, match["name"]), capacity, match["accessible"] is not None)


def _split(text: str) -> list[str]:
    return [part for part in map(clean_line, _SEPARATORS.split(text)) if part]


def _at_most(max_length: int, text: str) -> str:
    if len(text) > max_length:
        raise BadCell(N_("最多 {most} 个字，现在是 {count} 个。"), most=max_length, count=len(text))
    return text
