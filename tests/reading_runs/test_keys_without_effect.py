"""Keys that change no number of a run are named nowhere, and tell nothing apart."""

import shutil
from pathlib import Path

import pytest
from command_line import Run

from spectral_bench.figures.draw_learning import draw_learning
from spectral_bench.figures.learning import learning_pictures
from spectral_bench.figures.sheet import Sheet
from spectral_bench.records.collection import collect
from spectral_bench.records.grouping import sections

#: Runs of the repository that read MNIST in order.
SHIPPED = Path(__file__).parents[2] / "results" / "mnist" / "rnn"


@pytest.fixture
def ordered(tmp_path: Path) -> Path:
    """Three runs, made alike but for the seed of the permutation that they do without."""
    for at, run in enumerate(sorted(SHIPPED.iterdir(), key=lambda path: path.name.partition("seed")[2])):
        copy = tmp_path / "ordered" / run.name
        shutil.copytree(run, copy)
        config = (copy / "config.yaml").read_text()
        (copy / "config.yaml").write_text(config.replace("permutation_seed: 92916", f"permutation_seed: {at}"))
    return tmp_path / "ordered"


def test_the_seed_of_no_permutation_separates_nothing_and_is_in_no_table_or_caption(
    command: Run, ordered: Path
) -> None:
    shown = command("compare", str(ordered), columns=200).stdout
    assert "permuted=false; baseline" in shown
    assert "permutation" not in shown.replace("permuted", "")
    (section,) = sections(collect([ordered]).runs)
    (group,) = section.groups
    assert len(group.completed) == 3
    pictures = learning_pictures(section, "validation")
    assert pictures is not None
    assert pictures.pooled == {}
    figure = draw_learning(pictures, Sheet())
    assert not [text.get_text() for part in figure.subfigs for text in part.texts if "permutation" in text.get_text()]
    by = command("plot", "x=seed", "y=test", str(ordered), "--data", "p.csv")
    assert "permutation" not in by.stderr


def test_where_pixels_are_permuted_each_order_is_a_setting(ordered: Path) -> None:
    for run in ordered.iterdir():
        config = (run / "config.yaml").read_text()
        (run / "config.yaml").write_text(config.replace("permuted: false", "permuted: true"))
    titles = [section.title for section in sections(collect([ordered]).runs)]
    assert sorted(titles) == [f"mnist, permutation_seed={at}" for at in range(3)]
