"""The memory pass: torch's own tracker, categories, and the loop with a made-up reader."""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker

from vbench_mem.encoders.build import build
from vbench_mem.machine.nvml import Reading
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes import memory_metrics, resident
from vbench_mem.probes.batch import Batch
from vbench_mem.probes.memory import MemoryRun, memory_pass, track_once
from vbench_mem.probes.readers import AllocatorReader, StorageReader
from vbench_mem.probes.train_step import Trainer

Make = Callable[..., Cell]
MIB = 2**20


def quiet(_: str) -> None:
    """Does nothing."""


def run(
    cell: Cell, make_trainer: Callable[[Cell], Trainer], make_batch: Callable[[Cell], Batch]
) -> tuple[MemoryRun, StorageReader]:
    reader = StorageReader()
    ready = memory_pass(
        reader,
        quiet,
        lambda: make_trainer(cell),
        lambda: make_batch(cell),
        train=cell.load.mode == "train",
    )
    return ready, reader


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"dtype": "bfloat16", "checkpoint": True},
        {"recipe": "mask75", "optimizer": "loop", "dtype": "bfloat16"},
        {"attention": "math", "optimizer": "fused"},
    ],
)
def test_a_training_step_equals_torchs_own_tracker_and_a_fake_one(
    small_cell: Make,
    make_trainer: Callable[[Cell], Trainer],
    make_batch: Callable[[Cell], Batch],
    fields: dict[str, object],
) -> None:
    """Torch's tracker wants every weight to have a gradient; the fake step holds no memory."""
    cell = small_cell(**fields)

    def all_train(cell: Cell) -> Trainer:
        trainer = make_trainer(cell)
        return Trainer(trainer.encoder.requires_grad_(True), cell, trainer.device)

    ready, reader = run(cell, all_train, make_batch)
    mine = memory_metrics.summarise(reader.phases(), ready.steady).metrics["peak_alloc_bytes"]
    theirs = MemTracker()
    trainer, batch = ready.trainer, ready.batch
    theirs.track_external(trainer.encoder, *batch.tensors(), *trainer.optimizer_state())
    with theirs:
        trainer.step(batch)
    snapshot = theirs.get_tracker_snapshot("peak")
    assert mine == sum(device["Total"] for device in snapshot.values())

    fake = StorageReader("cpu")
    with torch.device("meta"):
        encoder = build(cell.spec, cell.recipe, cell.load, cell.runtime).requires_grad_(True)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode, fake:
        trainer = Trainer(encoder.to_empty(device="cpu"), cell, torch.device("cpu"))
        clips, ids, mask = (mode.from_tensor(tensor) for tensor in batch.tensors())
        thin = Batch(clips_BTCHW=clips, ids_BL=ids, mask_BL=mask)
        fake.register(trainer, thin)
        for step in (1, 2):
            trainer.step(thin, lambda phase, step=step: fake.begin(phase, step))
    assert fake.categories(2) == reader.categories(2)


def test_categories_of_a_steady_step_sum_up_to_its_peak(
    small_cell: Make,
    make_trainer: Callable[[Cell], Trainer],
    make_batch: Callable[[Cell], Batch],
) -> None:
    cell = small_cell()
    ready, reader = run(cell, make_trainer, make_batch)
    found = memory_metrics.memory_metrics(ready, reader, torch.device("cpu"), train=True)
    numbers, encoder = found.metrics, ready.trainer.encoder
    assert numbers["parameter_bytes"] == sum(weight.nbytes for weight in encoder.parameters())
    assert numbers["parameter_bytes"] == numbers["build_bytes"]
    trained = sum(weight.nbytes for weight in ready.trainer.weights)
    steps = 4 * len(ready.trainer.weights)  # one count of steps for each weight
    assert numbers["optimizer_bytes"] == 2 * trained + steps
    assert numbers["input_bytes"] == sum(tensor.nbytes for tensor in ready.batch.tensors())
    parts = [numbers[name] for name in memory_metrics.CATEGORY_METRICS]
    assert sum(part for part in parts if part is not None) == numbers["peak_alloc_bytes"]
    between = numbers["parameter_bytes"] + numbers["optimizer_bytes"] + numbers["input_bytes"]
    assert numbers["steady_bytes"] == between
    assert found.details["growth_of_last_step_bytes"] == 0
    assert found.details["peak_bytes_outside_tensors"] == 0


def test_float16_waits_until_the_loss_scale_fits(
    small_cell: Make,
    make_trainer: Callable[[Cell], Trainer],
    make_batch: Callable[[Cell], Batch],
) -> None:
    ready, reader = run(small_cell(dtype="float16"), make_trainer, make_batch)
    found = memory_metrics.summarise(reader.phases(), ready.steady)
    assert found.details["skipped_updates"] == ready.steady - 2
    assert len(ready.losses) == ready.steady
    assert list(ready.trainer.optimizer_state()), "the steady step has its optimiser state"


