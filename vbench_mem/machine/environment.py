"""Device, driver, clocks, versions and revision, and the fingerprint that identifies a machine.

Never imports torch: the child process adds what torch reports of the device.
"""

import hashlib
import os
import platform

from pydantic import BaseModel

from vbench_mem.base.strict import STRICT
from vbench_mem.machine import host
from vbench_mem.machine.nvml import Gpu, Reading, Unreadable, open_gpu

UNKNOWN_GPU = "unknown gpu"  # a device: cuda that NVML does not show
Fact = str | int | float | bool | None


class Environment(BaseModel):
    """Facts of the machine and the software that could change a result.

    fingerprint  8 hex digits: equal where results may be compared
    device       the name of the hardware: `NVIDIA H200`, `AMD EPYC 7B13`
    missing      the reason for each fact that is null
    """

    model_config = STRICT

    fingerprint: str
    device: str
    facts: dict[str, Fact] = {}
    packages: dict[str, str] = {}
    missing: dict[str, str] = {}

    @property
    def shows_gpu(self) -> bool:
        """Did the driver show a GPU, which the fingerprint then includes?"""
        return self.facts.get("gpu_name") is not None

    def with_readings(self, readings: dict[str, Reading]) -> "Environment":
        """A copy with these facts replaced."""
        facts, missing = dict(self.facts), dict(self.missing)
        for name, reading in readings.items():
            facts[name] = reading.value
            missing.pop(name, None)
            if reading.value is None:
                missing[name] = reading.reason or "no reason given"
        return self.model_copy(update={"facts": facts, "missing": missing})


def fingerprint_of(coarse: dict[str, Fact]) -> str:
    """8 hex digits of a hash of these facts; the git revision is not one of them."""
    text = "\n".join(f"{name}={coarse[name]}" for name in sorted(coarse))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def read_environment(device: str = "auto") -> Environment:
    """The environment for `auto`, `cpu`, `cuda` or `cuda:1`.

    `auto` is CUDA where torch is built for it and the driver shows a device, as in the child.
    """
    torch_version, cuda_build = host.torch_build()
    readings = host_readings() | {
        "torch": Reading(torch_version),
        "torch_cuda": Reading(cuda_build, "torch is built without CUDA"),
    }
    gpu = None
    if device != "cpu" and cuda_build is not None:
        try:
            gpu = open_gpu(index=int(device.partition(":")[2] or 0))
        except Unreadable as error:
            readings["gpu_name"] = Reading(None, str(error))
    coarse: dict[str, Fact] = {
        "torch": torch_version,
        "torch_cuda": cuda_build,
        "python": ".".join(platform.python_version_tuple()[:2]),
    }
    if gpu is None:
        name = host.cpu_model()
        coarse |= {"cpu": name, "cores": host.cpu_cores()}
        if device.startswith("cuda") and cuda_build is not None:
            name = UNKNOWN_GPU  # torch may still find it: its results are not those of the CPU
            coarse["gpu"] = name
    else:
        readings |= gpu_readings(gpu) | gpu_state(gpu)
        name = gpu.name
        driver = str(readings["driver"].value).partition(".")[0]
        coarse |= {"gpu": name, "memory": gpu.total_bytes().value, "driver": driver}
    blank = Environment(
        fingerprint=fingerprint_of(coarse), device=name, packages=host.package_versions()
    )
    return blank.with_readings(readings)


def host_readings() -> dict[str, Reading]:
    """Facts of the host, of python and of the source tree."""
    state = host.git_state()
    no_git = "not a git checkout"
    readings = {
        "python": Reading(platform.python_version()),
        "platform": Reading(platform.platform()),
        "cpu_model": Reading(host.cpu_model()),
        "cpu_cores": Reading(host.cpu_cores()),
        "cpu_governor": Reading(
            host.text_of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip() or None,
            "the kernel shows no governor",
        ),
        "host_memory_bytes": Reading(host.memory_bytes(), "no /proc/meminfo"),
        "host_memory_limit_bytes": Reading(host.memory_limit_bytes(), "no limit is set"),
        "git_revision": Reading(state[0] if state else None, no_git),
        "git_dirty": Reading(state[1] if state else None, no_git),
    }
    for name in host.ALLOCATOR_SETTINGS:
        readings[name] = Reading(os.environ.get(name), "not set")
    for name in host.SETTINGS:
        if name in os.environ:
            readings[name] = Reading(os.environ[name])
    return readings


def gpu_readings(gpu: Gpu) -> dict[str, Reading]:
    """Facts of a device that hold for a whole run."""
    nvml, card = gpu.nvml, gpu.card
    return {
        "gpu_name": Reading(gpu.name),
        "gpu_uuid": Reading(gpu.uuid),
        "gpu_memory_bytes": gpu.total_bytes(),
        "driver": gpu.read(nvml.nvmlSystemGetDriverVersion),
        "driver_cuda": gpu.read(nvml.nvmlSystemGetCudaDriverVersion),
        "clock_sm_max_mhz": gpu.clock_mhz("SM", largest=True),
        "clock_memory_max_mhz": gpu.clock_mhz("MEM", largest=True),
        "power_limit_w": gpu.read(lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(card) / 1000),
        "persistence": gpu.read(lambda: bool(nvml.nvmlDeviceGetPersistenceMode(card))),
        "mig": gpu.read(lambda: bool(nvml.nvmlDeviceGetMigMode(card)[0])),
        "ecc": gpu.read(lambda: bool(nvml.nvmlDeviceGetEccMode(card)[0])),
    }


def gpu_state(gpu: Gpu) -> dict[str, Reading]:
    """Facts of a device that change from minute to minute, read just before a burst."""
    nvml, card = gpu.nvml, gpu.card
    celsius = gpu.read(lambda: nvml.nvmlDeviceGetTemperature(card, nvml.NVML_TEMPERATURE_GPU))
    return {
        "clock_sm_mhz": gpu.clock_mhz("SM"),
        "clock_memory_mhz": gpu.clock_mhz("MEM"),
        "gpu_temperature_c": celsius,
        "gpu_used_before_bytes": gpu.device_bytes(),
        "gpu_other_processes": gpu.others(),
    }
