"""The frame around the verbs: help, version, lists, and what a wrong word is answered with."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from command_line import Run
from tasks.fabricate import write_ucr
from typer.main import get_command

from spectral_bench import __version__
from spectral_bench.cli import app
from spectral_bench.cli.verbs import VERBS
from spectral_bench.data.datasets import known_ucr_names
from spectral_bench.errors import DataError, InputError, SpectralBenchError

#: What takes long to import, and is not needed to say how the program is used.
HEAVY = ("torch", "torchvision", "numpy", "pandas", "pyarrow", "hydra", "omegaconf", "matplotlib", "scipy", "numba")


@pytest.mark.parametrize("arguments", [[], ["run"], ["list"], ["data"], ["data", "status"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    script = f"""
import sys
from spectral_bench.cli.app import app
from spectral_bench.data.datasets import known_ucr_names
app([*{arguments!r}, "--help"], standalone_mode=False)
print("imported:", [name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "imported: []"
    assert "Usage:" in done.stdout


def test_version_is_said(spectral_bench: Run) -> None:
    assert spectral_bench("--version").stdout == f"spectral-bench {__version__}\n"


@pytest.mark.parametrize("arguments", [["rn"], ["run", "--quite"], ["list"], ["--verison"]])
def test_wrong_usage_exits_with_2(command: Run, arguments: list[str]) -> None:
    done = command(*arguments)
    assert done.returncode == 2
    assert "Usage:" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("models", "svdrnn  Singular values"),
        ("tasks", "copy  Remember ten symbols"),
        ("optimizers", "adam  Adam"),
        ("sinks", "mlflow  The configuration"),
        ("presets", "pixel_mnist  MNIST pixel by pixel"),
    ],
)
def test_list_has_a_line_for_each_with_what_it_is_for(command: Run, kind: str, line: str) -> None:
    done = command("list", kind)
    assert done.returncode == 0
    assert any(shown.startswith(line) for shown in done.stdout.splitlines())
    assert all("  " in shown for shown in done.stdout.splitlines())


def test_data_sets_are_listed_by_kind_and_counted(
    command: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPECTRAL_BENCH_DATA", str(tmp_path / "data"))
    write_ucr(tmp_path / "data", "Small", "1,0.5\n2,0.25\n", "1,0.5\n2,0.25\n")
    shown = command("list", "datasets").stdout
    assert shown.startswith("mnist  70,000")
    known = len(known_ucr_names())
    assert f"time series: {known + 1} sets" in shown
    here, _, others = shown.partition("1 in the data folder:")[2].partition(f"{known} to be had")
    assert here.split() == ["Small"]
    assert "FaceAll" in others.split()
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["--model", "rnn"], "model=rnn"),
        (["--task.length=50"], "task.length=50"),
        (["--lr", "0.1"], "optimizer.lr=0.1"),
        (["model=rnn", "--seed", "3", "-q"], "seed=3"),
    ],
)
def test_a_key_with_dashes_is_answered_with_the_override_that_was_meant(
    command: Run, words: list[str], meant: str
) -> None:
    done = command("run", *words)
    assert done.returncode == 2
    assert f"Did you mean {meant}?" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("typed", "meant"), [("seed=1..3", "seed=1,2,3"), ("seed=1-3", "seed=1,2,3"), ("seed=1:12", "'seed=range(1,13)'")]
)
def test_a_range_that_is_none_is_answered_with_a_grid(command: Run, typed: str, meant: str) -> None:
    done = command("run", typed)
    assert done.returncode == 2
    assert f"several values make a grid: run -m {meant}" in " ".join(done.stderr.split())


def test_the_list_of_verbs_says_what_their_own_help_begins_with() -> None:
    for name, verb in get_command(app.app).commands.items():
        assert verb.command().help.partition("\n\n")[0] == verb.help, name


def test_listing_the_verbs_imports_none_of_them() -> None:
    listing = "from spectral_bench.cli.app import app; app(['--help'], standalone_mode=False)"
    script = f"import sys; {listing}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    imported = set(done.stdout.splitlines()[-1].split())
    assert "spectral_bench.cli.verbs" in imported
    assert not imported & {f"spectral_bench.cli.{verb.place.partition(':')[0]}" for verb in VERBS.values()}


