"""Which combinations a study has already tried: the canonical key, the memory and the table.

The table `seen_combos` holds one row a study and combination. A row is `claimed` while its owner
evaluates it and `done` once its trial is stored. An owner is alive as long as its database
connection holds the advisory lock of its number, so that a claim dies with its claimant and never
by a guess at its age. Keys are canonical JSON and are only ever compared, never evaluated.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Connection, text

from optimize.canonical_json import canonical_json

DuplicateSource = Literal["memory", "database"]

_CREATE = """
CREATE TABLE IF NOT EXISTS seen_combos (
    study_name TEXT NOT NULL,
    combo_key TEXT NOT NULL,
    trial_number INTEGER,
    worker TEXT,
    owner BIGINT,
    state TEXT NOT NULL DEFAULT 'done',
    claimed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (study_name, combo_key)
)"""
_COLUMNS_ADDED = {  # to the predecessor's table of study_name and combo_key
    "trial_number": "INTEGER",
    "worker": "TEXT",
    "owner": "BIGINT",
    "state": "TEXT NOT NULL DEFAULT 'done'",
    "claimed_at": "TIMESTAMPTZ NOT NULL DEFAULT now()",
}
_PRESENT_COLUMNS = """
SELECT attname FROM pg_attribute
WHERE attrelid = 'seen_combos'::regclass AND attnum > 0 AND NOT attisdropped"""
_HAS_KEY = """
SELECT EXISTS (
    SELECT FROM pg_index WHERE indrelid = 'seen_combos'::regclass AND indisunique
    AND indnatts = 2 AND (
        SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute
        WHERE attrelid = indrelid AND attnum = ANY (indkey)
    ) = ARRAY['combo_key', 'study_name']
)"""
_DROP_REPEATED = """
DELETE FROM seen_combos a USING seen_combos b
WHERE a.ctid < b.ctid AND a.study_name = b.study_name AND a.combo_key = b.combo_key"""


def combo_key(combination: Mapping[str, Any]) -> str:
    """Canonical JSON of a combination; whole floats are written as integers."""
    return canonical_json({name: _canonical(value) for name, value in combination.items()})


def _canonical(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


class SeenCombos:
    """The combinations known to one coordinator, each with the source of the knowledge."""

    def __init__(self) -> None:
        self._sources: dict[str, DuplicateSource] = {}

    def __len__(self) -> int:
        return len(self._sources)

    def source(self, key: str) -> DuplicateSource | None:
        """Where a combination is known from, or None for a new one."""
        return self._sources.get(key)

    def add(self, key: str, source: DuplicateSource) -> None:
        """Remember a combination; the first source stays."""
        self._sources.setdefault(key, source)

    def discard(self, key: str) -> None:
        """Forget a combination that is to be tried again."""
        self._sources.pop(key, None)


def ensure_table(connection: Connection) -> None:
    """Create `seen_combos`, or upgrade the predecessor's two-column table in place."""
    connection.execute(text(_CREATE))
    present = set(connection.scalars(text(_PRESENT_COLUMNS)))
    for column, definition in _COLUMNS_ADDED.items():
        if column not in present:
            connection.execute(text(f"ALTER TABLE seen_combos ADD COLUMN {column} {definition}"))
    if not connection.scalar(text(_HAS_KEY)):
        connection.execute(text(_DROP_REPEATED))
        connection.execute(
            text("CREATE UNIQUE INDEX seen_combos_key ON seen_combos (study_name, combo_key)")
        )


def load_keys(connection: Connection, study_name: str) -> list[str]:
    """All keys of a study, claimed or done."""
    rows = connection.execute(
        text("SELECT combo_key FROM seen_combos WHERE study_name = :name"), {"name": study_name}
    )
    return [row[0] for row in rows]


