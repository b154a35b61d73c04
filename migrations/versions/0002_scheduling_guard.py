"""scheduling: the database itself refuses two live bookings of one room or person

The guard of the occupancy ledger. PostgreSQL: an exclusion constraint that needs no extension.
SQLite: triggers; the last booking that starts before the new one's end is the only one that can overlap,
because those already there never overlap each other, so the look-up stays flat as the history grows.
"""

from alembic import op

revision, down_revision = "0002_scheduling_guard", "0001_start"

EXCLUDE = """
ALTER TABLE occupancy ADD CONSTRAINT occupancy_no_overlap
EXCLUDE USING gist (
    int4range(resource_id, resource_id, '[]') WITH &&,
    tstzrange(starts_at, ends_at, '[)') WITH &&
) WHERE (live)
"""

OVERLAP = """
SELECT RAISE(ABORT, 'occupancy_no_overlap')
WHERE (
    SELECT ends_at FROM occupancy
    WHERE resource_id = NEW.resource_id AND live AND starts_at < NEW.ends_at {but}
    ORDER BY starts_at DESC LIMIT 1
) > NEW.starts_at;
"""

ON_INSERT = f"""
CREATE TRIGGER occupancy_guard_insert BEFORE INSERT ON occupancy WHEN NEW.live
BEGIN {OVERLAP.format(but="")} END
"""

ON_UPDATE = f"""
CREATE TRIGGER occupancy_guard_update
BEFORE UPDATE OF resource_id, starts_at, ends_at, live ON occupancy WHEN NEW.live
BEGIN {OVERLAP.format(but="AND id <> OLD.id")} END
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(EXCLUDE)
    else:
        op.execute(ON_INSERT)
        op.execute(ON_UPDATE)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE occupancy DROP CONSTRAINT occupancy_no_overlap")
    else:
        op.execute("DROP TRIGGER occupancy_guard_insert")
        op.execute("DROP TRIGGER occupancy_guard_update")
