"""Duties of the trail: seal what was written, and look once a day whether all of it still fits."""

from __future__ import annotations

import logging

from liaison_app.core.db import transaction
from liaison_app.jobs.registry import every

from . import chain, queries, services
from .kinds import FLAW_NAMES, Result

log = logging.getLogger("liaison.audit")


@every(minutes=1)
def seal() -> None:
    """Seal what is new. Each run that sealed something leaves the end of the chain in the log, out of reach of
    whoever reaches the database only."""
    if count := chain.seal():
        last = queries.last_link()
        log.info("sealed %d entries: %s", count, f"{last.position}:{last.hash}" if last else "")


@every(minutes=24 * 60)
def check() -> None:
    """Walk along the whole chain and note in the trail what was found, with the end of the chain."""
    chain.seal(is_whole=True)
    report = chain.verify()
    fault = report.fault
    if fault:
        log.error("the trail does not fit: %s at %s, entry %s", fault.flaw, fault.position, fault.entry_id)
    with transaction():
        services.record(
            queries.CHECKED,
            by=None,
            kind="link",
            sentence=f"{FLAW_NAMES[fault.flaw]}　{chain.where(fault)}" if fault else report.anchor,
            result=Result.FAILED if fault else Result.SUCCEEDED,
        )
