"""The child of one cell: read the cell, measure it, write one record, exit.

`python -m vbench_mem.running.worker CELL.json RECORD.json` runs a cell by hand. Importing this
module touches no device and starts no thread, so that a fork server may import it.
"""

import faulthandler
import json
import math
import random
import resource
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic_core import PydanticSerializationError

from vbench_mem.base.errors import UsageError
from vbench_mem.base.units import format_bytes
from vbench_mem.machine.environment import Environment, gpu_state, read_environment
from vbench_mem.machine.nvml import Reading, Unreadable, open_gpu
from vbench_mem.matrix import cell as cells
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes import device as devices
from vbench_mem.probes.measured import Measured
from vbench_mem.running import endings
from vbench_mem.running.record import Record, Status, write_record

IDLE_BYTES = 256 * 2**20  # an idle card may have so much in use, by the driver


class Phases:
    """The phase that the child is in, also written to a file for the parent of a dead child."""

    def __init__(self, path: Path | None) -> None:
        self.current: str | None = None
        # unbuffered, so that a line survives a kill
        self.file = path.open("ab", buffering=0) if path is not None else None

    def enter(self, name: str) -> None:
        if name == self.current:
            return
        self.current = name
        if self.file is not None:
            self.file.write(f"{name}\n".encode())


def main(arguments: Sequence[str]) -> int:
    """`CELL RECORD [ENVIRONMENT [PHASES [CHECKPOINTS]]]`, paths; 0 when a record was written."""
    if not 2 <= len(arguments) <= 5:
        print("usage: python -m vbench_mem.running.worker CELL.json RECORD.json", file=sys.stderr)
        return 2
    faulthandler.enable()
    # on a timeout the log shows the stack of every thread; then the default action ends the process
    faulthandler.register(signal.SIGTERM, all_threads=True, chain=True)
    cell = cells.load(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    given = Path(arguments[2]) if len(arguments) > 2 else None
    phases = Phases(Path(arguments[3]) if len(arguments) > 3 else None)
    checkpoints = Path(arguments[4]) if len(arguments) > 4 else Path(arguments[1]).parent
    phases.enter("start")
    if given is not None:
        environment = Environment.model_validate_json(given.read_text(encoding="utf-8"))
    else:
        environment = read_environment(cell.runtime.device)
    record = measure(cell, environment, phases, checkpoints)
    try:
        write_record(record, Path(arguments[1]))
    except PydanticSerializationError as error:  # `details` holds something that is not plain data
        write_record(failed(record, error, "record"), Path(arguments[1]))
    return 0


def measure(
    cell: Cell, environment: Environment, phases: Phases, checkpoints: Path | None = None
) -> Record:
    """Run the cell; an exception becomes a record too."""
    record = Record(
        cell_id=cell.id,
        cell=cell,
        status=Status.OK,
        environment=environment,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    start = time.perf_counter()
    try:
        device = devices.resolve(cell.runtime.device)
        check_device(cell, device, environment)
        readings, guard = read_device(device)
        record.environment = environment.with_readings(readings | torch_readings(device))
        seed_everything(cell.protocol.seed)
        store_results(record, probe(cell, phases, checkpoints))
        if guard is not None:
            record.details["device_guard"] = guard
    except Exception as error:
        lift_memory_limit()
        record = failed(record, error, phases.current)
    record.wall_s = time.perf_counter() - start
    return record


def probe(cell: Cell, phases: Phases, checkpoints: Path | None) -> Measured:
    """Run the cell's probe; `checkpoints` is the folder for the weights of trainings."""
    if cell.probe == "burst":
        from vbench_mem.probes.burst import run_burst

        return run_burst(cell, phases.enter)
    from vbench_mem.accuracy.training.probe import run_training

    assert checkpoints is not None
    return run_training(cell, checkpoints, phases.enter)


def check_device(cell: Cell, device: torch.device, environment: Environment) -> None:
    """Raises `UsageError` where `auto` is another kind of device for torch than for the driver,
    which the parent read: the record would be filed under another machine."""
    if cell.runtime.device != "auto" or environment.shows_gpu == (device.type == "cuda"):
        return
    if environment.shows_gpu:
        raise UsageError(
            f"device auto: the driver shows {environment.device} but torch cannot use it; "
            "repair torch's CUDA, or write device: cpu"
        )
    raise UsageError(
        "device auto: torch uses cuda but NVML shows no device; repair NVML, or write device: cuda"
    )


def failed(record: Record, error: Exception, phase: str | None) -> Record:
    """The record of the exception; results so far are dropped."""
    ending = endings.of_exception(error, phase)
    update: dict[str, Any] = {"metrics": {}, "missing": {}, "details": {}}
    return record.model_copy(update=update | ending._asdict())


def lift_memory_limit() -> None:
    """So that the record can be written after the protocol's limit has ended the burst."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def store_results(record: Record, measured: Measured) -> None:
    """Copy what the probe found. JSON has no NaN: it becomes null with a reason."""
    record.metrics, record.missing = dict(measured.metrics), dict(measured.missing)
    record.details = dict(measured.details)
    for name, value in measured.metrics.items():
        if value is not None and not math.isfinite(value):
            record.metrics[name] = None
            record.missing[name] = f"not a finite number ({value})"


def read_device(device: torch.device) -> tuple[dict[str, Reading], str | None]:
    """Readings just before the burst, and a sentence if other processes use the device."""
    if device.type != "cuda":
        return {}, None
    try:
        # by UUID: CUDA may number different cards in another order than the driver does
        uuid = str(torch.cuda.get_device_properties(device).uuid)
        gpu = open_gpu(uuid=uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}")
    except Unreadable as error:
        return {"gpu_other_processes": Reading(None, str(error))}, f"not guarded: {error}"
    readings = gpu_state(gpu)
    others, used = readings["gpu_other_processes"].number, readings["gpu_used_before_bytes"].number
    if others:
        in_use = f", {format_bytes(used)} in use" if used is not None else ""
        return readings, f"{others} other processes were on the device before the start{in_use}"
    if used is not None and used > IDLE_BYTES:
        return readings, f"{format_bytes(used)} of the device were in use before the start"
    return readings, None


def torch_readings(device: torch.device) -> dict[str, Reading]:
    """Facts of torch and of the device as torch sees it."""
    cudnn = torch.backends.cudnn.version() if device.type == "cuda" else None
    readings = {
        "torch_device": Reading(str(device)),
        "torch_threads": Reading(torch.get_num_threads()),
        "torch_git": Reading(torch.version.git_version),
        "cudnn": Reading(cudnn, "not on a CUDA device"),
        "matmul_precision": Reading(torch.get_float32_matmul_precision()),
        "cpu_capability": Reading(torch.backends.cpu.get_cpu_capability()),
    }
    if device.type == "cuda":
        major, minor = torch.cuda.get_device_capability(device)
        readings["cuda_capability"] = Reading(f"{major}.{minor}")
        readings["torch_device_name"] = Reading(torch.cuda.get_device_name(device))
    return readings


def seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)  # numpy takes 32 bits
    torch.manual_seed(seed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
