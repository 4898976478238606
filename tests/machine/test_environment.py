"""The environment: read without torch, reasons for what cannot be read, the fingerprint."""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from vbench_mem import __version__
from vbench_mem.cli import app
from vbench_mem.machine import host, nvml
from vbench_mem.machine.environment import (
    Environment,
    fingerprint_of,
    gpu_readings,
    gpu_state,
    read_environment,
)
from vbench_mem.machine.nvml import Gpu, Reading


def test_every_null_fact_has_a_reason() -> None:
    environment = read_environment("cpu")
    nulls = {name for name, value in environment.facts.items() if value is None}
    assert nulls == environment.missing.keys()
    assert all(environment.missing.values())


def test_the_environment_has_what_can_change_a_number() -> None:
    environment = read_environment("cpu")
    assert environment.device == host.cpu_model()
    assert {"torch", "numpy", "av", "fvcore", "vbench_mem"} <= environment.packages.keys()
    wanted = {"cpu_cores", "host_memory_bytes", "python", "git_revision", "git_dirty"}
    assert wanted | set(host.ALLOCATOR_SETTINGS) <= environment.facts.keys()
    assert Environment.model_validate_json(environment.model_dump_json()) == environment


def test_allocator_settings_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTORCH_ALLOC_CONF", "expandable_segments:True")
    monkeypatch.delenv("PYTORCH_CUDA_ALLOC_CONF", raising=False)
    facts = read_environment("cpu").facts
    assert facts["PYTORCH_ALLOC_CONF"] == "expandable_segments:True"
    assert facts["PYTORCH_CUDA_ALLOC_CONF"] is None


def test_a_checkout_that_is_not_installed_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = read_environment("cpu")
    find = metadata.Distribution.from_name

    def from_name(name: str) -> metadata.Distribution:
        if name in ("vbench_mem", "vbench-mem"):
            raise metadata.PackageNotFoundError(name)
        return find(name)

    monkeypatch.setattr(metadata.Distribution, "from_name", from_name)
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version("vbench_mem")
    assert read_environment("cpu") == installed
    done = CliRunner().invoke(app, ["--version"])
    assert done.stdout == f"vbench-mem {__version__}\n"


def test_the_declared_dependencies_are_read_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = 'dependencies = ["av>=18", "nvidia-ml-py[x]>=1 ; python_version > \'3\'", "pyyaml"]'
    (tmp_path / "pyproject.toml").write_text(f"[project]\n{declared}\n")

    def requires(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", requires)
    monkeypatch.setattr(host, "SOURCE", tmp_path / "vbench_mem")
    assert host.requirements() == ["av", "nvidia-ml-py", "pyyaml"]


def test_torchs_versions_are_those_that_torch_reports() -> None:
    code = "import torch, json; print(json.dumps([torch.__version__, torch.version.cuda]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert list(host.torch_build()) == json.loads(done.stdout)


def test_the_fingerprint_moves_with_the_machine_and_not_with_the_rest() -> None:
    one = {"cpu": "fast", "cores": 8, "torch": "2.11"}
    assert fingerprint_of(one) == fingerprint_of(dict(reversed(one.items())))
    assert len(fingerprint_of(one)) == 8
    for change in ({"cpu": "slow"}, {"cores": 4}, {"torch": "2.12"}):
        assert fingerprint_of(one | change) != fingerprint_of(one)


def git(folder: Path, *arguments: str) -> str:
    base = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    done = subprocess.run([*base, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_revision_is_the_packages_own_and_edits_show(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    assert host.git_state(package) is None  # no repository
    git(tmp_path, "init", "-q")
    assert host.git_state(package) is None  # an installed copy inside somebody's repository
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "x")
    revision = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "notes.txt").write_text("beside the package")
    assert host.git_state(package) == (revision, False)
    (package / "__init__.py").write_text("edited")
    assert host.git_state(package) == (revision, True)


def test_the_kernels_kill_counters_are_numbers() -> None:
    assert all(count >= 0 for count in host.oom_kills().values())


class NVMLError(Exception):
    """As the driver raises it."""


class Library:
    """A driver with two cards, the second cut into one MIG instance; it knows few things."""

    NVMLError = NVMLError
    NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_TEMPERATURE_GPU, nvmlMemory_v2 = 1, 2, 0, 2
    running = (SimpleNamespace(pid=11, usedGpuMemory=500), SimpleNamespace(pid=12, usedGpuMemory=7))

    def __getattr__(self, name: str) -> Any:
        def unsupported(*_: object, **__: object) -> None:
            raise NVMLError("Not Supported")

        if not name.startswith("nvml"):
            raise AttributeError(name)
        return unsupported

    def nvmlDeviceGetCount(self) -> int:
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:
        return ("GPU-aaa", "GPU-bbb")[index]

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:
        return uuid

    def nvmlDeviceGetUUID(self, handle: str) -> str:
        return handle

    def nvmlDeviceGetName(self, handle: str) -> bytes:
        return b"NVIDIA Test"

    def nvmlDeviceGetMigMode(self, handle: str) -> list[int]:
        if handle == "GPU-aaa":
            raise NVMLError("Not Supported")
        return [1, 1]

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: str, index: int) -> str:
        return "MIG-ccc"

    def nvmlDeviceGetDeviceHandleFromMigDeviceHandle(self, handle: str) -> str:
        return "GPU-bbb"

    def nvmlDeviceGetMemoryInfo(self, handle: str, version: int = 1) -> SimpleNamespace:
        return SimpleNamespace(total=1000, used=507)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: str) -> tuple[SimpleNamespace, ...]:
        return self.running

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: str) -> int:
        return 2500


