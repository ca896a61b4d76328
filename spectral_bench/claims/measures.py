"""What a run came to in what a claim is about: a field of its summary, or a number that follows from several."""

from math import inf

from spectral_bench.compare.criteria import SCORES, more_is_better
from spectral_bench.compare.measuring_intervals import OF_LOOKS
from spectral_bench.compare.scores import ACHIEVEMENTS, score_of
from spectral_bench.records.run_record import Run
from spectral_bench.runs.layout import MILESTONES, SUMMARY_FIELDS

#: By how much the metric is worse on test than on training data; no field of a summary.
GENERALIZATION_GAP = "generalization_gap"

#: Of the updates until the task was solved, at the mean speed of the run; no field of a summary.
SECONDS_TO_SOLVE = "seconds_to_solve"

#: Measures of when something was reached, infinite for runs that never got there.
MEASURES_OF_WHEN = (*MILESTONES, SECONDS_TO_SOLVE)

#: Everything that a claim can be about.
MEASURES = (*(field.name for field in SUMMARY_FIELDS if field.type != "text"), GENERALIZATION_GAP, SECONDS_TO_SOLVE)

#: Those of which less or more is better. The others can lie in a range, or grow, and nobody is better by them.
JUDGED = (*SCORES, GENERALIZATION_GAP, SECONDS_TO_SOLVE)

#: Those by which a search may choose: without the test data, in runs that trace nothing, whatever the machine.
CHOOSING = ("train", "validation", "best_step", "best_validation", *MILESTONES, "num_parameters")

#: Those of which runs of two machines cannot be compared.
TIMES = (*(field.name for field in SUMMARY_FIELDS if field.is_time), SECONDS_TO_SOLVE)

#: What depends on how often a run was measured.
MEASURES_OF_LOOKS = OF_LOOKS | {GENERALIZATION_GAP, SECONDS_TO_SOLVE}


def measured(run: Run, metric: str) -> float | None:
    """What a run came to: infinite, on the side that is worse, if it diverged or never got there; None: unknown."""
    if metric == GENERALIZATION_GAP:
        return _generalization_gap(run)
    if metric == SECONDS_TO_SOLVE:
        updates, milliseconds = measured(run, "solved_at"), run.summary.get("ms_per_step")
        if updates in (None, inf):
            return updates
        return None if milliseconds is None else updates * milliseconds / 1000
    return score_of(run, metric, higher=higher_is_better(metric, run), achievable=metric in ACHIEVEMENTS)


def higher_is_better(metric: str, run: Run) -> bool:
    """The sense of a metric."""
    return more_is_better(metric, str(run.summary.get("mode")))


def _generalization_gap(run: Run) -> float | None:
    train, test = run.summary.get("train"), run.summary.get("test")
    if run.status == "diverged":
        return inf
    if train is None or test is None:
        return None
    return float(train - test if run.summary.get("mode") == "max" else test - train)
