"""Readings of one device from the NVIDIA driver: memory, clocks, power, energy, processes.

Never imports torch and never touches CUDA: reading creates no context on the device. A number that
cannot be read is None with a reason, never 0.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

NO_PERMISSION = 4  # NVML_ERROR_NO_PERMISSION of nvml.h


class Unreadable(Exception):
    """There is no NVML, or no such device; the message says which."""


class Reading(NamedTuple):
    """A number from the driver, or None and the reason."""

    value: int | float | str | bool | None
    reason: str | None = None

    @property
    def number(self) -> int | float | None:
        return self.value if isinstance(self.value, int | float) else None


def library() -> Any:
    """The `pynvml` module with NVML initialised; raises `Unreadable` where there is no driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        raise Unreadable(f"NVML cannot be used: {error}") from error
    return pynvml


class Cards(NamedTuple):
    """The cards that NVML lists, by its number: handles, and the error of each that has none.

    A card that fell off the bus, or that a control group keeps for another job, is counted by NVML
    but cannot be opened; it says nothing about the others.
    """

    handles: dict[int, Any]
    errors: dict[int, Exception]

    def numbered(self, entries: list[str]) -> dict[int, Any]:
        """Handles by the numbers that these entries of CUDA_VISIBLE_DEVICES have in mind.

        NVML's numbers, unless one of them is a forbidden card's: CUDA does not count those, so a
        job that was given two cards of eight is told `0,1`.
        """
        for number, error in self.errors.items():
            if str(number) in entries and getattr(error, "value", None) == NO_PERMISSION:
                return dict(enumerate(self.handles.values()))
        return self.handles


def cards_of(nvml: Any) -> Cards:
    """Every card of the machine; raises `NVMLError` only where they cannot be counted."""
    cards = Cards({}, {})
    for number in range(nvml.nvmlDeviceGetCount()):
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(number)
            uuid_of(nvml, handle)  # a lost card may still be given a handle
        except nvml.NVMLError as error:
            cards.errors[number] = error
        else:
            cards.handles[number] = handle
    return cards


def visible_uuids(
    nvml: Any, environ: Mapping[str, str] = os.environ, cards: Cards | None = None
) -> list[str]:
    """UUIDs of the devices (or MIG instances) that CUDA sees, in CUDA's order.

    As in CUDA, CUDA_VISIBLE_DEVICES ends at the first entry that is no device. Numbers follow
    NVML's order, which is CUDA's where all cards are of one kind or with
    CUDA_DEVICE_ORDER=PCI_BUS_ID; a process that uses the device knows its UUID and should pass it.
    """
    cards = cards or cards_of(nvml)
    opened = {uuid_of(nvml, card): instance_of(nvml, card) for card in cards.handles.values()}
    names = {uuid_of(nvml, instance) for instance in opened.values()} | opened.keys()
    wanted = environ.get("CUDA_VISIBLE_DEVICES")
    if wanted is None:
        return [uuid_of(nvml, instance) for instance in opened.values()]
    found: list[str] = []
    entries = [part.strip() for part in wanted.split(",")]
    numbered = cards.numbered(entries)
    for entry in entries:
        card = numbered.get(int(entry)) if entry.isdecimal() else None
        if card is not None:
            found.append(uuid_of(nvml, instance_of(nvml, card)))
        elif entry.startswith("MIG-"):
            found.append(entry)
        elif entry.startswith("GPU-") and any(name.startswith(entry) for name in names):
            found.append(min(name for name in names if name.startswith(entry)))
        else:
            break
    return found


def uuid_of(nvml: Any, handle: Any) -> str:
    """The UUID as text: older bindings return bytes."""
    uuid = nvml.nvmlDeviceGetUUID(handle)
    return uuid.decode() if isinstance(uuid, bytes) else str(uuid)


def handle_of(nvml: Any, uuid: str) -> Any:
    """The card or MIG instance of this UUID; raises `NVMLError` where it cannot be opened.

    NVML opens cards one by one while it looks for a UUID, and ends at a lost one that comes first.
    """
    try:
        return nvml.nvmlDeviceGetHandleByUUID(uuid)
    except nvml.NVMLError:
        for card in cards_of(nvml).handles.values():
            for handle in (card, instance_of(nvml, card)):
                if uuid_of(nvml, handle) == uuid:
                    return handle
        raise


def instance_of(nvml: Any, card: Any) -> Any:
    """The card, or its first MIG instance where MIG is on: that is what CUDA opens."""
    try:
        if nvml.nvmlDeviceGetMigMode(card)[0]:
            return nvml.nvmlDeviceGetMigDeviceHandleByIndex(card, 0)
    except nvml.NVMLError:
        return card  # a card without MIG says "not supported"
    return card


