"""Reads a folder of measured runs into facts: `runs.csv`, `mlp_train_a100.csv`,
`timm_train_a100.csv` and `published.csv`, each where it is there."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measured.facts import Fact

MIB = 2**20
GPUMEMNET = "github.com/itu-rad/GPUMemNet"
CARDS = {
    "RTX 3060 12GB": "rtx3060",
    "RTX 4060 8GB": "rtx4060",
    "A100-SXM4-40GB": "a100-40",
    "A100-80GB": "a100-80",
    "A100": "a100-40",
    "V100 16GB": "v100-16",
}
RIVALS = {
    "xMem": "xmem_bytes",
    "DNNMem": "dnnmem_bytes",
    "LLMem": "llmem_bytes",
    "SchedTune": "schedtune_bytes",
    "FakeTensor": "faketensor_bytes",
    "Horus": "horus_bytes",
}
FULL_A100 = 38_500 * MIB  # what ran into the card's end says nothing of its need


def read_folder(folder: Path) -> list[Fact]:
    """The facts of a folder, those that our table has too among them."""
    found: list[Fact] = []
    for name, read in READERS.items():
        path = folder / name
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                found += read(list(csv.DictReader(file)))
    if not found:
        raise FileNotFoundError(f"{folder}: none of {', '.join(READERS)} is there")
    return found


def runs(rows: list[dict[str, str]]) -> Iterator[Fact]:
    """Runs that ran out of memory are left out."""
    for row in rows:
        if row["oom"] == "1":
            continue
        is_xmem = "xMem" in row["source"]
        kind = row["family"]
        family, model = {"cnn": "convolutional", "mlp": "perceptron"}.get(kind, kind), row["model"]
        optimizer, details = row["optimizer"], ""
        if kind == "transformer":
            large = row["card"].startswith("A100")
            family = "large language" if large and is_xmem else "language"
            tokens = 128 if is_xmem else int(row["input"].split()[0])
            details = f"tokens={tokens}; zero_grad={row['zero_grad'][:1] or 0}"
        elif kind == "cnn":
            image = row["input"].split("x")[-1]
            details = f"image={image}; zero_grad={row['zero_grad'][:1]}"
        elif kind == "timm":
            model, optimizer = model.removeprefix("timm/"), "SGD"
        yield Fact(
            source="github.com/" + row["source"].partition("@")[0],
            where=f"{row['path'].removesuffix('/evaluation_result.json')} {row['row']}".strip(),
            family=family,
            model=model,
            details=details,
            optimizer=optimizer,
            batch=int(row["batch"]),
            dtype=row["dtype"] or "float32",
            card=CARDS[row["card"]],
            torch=row["torch"],
            metric="rise" if is_xmem else "total",
            measured=int(row["measured_bytes"]),
            rivals={name: int(row[column]) for name, column in RIVALS.items() if row[column]},
        )


def perceptron_runs(rows: list[dict[str, str]]) -> Iterator[Fact]:
    for number, row in enumerate(rows):
        yield Fact(
            source=GPUMEMNET,
            where=f"mlp_train_a100.csv row {number}",
            family="perceptron",
            model="",
            details=f"width={row['input']}; layers={row['layers']}",
            optimizer="Adam",
            batch=int(row["batch"]),
            dtype="float32",
            card="a100-40",
            torch="unknown, Sept 2024",
            metric="total",
            measured=int(row["measured_mib"]) * MIB,
        )


def timm_runs(rows: list[dict[str, str]]) -> Iterator[Fact]:
    """Without the runs that failed: what does not grow with the batch, or fills the card."""
    most: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: int(row["batch"])):
        model, measured = row["model"], int(row["measured_mib"]) * MIB
        before, most[model] = most.get(model, 0), max(most.get(model, 0), measured)
        if measured <= before or most[model] > FULL_A100:
            continue
        yield Fact(
            source=GPUMEMNET,
            where=f"timm_train_a100.csv {model} {row['batch']}",
            family="timm",
            model=model,
            details="",
            optimizer="SGD",
            batch=int(row["batch"]),
            dtype="float32",
            card="a100-40",
            torch="unknown, 2024",
            metric="total",
            measured=measured,
            rivals={"FakeTensor": int(float(row["fake_mib"]) * MIB)} if row["fake_mib"] else {},
        )


METRICS = {"allocated after a step": "allocated_after"}
# By source, what its configurations look like: family, model, the batch and the options.
COURSE = re.compile(
    r"(?:cs336|CS336) (small|medium|large|xl)\D.*batch (\d+), (\d+) tokens, ([^,]+), (.+)"
)
BOOK = re.compile(r"GPT-2 124M, batch (\d+), (\d+) tokens, (\d\d) ")
SUMMED = re.compile(r"bert-base MLM fp16, (eager|sdpa), batch (\d+), (\d+) tokens")
TRAINER = re.compile(r"(bert|roberta|vit)-base ([\w-]+), Trainer.* batch (\d+)")
VISION = re.compile(r"ViT-L/16, Adam, 0(\d) ([\w-]+)(?: batch (\d+)| (\d)x(\d))?")
PEAK_DTYPES = {"fp32": "float32", "bf16 autocast": "bfloat16 autocast"}


def published(rows: list[dict[str, str]]) -> Iterator[Fact]:
    """The configurations that are rebuilt; the rest is only listed in its file."""
    for row in rows:
        found = configuration(row["config"])
        metric = METRICS.get(row["metric"], row["metric"])
        if found is None or metric not in ("max_allocated", "allocated_after", "reserved"):
            continue
        if row["note"].startswith("one activation per layer more") or row["note"] == "compiled":
            continue
        card = "amd" if "AMD" in row["card"] else CARDS.get(row["card"], "")
        yield Fact(
            source=row["source"],
            where=row["where"],
            card=card or "a100-40",
            torch=row["torch"],
            metric=metric,
            measured=int(row["value_bytes"]),
            use="regression" if row["use"] == "regression" else "",
            **found,
        )


def configuration(text: str) -> dict | None:
    """The fields of a fact that describe the run, or None where it is not rebuilt."""
    if match := COURSE.match(text):
        size, batch, tokens, dtype, run = match.groups()
        run = "forward and backward" if "backward" in run else run.split(",")[0].split()[0]
        details = f"tokens={tokens}; run={run}"
        dtype = PEAK_DTYPES[dtype]
        return described("course", size, details, "AdamW", batch, dtype)
    if match := BOOK.match(text):
        batch, tokens, stage = match[1], match[2], int(match[3])
        dtype = "bfloat16" if stage >= 5 else "float32"
        form = "AdamW fused" if stage >= 3 else "AdamW"
        return described("book", "GPT-2", f"tokens={tokens}; stage={stage}", form, batch, dtype)
    if match := SUMMED.match(text):
        details = f"tokens={match[3]}; attention={match[1]}"
        return described("summed logits", "bert-base fill-mask", details, "", match[2], "float16")
    if match := TRAINER.match(text):
        kind, task, batch = match.groups()
        name = {"multiple-choice": "multiple choice", "fill-mask": "fill-mask"}
        details = "image=224" if kind == "vit" else "tokens=16"
        model = f"{kind}-base {name.get(task, 'classification')}"
        return described("trainer", model, details, "AdamW", batch, "float32")
    if match := VISION.match(text):
        number = int(match[1])
        parts = (
            ("; accumulate=4", "4")
            if number >= 5
            else ("", match[3] or ("16" if number == 4 else "64"))
        )
        dtype = {1: "float32", 2: "float16 autocast"}.get(number, "bfloat16")
        optimizer = "SGD" if number == 6 else "Adam"
        return described("vision", "ViT-L/16", "image=224" + parts[0], optimizer, parts[1], dtype)
    return None


def described(
    family: str, model: str, details: str, optimizer: str, batch: str, dtype: str
) -> dict:
    sizes = {"batch": int(batch), "dtype": dtype}
    return {"family": family, "model": model, "details": details, "optimizer": optimizer} | sizes


READERS = {
    "runs.csv": lambda rows: list(runs(rows)),
    "mlp_train_a100.csv": lambda rows: list(perceptron_runs(rows)),
    "timm_train_a100.csv": lambda rows: list(timm_runs(rows)),
    "published.csv": lambda rows: list(published(rows)),
}
