"""``summary.json``: one flat object with the results of a run."""

from typing import Any

from spectral_bench.config.schema import ExperimentConfig
from spectral_bench.diagnostics.gradient_decay import gradient_fields
from spectral_bench.nn.model import Facts
from spectral_bench.runs.layout import SUMMARY_FIELDS
from spectral_bench.runs.recorder import RunRecorder
from spectral_bench.tasks.task import Task
from spectral_bench.training.outcome import Outcome
from spectral_bench.training.progress import Progress


def summarise(
    config: ExperimentConfig,
    task: Task[Any],
    num_parameters: int,
    progress: Progress,
    recorder: RunRecorder,
    outcome: Outcome | None,
    facts: Facts,
) -> dict[str, Any]:
    """The summary of a run; values that do not exist (the test of a diverged run) are None.

    Args:
        config: of the run.
        task: of the run.
        num_parameters: of the model.
        progress: where the run stands.
        recorder: knows the last measurement of each split and the last traces.
        outcome: None if the run did not end regularly.
        facts: of the traced gradients.
    """
    norms, spectrum = recorder.last_norms(), recorder.last_spectrum()
    # Where every step adds its own loss, norms that stay level say nothing of what vanishes on the way.
    judged = norms.by_layer if norms and not facts.every_step else None
    seconds = progress.seconds_per_update
    values = {
        "task": config.task.name,
        "model": config.model.name,
        "seed": config.seed,
        "metric": task.metric.name,
        "mode": task.metric.mode,
        "train": recorder.metrics.latest("train"),
        "validation": recorder.metrics.latest("validation"),
        "test": outcome.test.metric if outcome else None,
        "best_step": progress.best_step,
        "best_validation": progress.best_validation,
        "test_at_best": outcome.test_at_best.metric if outcome else None,
        "loss_test": outcome.test.loss if outcome else None,
        "baseline": task.baseline.value if task.baseline else None,
        "baseline_of": task.baseline.of if task.baseline else None,
        "steps": progress.step,
        "steps_to_beat_baseline": progress.steps_to_beat_baseline,
        "solved_at": progress.solved_at,
        "not_finite": progress.not_finite,
        "num_parameters": num_parameters,
        "ms_per_step": None if seconds is None else 1e3 * seconds,
        "wall_seconds": progress.wall_seconds,
        **gradient_fields(judged),
        "spectral_margin": spectrum.margin if spectrum else None,
    }
    return {field.name: values[field.name] for field in SUMMARY_FIELDS}
