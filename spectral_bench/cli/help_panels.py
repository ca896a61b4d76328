"""What ``--help`` shows besides the options themselves: the groups they stand in, and two examples a verb."""

from collections.abc import Callable
from inspect import cleandoc

#: Which runs are read or made.
RUNS = "Runs"
#: What is computed and shown.
SHOWN = "What to show"
#: What comes out, and where.
OUTPUT = "Output"
#: What becomes of runs.
KEEPING = "Labels, archives, deletion"
#: How a run is made.
TRAINING = "Training"
#: Code of one's own, and other places to write to.
OUTSIDE = "Plugins and sinks"

_EXAMPLES = {
    "run": (
        "spectral-bench run task=copy model=svdrnn r=0.1 seed=3",
        "spectral-bench run -m task=mnist model=rnn,lstm,svdrnn seed=1,2,3",
    ),
    "resume": (
        "spectral-bench resume results/copy/svdrnn/RUN_ID",
        "spectral-bench resume RUN_ID train.steps=2000",
    ),
    "verify": (
        "spectral-bench verify results/copy/svdrnn/RUN_ID",
        "spectral-bench verify RUN_ID --steps 100 --whole",
    ),
    "compare": (
        "spectral-bench compare --where task=copy --columns model,r,score",
        "spectral-bench compare --format latex --label tab:copy -o copy.tex",
    ),
    "runs": (
        "spectral-bench runs --where model=svdrnn --sort=-test",
        "spectral-bench runs --where status=diverged --tag broken",
    ),
    "grads": (
        "spectral-bench grads results/copy -o grads.png",
        "spectral-bench grads --where model=svdrnn --step 0 --step 1000 --show",
    ),
    "spectrum": (
        "spectral-bench spectrum results/copy -o spectrum.pdf",
        "spectral-bench spectrum RUN_ID --show",
    ),
    "curves": (
        "spectral-bench curves results/copy -o curves.svg",
        "spectral-bench curves --split train --data curves.csv",
    ),
    "plot": (
        "spectral-bench plot x=task.length y=test hue=model",
        "spectral-bench plot x=optimizer.lr y=test results/copy -o rates.pdf",
    ),
    "status": (
        "spectral-bench status",
        "spectral-bench status results/copy --watch",
    ),
    "report": (
        "spectral-bench report results/ -o report.html",
        "spectral-bench report --where task=copy --watch",
    ),
    "claims": (
        "spectral-bench claims copy-100",
        "spectral-bench claims copy-100 --run launcher=local",
    ),
    "bench": (
        "spectral-bench bench --quick",
        "spectral-bench bench --part depth --threads 1 -o bench/",
    ),
    "list": (
        "spectral-bench list models",
        "spectral-bench list datasets",
    ),
    "data": (
        "spectral-bench data status",
        "spectral-bench data download mnist ptb CBF --data-dir ~/datasets",
    ),
    "data status": (
        "spectral-bench data status",
        "spectral-bench data status CBF --data-dir ~/datasets",
    ),
    "data verify": (
        "spectral-bench data verify",
        "spectral-bench data verify mnist",
    ),
    "data download": (
        "spectral-bench data download",
        "spectral-bench data download mnist ptb CBF",
    ),
}


def help_text(verb: Callable[..., object]) -> str:
    """The docstring of a verb with every paragraph on one line: Typer keeps line breaks where the source has them."""
    paragraphs = cleandoc(verb.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def examples(verb: str) -> str:
    """What stands below the help of a verb: a paragraph each, which Typer puts on a line of its own."""
    return "\n\n".join(["Examples:", *_EXAMPLES[verb]])
