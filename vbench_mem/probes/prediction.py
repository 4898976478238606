"""The predicted memory and FLOPs of a training step, as plain data. No torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import TypeAdapter

from vbench_mem.machine.cards import Card
from vbench_mem.probes.measured import NO_ALLOCATOR, NO_STEP

Target = Literal["cpu", "cuda"]
Hardware = Target | Card  # `cuda` alone: the rules of an A100
STEP_PHASES = ("forward", "backward", "optimizer")
TARGETS: tuple[Target, ...] = ("cpu", "cuda")


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One cell on one kind of device, in steady state. Units: bytes, FLOPs where the name says so.

    target       whose rules apply; a `cpu` has no allocator, workspaces or context
    card         whose rules apply, in words; None on a cpu
    peak_bytes   largest of the step's phases, or of the embedding for an embedding run: on a cpu
                 live tensors, on cuda what `torch.cuda.max_memory_allocated` counts
    peak_phase   the phase of the peak
    phases       peak by phase: forward, backward, optimizer, embed
    categories   at the peak: parameter, gradient, optimizer, input, activation, temporary
    modules      at the peak, by path of the module that made it, and in it by category; layers of
                 one stack share a path (`video.blocks.*.attn`); `` is outside of every module
    terms        at the peak: tensors, kernels (workspace of one that runs), cuBLAS workspaces,
                 rounding (to blocks of the allocator)
    reserved_bytes, context_bytes, band_bytes  cuda only: segments that the allocator holds, the
                 most that the driver takes for itself, and what convolutions may take beyond
                 their tensors, which no source states
    process_bytes  these three together: what the card must have
    fragmentation_bytes  the part of `reserved_bytes` that no tensor used, even at the peak
    assumed      in words: what stands in for something that is not known of the card
    attention    kernels of the prediction, as torch names them
    flop         of the whole batch, forward and backward, and of all steps where
                 they have items; `embed_flop` of the embedding
    growth_bytes by how much more is held after the last step than after every step before it; 0 in
                 a steady state, None where only one step was run, or `steps` are items
    unseen       operations whose kernels may take memory that the prediction leaves out
    """

    target: Target
    card: str | None = None
    peak_bytes: int
    peak_phase: str
    build_bytes: int
    steady_bytes: int
    embed_peak_bytes: int | None
    phases: Mapping[str, int]
    categories: Mapping[str, int]
    modules: Mapping[str, Mapping[str, int]]
    terms: Mapping[str, int]
    reserved_bytes: int | None = None
    context_bytes: int | None = None
    band_bytes: int | None = None
    process_bytes: int | None = None
    fragmentation_bytes: int | None = None
    attention: tuple[str, ...] = ()
    flop: int = 0
    embed_flop: int = 0
    growth_bytes: int | None = None
    unseen: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    def metrics(self) -> dict[str, int | None]:
        """By name of the metric table; None for what this target or kind of run does not have."""
        of_phase = {f"{name}_peak": self.phases.get(name) for name in STEP_PHASES}
        numbers = {
            "peak": self.peak_bytes,
            "steady": self.steady_bytes,
            "embed_peak": self.embed_peak_bytes,
            "reserved": self.reserved_bytes,
            "process": self.process_bytes,
        }
        return {
            f"predicted_{name}_bytes": value
            for name, value in (numbers | of_phase | dict(self.categories)).items()
        }

    def dump(self) -> dict[str, Any]:
        """JSON-ready; `load` reads it back."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Unpredicted:
    """A cell that has no prediction: the reason in one sentence, and a traceback for user code."""

    reason: str
    traceback: str | None = None


ADAPTER: TypeAdapter[Prediction] = TypeAdapter(Prediction)


def load(data: Mapping[str, Any]) -> Prediction:
    """The prediction back from `dump`; raises pydantic's `ValidationError` on anything else."""
    return ADAPTER.validate_python(dict(data))


def why_unpredicted(metric: str, prediction: Prediction) -> str | None:
    """The reason where `metrics` has None."""
    if metric in ("predicted_reserved_bytes", "predicted_process_bytes"):
        return NO_ALLOCATOR if prediction.target == "cpu" else None
    return NO_STEP


def target_on(hardware: Hardware) -> Target:
    return "cpu" if hardware == "cpu" else "cuda"


def target_of(device: str, shows_gpu: bool) -> Target:
    """The target of a cell's device; `auto` is cuda where the driver shows a card."""
    return "cuda" if device.startswith("cuda") or (device == "auto" and shows_gpu) else "cpu"