def test_embedding_holds_no_gradient_and_no_activation(
    small_cell: Make,
    make_trainer: Callable[[Cell], Trainer],
    make_batch: Callable[[Cell], Batch],
) -> None:
    cell = small_cell(mode="embed")
    ready, reader = run(cell, make_trainer, make_batch)
    numbers = memory_metrics.memory_metrics(ready, reader, torch.device("cpu"), train=False).metrics
    assert numbers["peak_alloc_bytes"] == numbers["embed_peak_bytes"]
    assert numbers["gradient_bytes"] == numbers["activation_bytes"] == 0
    assert numbers["forward_peak_bytes"] is None


class Card:
    """A made-up caching allocator: each phase of a step adds to what is held."""

    def __init__(self) -> None:
        self.waits = 0
        self.held = 1000
        self.top = 1000

    def take(self, peak: int, end: int) -> None:
        self.top, self.held = max(self.top, peak), end

    def synchronize(self) -> None:
        self.waits += 1

    def memory_allocated(self) -> int:
        return self.held

    def max_memory_allocated(self) -> int:
        return self.top

    def max_memory_reserved(self) -> int:
        return 2 * self.top

    def reset_peak_memory_stats(self) -> None:
        self.top = self.held


class DriverMemory:
    """NVML that reports the process in one of its two readings."""

    def __init__(self) -> None:
        self.answers: Iterator[Reading] = iter(
            [Reading(None, "busy"), Reading(50), Reading(40), Reading(None, "busy")]
        )

    def process_bytes(self) -> Reading:
        return next(self.answers, Reading(10))

    def device_bytes(self) -> Reading:
        return Reading(None, "NVML: not here")


def test_the_allocator_is_read_by_phase_with_peaks_reset_between() -> None:
    card = Card()
    reader = AllocatorReader(card, DriverMemory(), None)
    with reader:
        for phase, step, top, end in (
            ("build", 0, 1500, 1200),
            ("embed", 0, 1700, 1200),
            ("between", 0, 1200, 1200),
            ("forward", 1, 2000, 1900),
            ("backward", 1, 2500, 1600),
            ("optimizer", 1, 1800, 1400),
            ("between", 1, 1400, 1400),
            ("forward", 2, 2200, 2100),
            ("backward", 2, 2700, 1800),
            ("optimizer", 2, 1850, 1450),
            ("between", 2, 1450, 1450),
        ):
            reader.begin(phase, step)
            card.take(top, end)
    assert card.waits == 11, "the device is waited for at the end of each phase"
    found = memory_metrics.summarise(reader.phases(), steady=2)
    assert found.metrics == {
        "build_bytes": 1200,
        "embed_peak_bytes": 1700,
        "steady_bytes": 1450,
        "peak_alloc_bytes": 2700,
        "forward_peak_bytes": 2200,
        "backward_peak_bytes": 2700,
        "optimizer_peak_bytes": 1850,
    }
    assert found.details["first_step_peak_bytes"] == 2500
    assert found.details["growth_of_last_step_bytes"] == 50
    assert reader.process == Reading(50), "the largest seen"
    assert reader.device.number is None and reader.device.reason == "NVML: not here"


def test_the_memory_pass_runs_the_same_loop_on_any_reader(
    small_cell: Make,
    make_trainer: Callable[[Cell], Trainer],
    make_batch: Callable[[Cell], Batch],
) -> None:
    cell, card, seen = small_cell(), Card(), []
    reader = AllocatorReader(card, None, "no driver here")
    ready = memory_pass(
        reader, seen.append, lambda: make_trainer(cell), lambda: make_batch(cell), train=True
    )
    step = ["forward", "backward", "optimizer"]
    assert seen == ["build", "batch", "warm-up", "embed", *step, *step]
    phases = [(phase.phase, phase.step) for phase in reader.phases()]
    assert phases[-4:] == [(phase, 2) for phase in (*step, "between")]
    # what the device's own statistics cannot tell comes from one more step, tracked
    categories = track_once(ready, torch.device("cpu")).categories(1)
    card.take(10**9, 10**9)
    found = memory_metrics.summarise(reader.phases(), ready.steady)
    found.metrics["peak_alloc_bytes"] = sum(categories.values()) + 4096
    memory_metrics.put_categories(found, categories)
    assert found.metrics["temporary_bytes"] == categories["temporary"] + 4096
    assert reader.process == Reading(None, "no driver here")


def test_after_a_failure_in_a_phase_the_device_is_not_read() -> None:
    card, gone = Card(), "the device is gone"
    with pytest.raises(RuntimeError, match=gone), AllocatorReader(card, None, None) as reader:
        reader.begin("forward", 1)
        raise RuntimeError(gone)
    assert card.waits == 0


def test_a_spike_of_host_memory_is_in_the_resident_peak() -> None:
    resident.reset_peak()
    before, _ = resident.peak_bytes()
    spike = torch.ones(64 * MIB, dtype=torch.uint8)
    del spike
    after, source = resident.peak_bytes()
    assert after - before > 48 * MIB, source
