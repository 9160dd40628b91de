import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from optimize.database.connect import open_engine
from optimize.storage import dedup
from optimize.storage.dedup import SeenCombos, combo_key

STUDY = "name/2023-01-03_2023-01-31/0123456789ab"


@pytest.fixture
def engine(database):
    engine = open_engine(database)
    yield engine
    engine.dispose()


@pytest.fixture
def table(engine):
    with engine.begin() as connection:
        dedup.ensure_table(connection)
    return engine


def rows(engine):
    query = text("SELECT combo_key, state, owner, trial_number FROM seen_combos ORDER BY combo_key")
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


@given(st.dictionaries(st.text(), st.one_of(st.integers(), st.floats(-1e9, 1e9), st.text())))
def test_a_key_is_json_that_does_not_depend_on_the_order(combination):
    backwards = dict(reversed(combination.items()))
    assert combo_key(combination) == combo_key(backwards)
    assert json.loads(combo_key(combination)) == combination


def test_a_whole_float_and_an_integer_are_one_combination():
    assert combo_key({"stop": -25.0}) == combo_key({"stop": -25}) == '{"stop":-25}'
    assert combo_key({"stop": -25.5}) != combo_key({"stop": -25})


def test_the_first_source_of_a_combination_stays():
    seen = SeenCombos()
    seen.add("a", "database")
    seen.add("a", "memory")
    assert (seen.source("a"), seen.source("b"), len(seen)) == ("database", None, 1)
    seen.discard("a")
    assert seen.source("a") is None


@pytest.mark.parametrize("key", ["", ", PRIMARY KEY (study_name, combo_key)"])
def test_the_predecessors_table_is_upgraded_in_place(engine, key):
    with engine.begin() as connection:
        connection.execute(
            text(f"CREATE TABLE seen_combos (study_name VARCHAR(255), combo_key TEXT{key})")
        )
        for name in ("old", "other") if key else ("old", "old", "other"):
            connection.execute(text("INSERT INTO seen_combos VALUES (:n, '(1, 2)')"), {"n": name})
        dedup.ensure_table(connection)
        dedup.ensure_table(connection)
        assert dedup.load_keys(connection, "old") == ["(1, 2)"]
        assert dedup.claim(connection, "old", ["(1, 2)", "new"], owner=7, worker="w") == {"new"}
    assert rows(engine)[0] == ("(1, 2)", "done", None, None)


def test_a_combination_is_claimed_by_one_owner_only(table):
    with table.begin() as one:
        assert dedup.claim(one, STUDY, ["a", "b"], owner=1, worker="one") == {"a", "b"}
    with table.begin() as two:
        assert dedup.claim(two, STUDY, ["b", "c"], owner=2, worker="two") == {"c"}
        assert dedup.claim(two, "other study", ["b"], owner=2, worker="two") == {"b"}
        assert dedup.count_claims(two, STUDY, besides=2) == 2
    with table.begin() as one:
        assert dedup.claim(one, STUDY, ["a"], owner=1, worker="one") == {"a"}


def test_claims_at_the_same_moment_are_granted_once(table):
    keys = [f"k{i}" for i in range(40)]
    got, barrier = {}, threading.Barrier(6)

    def work(owner):
        barrier.wait()
        with table.begin() as connection:
            got[owner] = dedup.claim(connection, STUDY, keys[owner:] + keys[:owner], owner, "w")

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key for keys_of_one in got.values() for key in keys_of_one) == sorted(keys)


def test_a_settled_combination_stays_with_the_first(table):
    with table.begin() as connection:
        dedup.claim(connection, STUDY, ["a", "b"], owner=1, worker="one")
        dedup.claim(connection, STUDY, ["c"], owner=2, worker="two")
        lost = dedup.settle(connection, STUDY, {"a": 0, "c": 1, "d": 2}, owner=1, worker="one")
    assert lost == {"c"}
    assert rows(table) == [
        ("a", "done", 1, 0),
        ("b", "claimed", 1, None),
        ("c", "claimed", 2, None),
        ("d", "done", 1, 2),
    ]


def test_claims_of_a_dead_owner_are_released_and_those_of_a_living_one_are_not(table):
    with table.connect() as living, table.begin() as connection:
        living.execute(text("SELECT pg_advisory_lock(22)"))
        for owner, key in ((11, "dead"), (22, "alive"), (33, "mine")):
            dedup.claim(connection, STUDY, [key], owner, "w")
        dedup.settle(connection, STUDY, {"finished": 0}, owner=11, worker="w")
        assert dedup.release_dead(connection, STUDY, alive=[33]) == ["dead"]
    assert {row[0] for row in rows(table)} == {"alive", "finished", "mine"}


def test_own_claims_can_be_released(table):
    with table.begin() as connection:
        dedup.claim(connection, STUDY, ["a", "b"], owner=1, worker="one")
        dedup.settle(connection, STUDY, {"a": 0}, owner=1, worker="one")
        assert dedup.release(connection, STUDY, owner=1) == 1
    assert [row[0] for row in rows(table)] == ["a"]