@pytest.mark.parametrize(
    ("visible", "uuids"),
    [
        (None, ["GPU-aaa", "MIG-ccc"]),
        ("1,0", ["MIG-ccc", "GPU-aaa"]),
        ("GPU-a", ["GPU-aaa"]),
        ("MIG-ccc", ["MIG-ccc"]),
        ("0,7,1", ["GPU-aaa"]),
        ("", []),
        ("-1", []),
    ],
)
def test_visible_devices_are_those_of_cuda(visible: str | None, uuids: list[str]) -> None:
    environ = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    assert nvml.visible_uuids(Library(), environ) == uuids


def test_a_number_that_cannot_be_read_is_none_with_a_reason() -> None:
    gpu = Gpu(Library(), "GPU-aaa")
    assert gpu.power_w() == Reading(None, "NVML: Not Supported")
    assert gpu.energy_j() == Reading(2.5)
    assert gpu.device_bytes() == Reading(507)
    assert gpu.process_bytes(11) == Reading(500)
    assert gpu.process_bytes(99).value is None
    assert "does not list this process" in str(gpu.process_bytes(99).reason)
    assert gpu.others(11) == Reading(1)
    for reading in (gpu_readings(gpu) | gpu_state(gpu)).values():
        assert reading.value is not None or reading.reason


def test_a_hidden_process_size_is_not_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = (SimpleNamespace(pid=11, usedGpuMemory=None),)
    monkeypatch.setattr(Library, "running", hidden)
    reading = Gpu(Library(), "GPU-aaa").process_bytes(11)
    assert reading.value is None and "hides" in str(reading.reason)


def test_a_mig_instance_does_not_claim_the_whole_cards_energy() -> None:
    gpu = Gpu(Library(), "MIG-ccc")
    assert gpu.is_mig and gpu.name == "NVIDIA Test"
    assert "MIG" in str(gpu.energy_j().reason) and "MIG" in str(gpu.power_w().reason)


def test_every_call_to_the_driver_is_one_the_bindings_have() -> None:
    """The stand-in above answers to any name; the real module does not."""
    import pynvml

    source = Path(nvml.__file__).with_name("environment.py").read_text()
    source += Path(nvml.__file__).read_text()
    names = set(re.findall(r"nvml\.(nvml\w+|NVML\w+)", source))
    assert len(names) > 15
    assert [name for name in names if not hasattr(pynvml, name)] == []
    assert {"NVML_CLOCK_SM", "NVML_CLOCK_MEM"} <= vars(pynvml).keys()
