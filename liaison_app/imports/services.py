"""Take a list in, check it, write it or throw it away."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, select, update

from liaison_app.accounts.models import Account
from liaison_app.audit import services as audit
from liaison_app.core import clock
from liaison_app.core.db import db, lock, lock_key
from liaison_app.core.errors import LiaisonError
from liaison_app.core.text import clean_line, local
from liaison_app.core.web import current_settings
from liaison_app.jobs import services as jobs
from liaison_app.orgs import services as orgs

from . import plan, queries, rules, sheets
from .bureaus import Bureaus
from .deputies import Deputies
from .errors import FileGone, GivenUp, ListOutdated, ListRefused, NotReady, RowsRefused
from .kinds import LIST_NAMES, ListKind
from .models import ImportLine, ImportRun, RunState
from .plan import Line, Match, Print, Register
from .rules import OUTCOME_NAMES, Entry, Outcome, Reading
from .stations import Stations

READ, WRITE = "imports.read", "imports.write"
# Longer lists are written by the worker.
AT_ONCE = 500
MOST_ATTEMPTS = 3
_FILE_NAME_LENGTH = 100
_THROWN_AWAY = (RunState.UPLOADED, RunState.READING, RunState.READY)

_REGISTERS: dict[ListKind, Callable[[str], Register]] = {
    ListKind.DEPUTIES: lambda scope: Deputies(scope, local(clock.now()).date()),
    ListKind.BUREAUS: lambda scope: Bureaus(scope, clock.now()),
    ListKind.STATIONS: Stations,
}


@dataclass(frozen=True)
class Upload:
    """What a worker needs of a list while no transaction is open."""

    kind: ListKind
    scope: str
    data: bytes


def read_file(kind: ListKind, data: bytes) -> Reading:
    """Understand a file, without the database. Raises SheetRefused."""
    return rules.read_list(kind, sheets.read_sheet(data))


def match(kind: ListKind, entries: Sequence[Entry], scope: str) -> list[Match]:
    """Hold rows against the database; they may change what lies below the path `scope`, everything where it is empty."""
    return _REGISTERS[kind](scope).match(entries)


def check(kind: ListKind, entries: Sequence[Entry], scope: str = "") -> list[Line]:
    """Say of each row what would become of it; writes nothing."""
    return list(plan.lines(kind, match(kind, entries, scope)))


# --- in -----------------------------------------------------------------------


def start(
    reading: Reading, file_name: str, data: bytes, *, unit_id: int, by: Account, form_token: str
) -> ImportRun:
    """Take in a list that could be read, for the worker to check.

    The same `form_token` gives the same one again, so that a double click makes one.
    """
    lock_key(form_token)
    known = queries.find_by_token(form_token)
    if known is not None:
        return known
    run = _new_run(reading, file_name, unit_id)
    run.data, run.form_token, run.started_by_id = data, form_token, by.id
    # The job needs the id.
    db.session.flush()
    jobs.enqueue(READ, run.id)
    audit.record("imports:run:start", run, by=by, sentence=f"{LIST_NAMES[run.kind]}：{run.rows_total} 行")
    return run


def _new_run(reading: Reading, file_name: str, unit_id: int) -> ImportRun:
    now = clock.now()
    run = ImportRun(
        unit_id=unit_id,
        kind=reading.kind,
        state=RunState.UPLOADED,
        file_name=plain_file_name(file_name),
        rows_total=len(reading.entries),
        ignored="、".join(reading.ignored),
        created_at=now,
        state_since=now,
    )
    db.session.add(run)
    return run


def plain_file_name(name: str) -> str:
    """Return the last part of a client's file name, as one line; it is shown and never opened."""
    return clean_line(name.replace("\\", "/").rpartition("/")[2])[-_FILE_NAME_LENGTH:]


# --- checking -----------------------------------------------------------------


def begin(run_id: int, attempt: int) -> Upload | None:
    """Begin to check a list, or begin anew; None where nobody wants that any more."""
    run = lock(ImportRun, run_id)
    if run.state not in (RunState.UPLOADED, RunState.READING):
        return None
    _clear(run)
    if attempt > MOST_ATTEMPTS or run.data is None:
        _move(run, RunState.FAILED, GivenUp() if run.data else FileGone())
        return None
    _move(run, RunState.READING)
    return Upload(run.kind, run.unit.path, run.data)


def note_lines(run_id: int, lines: Sequence[Line]) -> bool:
    """Keep the next lines of a list that is being checked; False where it was thrown away meanwhile."""
    run = lock(ImportRun, run_id)
    if run.state is not RunState.READING:
        return False
    _keep_lines(run, lines)
    return True


def settle(run_id: int, fingerprint: str) -> None:
    """Say that all lines of a list are kept."""
    run = lock(ImportRun, run_id)
    if run.state is RunState.READING:
        run.fingerprint = fingerprint
        _move(run, RunState.REFUSED if run.error_count else RunState.READY)


def refuse(run_id: int, reason: LiaisonError) -> None:
    """Note that a list cannot be taken at all."""
    run = lock(ImportRun, run_id)
    _clear(run)
    _move(run, RunState.FAILED, reason)


# --- writing ------------------------------------------------------------------


def confirm(run_id: int, *, by: Account) -> None:
    """Let the worker write a list that was checked. Twice is once. Raises NotReady."""
    run = lock(ImportRun, run_id)
    if run.state in (RunState.APPLYING, RunState.DONE):
        return
    if run.state is not RunState.READY:
        raise NotReady
    run.confirmed_by_id = by.id
    _move(run, RunState.APPLYING)
    jobs.enqueue(WRITE, run.id)


