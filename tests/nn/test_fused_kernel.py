"""The fused kernels: their values by Triton's interpreter, their size by its compiler. Neither needs a GPU."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from test_recurrence_kernel import arguments, make_activation, make_operator

from spectral_bench.nn.kernels import fused

HERE = Path(__file__).parent


def test_values_and_gradients_are_those_of_the_plain_loop() -> None:
    pytest.importorskip("triton", "3.7", reason="not installed, or its interpreter does not know NumPy 2.4")
    # The interpreter has to be chosen before Triton is imported.
    path = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": path}
    command = [sys.executable, "-W", "error", HERE / "fused_against_loop.py"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arch", [80, 90])
@pytest.mark.parametrize(("form", "n", "rank"), [("dense", 128, 0), ("low rank", 128, 32), ("low rank", 512, 32)])
def test_kernels_compile_for_gpus_and_keep_their_weights_in_registers(
    form: str,
    n: int,
    rank: int,
    arch: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    triton = pytest.importorskip("triton", reason="Triton is not installed")
    from triton.backends.compiler import GPUTarget

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("TRITON_DUMP_PTXAS_LOG", "1")
    operator, (*_, input_weight_ND, bias_N) = make_operator(form, n, rank), arguments(1, 1, 1, n)
    fused_form = fused.FusedDenseForm if form == "dense" else fused.FusedLowRankForm
    loop = fused_form(operator, input_weight_ND, bias_N, make_activation("leaky_relu", n)).loop
    given = loop.options | {"ACTIVATION": "leaky_relu", "activation_bias_ptr": None}
    options = {name: given[name] for name in ("num_warps", "enable_fp_fusion")}
    for kernel in (loop.kernels.forward, loop.kernels.backward):
        constants = {name: value for name, value in given.items() if name in kernel.arg_names}
        types = {name: "*fp32" if name.endswith("_ptr") else "i32" for name in kernel.arg_names} | {"leak": "fp32"}
        signature = {name: "constexpr" if name in constants else types[name] for name in kernel.arg_names}
        source = triton.compiler.ASTSource(kernel, signature, constants)
        compiled = triton.compile(source, target=GPUTarget("cuda", arch, 32), options=options)
        assert compiled.metadata.shared <= 48 * 1024
        assert " 0 bytes spill stores, 0 bytes spill loads" in capsys.readouterr().out


def test_an_activation_that_the_kernels_do_not_know_does_not_compile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    triton = pytest.importorskip("triton", reason="Triton is not installed")
    from triton.backends.compiler import GPUTarget

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    *_, input_weight_ND, bias_N = arguments(1, 1, 1, 16)
    loop = fused.FusedDenseForm(
        make_operator("dense", 16, 0), input_weight_ND, bias_N, make_activation("relu", 16)
    ).loop
    kernel = loop.kernels.forward
    constants = {**loop.options, "ACTIVATION": "sine", "activation_bias_ptr": None}
    constants = {name: value for name, value in constants.items() if name in kernel.arg_names}
    types = {name: "*fp32" if name.endswith("_ptr") else "i32" for name in kernel.arg_names} | {"leak": "fp32"}
    signature = {name: "constexpr" if name in constants else types[name] for name in kernel.arg_names}
    source = triton.compiler.ASTSource(kernel, signature, constants)
    with pytest.raises(triton.compiler.CompilationError):
        triton.compile(source, target=GPUTarget("cuda", 90, 32), options={"enable_fp_fusion": True})


def test_a_cpu_never_imports_the_kernels() -> None:
    code = """
import sys, torch
from spectral_bench.nn import SpectralRNN
SpectralRNN(2, 4)(torch.randn(3, 2, 2))[0].sum().backward()
assert "spectral_bench.nn.kernels.fused_triton" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_they_need_nvidia_triton_and_what_it_builds_with_and_can_be_turned_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("triton", reason="Triton is not installed")
    available = fused.available.__wrapped__
    (tmp_path / "cc").touch(mode=0o755)
    (tmp_path / "Python.h").touch()
    monkeypatch.setenv("CC", str(tmp_path / "cc"))
    monkeypatch.setattr(fused.sysconfig, "get_path", lambda _: str(tmp_path))
    monkeypatch.setattr(torch.version, "cuda", None)
    assert not available()
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    assert available()
    monkeypatch.setenv(fused.VARIABLE, "0")
    assert not available()
    monkeypatch.delenv(fused.VARIABLE)
    (tmp_path / "Python.h").unlink()
    assert not available()
    (tmp_path / "Python.h").touch()
    monkeypatch.setenv("CC", str(tmp_path / "no compiler"))
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert not available()
