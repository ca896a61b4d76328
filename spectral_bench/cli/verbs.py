"""The verbs, as the list of verbs shows them: nothing here imports the code of a verb."""

from collections.abc import Mapping
from dataclasses import dataclass

from spectral_bench.cli.override_command import OverrideCommand, VerbCommand


@dataclass(frozen=True)
class Verb:
    """What the list says of a verb, and where its code is."""

    #: ``module:name``, in this package, of a function or of a ``typer.Typer`` with verbs of its own.
    place: str
    #: The first paragraph of its help.
    summary: str
    #: The command that a function becomes.
    cls: type[VerbCommand] = VerbCommand


#: By name, in the order of the list.
VERBS: Mapping[str, Verb] = {
    "run": Verb("run:run", "Train a model on a task, watch it, and keep everything.", OverrideCommand),
    "resume": Verb("resume:resume", "Go on with a run from its last checkpoint, as if it had never stopped."),
    "verify": Verb(
        "verify:verify",
        "Replay a run from a checkpoint, and say whether every number is what was recorded, to the last bit.",
    ),
    "status": Verb(
        "run_status:status_",
        "Say how runs stand: by status, how far those at work are (on other hosts, too), disk use, stale claims.",
    ),
    "runs": Verb("runs:runs", "List runs; tag, note, archive or delete those that --where selects."),
    "compare": Verb(
        "compare:compare",
        "Compare runs: a row for those that differ in nothing but the seed, a table for every task.",
    ),
    "grads": Verb(
        "grads:grads",
        "Show whether gradients vanish: what arrives of them after so many steps back, and how fast they decay.",
    ),
    "spectrum": Verb(
        "spectrum:spectrum",
        "Show the singular values of the recurrent matrices over training, and how far they are from 1.",
    ),
    "curves": Verb("curves:curves", "Draw loss and metric over training, with the memoryless baseline."),
    "plot": Verb(
        "plot:plot",
        "Draw any key against any metric: sweeps of a radius, of lengths, of learning rates, searches, phase diagrams.",
    ),
    "claims": Verb(
        "claims:claims",
        "Show what the papers claim and what the runs say of it: reproduced, beaten, refuted or open.",
    ),
    "report": Verb(
        "report:report",
        "Write one page to read in a browser: verdicts, tables, and curves to look into. "
        "It needs no server, no network.",
    ),
    "bench": Verb(
        "bench:bench",
        "Time a training step of every model, in turn, against PyTorch and against the machine's limit.",
    ),
    "list": Verb(
        "list:list_",
        "Say what models, tasks, optimizers, presets, datasets, sinks or launchers there are, and what each is for.",
    ),
    "data": Verb("data:data_app", "See, check and download data sets."),
}
