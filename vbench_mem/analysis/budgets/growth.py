"""Growth: bytes by module and category at the peak of a step, compared with the baseline."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vbench_mem.analysis.budgets.baseline import Entry
from vbench_mem.base.units import format_bytes
from vbench_mem.probes.prediction import STEP_PHASES, Prediction

MOST_SHOWN = 3  # modules of a list; the others are summed
OUTSIDE = "(no module)"
Tree = Mapping[tuple[str, str], int]


@dataclass(frozen=True, kw_only=True)
class Change:
    """Bytes of one module in one category; `before_bytes` is the baseline's."""

    module: str
    category: str
    before_bytes: int
    after_bytes: int

    @property
    def growth(self) -> int:
        return self.after_bytes - self.before_bytes

    @property
    def text(self) -> str:
        """`video.blocks.*.mlp.act activation +96.0 MiB`."""
        sign = "+" if self.growth > 0 else ""
        return f"{self.module or OUTSIDE} {self.category} {sign}{format_bytes(self.growth)}"


def tree_of(of: Entry | Prediction, metric: str) -> Tree:
    """Bytes by module and category (only that of the metric, if it is of one); what an allocator
    adds to the tensors is a module in brackets."""
    only = metric.removeprefix("predicted_").removesuffix("_bytes")
    leaves = {(m, c): size for m, sizes in of.modules.items() for c, size in sizes.items()}
    if any(category == only for _, category in leaves):
        return {leaf: size for leaf, size in leaves.items() if leaf[1] == only}
    return leaves


def is_of_peak(metric: str, prediction: Entry | Prediction) -> bool:
    """Do the modules hold for this metric? They are recorded for the phase of the peak only."""
    phase = metric.removeprefix("predicted_").removesuffix("_peak_bytes")
    return phase not in (*STEP_PHASES, "embed") or phase == prediction.peak_phase


def unknown_modules(prediction: Entry | Prediction) -> str:
    return f"modules are known for the step's peak only, which is in {prediction.peak_phase}"


def changes_of(before: Entry, after: Entry | Prediction, metric: str) -> tuple[Change, ...]:
    """All changes: the largest growth first, the largest reduction last."""
    old = tree_of(before, metric)
    new = tree_of(after, metric)
    found = [
        Change(
            module=leaf[0],
            category=leaf[1],
            before_bytes=old.get(leaf, 0),
            after_bytes=new.get(leaf, 0),
        )
        for leaf in {**old, **new}
        if old.get(leaf, 0) != new.get(leaf, 0)
    ]
    return tuple(sorted(found, key=lambda change: (-change.growth, change.module, change.category)))


def explain_growth(before: Entry, after: Entry | Prediction, metric: str) -> Iterator[str]:
    """Sentences: whether the peak moved to another phase, what grew, what shrank."""
    if not is_of_peak(metric, after):
        yield unknown_modules(after)
        return
    changes = changes_of(before, after, metric)
    if after.peak_phase != before.peak_phase:
        yield f"the step's peak moved from {before.peak_phase} to {after.peak_phase}"
    grew = [change for change in changes if change.growth > 0]
    shrank = [change for change in reversed(changes) if change.growth < 0]
    for verb, some in (("grew", grew), ("shrank", shrank)):
        if some:
            yield f"at the peak {verb}: {', '.join(listed(some))}"
    if not changes:
        yield f"nothing grew at the step's peak, in {after.peak_phase}"


def listed(changes: list[Change]) -> list[str]:
    """The first few, and the sum of the others."""
    texts = [change.text for change in changes[:MOST_SHOWN]]
    if rest := changes[MOST_SHOWN:]:
        total = sum(change.growth for change in rest)
        texts.append(f"{len(rest)} more {'+' if total > 0 else ''}{format_bytes(total)}")
    return texts


def largest_holders(prediction: Prediction, metric: str) -> str:
    """The modules with the most bytes at the peak, where they are known for the metric's phase."""
    if not is_of_peak(metric, prediction):
        return unknown_modules(prediction)
    tree = tree_of(prediction, metric)
    top = sorted(tree.items(), key=lambda leaf: (-leaf[1], leaf[0]))[:MOST_SHOWN]
    texts = [f"{m or OUTSIDE} {category} {format_bytes(size)}" for (m, category), size in top]
    return f"largest at the peak, in {prediction.peak_phase}: {', '.join(texts)}"
