"""The table of measured runs, `facts.csv`: one run a row, with its source and what rivals said."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path

TABLE = Path(__file__).with_name("facts.csv")
RIVALS = ("xMem", "DNNMem", "LLMem", "SchedTune", "FakeTensor", "Horus")
# What a measurement is compared with. `total` is the card's used memory as the driver shows it,
# with the context; `rise` the same less the first reading, which was taken with the context there.
METRICS = ("max_allocated", "allocated_after", "reserved", "rise", "total")


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One measured run.

    source, where  the repository or page, and the file, row or configuration in it
    family         the group that its error is counted in
    model, details what was trained: a key of `rebuild.FAMILIES[family]`, and `name=value; ...`
    card           a row of the table of cards; empty where the source does not tell
    metric         one of METRICS
    measured       bytes
    use            `regression`: held to the limits of the tests; else for the report alone
    rivals         what other tools said of the same run, bytes by their names
    """

    source: str
    where: str
    family: str
    model: str
    details: str
    optimizer: str
    batch: int
    dtype: str
    card: str
    torch: str
    metric: str
    measured: int
    use: str = ""
    rivals: dict[str, int] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise ValueError(f"{self.where}: metric '{self.metric}' is not one of {METRICS}")

    @property
    def options(self) -> dict[str, str]:
        """`details` by name."""
        parts = (part.split("=", 1) for part in self.details.split("; ") if part)
        return {name: value for name, value in parts}

    @property
    def name(self) -> str:
        words = (self.model, f"batch {self.batch}", self.details, self.optimizer, self.dtype)
        return " ".join(word for word in (self.family, *words) if word)


COLUMNS = tuple(each.name for each in fields(Fact) if each.name != "rivals")


def read_table(path: Path = TABLE) -> list[Fact]:
    """The facts of a file of our own form. Raises ValueError for a column that is not known."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        unknown = set(reader.fieldnames or ()) - {*COLUMNS, *RIVALS}
        if unknown:
            raise ValueError(f"{path}: unknown columns {sorted(unknown)}; known are {COLUMNS}")
        return [to_fact(row) for row in reader]


def to_fact(row: dict[str, str]) -> Fact:
    numbers = {name: int(row[name]) for name in ("batch", "measured")}
    words = {name: row[name] for name in COLUMNS if name not in numbers}
    rivals = {name: int(row[name]) for name in RIVALS if row.get(name)}
    return Fact(**words, **numbers, rivals=rivals)


def write_table(facts: Iterable[Fact], path: Path = TABLE) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*COLUMNS, *RIVALS])
        for fact in facts:
            known = [getattr(fact, name) for name in COLUMNS]
            writer.writerow([*known, *(fact.rivals.get(name, "") for name in RIVALS)])