def claim(
    connection: Connection, study_name: str, keys: Sequence[str], owner: int, worker: str
) -> set[str]:
    """Claim combinations for `owner`; return those that it now holds.

    A combination that somebody else has claimed or done is left alone.
    """
    rows = connection.execute(
        text(
            "INSERT INTO seen_combos (study_name, combo_key, worker, owner, state)"
            " SELECT :name, key, :worker, :owner, 'claimed' FROM unnest(CAST(:keys AS text[])) key"
            " ORDER BY key"
            " ON CONFLICT (study_name, combo_key) DO UPDATE SET claimed_at = now()"
            " WHERE seen_combos.owner = :owner AND seen_combos.state = 'claimed'"
            " RETURNING combo_key"
        ),
        {"name": study_name, "worker": worker, "owner": owner, "keys": list(keys)},
    )
    return {row[0] for row in rows}


def settle(
    connection: Connection, study_name: str, numbers: Mapping[str, int], owner: int, worker: str
) -> set[str]:
    """Mark combinations as done by their trials; return the keys that were somebody else's.

    Args:
        connection: Within the transaction that inserts the trials.
        study_name: The study.
        numbers: Key -> trial number.
        owner: Whose claims count as our own.
        worker: Who evaluated, for the record.
    """
    rows = connection.execute(
        text(
            "INSERT INTO seen_combos (study_name, combo_key, trial_number, worker, owner, state)"
            " SELECT :name, key, number, :worker, :owner, 'done'"
            " FROM unnest(CAST(:keys AS text[]), CAST(:numbers AS int[])) AS t (key, number)"
            " ORDER BY key"
            " ON CONFLICT (study_name, combo_key)"
            " DO UPDATE SET state = 'done', trial_number = excluded.trial_number"
            " WHERE seen_combos.owner = :owner AND seen_combos.state = 'claimed'"
            " RETURNING combo_key"
        ),
        {
            "name": study_name,
            "worker": worker,
            "owner": owner,
            "keys": list(numbers),
            "numbers": list(numbers.values()),
        },
    )
    return set(numbers) - {row[0] for row in rows}


def forget(connection: Connection, study_name: str, keys: Sequence[str]) -> None:
    """Remove combinations that are to be tried again."""
    connection.execute(
        text("DELETE FROM seen_combos WHERE study_name = :name AND combo_key = ANY (:keys)"),
        {"name": study_name, "keys": list(keys)},
    )


def release(connection: Connection, study_name: str, owner: int) -> int:
    """Give up all open claims of `owner`; return how many there were."""
    return connection.execute(
        text(
            "DELETE FROM seen_combos"
            " WHERE study_name = :name AND owner = :owner AND state = 'claimed'"
        ),
        {"name": study_name, "owner": owner},
    ).rowcount


def count_claims(connection: Connection, study_name: str, besides: int) -> int:
    """Open claims of all owners but one."""
    count: int = connection.execute(
        text(
            "SELECT count(*) FROM seen_combos WHERE study_name = :name AND state = 'claimed'"
            " AND coalesce(owner, 0) <> :owner"
        ),
        {"name": study_name, "owner": besides},
    ).scalar_one()
    return count


def release_dead(connection: Connection, study_name: str, alive: Iterable[int] = ()) -> list[str]:
    """Release the claims of owners whose connection is gone; return their keys.

    An owner is dead when its advisory lock can be had, which is tried for this transaction only.
    Owners in `alive` are not asked about: the connection would be granted a lock it already has.
    """
    owners = connection.scalars(
        text(
            "SELECT DISTINCT coalesce(owner, 0) FROM seen_combos"
            " WHERE study_name = :name AND state = 'claimed'"
        ),
        {"name": study_name},
    ).all()
    dead = [
        owner
        for owner in owners
        if owner not in set(alive)
        and connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": owner})
    ]
    rows = connection.execute(
        text(
            "DELETE FROM seen_combos WHERE study_name = :name AND state = 'claimed'"
            " AND coalesce(owner, 0) = ANY (:dead) RETURNING combo_key"
        ),
        {"name": study_name, "dead": dead},
    )
    return [row[0] for row in rows]
