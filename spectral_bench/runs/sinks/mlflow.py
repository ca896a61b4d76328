"""``--sink mlflow``: a run in MLflow, on the server that ``MLFLOW_TRACKING_URI`` names or in a local file."""

import json
import logging
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from spectral_bench.config.keys import flatten
from spectral_bench.runs.sinks.sink_registry import SINKS
from spectral_bench.training.observer import EndStatus, Measurement, Observer, Plan, RunIdentity

#: The file that runs are written to when no server is named: in the folder of results, see ``_local_folder``.
STORE = "mlflow.db"

#: The tag by which the MLflow run of a run directory is found again.
RUN_ID_TAG = "spectral_bench.run_id"

#: What MLflow calls the ends that a session can have.
_STATUS: dict[EndStatus, str] = {
    "completed": "FINISHED",
    "diverged": "FAILED",
    "failed": "FAILED",
    "interrupted": "KILLED",
}

#: Parameters that MLflow takes at a time.
_AT_A_TIME = 100


@SINKS.register("mlflow")
class MLflowSink(Observer):
    """The configuration as parameters, measurements as metrics, and how the run ended; an experiment for every task.

    A run that goes on does so in the same MLflow run. What MLflow holds already is not written twice. Parameters cannot
    be changed there: a value that is another one from now on becomes a tag ``KEY from step STEP``.
    """

    install: ClassVar[str] = "pip install 'spectral-bench[mlflow]'"

    def __init__(self) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        import alembic  # noqa: F401 (MLflow asks for it only when it opens a database)
        import mlflow
        import sqlalchemy  # noqa: F401

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._mlflow = mlflow
        self._client: Any = None
        self._run_id = ""
        self._metric = ""
        self._written: set[tuple[str, int, float]] = set()

    def on_start(self, plan: Plan, run: RunIdentity) -> None:
        """Begins an MLflow run, or finds the one that this run has."""
        if run.directory is None or run.run_id is None:
            raise ValueError("the run has no directory, and so no name to be found by")
        self._metric = plan.metric.name
        folder = _local_folder(run.directory.resolve(), run.config)
        server = os.environ.get("MLFLOW_TRACKING_URI")
        self._client = self._mlflow.MlflowClient(tracking_uri=server or f"sqlite:///{(folder / STORE).as_posix()}")
        experiment = self._experiment(f"spectral-bench {run.config['task']['name']}", None if server else folder)
        found = self._client.search_runs([experiment], f"tags.`{RUN_ID_TAG}` = '{run.run_id}'", max_results=1)
        params = {
            key: value if isinstance(value, str) else json.dumps(value) for key, value in flatten(run.config).items()
        }
        if found:
            self._take_up(found[0], params, plan.first_step)
        else:
            created = self._client.create_run(experiment, run_name=run.run_id, tags={RUN_ID_TAG: run.run_id})
            self._run_id = created.info.run_id
            entries = [self._mlflow.entities.Param(key, value) for key, value in params.items()]
            for first in range(0, len(entries), _AT_A_TIME):
                self._client.log_batch(self._run_id, params=entries[first : first + _AT_A_TIME])

    def on_measurement(self, measurement: Measurement) -> None:
        """Metrics ``SPLIT/loss``, ``SPLIT/METRIC`` and ``SPLIT/samples_per_second``."""
        values = {
            f"{measurement.split}/loss": measurement.loss,
            f"{measurement.split}/{self._metric}": measurement.metric,
        }
        new = {key: value for key, value in values.items() if (key, measurement.step, value) not in self._written}
        if new:
            new[f"{measurement.split}/samples_per_second"] = measurement.samples_per_second
        now = int(time.time() * 1000)
        metrics = [self._mlflow.entities.Metric(key, value, now, measurement.step) for key, value in new.items()]
        self._client.log_batch(self._run_id, metrics=metrics)

    def on_end(self, status: EndStatus) -> None:
        """Says how the session ended."""
        self._client.set_tag(self._run_id, "spectral_bench.status", status)
        self._client.set_terminated(self._run_id, _STATUS[status])

    def _experiment(self, name: str, folder: Path | None) -> str:
        """The identifier of an experiment, which another process may be making just now."""
        location = (folder / "mlflow-artifacts").as_uri() if folder else None
        if self._client.get_experiment_by_name(name) is None:
            with suppress(self._mlflow.MlflowException):
                self._client.create_experiment(name, artifact_location=location)
        identifier: str = self._client.get_experiment_by_name(name).experiment_id
        return identifier

    def _take_up(self, found: Any, params: dict[str, str], step: int) -> None:
        """Go on in an MLflow run that exists."""
        self._run_id = found.info.run_id
        self._client.update_run(self._run_id, status="RUNNING")
        for key, value in params.items():
            if found.data.params.get(key) != value:
                self._client.set_tag(self._run_id, f"{key} from step {step}", value)
        for key in found.data.metrics:
            for metric in self._client.get_metric_history(self._run_id, key):
                self._written.add((key, metric.step, metric.value))


def _local_folder(directory: Path, config: Mapping[str, Any]) -> Path:
    """RESULTS, of a run that lies in RESULTS/TASK/MODEL/RUN; of one that lies elsewhere the folder that it lies in."""
    names = (config["task"]["name"], config["model"]["name"])
    model, task = directory.parent, directory.parent.parent
    return task.parent if (task.name, model.name) == names else model
