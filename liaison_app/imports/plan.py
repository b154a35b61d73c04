"""A list held against the database: what is stored about the thing of each row, and what becomes of the row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from liaison_app.core.errors import N_, LiaisonError
from liaison_app.core.text import Unreadable

from . import rules
from .cells import BadCell
from .kinds import TABLES, ListKind
from .rules import Change, Entry, Outcome, Problem, Verdict


@dataclass(frozen=True, slots=True)
class Match:
    """A row, with names as the database has them, beside what is stored about its thing, if anything is.

    `notes` say what else the row brings about.
    """

    entry: Entry
    stored: Mapping[str, Any] | None = None
    thing: Any = None
    notes: tuple[LiaisonError, ...] = ()


class Register(Protocol):
    """What the database holds of one kind of list, read at once when it is made."""

    def match(self, entries: Sequence[Entry]) -> list[Match]:
        """Return the rows in their order; one that cannot be matched comes back with a problem."""

    def write(self, match: Match) -> None:
        """Store what a row says that is new or changed, in the caller's transaction."""


def once(kind: ListKind, matches: Iterable[Match]) -> list[Match]:
    """Refuse the second of two rows that turn out to be about the same thing."""
    first_row: dict[int, int] = {}
    kept = []
    for match in matches:
        row = first_row.setdefault(id(match.thing), match.entry.number)
        if match.thing is not None and row != match.entry.number:
            reason = BadCell(N_("与第 {row} 行说的是同一个，请合成一行。"), row=row)
            match = Match(rules.refused(kind, match.entry, TABLES[kind].title_field, reason))
        kept.append(match)
    return kept


@dataclass(frozen=True, slots=True)
class Line:
    """A row as it is shown."""

    verdict: Verdict
    notes: tuple[LiaisonError, ...] = ()

    def packed(self) -> str:
        """Return the line as a text that `unpacked` reads; what is stored of a reason is its source and values."""
        facts = {
            "title": self.verdict.title,
            "changes": [(one.header, one.before, one.after) for one in self.verdict.changes],
            "problems": [(one.header, one.typed, *said(one.reason)) for one in self.verdict.problems],
            "notes": [said(note) for note in self.notes],
        }
        return json.dumps(facts, ensure_ascii=False)


def unpacked(number: int, outcome: Outcome, text: str) -> Line:
    """Return the line that was packed."""
    facts = json.loads(text)
    problems = tuple(Problem(header, typed, heard(reason)) for header, typed, *reason in facts["problems"])
    changes = tuple(Change(*change) for change in facts["changes"])
    verdict = Verdict(number, facts["title"], outcome, changes, problems)
    return Line(verdict, tuple(map(heard, facts["notes"])))


def lines(kind: ListKind, matches: Iterable[Match]) -> Iterator[Line]:
    """Say of each row what becomes of it; of a new one also what it says."""
    for match in matches:
        verdict = rules.judge(kind, match.entry, match.stored)
        if verdict.outcome is Outcome.NEW:
            verdict = replace(verdict, changes=rules.said(kind, match.entry))
        yield Line(verdict, match.notes)


class Print:
    """The fingerprint of a list of lines: another one means that something else would be written."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, line: Line) -> None:
        self._hash.update(f"{line.verdict.number} {line.verdict.outcome} {line.packed()}\n".encode())

    def __str__(self) -> str:
        return self._hash.hexdigest()


def said(error: LiaisonError) -> tuple[str, dict[str, Any]]:
    """Return what has to be stored of a refusal, so that it can be said in any language later on."""
    return error.message, {
        name: value
        for name, value in error.values.items()
        if isinstance(value, (str, int)) and name != "message"
    }


def heard(stored: Sequence[Any]) -> LiaisonError:
    """Return the refusal of which this was stored."""
    message, values = stored
    return Unreadable(message, **values)