def take(run_id: int, attempt: int) -> Upload | None:
    """Return a confirmed list to be written; None where nobody wants that any more."""
    run = lock(ImportRun, run_id)
    if run.state is not RunState.APPLYING:
        return None
    if attempt > MOST_ATTEMPTS or run.data is None:
        _move(run, RunState.FAILED, GivenUp() if run.data else FileGone())
        return None
    return Upload(run.kind, run.unit.path, run.data)


def write(run_id: int, reading: Reading, *, by: Account | None) -> ImportRun:
    """Write a list that was checked, all or nothing, after checking it again. Twice is once.

    Raises NotReady; RowsRefused and ListOutdated where it stands otherwise than when it was confirmed.
    """
    run = lock(ImportRun, run_id)
    if run.state is RunState.DONE:
        return run
    if run.state not in (RunState.READY, RunState.APPLYING):
        raise NotReady
    if by is not None:
        run.confirmed_by_id = by.id
    _write(run, reading.entries, run.unit.path, run.fingerprint)
    run.data = None
    _settle_written(run, run.confirmed_by)
    return run


def write_at_once(reading: Reading, file_name: str) -> list[Line]:
    """Write a list from the command line, all or nothing; everything may be changed. Raises RowsRefused."""
    run = _new_run(reading, file_name, orgs.root_unit().id)
    # The lines and the trail need the id.
    db.session.flush()
    lines = _write(run, reading.entries, "", "")
    _keep_lines(run, lines)
    _settle_written(run, None)
    return lines


def keep(run_id: int, refusal: ListRefused) -> None:
    """Show a list that was not written as it stands now."""
    run = lock(ImportRun, run_id)
    _clear(run)
    _keep_lines(run, refusal.lines)
    run.fingerprint = _print_of(refusal.lines)
    _move(run, RunState.REFUSED if run.error_count else RunState.READY, refusal)


def discard(run_id: int, *, by: Account) -> None:
    """Throw a list away that was not written; its rows and its file go. Raises NotReady."""
    run = lock(ImportRun, run_id)
    if run.state in (RunState.APPLYING, RunState.DONE):
        raise NotReady
    _clear(run)
    run.data = None
    jobs.cancel(READ, [run.id])
    _move(run, RunState.DISCARDED)
    audit.record("imports:run:discard", run, by=by, sentence=LIST_NAMES[run.kind])


def forget_old() -> None:
    """Delete the rows and files of a day ago (a setting); that there was a list, and its counts, stay."""
    now = clock.now()
    is_old = ImportRun.created_at <= now - timedelta(days=current_settings().retention_days["upload"])
    old = db.session.scalars(select(ImportRun.id).where(is_old)).all()
    db.session.execute(delete(ImportLine).where(ImportLine.run_id.in_(old)))
    db.session.execute(update(ImportRun).where(is_old, ImportRun.data.is_not(None)).values(data=None))
    open_still = (is_old, ImportRun.state.in_(_THROWN_AWAY))
    db.session.execute(update(ImportRun).where(*open_still).values(state=RunState.DISCARDED, state_since=now))


def _write(run: ImportRun, entries: Sequence[Entry], scope: str, fingerprint: str) -> list[Line]:
    # One list at a time: what one adds, the next has to find.
    lock_key("imports")
    register = _REGISTERS[run.kind](scope)
    matches = register.match(entries)
    lines = list(plan.lines(run.kind, matches))
    errors = _tally(lines)[Outcome.ERROR]
    if errors:
        raise RowsRefused(lines, errors)
    if fingerprint and fingerprint != _print_of(lines):
        raise ListOutdated(lines)
    for one, line in zip(matches, lines, strict=True):
        if line.verdict.outcome in (Outcome.NEW, Outcome.CHANGED):
            register.write(one)
    return lines


def _settle_written(run: ImportRun, by: Account | None) -> None:
    _move(run, RunState.DONE)
    counts = "，".join(f"{OUTCOME_NAMES[outcome]} {count}" for outcome, count in run.counts.items() if count)
    audit.record("imports:run:write", run, by=by, sentence=f"{LIST_NAMES[run.kind]}：{counts}")


def _move(run: ImportRun, state: RunState, refusal: LiaisonError | None = None) -> None:
    run.state, run.state_since = state, clock.now()
    run.refusal = json.dumps(plan.said(refusal), ensure_ascii=False) if refusal else ""


def _clear(run: ImportRun) -> None:
    db.session.execute(delete(ImportLine).where(ImportLine.run_id == run.id))
    run.rows_read = run.new_count = run.changed_count = run.same_count = run.error_count = 0


def _keep_lines(run: ImportRun, lines: Sequence[Line]) -> None:
    rows = [
        {"run_id": run.id, "number": one.verdict.number, "outcome": one.verdict.outcome, "body": one.packed()}
        for one in lines
    ]
    db.session.execute(insert(ImportLine), rows)
    counts = _tally(lines)
    run.rows_read += len(lines)
    run.new_count += counts[Outcome.NEW]
    run.changed_count += counts[Outcome.CHANGED]
    run.same_count += counts[Outcome.SAME]
    run.error_count += counts[Outcome.ERROR]


def _tally(lines: Sequence[Line]) -> Counter[Outcome]:
    return Counter(line.verdict.outcome for line in lines)


def _print_of(lines: Sequence[Line]) -> str:
    mark = Print()
    for line in lines:
        mark.add(line)
    return str(mark)
