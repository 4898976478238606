"""Device, driver, clocks, versions and revision, and the fingerprint that keeps unlike runs apart.

Never imports torch: what torch knows of the device is added by the child that holds it.
"""

import hashlib
import os
import platform
from typing import Any

from pydantic import BaseModel

from vbench_mem.base.strict import STRICT
from vbench_mem.machine import host
from vbench_mem.machine.nvml import Gpu, Reading, Unreadable, open_gpu

UNKNOWN_GPU = "unknown gpu"  # asked for by name, and NVML does not show it
Fact = str | int | float | bool | None


class Environment(BaseModel):
    """Everything about the machine and the software that could move a number.

    fingerprint  8 hex digits: equal where numbers may be compared
    device       the hardware's own name: `NVIDIA H200`, `AMD EPYC 7B13`
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
        """Did the driver show the device that the fingerprint is made of?"""
        return self.facts.get("gpu_name") is not None

    def with_readings(self, readings: dict[str, Reading]) -> "Environment":
        """The same with these facts read anew."""
        facts, missing = dict(self.facts), dict(self.missing)
        for name, reading in readings.items():
            facts[name] = reading.value
            missing.pop(name, None)
            if reading.value is None:
                missing[name] = reading.reason or "not told"
        return self.model_copy(update={"facts": facts, "missing": missing})


def fingerprint_of(coarse: dict[str, Fact]) -> str:
    """8 hex digits of a hash of what makes two machines unlike; the git revision is no part."""
    text = "\n".join(f"{name}={coarse[name]}" for name in sorted(coarse))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def read_environment(device: str = "auto") -> Environment:
    """The environment of runs on `auto`, `cpu`, `cuda` or `cuda:1`.

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
            name = UNKNOWN_GPU  # torch may still find it: its numbers must not meet the cpu's
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

    def clock(kind: str) -> Reading:
        number = getattr(nvml, f"NVML_CLOCK_{kind}")
        return gpu.read(lambda: nvml.nvmlDeviceGetMaxClockInfo(card, number))

    return {
        "gpu_name": Reading(gpu.name),
        "gpu_uuid": Reading(gpu.uuid),
        "gpu_memory_bytes": gpu.total_bytes(),
        "driver": gpu.read(nvml.nvmlSystemGetDriverVersion),
        "driver_cuda": gpu.read(nvml.nvmlSystemGetCudaDriverVersion),
        "clock_sm_max_mhz": clock("SM"),
        "clock_memory_max_mhz": clock("MEM"),
        "power_limit_w": gpu.read(lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(card) / 1000),
        "persistence": gpu.read(lambda: bool(nvml.nvmlDeviceGetPersistenceMode(card))),
        "mig": gpu.read(lambda: bool(nvml.nvmlDeviceGetMigMode(card)[0])),
        "ecc": gpu.read(lambda: bool(nvml.nvmlDeviceGetEccMode(card)[0])),
    }


def gpu_state(gpu: Gpu) -> dict[str, Reading]:
    """Facts of a device that change from minute to minute, read before a burst starts."""
    nvml, card = gpu.nvml, gpu.card

    def clock(kind: str) -> Reading:
        number = getattr(nvml, f"NVML_CLOCK_{kind}")
        return gpu.read(lambda: nvml.nvmlDeviceGetClockInfo(card, number))

    def temperature() -> Any:
        return nvml.nvmlDeviceGetTemperature(card, nvml.NVML_TEMPERATURE_GPU)

    return {
        "clock_sm_mhz": clock("SM"),
        "clock_memory_mhz": clock("MEM"),
        "gpu_temperature_c": gpu.read(temperature),
        "gpu_used_before_bytes": gpu.device_bytes(),
        "gpu_other_processes": gpu.others(),
    }