def open_gpu(index: int = 0, uuid: str | None = None) -> "Gpu":
    """The device CUDA calls `index`, or the one of this UUID; raises `Unreadable`."""
    nvml = library()
    try:
        if uuid is None:
            cards = cards_of(nvml)
            seen = visible_uuids(nvml, cards=cards)
            if index >= len(seen):
                lost = [f"; NVML cannot open card {n}: {why}" for n, why in cards.errors.items()]
                count = f"{len(seen)} visible to this process"
                raise Unreadable(f"no CUDA device {index}: {count}{''.join(lost)}")
            uuid = seen[index]
        return Gpu(nvml, uuid)
    except nvml.NVMLError as error:
        raise Unreadable(f"NVML cannot open device {uuid or index}: {error}") from error


class Gpu:
    """One device, or one MIG instance of it, held by UUID."""

    def __init__(self, nvml: Any, uuid: str) -> None:
        self.nvml, self.uuid = nvml, uuid
        self.handle = handle_of(nvml, uuid)
        self.is_mig = uuid.startswith("MIG-")
        # clocks, power and energy are of the whole card, also for a MIG instance
        self.card = (
            nvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(self.handle)
            if self.is_mig
            else self.handle
        )

    def read(self, query: Callable[[], Any]) -> Reading:
        """The driver's value, or its error as the reason."""
        try:
            value = query()
        except self.nvml.NVMLError as error:
            return Reading(None, f"NVML: {error}")
        if value is None:
            return Reading(None, "NVML: the driver gives no value")
        return Reading(value.decode() if isinstance(value, bytes) else value)

    @property
    def name(self) -> str:
        return str(self.read(lambda: self.nvml.nvmlDeviceGetName(self.card)).value or "unknown")

    def memory(self) -> Any:
        """Total, used and free; version 2 does not count the driver's own memory as `used`."""
        try:
            return self.nvml.nvmlDeviceGetMemoryInfo(self.handle, version=self.nvml.nvmlMemory_v2)
        except self.nvml.NVMLError:
            return self.nvml.nvmlDeviceGetMemoryInfo(self.handle)  # a driver from before 2021

    def clock_mhz(self, kind: str, *, largest: bool = False) -> Reading:
        """Of the multiprocessors (`SM`) or the memory (`MEM`): now, or the largest there is."""
        query = f"nvmlDeviceGet{'Max' if largest else ''}ClockInfo"
        number = getattr(self.nvml, f"NVML_CLOCK_{kind}")
        return self.read(lambda: getattr(self.nvml, query)(self.card, number))

    def total_bytes(self) -> Reading:
        return self.read(lambda: int(self.memory().total))

    def device_bytes(self) -> Reading:
        """Memory in use by every process on the device."""
        return self.read(lambda: int(self.memory().used))

    def processes(self) -> dict[int, int | None]:
        """Bytes held by each process with a compute context; None where the driver hides them."""
        running = self.nvml.nvmlDeviceGetComputeRunningProcesses(self.handle)
        return {entry.pid: entry.usedGpuMemory for entry in running}

    def process_bytes(self, pid: int | None = None) -> Reading:
        """Device memory of one process (by default this one), its CUDA context included."""
        try:
            running = self.processes()
        except self.nvml.NVMLError as error:
            return Reading(None, f"NVML: {error}")
        own = os.getpid() if pid is None else pid
        if own not in running:
            return Reading(None, "NVML does not list this process (a container hides its number)")
        held = running[own]
        if held is None:
            return Reading(None, "NVML: the driver hides the memory of a process here")
        return Reading(int(held))

    def others(self, pid: int | None = None) -> Reading:
        """How many other processes have a context on the device."""
        own = os.getpid() if pid is None else pid
        return self.read(lambda: sum(1 for other in self.processes() if other != own))

    def energy_j(self) -> Reading:
        """Joules since the driver was loaded; the difference of two readings is the energy used."""
        if self.is_mig:
            return Reading(None, "the energy counter is of the whole card, not of a MIG instance")
        return self.read(lambda: self.nvml.nvmlDeviceGetTotalEnergyConsumption(self.card) / 1000)

    def power_w(self) -> Reading:
        if self.is_mig:
            return Reading(None, "the power reading is of the whole card, not of a MIG instance")
        return self.read(lambda: self.nvml.nvmlDeviceGetPowerUsage(self.card) / 1000)
