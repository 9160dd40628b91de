"""The loop with a sampler that repeats itself, as ours does not."""

import threading

from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from optimize.sampler.unseen import DUPLICATE
from optimize.storage.dedup import SeenCombos, combo_key
from optimize.storage.flusher import Flusher
from optimize.storage.memory import memory_study
from optimize.study.coordinator import Coordinator
from optimize.study.settings import StudySettings
from optimize.study.workers import Evaluator
from tests.optimize.studies import SMALL, Landscape


def test_repetitions_are_pruned_with_their_source_and_not_evaluated():
    evaluated, stored = [], []

    def counting(combination):
        evaluated.append(combo_key(combination))
        return Landscape()(combination)

    known = [combo_key(SMALL.combination(i)) for i in range(30)]  # of the 60 there are
    seen = SeenCombos()
    for key in known:
        seen.add(key, "database")
    coordinator = Coordinator(
        study=memory_study("s", {}, [], RandomSampler(seed=2)),
        seen=seen,
        queue=[],
        space=SMALL,
        settings=StudySettings(n_trials=20, ask_batch=7),
        evaluator=Evaluator(counting, 1, threading.Event()),
        flusher=Flusher(stored.extend),
        stop=threading.Event(),
    )
    assert coordinator.run() == "completed"
    complete = [t for t in stored if t.state == TrialState.COMPLETE]
    repeated = [t for t in stored if t.state == TrialState.PRUNED]
    assert [combo_key(t.params) for t in complete] == evaluated
    assert len(set(evaluated)) == len(evaluated) == 20
    assert not set(evaluated) & set(known)
    assert len(complete) + len(repeated) == len(stored)
    sources = {combo_key(t.params): t.user_attrs["duplicate_source"] for t in repeated}
    assert sources == {key: "database" if key in known else "memory" for key in sources}
    assert set(sources.values()) == {"database", "memory"}
    assert all(t.user_attrs[DUPLICATE] for t in repeated)
    assert {t.user_attrs["prune_reason"] for t in repeated} == {DUPLICATE}
