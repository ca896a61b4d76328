"""The measured numbers of docs/models.md, as tables in Markdown, from the runs of the claims about rivals and depth."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from spectral_bench.claims.load_claims import load_claims
from spectral_bench.claims.verdict import Verdict, judge
from spectral_bench.records.collection import collect
from spectral_bench.records.run_record import Run
from spectral_bench.report.claim_words import gradients_of, result
from spectral_bench.report.document import Cell, Column, Table
from spectral_bench.report.formats import table_lines
from spectral_bench.report.numbers import NOTHING
from spectral_bench.runs.effective_config import EffectiveConfigs

RESULTS = Path(__file__).parent.parent / "results"

#: Layers, and for each network the claim and its entrant there.
DEPTHS = {
    10: ("depth-10-to-50", "depth-10-to-50", "depth-10-to-50", "depth-10-to-50"),
    30: ("depth-mlp", "depth-10-to-50", "depth-10-to-50", "depth-10-to-50"),
    50: ("depth-mlp", "depth-resnet", "depth-10-to-50", "depth-10-to-50"),
    100: ("depth-mlp-100", "depth-resnet", "depth-svd", "depth-svd"),
}
DEEP = ("mlp", "resnet", "svdmlp", "svdresnet")
DEEP_CLAIMS = tuple(dict.fromkeys(claim for claims in DEPTHS.values() for claim in claims))


@cache
def verdict(name: str) -> Verdict:
    """A claim as the shipped runs decide it."""
    return judge(load_claims()[name], *_shipped())


def deciding(name: str) -> list[Run]:
    """The shipped runs that decide a claim."""
    found = verdict(name).evidence.values()
    return [one.run for evidence in found for one in evidence.deciding if one.run is not None]


@cache
def _shipped() -> tuple[list[Run], EffectiveConfigs]:
    return collect([RESULTS]).runs, EffectiveConfigs()


def recurrent() -> str:
    """A row for each recurrent network that has its runs: what it came to on copying and on MNIST by rows."""
    copying, rows = _by_entrant("rivals-copy"), _by_entrant("rivals-rows")
    columns = [Column("network", "left"), Column("copying: updates"), Column("gradients", "left")]
    columns += [Column("rows: test accuracy"), Column("gradients", "left")]
    names = list(dict.fromkeys([*copying, *rows]))
    nothing = [Cell(NOTHING)] * 2
    cells = [[Cell(f"`{name}`"), *copying.get(name, nothing), *rows.get(name, nothing)] for name in names]
    known = [row for row in cells if any(cell.text != NOTHING for cell in row[1:])]
    return "\n".join(table_lines(Table("", "", columns, known))) if known else "No network has all of its runs yet."


def feed_forward() -> str:
    """A row for each depth: test accuracy on MNIST after five epochs."""
    columns = [Column("layers"), *(Column(f"`{name}`") for name in DEEP)]
    rows = []
    for depth, claims in DEPTHS.items():
        cells = []
        for name, claim in zip(DEEP, claims, strict=True):
            entrant = name if claim == "depth-svd" else f"{name} {depth}"
            cells.append(result(verdict(claim).claim, verdict(claim).scores[entrant]))
        rows.append([Cell(str(depth)), *map(Cell, cells)])
    return "\n".join(table_lines(Table("", "", columns, rows)))


def _by_entrant(name: str) -> Mapping[str, list[Cell]]:
    """What an entrant came to, and its gradients."""
    found = verdict(name)
    return {
        entrant: [Cell(result(found.claim, found.scores[entrant])), Cell(gradients_of(evidence) or NOTHING)]
        for entrant, evidence in found.evidence.items()
    }
