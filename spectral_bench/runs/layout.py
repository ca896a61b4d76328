"""The format of a run directory: names of files, columns, fields, their types, senses and words.

It stands here and nowhere else: whoever writes or reads a run takes it from here. Plain words and small dataclasses
only, so that a reader that needs no PyTorch, pandas or pyarrow does not load them. ``docs/run_directory.md`` shows the
same to people; a test holds the two together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

#: Stands in the manifest as ``format``; raised when something here changes its meaning, so that readers can tell.
#: ``migration.py`` reads what earlier formats wrote.
FORMAT: Final = 4

#: Everything that was resolved to make the run.
CONFIG: Final = "config.yaml"
#: What was typed.
OVERRIDES: Final = "overrides.yaml"
#: What the run is, with what it was made, and how it stands: ``MANIFEST_KEYS``.
MANIFEST: Final = "manifest.json"
#: A row a measurement: ``METRICS_COLUMNS``.
METRICS: Final = "metrics.csv"
#: Gradient norms over t: ``GRADIENTS_COLUMNS``. While the run grows, its rows lie in ``parts_folder``.
GRADIENTS: Final = "gradients.parquet"
#: Singular values, likewise: ``SPECTRUM_COLUMNS``. There is none where the model has no recurrent matrix.
SPECTRUM: Final = "spectrum.parquet"
#: How the run ended, one flat object: ``SUMMARY_FIELDS``.
SUMMARY: Final = "summary.json"
#: Enough to go on bit for bit: weights, optimizer, random states, position.
CHECKPOINT: Final = "checkpoint.pt"
#: The checkpoint before it.
PREVIOUS_CHECKPOINT: Final = "checkpoint.previous.pt"
#: Tags and a note that somebody gave the run afterwards.
LABELS: Final = "labels.json"
#: Held by the process that works in the directory, and touched by it now and then.
LOCK: Final = ".lock"
#: Beside it: how far the session has come.
PROGRESS: Final = ".progress.json"
#: In the folder of results: a file for every configuration that a process works on.
CLAIMS: Final = ".claims"

#: Whether less or more of a number is better.
Mode = Literal["min", "max"]

#: How a run stands; ``running`` also when its process was killed without a word.
Status = Literal["running", "completed", "diverged", "interrupted", "failed"]

#: The ways a run can end.
ENDED: tuple[Status, ...] = ("completed", "diverged", "failed", "interrupted")


@dataclass(frozen=True)
class TableColumn:
    """A column of a table.

    Attributes:
        name: its title; ``value`` for the column of ``metrics.csv`` whose title is the name of the metric.
        type: of its values.
        meaning: in a line.
        is_time: it is measured with a clock, and no replay has it again.
    """

    name: str
    type: Literal["int32", "int64", "float64", "text"]
    meaning: str
    is_time: bool = False


METRICS_COLUMNS: Final = (
    TableColumn("step", "int64", "updates made so far"),
    TableColumn("epoch", "float64", "passes over the training data; empty for data that is generated"),
    TableColumn("split", "text", "`train` (means over the updates since the last row), `validation` or `test`"),
    TableColumn("loss", "float64", "mean loss"),
    TableColumn("value", "float64", "the task's metric; the title of the column is its name"),
    TableColumn("samples_per_second", "float64", "sequences trained or evaluated per second", is_time=True),
    TableColumn("wall_seconds", "float64", "since the training began, over all its sessions", is_time=True),
)

GRADIENTS_COLUMNS: Final = (
    TableColumn("step", "int64", "updates made before this one"),
    TableColumn("layer", "int32", "from 0, the one next to the input"),
    TableColumn(
        "t",
        "int32",
        "place along the trace, 0..T: the time step (sequences of any length end at T), or the layer, over depth",
    ),
    TableColumn(
        "norm",
        "float64",
        "mean over the batch of the 2-norm of dL_b/dh_t, L_b the sample's own loss, h_t the state (`traced`)",
    ),
)

SPECTRUM_COLUMNS: Final = (
    TableColumn("step", "int64", "updates made before this one"),
    TableColumn("layer", "int32", "from 0, the one next to the input"),
    TableColumn("matrix", "text", "name of the matrix in its layer, where the layer has several"),
    TableColumn("index", "int32", "from 0, the largest singular value"),
    TableColumn("singular_value", "float64", "its value"),
)

#: The tables that are written in parts while a run grows.
TABLES: Final[Mapping[str, tuple[TableColumn, ...]]] = {GRADIENTS: GRADIENTS_COLUMNS, SPECTRUM: SPECTRUM_COLUMNS}


def parts_folder(table: str) -> str:
    """The folder that the rows of one of ``TABLES`` are in while it grows: ``gradients.parts``."""
    return f"{table.removesuffix('.parquet')}.parts"


_METRICS_NAMES = [column.name for column in METRICS_COLUMNS]

#: Places of the columns of ``metrics.csv`` that rows are told apart by, and of the metric.
STEP_PLACE, SPLIT_PLACE, METRIC_PLACE = (_METRICS_NAMES.index(name) for name in ("step", "split", "value"))

#: The first columns of ``metrics.csv``, those that hold no time.
TIMELESS: Final = next(place for place, column in enumerate(METRICS_COLUMNS) if column.is_time)


def metrics_header(metric: str) -> list[str]:
    """The titles of ``metrics.csv`` for a task that is judged by ``metric``."""
    return [*_METRICS_NAMES[:METRIC_PLACE], metric, *_METRICS_NAMES[METRIC_PLACE + 1 :]]


@dataclass(frozen=True)
class SummaryField:
    """A field of ``summary.json``; null where its value does not exist.

    Attributes:
        name: its key.
        type: of its value: a text, a whole number or a number.
        meaning: in a line.
        sense: whether less or more is better; ``metric``: as of the task's metric; None: runs are not judged by it.
        words: what it is called where people read it, ``{metric}`` standing for the metric; None: its name.
        is_time: it is measured with a clock, and no replay has it again.
        is_ratio: orders of magnitude of it count: its mean is the geometric one.
        is_milestone: it is the step of the first look at which something was so.
    """

    name: str
    type: Literal["text", "count", "number"]
    meaning: str
    sense: Mode | Literal["metric"] | None = None
    words: str | None = None
    is_time: bool = False
    is_ratio: bool = False
    is_milestone: bool = False

    @property
    def is_achieved(self) -> bool:
        """Whether it says what the training achieved, so that a run without it did worse than any that has it."""
        return self.sense == "metric" or self.name in _ACHIEVED


#: What a training achieves beside the task's metric. The other fields with a sense are costs or traits of the weights.
_ACHIEVED = ("best_step", "loss_test", "steps_to_beat_baseline", "solved_at")


#: In the order in which they are written.
SUMMARY_FIELDS: Final = (
    SummaryField("task", "text", "name of the task"),
    SummaryField("model", "text", "name of the model"),
    SummaryField("seed", "count", "the seed"),
    SummaryField("metric", "text", "name of the task's metric"),
    SummaryField("mode", "text", "`max` where more of the metric is better, `min` where less is"),
    SummaryField("train", "number", "the last training metric", "metric", "training {metric}"),
    SummaryField("validation", "number", "the last validation metric", "metric", "validation {metric}"),
    SummaryField("test", "number", "the metric on the test split, with the last weights", "metric", "test {metric}"),
    SummaryField(
        "best_step", "count", "step of the best validation metric", "min", "step of the best validation {metric}"
    ),
    SummaryField("best_validation", "number", "the best validation metric", "metric", "best validation {metric}"),
    SummaryField(
        "test_at_best",
        "number",
        "the metric on the test split, with the weights that were best on validation",
        "metric",
        "test {metric} of the best weights",
    ),
    SummaryField("loss_test", "number", "the loss on the test split, with the last weights", "min", "test loss"),
    SummaryField("baseline", "number", "what a memoryless predictor scores"),
    SummaryField("baseline_of", "text", "whether that is a `loss` or a `metric`"),
    SummaryField("steps", "count", "updates made"),
    SummaryField(
        "steps_to_beat_baseline",
        "count",
        "step at which validation was clearly better than it",
        "min",
        "steps to beat the baseline",
        is_milestone=True,
    ),
    SummaryField(
        "solved_at", "count", "step at which the task counted as solved", "min", "steps to solve", is_milestone=True
    ),
    SummaryField(
        "not_finite", "count", "updates whose loss, gradient or state was not finite", words="updates not finite"
    ),
    SummaryField(
        "num_parameters", "count", "trainable numbers, without those that are zero by construction", "min", "parameters"
    ),
    SummaryField(
        "ms_per_step",
        "number",
        "mean time of an update in milliseconds, of those that were not traced",
        "min",
        "ms per update",
        is_time=True,
    ),
    SummaryField("wall_seconds", "number", "time of all sessions in seconds", "min", "seconds", is_time=True),
    SummaryField(
        "gradient_decay_rate",
        "number",
        "slope of the log gradient norm over t, at the last traced step",
        words="gradient decay rate per step",
    ),
    SummaryField(
        "gradient_kept",
        "number",
        "norm at t = 0 over the norm at t = T, at the last traced step",
        words="share of the gradient that arrives",
        is_ratio=True,
    ),
    SummaryField("gradient_verdict", "text", "`vanishing`, `fading`, `level`, `growing` or `exploding`"),
    SummaryField(
        "spectral_margin",
        "number",
        "largest distance of a singular value from the model's centre of sigma",
        "min",
        "spectral margin",
    ),
)


#: Those that hold the step of the first look at which something was so.
MILESTONES: Final = tuple(field.name for field in SUMMARY_FIELDS if field.is_milestone)

#: Those whose means are geometric.
RATIOS: Final = frozenset(field.name for field in SUMMARY_FIELDS if field.is_ratio)

#: Those that follow from gradient norms.
OF_NORMS: Final = frozenset(("gradient_decay_rate", "gradient_kept", "gradient_verdict"))


@dataclass(frozen=True)
class ManifestKey:
    """A key of ``manifest.json``.

    Attributes:
        name: the key.
        meaning: in a line.
        kept: readers keep its value with the run.
    """

    name: str
    meaning: str
    kept: bool = False


MANIFEST_KEYS: Final = (
    ManifestKey("format", "number of the format of the directory"),
    ManifestKey("status", "`running` (or killed), `completed`, `diverged`, `interrupted` or `failed`", kept=True),
    ManifestKey("reason", "why it ended, if there is something to say", kept=True),
    ManifestKey("started", "when the run began, in UTC", kept=True),
    ManifestKey("ended", "when it ended, in UTC", kept=True),
    ManifestKey("command", "the command line it began with", kept=True),
    ManifestKey("owner", "host, process, and time of the last session, and what tells the process from a later one"),
    ManifestKey("data", "SHA-256 of every data file that was read", kept=True),
    ManifestKey("facts", "what the model says of itself, below", kept=True),
    ManifestKey(
        "metric", "`name` of the task's metric, and its `mode`: `max` where more is better, else `min`", kept=True
    ),
    ManifestKey(
        "evaluation_continues",
        "whether evaluation batches continue each other, so that results depend on `train.evaluation_batch_size`",
        kept=True,
    ),
    ManifestKey("ineffective", "configuration keys that change no number of this run", kept=True),
    ManifestKey(
        "config_digest", "SHA-256 of the configuration, without the seed and what changes no number", kept=True
    ),
    ManifestKey("config_digest_before", "the same before the run was made longer"),
    ManifestKey("again", "of a run that a grid made with `--again`: the mark by which that grid finds its own runs"),
    ManifestKey("seed", "the seed"),
    ManifestKey(
        "plugins",
        "`name` and `sha256` of every plugin that the model, task or optimizer comes from, or that registers nothing",
    ),
    ManifestKey("python", "version"),
    ManifestKey("platform", "operating system"),
    ManifestKey("packages", "versions"),
    ManifestKey("git", "commit of the source and whether it was `dirty`; null for an installed package", kept=True),
    ManifestKey("repository", "commit of the repository the command was run from, and whether it was `dirty`, or null"),
    ManifestKey("hardware", "processor, cores, accelerator", kept=True),
    ManifestKey("threads", "as many as PyTorch computed with", kept=True),
    ManifestKey(
        "denormals",
        "`flushed`, or `kept`: by `train.flush_denormals`, where the processor can; `mixed`: not all threads did as "
        "asked, for some had been started by earlier work of the process",
    ),
    ManifestKey("checkpoints", "step and SHA-256 of the last checkpoints"),
    ManifestKey(
        "sessions",
        "a list of the times the run was resumed: from which step, when, by which command, with which plugins before",
    ),
)

#: The keys of ``facts``.
FACTS: Final[Mapping[str, str]] = {
    "trace_axis": "what gradients are traced over: `time` or `depth`",
    "sigma": "smallest and largest singular value the model promises; null where they are free, or there is no matrix",
    "centre": "what the spectral margin is measured from",
    "slopes": "smallest and largest slope of the activation; null where that is not known",
    "step": "smallest and largest factor of one step back, where it is not a singular value times a slope; null: it is",
    "every_step": "whether the loss looks at every time step, or only at the last; null where that is not known",
    "layers": "layers on top of each other, each with a trace of its own",
    "traced": "what a traced state is made of: `h`, or `(h, c)`, the norm then being that of both together",
}

#: ``traced`` of an LSTM before format 4.
TRACED_BEFORE: Final = "h without c"


@dataclass(frozen=True)
class AxisWords:
    """How the places along a trace are called.

    Attributes:
        position: on an axis: ``time step t``.
        symbol: a place: ``t``.
        last: the last place: ``T``.
        unit: one of them: ``time step``.
        span: all of them: ``time``.
        state: what is handed on from one to the next.
        loss: whose gradient is traced.
    """

    position: str
    symbol: str
    last: str
    unit: str
    span: str
    state: str = "h"
    loss: str = "L"

    @property
    def units(self) -> str:
        """Several of them: ``time steps``; of two kinds, ``time steps or layers``."""
        return " or ".join(f"{unit}s" for unit in self.unit.split(" or "))

    @property
    def short(self) -> str:
        """One of them, where there is little room: ``step``; of two kinds, ``step or layer``."""
        return " or ".join(unit.rpartition(" ")[2] for unit in self.unit.split(" or "))

    @property
    def shorts(self) -> str:
        """Several of them, where there is little room."""
        return " or ".join(f"{unit.rpartition(' ')[2]}s" for unit in self.unit.split(" or "))


#: For every ``trace_axis`` that facts may name.
TRACE_AXES: Final[Mapping[str, AxisWords]] = {
    "time": AxisWords("time step t", "t", "T", "time step", "time"),
    "depth": AxisWords("layer", "l", "L", "layer", "depth"),
}

#: Configuration keys that may be null in every run, with the type that their column has all the same.
CONFIGURED: Final[Mapping[str, Literal["count", "number"]]] = {
    "train.steps": "count",
    "train.epochs": "count",
    "train.evaluate_every": "count",
    "trace.every": "count",
    "train.clip_norm": "number",
    "train.threads": "count",
    "train.patience": "count",
    "train.max_minutes": "number",
}
