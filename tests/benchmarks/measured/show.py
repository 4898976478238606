"""The report of the comparison: a table for the terminal, and one in Markdown."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.benchmarks.measured.facts import RIVALS
from tests.benchmarks.measured.judge import Judged, Summary, by_group, summarise

HEAD = ("source", "runs of", "who", "n", "median", "p90", "worst", "short by > 2 %")
NAMES = {
    "language": "language models, 12 and 8 GB cards",
    "large language": "language models of 1.5 to 4 billion weights",
    "convolutional": "convolutional networks",
    "perceptron": "perceptrons",
    "timm": "models of timm",
    "course": "CS336's language model",
    "book": "GPT-2, hand-written to fused",
    "summed logits": "BERT, forward and backward",
    "trainer": "transformers' Trainer",
    "vision": "ViT-L",
}


def percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def rows_of(judged: Sequence[Judged]) -> list[tuple[str, ...]]:
    """A row for our predictions of a group, and one for each rival, with ours on its runs where
    those are fewer."""
    rows: list[tuple[str, ...]] = []
    for (source, family), members in by_group(judged).items():
        short = source.removeprefix("github.com/").removeprefix("huggingface.co/datasets/")
        named = (short, NAMES.get(family, family))
        ours = [each.error for each in members]
        rows.append((*named, "predicted", *numbers(summarise(ours))))
        for rival in RIVALS:
            same = [each for each in members if rival in each.errors]
            if not same:
                continue
            if len(same) < len(members):
                here = summarise([each.error for each in same])
                rows.append((*named, f"predicted, runs of {rival}", *numbers(here)))
            rows.append((*named, rival, *numbers(summarise([e.errors[rival] for e in same]))))
    return rows


def numbers(summary: Summary) -> tuple[str, ...]:
    shares = (summary.median, summary.p90, summary.worst, summary.short)
    return str(summary.count), *map(percent, shares)


def markdown(judged: Sequence[Judged]) -> str:
    lines = [HEAD, tuple("---" if at < 3 else "---:" for at in range(len(HEAD))), *rows_of(judged)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def print_table(judged: Sequence[Judged], console: Console) -> None:
    table = Table(title="Predicted memory beside measured: share of what was measured")
    for at, name in enumerate(HEAD):
        table.add_column(name, justify="left" if at < 3 else "right")
    last = ("", "")
    for row in rows_of(judged):
        table.add_row(*(row if row[:2] != last else ("", "", *row[2:])))
        last = row[:2]
    console.print(table)


def print_worst(judged: Sequence[Judged], console: Console, count: int) -> None:
    table = Table(title=f"The {count} largest errors")
    for name in ("run", "card", "metric", "measured", "predicted", "constant", "error"):
        table.add_column(name, justify="left" if name in ("run", "card", "metric") else "right")
    for each in sorted(judged, key=lambda each: -abs(each.error))[:count]:
        fact = each.fact
        sizes = (f"{size / 2**20:,.1f}" for size in (fact.measured, each.predicted, each.constant))
        error = f"{100 * each.error:+.2f} %"
        table.add_row(fact.name[:90], fact.card, fact.metric, *sizes, error)
    console.print(table, "Sizes in MiB; the error is with the constant.")
