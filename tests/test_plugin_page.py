"""The code of docs/plugins.md runs as it stands there."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from small_runs import only_run

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)

#: What each plugin of the page registers, in which group.
GROUPS = {"mgu": "model", "residual": "model", "adamw": "optimizer", "jsonl": "sink"}

SMALL = ["task.length=8", "train.steps=4", "train.evaluate_every=2", "trace.every=2", "train.batch_size=8"]
SIZES = ["task.validation_size=20", "task.test_size=20"]


def block(language: str, containing: str) -> str:
    (found,) = [text for name, text in BLOCKS if name == language and containing in text]
    return found


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A folder with all files of the page, and with the module that its sink needs."""
    for name, group in GROUPS.items():
        (tmp_path / f"{name}.py").write_text(block("python", f'register("{name}")'))
        if group != "sink":
            (tmp_path / "conf" / group).mkdir(parents=True, exist_ok=True)
            (tmp_path / "conf" / group / f"{name}.yaml").write_text(block("yaml", f"name: {name}\n"))
    (tmp_path / "orjson.py").write_text("import json\ndumps = lambda value: json.dumps(value).encode()\n")
    return tmp_path


def cli(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "spectral_bench", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)


def test_a_model_an_optimizer_and_a_sink_of_the_page_make_a_run(plugins: Path) -> None:
    named = [f"--plugin={name}.py" for name in ("mgu", "adamw", "jsonl")]
    typed = ["task=addition", "model=mgu", "optimizer=adamw", "model.hidden_size=8", *SMALL, *SIZES]
    done = cli(plugins, "run", "-q", *named, "--sink", "jsonl", *typed)
    assert (done.returncode, done.stderr) == (0, "")
    directory = only_run(plugins / "results")
    lines = [json.loads(line) for line in (directory / "measurements.jsonl").read_text().splitlines()]
    assert [(line["split"], line["step"]) for line in lines if line["split"] != "train"] == [
        ("validation", 2), ("validation", 4), ("test", 4),
    ]  # fmt: skip
    manifest = json.loads((directory / "manifest.json").read_text())
    assert [plugin["name"] for plugin in manifest["plugins"]] == ["mgu.py", "adamw.py"]
    assert yaml.safe_load((directory / "config.yaml").read_text())["optimizer"]["name"] == "adamw"


def test_the_network_of_the_page_is_traced_over_depth(plugins: Path) -> None:
    done = cli(plugins, "run", "-q", "--plugin=residual.py", "task=addition", "model=residual", *SMALL, *SIZES)
    assert (done.returncode, done.stderr) == (0, "")
    manifest = json.loads((only_run(plugins / "results") / "manifest.json").read_text())
    assert manifest["facts"]["trace_axis"] == "depth"


def test_every_option_of_the_page_is_listed(plugins: Path) -> None:
    named = [f"--plugin={name}.py" for name in GROUPS]
    for name, group in GROUPS.items():
        done = cli(plugins, "list", f"{group}s", *named)
        assert (done.returncode, done.stderr) == (0, "")
        assert any(line.startswith(f"{name}  ") for line in done.stdout.splitlines())


def test_links_of_the_page_lead_somewhere() -> None:
    headings = {"docs": PAGE, "readme": (ROOT / "README.md").read_text(encoding="utf-8")}
    anchors = {
        place: {
            re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
        }
        for place, text in headings.items()
    }
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        file, _, anchor = target.partition("#")
        assert not file or (ROOT / "docs" / file).exists(), target
        assert not anchor or anchor in anchors["readme" if file else "docs"], target


def test_what_authors_import_is_there_and_brings_no_torch_to_those_who_do_not_ask() -> None:
    script = (
        "import sys\n"
        "from spectral_bench.training import stop\n"
        "assert 'torch' not in sys.modules\n"
        "from spectral_bench.training import *\n"
        "assert Observer and OPTIMIZERS and OptimizerConfig and OptimizerKind\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
