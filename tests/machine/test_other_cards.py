"""A card that cannot be opened, lost or another job's, hides no other one."""

from collections.abc import Mapping
from typing import Any

import pynvml
import pytest

from vbench_mem.machine import nvml
from vbench_mem.machine.nvml import Unreadable, open_gpu, visible_uuids

LOST, FORBIDDEN = pynvml.NVML_ERROR_GPU_IS_LOST, pynvml.NVML_ERROR_NO_PERMISSION
UUIDS = ("GPU-aaa", "GPU-bbb", "GPU-ccc")


class Driver:
    """Three cards without MIG; `broken` has the code of the error of those that do not open.

    `stage` is the call that a broken card refuses. A lookup by UUID goes through the cards in order
    and ends at a lost one, as nvml.h says that it may.
    """

    NVMLError = pynvml.NVMLError

    def __init__(self, broken: Mapping[int, int], stage: str = "handle") -> None:
        self.broken, self.stage = broken, stage

    def open(self, number: int, stage: str) -> None:
        if number in self.broken and stage == self.stage:
            raise pynvml.NVMLError(self.broken[number])

    def nvmlDeviceGetCount(self) -> int:
        return len(UUIDS)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        self.open(index, "handle")
        return index

    def nvmlDeviceGetUUID(self, handle: int) -> str:
        self.open(handle, "uuid")
        return UUIDS[handle]

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> int:
        for number, other in enumerate(UUIDS):
            if self.broken.get(number) == LOST:
                raise pynvml.NVMLError(LOST)
            if other == uuid:
                return number
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)

    def nvmlDeviceGetMigMode(self, handle: int) -> Any:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)


@pytest.mark.parametrize("stage", ["handle", "uuid"])
@pytest.mark.parametrize(
    ("broken", "visible", "uuids"),
    [
        ({0: LOST}, None, ["GPU-bbb", "GPU-ccc"]),
        ({0: LOST}, "1", ["GPU-bbb"]),
        ({0: LOST}, "2,1", ["GPU-ccc", "GPU-bbb"]),
        ({0: LOST}, "GPU-c", ["GPU-ccc"]),
        ({0: LOST}, "0,1", []),  # CUDA's list ends at what is no device
        ({2: LOST}, "1,2", ["GPU-bbb"]),
        ({0: FORBIDDEN}, None, ["GPU-bbb", "GPU-ccc"]),
        ({0: FORBIDDEN}, "1", ["GPU-bbb"]),
        ({0: FORBIDDEN}, "0,1", ["GPU-bbb", "GPU-ccc"]),  # both cards of this job
        ({0: FORBIDDEN, 1: FORBIDDEN}, "0", ["GPU-ccc"]),  # the only card of this job
        ({0: FORBIDDEN, 1: FORBIDDEN}, "1", []),
        ({0: LOST, 1: LOST, 2: LOST}, None, []),
    ],
)
def test_the_other_cards_are_still_seen(
    broken: dict[int, int], visible: str | None, uuids: list[str], stage: str
) -> None:
    environ = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    assert visible_uuids(Driver(broken, stage), environ) == uuids


def test_a_card_is_opened_by_its_uuid_behind_a_lost_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml, "library", lambda: Driver({0: LOST}))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    assert (open_gpu().handle, open_gpu(uuid="GPU-bbb").handle) == (2, 1)
    with pytest.raises(Unreadable, match="NVML cannot open device GPU-aaa: GPU is lost"):
        open_gpu(uuid="GPU-aaa")


def test_a_device_that_is_not_there_is_answered_with_the_cards_that_do_not_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nvml, "library", lambda: Driver({0: LOST}))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    reason = "no CUDA device 0: 0 visible to this process; NVML cannot open card 0: GPU is lost"
    with pytest.raises(Unreadable, match=f"^{reason}$"):
        open_gpu()
