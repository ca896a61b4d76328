"""A model or task in a file of one's own is a citizen of every verb, and a plugin that is of no use says why."""

import json
import os
import subprocess
import sys
from pathlib import Path
from shutil import rmtree

import pytest
from command_line import Run
from small_runs import only_run

from spectral_bench.config.complete import candidates
from spectral_bench.errors import InputError
from spectral_bench.nn import MODELS
from spectral_bench.plugins.importing import load_plugins
from spectral_bench.plugins.registrations import loaded_plugins, registered_by

SMALL = ["-q", "train.steps=12", "train.evaluate_every=5", "trace.every=4", "train.checkpoint_every=5"]
COPY = ["task.length=6", "task.validation_size=20", "task.test_size=20"]


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def trained(run: Run, tmp_path: Path, *plugin: str) -> Path:
    done = run("run", *plugin, "model=diagrnn", *SMALL, *COPY)
    assert done.returncode == 0, done.stderr
    return only_run(tmp_path / "results")


def manifest(directory: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((directory / "manifest.json").read_text())
    return content


def test_a_file_brings_a_model_to_every_verb(run: Run, tmp_path: Path, diagonal: Path) -> None:
    plugin = ["--plugin", str(diagonal)]
    assert "diagrnn  One weight a unit" in run("list", "models", *plugin).stdout
    directory = trained(run, tmp_path, *plugin)
    (recorded,) = manifest(directory)["plugins"]
    assert recorded["name"] == "diagonal.py"
    assert len(recorded["sha256"]) == 64
    assert run("verify", str(directory), "--whole", *plugin).stdout.startswith("The same")
    assert run("resume", str(directory), "train.steps=15", "-q", *plugin).returncode == 0
    for verb in ("compare", "grads", "spectrum", "curves"):
        done = run(verb, *plugin)
        assert (done.returncode, done.stderr) == (0, "")
        assert "diagrnn" in done.stdout


def test_files_of_a_task_and_a_model_work_together(run: Run, diagonal: Path, first: Path) -> None:
    done = run("run", "--plugin", str(diagonal), "--plugin", str(first), "model=diagrnn", "task=first", *SMALL)
    assert done.returncode == 0, done.stderr
    assert "first/diagrnn" in done.stdout


@pytest.mark.parametrize("place", ["self.signature = ", "return cross_entropy"])
def test_a_task_that_ends_the_program_ends_its_point_alone(run: Run, tmp_path: Path, first: Path, place: str) -> None:
    quits = "        if self.config.length == 5: raise SystemExit('the licence ran out')\n"
    first.write_text(first.read_text().replace(f"        {place}", f"{quits}        {place}"))
    done = run("run", "-m", "--plugin", str(first), "task=first", "task.length=5,6", "launcher=serial", *SMALL)
    assert done.returncode == 1
    assert "sys.exit('the licence ran out') was called (first.py, line" in done.stderr
    assert len(list(tmp_path.glob("results/first/*/*/summary.json"))) == 1


def test_a_replay_that_a_task_ends_has_verified_nothing(run: Run, tmp_path: Path, first: Path) -> None:
    assert run("run", "--plugin", str(first), "task=first", *SMALL).returncode == 0
    text = first.read_text()
    first.write_text(
        text.replace("        return cross_entropy", "        raise SystemExit(0)\n        return cross_entropy")
    )
    done = run("verify", str(only_run(tmp_path / "results")), "--whole", "--plugin", str(first))
    assert done.returncode != 0
    assert "sys.exit(0) was called (first.py, line" in done.stderr


def test_the_environment_variable_names_plugins_of_every_command(
    run: Run, tmp_path: Path, diagonal: Path, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPECTRAL_BENCH_PLUGINS", f"{diagonal}{os.pathsep}{first}")
    assert "diagrnn" in run("list", "models").stdout
    assert "first" in run("list", "tasks").stdout
    directory = trained(run, tmp_path)
    assert [entry["name"] for entry in manifest(directory)["plugins"]] == ["diagonal.py"]  # it has no need of the task
    assert run("verify", str(directory)).returncode == 0


def test_a_module_that_can_be_imported_is_a_plugin_too(
    run: Run, tmp_path: Path, diagonal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "lib/mypackage"
    (tmp_path / "lib").mkdir()
    diagonal.parent.rename(package)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "lib")
    directory = trained(run, tmp_path, "--plugin", "mypackage.diagonal")
    assert manifest(directory)["plugins"][0]["name"] == "mypackage.diagonal"
    assert run("verify", str(directory), "--plugin", "mypackage.diagonal").returncode == 0
    # The same code by another name is the same plugin.
    assert run("verify", str(directory), "--plugin", str(package / "diagonal.py")).returncode == 0


@pytest.mark.usefixtures("fresh")
def test_a_plugin_is_imported_once_whatever_it_is_called_by(
    tmp_path: Path, diagonal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(diagonal.parent)
    load_plugins(["diagonal.py", str(diagonal), "./diagonal.py"])
    load_plugins(["diagonal"])
    (plugin,) = loaded_plugins()
    assert plugin.registered == [("model.layer", "diagonal")]
    assert registered_by("model.layer", "diagonal") is plugin
    assert registered_by("model.layer", "svd") is None
    assert not list(diagonal.parent.rglob("*.pyc"))


@pytest.mark.usefixtures("fresh")
def test_a_plugin_that_failed_can_be_loaded_once_it_is_mended(diagonal: Path) -> None:
    text = diagonal.read_text()
    diagonal.write_text(f"{text}\nraise ValueError('unfinished')\n")
    with pytest.raises(InputError, match=r"diagonal\.py: ValueError: unfinished \(diagonal\.py, line \d+\)\."):
        load_plugins([str(diagonal)])
    assert "diagonal" not in MODELS
    diagonal.write_text(text)
    load_plugins([str(diagonal)])
    assert "diagonal" in MODELS


@pytest.mark.usefixtures("fresh")
def test_options_of_a_plugin_are_completed(diagonal: Path) -> None:
    load_plugins([str(diagonal)])
    assert candidates("model=diag", []) == ["model=diagrnn"]
    assert "model.start_at=1" in candidates("model.start", ["model=diagrnn"])


def test_the_shell_completes_with_the_plugins_of_the_line(diagonal: Path) -> None:
    environment = {
        "_SPECTRAL_BENCH_COMPLETE": "complete_bash",
        "COMP_WORDS": f"spectral-bench run --plugin {diagonal} model=diag",
        "COMP_CWORD": "4",
    }
    done = subprocess.run(
        [sys.executable, "-c", "from spectral_bench.cli.app import app; app(prog_name='spectral-bench')"],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.split() == ["model=diagrnn"], done.stderr


def test_a_plugin_names_its_folder_of_yaml(run: Run, tmp_path: Path, diagonal: Path) -> None:
    (diagonal.parent / "conf").rename(tmp_path / "elsewhere")
    diagonal.write_text(f"{diagonal.read_text()}\nCONF_DIR = '../elsewhere'\n")
    assert "diagrnn" in run("list", "models", "--plugin", str(diagonal)).stdout
    done = run("run", "--plugin", str(diagonal), "model=diagrnn", "--print-config")
    assert "start_at: 1.0" in done.stdout
    (tmp_path / "elsewhere").rename(tmp_path / "gone")
    done = run("list", "models", "--plugin", str(diagonal))
    assert (done.returncode, "CONF_DIR = '../elsewhere': there is no such folder" in done.stderr) == (2, True)


def test_the_users_own_folder_of_yaml_counts(run: Run, diagonal: Path, tmp_path: Path) -> None:
    (diagonal.parent / "conf").rename(tmp_path / "own")
    done = run("run", "--plugin", str(diagonal), "--config-dir", "own", "model=diagrnn", *SMALL, *COPY)
    assert done.returncode == 0, done.stderr


def test_a_plugin_without_yaml_is_refused(run: Run, diagonal: Path, tmp_path: Path) -> None:
    (diagonal.parent / "conf").rename(tmp_path / "unused")
    for command in (["run", "model=rnn"], ["list", "models"]):
        done = run(*command, "--plugin", str(diagonal))
        assert done.returncode == 2
        said = f"Error: --plugin {diagonal}: registers model.layer=diagonal, and no yaml file chooses it"
        assert done.stderr.startswith(said)
        assert "'layer: diagonal'" in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_two_files_of_one_name_stand_in_the_way_of_nothing_but_the_option_they_share(
    run: Run, tmp_path: Path, diagonal: Path
) -> None:
    hidden = diagonal.parent / "conf/model/diagrnn.yaml"
    other = write(tmp_path / "own/model/diagrnn.yaml", hidden.read_text())
    options = ["--plugin", str(diagonal), "--config-dir", "own"]
    done = run("run", *options, "model=rnn", "model.hidden_size=4", *SMALL, *COPY)
    assert done.returncode == 0, done.stderr
    both = f"{hidden} and {other}"
    done = run("run", *options, "model=diagrnn")
    assert done.returncode == 2
    assert f"model=diagrnn is two files: {both}. Give one another name." in done.stderr
    write(tmp_path / "own/experiment/mine.yaml", "# @package _global_\ndefaults:\n  - override /model: diagrnn\n")
    done = run("run", *options, "experiment=mine")
    assert (done.returncode, both in done.stderr) == (2, True), done.stderr
    (line,) = [
        line for line in run("list", "models", *options).stdout.replace("\n    ", " ").splitlines() if both in line
    ]
    assert line.startswith("diagrnn  two files")


def test_yaml_with_the_name_of_the_projects_is_refused_when_it_is_chosen(run: Run, diagonal: Path) -> None:
    hidden = diagonal.parent / "conf/model/diagrnn.yaml"
    hidden = hidden.rename(hidden.with_name("rnn.yaml"))
    done = run("run", "--plugin", str(diagonal), "model=rnn")
    assert (done.returncode, str(hidden) in done.stderr) == (2, True), done.stderr
    assert run("run", "--plugin", str(diagonal), "model=lstm", "--print-config").returncode == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def (:\n", "is not valid Python: invalid syntax (mine.py, line 1)."),
        ("import nothing_of_this_name\n", "needs the module 'nothing_of_this_name', which is not installed (mine.py"),
        ("x = 1\ny = x / 0\n", "ZeroDivisionError: division by zero (mine.py, line 2)."),
        ("import sys\nsys.exit()\n", "it ends the program when it is imported (mine.py, line 2)."),
        ("import json\njson.loads('{')\n", "JSONDecodeError: "),
        ("\0", "source code"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_refused_in_one_line(
    run: Run, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "mine.py").write_text(text)
    done = run("run", "--plugin", "mine.py")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: --plugin mine.py: ")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("absent.py", "there is no such file."),
        ("./folder.py", "is a folder; name a .py file or a module."),
        ("absent_module", "there is no module 'absent_module'; a file is named with its ending: FILE.py."),
        ("json.absent", "there is no module 'json.absent'"),
        ("sys", "has no file"),
        ("plain.txt", "there is no module 'plain.txt', and plain.txt is not a .py file."),
        ("./plain.txt", "is not a .py file."),
        ("folder", "there is no module 'folder', and folder is a folder; name a .py file or a module."),
        ("mgu", "there is no module 'mgu'. Did you mean mgu.py?\n"),
        ("./mgu", "there is no such file. Did you mean mgu.py?\n"),
        ("", "--plugin '': expected FILE.py or the name of a module."),
    ],
)
def test_a_plugin_that_is_not_there_is_refused(run: Run, tmp_path: Path, source: str, said: str) -> None:
    (tmp_path / "folder.py").mkdir()
    write(tmp_path / "folder/plain.txt", "")
    write(tmp_path / "plain.txt", "")
    write(tmp_path / "mgu.py", "")
    done = run("run", "--plugin", source)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_a_name_that_is_taken_is_refused(run: Run, diagonal: Path) -> None:
    other = diagonal.with_name("other.py")
    other.write_text(diagonal.read_text())
    done = run("run", "--plugin", str(diagonal), "--plugin", str(other))
    assert done.returncode == 2
    assert f"--plugin {other}: model.layer=diagonal is already registered" in done.stderr
    assert "of plugin diagonal.py; choose another name." in done.stderr
    diagonal.write_text(diagonal.read_text().replace('register("diagonal")', 'register("lstm")'))
    done = run("run", "--plugin", str(diagonal))
    assert "model.layer=lstm is already registered" in done.stderr


def test_a_traceback_is_shown_when_asked_for(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text("x = 1 / 0\n")
    monkeypatch.setenv("SPECTRAL_BENCH_TRACEBACK", "1")
    monkeypatch.setattr(sys, "argv", ["spectral-bench", "list", "models", "--plugin", "mine.py"])
    from spectral_bench.cli.app import main

    with pytest.raises(InputError) as caught:
        main()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("verb", ["verify", "resume"])
def test_a_run_whose_plugin_is_missing_says_which(run: Run, tmp_path: Path, diagonal: Path, verb: str) -> None:
    directory = trained(run, tmp_path, "--plugin", str(diagonal))
    done = run(verb, str(directory))
    assert done.returncode == 2
    assert "this run was made with the plugin diagonal.py, which is not loaded." in done.stderr
    assert "Add --plugin diagonal.py" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_run_whose_plugin_has_changed_says_so_from_which_step_on(run: Run, tmp_path: Path, diagonal: Path) -> None:
    plugin = ["--plugin", str(diagonal)]
    directory = trained(run, tmp_path, *plugin)
    diagonal.write_text(diagonal.read_text() + "\n# a remark\n")
    done = run("verify", str(directory), *plugin)
    assert done.returncode == 0
    assert "Changed since: plugin diagonal.py: sha256 " in done.stdout
    done = run("resume", str(directory), "train.steps=15", "-q", *plugin)
    assert done.returncode == 0
    assert "Warning: plugin diagonal.py: sha256 " in done.stderr
    (session,) = manifest(directory)["sessions"]
    (before,), (now,) = session["plugins_before"], manifest(directory)["plugins"]
    assert before["sha256"] != now["sha256"]
    done = run("verify", str(directory), *plugin)
    assert f"plugin diagonal.py: sha256 {before['sha256'][:12]} until step {session['from_step']}" in done.stdout
    diagonal.write_text(diagonal.read_text().replace("config.start_at)", "config.start_at / 2)"))
    done = run("verify", str(directory), "--whole", *plugin)
    assert done.returncode == 1
    assert "plugin diagonal.py: sha256" in done.stdout


def test_a_plugin_that_a_run_has_no_need_of_is_neither_recorded_nor_asked_for(
    run: Run, tmp_path: Path, diagonal: Path, first: Path
) -> None:
    directory = trained(run, tmp_path, "--plugin", str(diagonal), "--plugin", str(first))
    assert [entry["name"] for entry in manifest(directory)["plugins"]] == ["diagonal.py"]
    assert "Changed" not in run("verify", str(directory), "--plugin", str(diagonal)).stdout
    alone = ["--plugin", str(diagonal), "--plugin", str(first)]
    assert "not there then" not in run("verify", str(directory), *alone).stdout


def test_a_plugin_that_registers_nothing_may_change_anything_and_is_recorded(
    run: Run, tmp_path: Path, diagonal: Path
) -> None:
    (tmp_path / "patch.py").write_text("import torch\n")
    directory = trained(run, tmp_path, "--plugin", str(diagonal))
    done = run("verify", str(directory), "--plugin", str(diagonal), "--plugin", "patch.py")
    assert "Changed since: plugin patch.py: not there then." in done.stdout
    rmtree(tmp_path / "results")
    directory = trained(run, tmp_path, "--plugin", str(diagonal), "--plugin", "patch.py")
    assert [entry["name"] for entry in manifest(directory)["plugins"]] == ["diagonal.py", "patch.py"]
    done = run("verify", str(directory), "--plugin", str(diagonal))
    assert (done.returncode, "plugin patch.py, which is not loaded" in done.stderr) == (2, True)


def test_a_module_beside_a_plugin_that_it_imports_is_part_of_it(run: Run, tmp_path: Path, diagonal: Path) -> None:
    folder = diagonal.parent
    diagonal.write_text("import helper\nfrom pieces.deep import SIZE\n" + diagonal.read_text())
    (folder / "helper.py").write_text("def later():\n    import lazy\n")
    (folder / "lazy.py").touch()
    (folder / "unused.py").touch()
    (folder / "pieces").mkdir()
    (folder / "pieces/__init__.py").touch()
    (folder / "pieces/deep.py").write_text("from . import deeper\nSIZE = 1\n")
    (folder / "pieces/deeper.py").touch()
    plugin = ["--plugin", str(diagonal)]
    directory = trained(run, tmp_path, *plugin)
    changed = "Changed since: plugin diagonal.py: sha256 "
    for file, counts in [("unused.py", False), ("helper.py", True), ("lazy.py", True), ("pieces/deeper.py", True)]:
        text = (folder / file).read_text()
        (folder / file).write_text(f"{text}\n# a remark\n")
        assert (changed in run("verify", str(directory), *plugin).stdout) is counts, file
        (folder / file).write_text(text)
    assert "Changed" not in run("verify", str(directory), *plugin).stdout


@pytest.mark.parametrize("helper", ["helper.py", "helper/__init__.py"])
def test_two_plugins_do_not_get_each_others_neighbours(
    run: Run, tmp_path: Path, diagonal: Path, first: Path, helper: str
) -> None:
    for plugin in (diagonal, first):
        plugin.write_text(f"import helper\nassert helper.OWNER == {plugin.stem!r}\n" + plugin.read_text())
        (plugin.parent / helper).parent.mkdir(exist_ok=True)
        (plugin.parent / helper).write_text(f"OWNER = {plugin.stem!r}\n")
    assert run("list", "models", "--plugin", str(diagonal)).returncode == 0
    assert run("list", "models", "--plugin", str(first)).returncode == 0
    done = run("list", "models", "--plugin", str(diagonal), "--plugin", str(first))
    assert done.returncode == 2
    assert f"--plugin {first}: imports 'helper' ({first.parent / helper})" in done.stderr
    assert f"beside plugin diagonal.py has as well ({diagonal.parent / helper})" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_radius_by_another_name_is_warned_of(run: Run, tmp_path: Path, diagonal: Path) -> None:
    yaml_file = diagonal.parent / "conf/model/diagrnn.yaml"
    yaml_file.write_text(yaml_file.read_text().replace("start_at: 1.0", "start_at: ${r}"))
    done = run("run", "--plugin", str(diagonal), "model=diagrnn", "r=0.5", *SMALL, *COPY)
    assert done.returncode == 0
    assert "model.start_at is filled in from r, but only a key model.r counts as the radius" in done.stderr
    assert "no effect" not in done.stderr


def test_nothing_that_a_run_names_is_imported(run: Run, tmp_path: Path) -> None:
    assert run("run", "model=rnn", "model.hidden_size=4", *SMALL, *COPY).returncode == 0
    directory = only_run(tmp_path / "results")
    trap = tmp_path / "trap.py"
    trap.write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\n")
    for named in (str(trap), "trap", "trap.py", "x\x1b[31m\n"):
        content = {**manifest(directory), "plugins": [{"name": named, "sha256": "0" * 64}]}
        (directory / "manifest.json").write_text(json.dumps(content))
        for command in (["verify", str(directory)], ["resume", str(directory)], ["compare"]):
            done = run(*command)
            assert done.returncode == (0 if command == ["compare"] else 2)
            assert "\x1b[31m" not in done.stderr
    assert not (tmp_path / "sprung").exists()
    (directory / "manifest.json").write_text(json.dumps({**manifest(directory), "plugins": ["trap"]}))
    assert run("verify", str(directory)).returncode == 3


def test_help_looks_at_no_installed_distribution(tmp_path: Path) -> None:
    script = (
        "import importlib.metadata\n"
        "importlib.metadata.entry_points = importlib.metadata.distributions = None\n"
        "from spectral_bench.cli.app import app\n"
        "app(['run', '--help', '--plugin', 'absent.py'], standalone_mode=False)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert "--plugin" in done.stdout


def test_all_plugins_that_are_missing_are_named_at_once(run: Run, tmp_path: Path, diagonal: Path, first: Path) -> None:
    both = ["--plugin", str(diagonal), "--plugin", str(first)]
    directory = trained(run, tmp_path, *both, "task=first", "task.length=5")
    done = run("verify", str(directory))
    assert done.returncode == 2
    assert "plugins diagonal.py, first.py, which are not loaded" in done.stderr
