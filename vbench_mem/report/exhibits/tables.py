"""The paper's tables with our memory and our recall beside the published one."""

from vbench_mem.analysis.join import Joined, Row
from vbench_mem.analysis.scores.score import EXTERNAL, Score
from vbench_mem.base.score_metrics import RECALL
from vbench_mem.matrix.exhibits import EXHIBITS, Name
from vbench_mem.report.document import Column, Field, Group, Table, line
from vbench_mem.report.exhibits.backbones import answer, lanes_of
from vbench_mem.report.exhibits.fields import (
    BASES,
    Key,
    bases_of,
    field_of,
    head_of,
    is_of,
    memory_columns,
    name_field,
    own_field,
    own_keys,
)
from vbench_mem.report.exhibits.printed import (
    KEYS,
    TABLES,
    PaperRow,
    PaperTable,
    rows_of,
)
from vbench_mem.report.exhibits.words import paper
from vbench_mem.report.scheme import scheme_of

UNIFORM = "*"
OURS = "R@1 of encoders trained here, or imported (share)"
NOT_JOINED = "no published scores are joined; write scores: [reference] in the matrix"


def tables(joined: Joined, prefix: str = "") -> list[tuple[str, str, Table]]:
    """Title, description and table of each of the paper's tables that the matrix names; the names
    start with the prefix."""
    return [
        (EXHIBITS[name].title, about(name, joined), exhibit_table(name, joined, prefix))
        for name in joined.matrix.exhibits
        if name in TABLES
    ]


def about(name: Name, joined: Joined) -> str:
    """What is ours, what is published, what the paper found, and what a dash means."""
    table = TABLES[name]
    words = [BASES[basis][1] for basis in bases_of(joined.rows)]
    masks = any(printed.mask for printed in table.rows)
    texts = [
        *([answer(lanes_of(joined))] if masks else []),
        f"Ours: {' and '.join(words) or 'no memory yet'} of a training step; published: zero-shot "
        f"R@1 of {EXHIBITS[name].source}.",
        paper(name),
        f"A dash in a published column: {table.gaps}.",
    ]
    texts += [f"{printed.nearest}." for printed in table.rows if printed.nearest]
    if any(mark_of(score) for score in published(table, joined).values()):
        texts.append(
            f"{UNIFORM} sampled over the whole video, not comparable with the first 16 frames."
        )
    return " ".join(filter(None, texts))


def exhibit_table(name: Name, joined: Joined, prefix: str = "") -> Table:
    """Rows of the paper's table in its order, each with our rows of that encoder."""
    table, source = TABLES[name], EXHIBITS[name].source
    ours = [(printed, row) for printed in table.rows for row in rows_of(printed, table, joined)]
    memory = memory_columns([row for _, row in ours], scheme_of(joined).unit)
    keys = own_keys(row for _, row in ours)
    columns = (
        Column("variant"),
        Column("in the paper", meaning=source),
        *(column for column, _ in memory),
        *(Column(head_of(key), True, OURS) for key in keys),
        *(
            Column(f"{head_of(key)} (published)", True, f"R@1 (share), {source}", is_published=True)
            for key in KEYS
        ),
    )
    known = published(table, joined)
    mine = tuple(
        (
            name_field(row),
            Field(line(stands_for(printed, row, table))),
            *(read(row) for _, read in memory),
            *(own_field(row, key) for key in keys),
            *(joined_field(row, key, printed, table, joined) for key in KEYS),
        )
        for printed, row in ours
    )
    blank = Field(title="no row of this matrix builds it")
    done = {printed.label for printed, _ in ours if not printed.nearest}
    others = tuple(
        (
            Field(line(printed.label)),
            Field(line(printed.label)),
            *(blank for _ in (*memory, *keys)),
            *(
                field_of(score, table.gaps, mark_of(score))
                for score in (known.get((printed.label, *key)) for key in KEYS)
            ),
        )
        for printed in table.rows
        if printed.label not in done
    )
    groups = [Group(mine)] if mine else []
    if others:
        groups.append(Group(others, head=line("As published; no row of this matrix builds these")))
    return Table(name=f"{prefix}exhibit_{name}", columns=columns, groups=tuple(groups))


def stands_for(printed: PaperRow, row: Row, table: PaperTable) -> str:
    if printed.nearest:
        return f"nearest to {printed.label}"
    is_same = row.facts.get("size") == table.size
    return printed.label if is_same else f"{printed.label}, in another size"


def published(table: PaperTable, joined: Joined) -> dict[tuple[str, str, str], Score]:
    """Recalls that are of no row here, by the paper's name, dataset and direction."""
    found: dict[tuple[str, str, str], Score] = {}
    for score, _ in joined.unmatched:
        if score.metric == RECALL and table.holds(score.source):
            name = name_of(score, table)
            found[name, score.dataset, score.direction] = score
    return found


def mark_of(score: Score | None) -> str:
    """The paper marks what its own protocol did not get."""
    return "" if score is None or score.protocol_name == "zero-shot" else UNIFORM


def name_of(score: Score, table: PaperTable) -> str:
    """What the paper calls the encoder or the system."""
    if score.is_external:
        return score.variant.removeprefix(EXTERNAL)
    who = (score.encoder.spec.paper_name, score.mask_ratio)
    alike = (p.label for p in table.rows if (p.encoder, p.mask) == who and not p.nearest)
    return next(alike, score.variant)


def joined_field(row: Row, key: Key, printed: PaperRow, table: PaperTable, joined: Joined) -> Field:
    """The published recall of the row's own encoder, or the reason for the gap."""
    if printed.nearest:
        return Field(title=printed.nearest)
    scores = [s for s in row.scores.values() if s.origin == "published" and table.holds(s.source)]
    if scores:
        return field_of(next((s for s in scores if is_of(s, key)), None), table.gaps)
    if "reference" not in joined.matrix.scores:
        return Field(title=NOT_JOINED)
    return Field(title="the paper's table has no encoder just like this one")
