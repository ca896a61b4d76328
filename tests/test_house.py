"""House rules that no linter knows: names stand once, files are worth opening, pages and citation are true."""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from spectral_bench.version import __version__

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "spectral_bench"
MODULES = sorted(file for file in PACKAGE.rglob("*.py") if file.name not in ("__init__.py", "__main__.py"))

#: Why a file of fewer than 40 lines is a file.
SHORT = {
    "bench/bench_part.py": "the command line reads it without PyTorch",
    "bench/setting.py": "contenders, timing and output share it",
    "cli/plugin_option.py": "one option of eight verbs",
    "cli/resume.py": "a verb",
    "cli/sink_option.py": "one option of the verbs that train",
    "cli/run_status.py": "a verb",
    "cli/spectrum.py": "a verb",
    "runs/sqlite_address.py": "two libraries open databases by it",
    "runs/cores.py": "what the machine has to give, asked by runs and launchers",
    "cli/verify.py": "a verb",
    "config/complete.py": "completion, which shells wait for",
    "config/data_folder.py": "the data folder, for rooms that need nothing else of config",
    "data/problems.py": "the messages of three tasks",
    "diagnostics/decay_words.py": "numbers in words, for tables and pictures",
    "errors.py": "the exit codes at one look",
    "compare/criteria.py": "the one place that says which way a field is better",
    "compare/recipes.py": "one question, asked by table and document",
    "linalg/autocast.py": "the two questions that some devices refuse to be asked",
    "nn/models/exprnn.py": "architectures are a file each",
    "nn/models/factorized_rnn.py": "architectures are a file each",
    "nn/models/scornn.py": "architectures are a file each",
    "nn/orthogonal_config.py": "keys that two architectures share",
    "nn/models/gated_rnn.py": "architectures are a file each",
    "nn/models/mlp.py": "architectures are a file each",
    "nn/models/ornn.py": "architectures are a file each",
    "nn/models/rnn.py": "architectures are a file each",
    "nn/models/svdmlp.py": "architectures are a file each",
    "nn/models/svdrnn.py": "architectures are a file each",
    "nn/singular_values.py": "one measurement, for layers and models alike",
    "nn/transitions/dense.py": "transitions are a file each",
    "nn/transitions/transition.py": "what all transitions are",
    "runs/field_words.py": "tables, results and pictures share it",
    "runs/effective_config.py": "one question, asked of every registry",
    "runs/kinds.py": "the registries of three rooms together",
    "compare/measuring_intervals.py": "one question that comparisons and claims ask",
    "nn/kernels/form_choice.py": "one rule with its measured constants",
    "nn/torch_internals.py": "private names of PyTorch, and nothing else",
    "nn/kernels/gradients_by_operations.py": "two kernels share it",
    "runs/sinks/sink_registry.py": "what every sink imports",
    "report/footnotes.py": "one class",
    "runs/capacity.py": "one context manager, which knows the words of PyTorch's exceptions",
    "tasks/divisors.py": "arithmetic that MNIST and UCR share",
    "tasks/random_streams.py": "which random numbers a seed means: to be read alone",
    "training/length.py": "arithmetic that needs no model",
    "training/outcome.py": "what the loop returns, for those who never train",
    "training/random_state.py": "PyTorch's global state, touched nowhere else",
    "training/stop.py": "imported by signal handlers before torch is",
    "training/tracing.py": "a measurement, apart from the loop that asks for it",
    "ui/encoding.py": "one table of characters",
    "ui/verification_result.py": "one screen of two verbs",
    "ui/dry_run.py": "the screen of --dry-run",
    "version.py": "so that no room imports the package root",
}

#: What belongs to a machine or to its owner, and to no reader of the source.
PRIVATE = re.compile(
    r"(?<![\w.:])/(?:work|root|home|Users)/|\bpypi\.org|pythonhosted|\b[Aa]gentic\b|\b(?:AI|LLM) agents?\b"
)


def public_names(file: Path) -> Iterator[str]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names = [name]
            case ast.Assign(targets=targets):
                names = [target.id for target in targets if isinstance(target, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name)):
                names = [name]
            case _:
                names = []
        yield from (name for name in names if not name.startswith("_"))


def repeated(places: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: files for name, files in places.items() if len(files) > 1}


def test_a_file_name_stands_once() -> None:
    places = defaultdict(list)
    for file in MODULES:
        places[file.name].append(file.relative_to(PACKAGE).as_posix())
    assert repeated(places) == {}


def test_a_public_name_is_defined_once() -> None:
    places = defaultdict(list)
    for file in MODULES:
        for name in set(public_names(file)):
            places[name].append(file.relative_to(PACKAGE).as_posix())
    assert repeated(places) == {}


def test_a_short_file_has_a_reason() -> None:
    names = {file.relative_to(PACKAGE).as_posix(): len(file.read_text("utf-8").splitlines()) for file in MODULES}
    assert [f"{name}: {lines} lines" for name, lines in names.items() if lines < 40 and name not in SHORT] == []
    assert [name for name in SHORT if name not in names] == []


def test_no_text_speaks_of_somebodys_machine() -> None:
    texts = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "Makefile")]
    for folder in ("spectral_bench", "conf", "docs", "examples", "tests"):
        texts += [
            file for file in (ROOT / folder).rglob("*") if file.suffix in (".py", ".md", ".yaml", ".csv", ".json")
        ]
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in texts
        if file != Path(__file__)
        for match in PRIVATE.finditer(file.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_rooms_import_downwards_only() -> None:
    command = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_stands_in_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = [folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()]
    assert [room for room in rooms if f"| `{room}`" not in text] == []


def test_the_citation_is_of_this_version_and_names_both_papers() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["cff-version"], citation["version"]) == ("1.2.0", __version__)
    assert {"message", "title", "authors"} <= citation.keys()
    assert [reference["year"] for reference in citation["references"]] == [2018, 2017]


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md", "examples/README.md"])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (ROOT / page).read_text(encoding="utf-8"))
    assert targets
    folder = (ROOT / page).parent
    assert [target for target in targets if "://" not in target and not (folder / target).exists()] == []
