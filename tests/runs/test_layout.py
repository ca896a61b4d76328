"""One place says what a run directory holds: who writes, who reads and what people are told agree with it."""

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from small_runs import only_run, small_config

from spectral_bench.compare.criteria import SCORES, score_name
from spectral_bench.records.groups import Section
from spectral_bench.runs import layout
from spectral_bench.runs.execute import execute, prepare
from spectral_bench.runs.safe_reading import parse_json

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("layout")
    execute(prepare(small_config(results)))
    return only_run(results)


def test_a_run_writes_the_files_columns_and_fields_that_the_layout_names(run: Path) -> None:
    files = {path.name for path in run.iterdir()}
    expected = {
        getattr(layout, name)
        for name in ("CONFIG", "OVERRIDES", "MANIFEST", "METRICS", "GRADIENTS", "SPECTRUM", "SUMMARY", "CHECKPOINT")
    }
    assert files >= expected
    assert files - expected <= {layout.PREVIOUS_CHECKPOINT}
    header = (run / layout.METRICS).read_text().splitlines()[0].split(",")
    assert header == layout.metrics_header("recall_accuracy")
    for name, columns in layout.TABLES.items():
        schema = pq.read_table(run / name).schema
        types = {field.name: str(field.type).replace("string", "text").replace("double", "float64") for field in schema}
        assert types == {column.name: column.type for column in columns}
    summary = parse_json((run / layout.SUMMARY).read_bytes())
    assert list(summary) == [field.name for field in layout.SUMMARY_FIELDS]
    manifest = parse_json((run / layout.MANIFEST).read_bytes())
    assert manifest["format"] == layout.FORMAT
    assert manifest.keys() <= {key.name for key in layout.MANIFEST_KEYS}
    assert manifest.keys() >= {key.name for key in layout.MANIFEST_KEYS if key.kept}
    assert manifest["facts"].keys() == layout.FACTS.keys()


def test_fields_are_judged_and_called_as_the_layout_says() -> None:
    section = Section("copy", {}, {}, "accuracy", "max", None, None, [])
    assert SCORES["test"] is None
    assert SCORES["loss_test"] == "min"
    assert not {"metric", "baseline", "gradient_decay_rate"} & SCORES.keys()
    assert score_name(section, "test_at_best") == "test accuracy of the best weights"
    assert score_name(section, "ms_per_step") == "ms per update"


def test_no_other_file_of_the_package_spells_the_name_of_a_file_of_a_run() -> None:
    names = [value for name, value in vars(layout).items() if name.isupper() and isinstance(value, str)]
    literal = re.compile("|".join(f"[\"']{re.escape(name)}[\"']" for name in names))
    package = ROOT / "spectral_bench"
    found = [path.name for path in package.rglob("*.py") if literal.search(path.read_text(encoding="utf-8"))]
    assert found == ["layout.py"]


def table(rows: list[tuple[str, ...]], *titles: str) -> str:
    lines = [titles, tuple("---" for _ in titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def test_the_page_about_run_directories_holds_the_tables_of_the_layout() -> None:
    def of_columns(columns: tuple[layout.TableColumn, ...]) -> str:
        return table([(f"`{one.name}`", one.type, one.meaning) for one in columns], "column", "type", "")

    sense = {None: "", "metric": "the metric's", "min": "less is better", "max": "more is better"}
    fields = [(f"`{one.name}`", one.type, one.meaning, sense[one.sense]) for one in layout.SUMMARY_FIELDS]
    expected = [
        *map(of_columns, (layout.METRICS_COLUMNS, layout.GRADIENTS_COLUMNS, layout.SPECTRUM_COLUMNS)),
        table(fields, "field", "type", "", "sense"),
        table([(f"`{one.name}`", one.meaning) for one in layout.MANIFEST_KEYS], "key", ""),
        table([(f"`{name}`", meaning) for name, meaning in layout.FACTS.items()], "fact", ""),
    ]
    page = (ROOT / "docs" / "run_directory.md").read_text(encoding="utf-8")
    for one in expected:
        assert one in page, one
