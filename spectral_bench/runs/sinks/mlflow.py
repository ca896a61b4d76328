"""``--sink mlflow``: a run in MLflow, on the server that ``MLFLOW_TRACKING_URI`` names or in a local file."""

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from spectral_bench.config.keys import flatten
from spectral_bench.runs.layout import SUMMARY
from spectral_bench.runs.sinks.sink_registry import SINKS
from spectral_bench.runs.sqlite_address import sqlite_address
from spectral_bench.training.observer import (
    EndStatus,
    GradientNorms,
    Measurement,
    Observer,
    Plan,
    RunIdentity,
    Spectrum,
)

#: The file that runs are written to when no server is named: in the folder of results, see ``_local_folder``.
STORE = "mlflow.db"

#: The tag by which the MLflow run of a run directory is found again.
RUN_ID_TAG = "spectral_bench.run_id"

#: How MLflow waits for a server where the user has not said it. By its own defaults, eight tries of two minutes each.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "5", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}

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
    """The configuration as parameters, what is measured as metrics, and how the run ended; an experiment a task.

    Metrics are the measurements, both ends of the gradient norms, the spectral margin, and the numbers of the summary.

    A run that goes on does so in the same MLflow run. What MLflow holds already is not written twice. Parameters cannot
    be changed there: a value that is another one from now on becomes a tag ``KEY from step STEP``.
    """

    install: ClassVar[str] = "pip install 'spectral-bench[mlflow]'"

    def __init__(self) -> None:
        for variable, value in {"MLFLOW_DISABLE_TELEMETRY": "true", **_PATIENCE}.items():
            os.environ.setdefault(variable, value)
        import alembic  # noqa: F401 (MLflow asks for it only when it opens a database)
        import mlflow
        import sqlalchemy  # noqa: F401

        for name, level in (("mlflow", logging.WARNING), ("alembic", logging.WARNING), ("urllib3", logging.ERROR)):
            logging.getLogger(name).setLevel(level)
        self._mlflow = mlflow
        self._client: Any = None
        self._run_id = ""
        self._metric = ""
        self._server = ""
        self._summary: Path | None = None
        self._written: set[tuple[str, int, float]] = set()

    def on_start(self, plan: Plan, run: RunIdentity) -> None:
        """Begins an MLflow run, or finds the one that this run has."""
        if run.directory is None or run.run_id is None:
            raise ValueError("the run has no directory, and so no name to be found by")
        self._metric = plan.metric.name
        self._summary = run.directory / SUMMARY
        self._server = os.environ.get("MLFLOW_TRACKING_URI", "")
        with self._answering():
            self._open(plan, run, _local_folder(run.directory.resolve(), run.config))

    def _open(self, plan: Plan, run: RunIdentity, folder: Path) -> None:
        uri = self._server or sqlite_address(folder / STORE)
        self._client = self._mlflow.MlflowClient(tracking_uri=uri)
        experiment = self._experiment(f"spectral-bench {run.config['task']['name']}", None if self._server else folder)
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
        split = measurement.split
        values = {f"{split}/loss": measurement.loss, f"{split}/{self._metric}": measurement.metric}
        self._log(measurement.step, values, {f"{split}/samples_per_second": measurement.samples_per_second})

    def on_gradients(self, norms: GradientNorms) -> None:
        """Metrics ``gradient_norm/layerL/first`` (at t = 0) and ``gradient_norm/layerL/last`` (at t = T)."""
        for layer, values in norms.by_layer.items():
            ends = {"first": float(values[0]), "last": float(values[-1])}
            self._log(norms.step, {f"gradient_norm/layer{layer}/{end}": value for end, value in ends.items()})

    def on_spectrum(self, spectrum: Spectrum) -> None:
        """Metric ``spectral_margin``, where the model has one."""
        if spectrum.margin is not None:
            self._log(spectrum.step, {"spectral_margin": spectrum.margin})

    def on_end(self, status: EndStatus) -> None:
        """Says how the session ended, and logs every number of ``summary.json`` as ``summary/NAME``."""
        if self._summary is not None and status in ("completed", "diverged"):
            summary = json.loads(self._summary.read_text(encoding="utf-8"))
            numbers = {name: float(value) for name, value in summary.items() if isinstance(value, int | float)}
            self._log(summary["steps"], {f"summary/{name}": value for name, value in numbers.items()})
        with self._answering():
            self._client.set_tag(self._run_id, "spectral_bench.status", status)
            self._client.set_terminated(self._run_id, _STATUS[status])

    def _log(self, step: int, values: Mapping[str, float], beside: Mapping[str, float] | None = None) -> None:
        """Log the values that MLflow does not hold yet; if there are any, those beside them as well."""
        new = {key: value for key, value in values.items() if (key, step, value) not in self._written}
        if not new:
            return
        now = int(time.time() * 1000)
        metrics = [
            self._mlflow.entities.Metric(key, value, now, step) for key, value in {**new, **(beside or {})}.items()
        ]
        with self._answering():
            self._client.log_batch(self._run_id, metrics=metrics)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Where the server does not answer, say so in few words: MLflow's own are a page."""
        try:
            yield
        except self._mlflow.MlflowException as error:
            cause = error.__cause__ or error.__context__
            if self._server and isinstance(cause, OSError):  # as all errors of a connection are
                raise ConnectionError(f"no answer from {self._server}") from error
            raise

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
