"""What a training step is predicted to need, as plain data. No torch: anything may read it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import TypeAdapter

Target = Literal["cpu", "cuda"]
STEP_PHASES = ("forward", "backward", "optimizer")
TARGETS: tuple[Target, ...] = ("cpu", "cuda")


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One cell on one kind of device, in steady state. Units: bytes, FLOPs where the name says so.

    target       whose rules were followed; a `cpu` has no allocator, workspaces or context
    peak_bytes   largest of the step's phases, of the embedding for an embedding run: on a cpu live
                 tensors, on cuda what `torch.cuda.max_memory_allocated` counts
    peak_phase   the phase it falls into
    phases       peak by phase: forward, backward, optimizer, embed
    categories   at the peak: parameter, gradient, optimizer, input, activation, temporary
    modules      at the peak, by path of the module that made it, and in it by category; layers of
                 one stack share a path (`video.blocks.*.attn`); `` is outside of every module
    terms        at the peak: tensors, kernels (what one borrows while it runs), workspaces,
                 rounding (to blocks of the allocator)
    reserved_bytes, context_bytes, process_bytes  cuda only: segments that the allocator holds,
                 the driver's own, and both together, as NVML would show them
    attention    kernels of the prediction, as torch names them
    flop         of the whole batch, forward and backward; `embed_flop` of the embedding
    unseen       operations whose kernels may take memory that no prediction sees
    """

    target: Target
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
    process_bytes: int | None = None
    attention: tuple[str, ...] = ()
    flop: int = 0
    embed_flop: int = 0
    unseen: tuple[str, ...] = ()

    def metrics(self) -> dict[str, int | None]:
        """By name of the metric table; None is what this target or this kind of run has not."""
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
    """A cell that has no prediction: one sentence, and for a user's own code its traceback."""

    reason: str
    traceback: str | None = None


ADAPTER: TypeAdapter[Prediction] = TypeAdapter(Prediction)


def load(data: Mapping[str, Any]) -> Prediction:
    """The prediction back from `dump`; raises pydantic's `ValidationError` on anything else."""
    return ADAPTER.validate_python(dict(data))


def why_unpredicted(metric: str, prediction: Prediction) -> str | None:
    """The reason where `metrics` has None."""
    if metric in ("predicted_reserved_bytes", "predicted_process_bytes"):
        return "a cpu has no caching allocator" if prediction.target == "cpu" else None
    return "an embedding run has no training step"


def target_of(device: str, shows_gpu: bool) -> Target:
    """Whose rules a cell's device follows; `auto` is cuda where the driver shows a card."""
    return "cuda" if device.startswith("cuda") or (device == "auto" and shows_gpu) else "cpu"