def test_every_help_has_two_examples_that_can_be_typed_and_breaks_no_word(command: Run) -> None:
    verbs = {(name,): verb.command() for name, verb in get_command(app.app).commands.items()}
    verbs |= {("data", name): verb for name, verb in verbs[("data",)].commands.items()}
    for words, verb in verbs.items():
        narrow, wide = (command(*words, "--help", columns=columns).stdout for columns in (80, 300))
        assert set(re.sub("[─╭╮╰╯│]", " ", narrow).split()) <= set(re.sub("[─╭╮╰╯│]", " ", wide).split()), words
        examples = [line for line in wide.partition("Examples:")[2].splitlines() if "spectral-bench" in line]
        assert len(examples) == 2, words
        for example in examples:
            typed = shlex.split(example)
            assert tuple(typed[1 : 1 + len(words)]) == words
            verb.make_context("verb", typed[1 + len(words) :], resilient_parsing=True).close()
        assert max(map(len, narrow.splitlines())) <= 80


@pytest.mark.parametrize(("columns", "width"), [(60, 60), (None, 80)])
def test_a_list_that_is_piped_is_as_wide_as_columns_says(command: Run, columns: int | None, width: int) -> None:
    lines = command("list", "models", columns=columns).stdout.splitlines()
    assert width - 15 < max(map(len, lines)) <= width


def test_an_unknown_kind_of_list_is_answered_with_the_nearest(command: Run) -> None:
    done = command("list", "modls")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: Unknown kind 'modls'. Did you mean 'models'? Valid: datasets, ")


def test_list_shows_the_users_own_files(command: Run, tmp_path: Path) -> None:
    (tmp_path / "own/model").mkdir(parents=True)
    (tmp_path / "own/model/mine.yaml").write_text("# What I made\nname: mine\n")
    done = command("list", "models", "--config-dir", "own")
    assert "mine  What I made" in done.stdout


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model=svdrn", "Unknown model 'svdrn'. Did you mean 'svdrnn'?"),
        ("task=mnits", "Unknown task 'mnits'. Did you mean 'mnist'?"),
        ("experiment=pixelmnist", "Unknown preset 'pixelmnist'. Did you mean 'pixel_mnist'?"),
        ("model.hiden_size=3", "Unknown key 'model.hiden_size'. Did you mean 'model.hidden_size'?"),
        ("model.activation=rulu", "Did you mean 'relu'?"),
        ("model.hidden_size=many", "model.hidden_size=many: expected a whole number."),
        ("model.m1=1000", "model.m1=1000"),
        ("task.length=0", "task.length must be at least 1, not 0"),
        ("r=-1", "r=-1.0: expected at least 0"),
        ("+extra=1", "'+extra=1'"),
        ("seed=1,2", "add -m"),
        ("nonsense", "expected KEY=VALUE"),
    ],
)
def test_wrong_input_is_answered_in_one_line_and_leaves_nothing_behind(
    command: Run, tmp_path: Path, override: str, said: str
) -> None:
    done = command("run", override)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "code"), [(SpectralBenchError("s"), 1), (InputError("[i] [/b]"), 2), (DataError("d"), 3)]
)
def test_expected_error_becomes_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: SpectralBenchError, code: int
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(app, "app", fail)
    with pytest.raises(SystemExit) as caught:
        app.main()
    assert caught.value.code == code
    assert capsys.readouterr().err == f"Error: {error}\n"


def test_traceback_is_shown_when_asked_for(spectral_bench: Run) -> None:
    done = spectral_bench("run", "model=svdrn", SPECTRAL_BENCH_TRACEBACK="1")
    assert "Traceback" in done.stderr
    assert "Unknown model 'svdrn'" in done.stderr


def test_interruption_exits_with_130() -> None:
    script = """
import sys
from spectral_bench.cli import app, list
def interrupted(*_):
    raise KeyboardInterrupt
list._options = interrupted
sys.argv = ["spectral-bench", "list", "models"]
app.main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 130
    assert done.stderr == ""


def test_print_config_is_yaml_that_names_the_origin_of_each_value(command: Run) -> None:
    done = command("run", "--print-config", "experiment=pixel_mnist", "model.leak=0.1", "model.m1=8")
    assert done.returncode == 0
    config = yaml.safe_load(done.stdout)
    assert config["model"]["m1"] == 8
    assert config["train"]["batch_size"] == 512
    origins = {
        line.split(":")[0].strip(): line.partition("  # ")[2] for line in done.stdout.splitlines() if "  # " in line
    }
    assert origins["m1"] == "command line"
    assert origins["m2"] == "recipe/spectral_rnn/svdrnn"
    assert origins["batch_size"] == "experiment/pixel_mnist"
    assert "# experiment  pixel_mnist (command line)" in done.stdout.splitlines()
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_radius_for_a_model_without_one_draws_a_warning(command: Run) -> None:
    done = command("run", "--print-config", "model=rnn", "r=0.5")
    assert done.returncode == 0
    assert "r=0.5 has no effect" in done.stderr
