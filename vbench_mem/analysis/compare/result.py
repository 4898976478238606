"""The result of a comparison: rows, unmatched rows, machines, the exit code."""

from dataclasses import dataclass
from typing import Literal

from vbench_mem.analysis.compare.differences import COUNTED, Judgement, Matched
from vbench_mem.analysis.compare.judging import match
from vbench_mem.analysis.compare.machines import MachineFact, facts_of
from vbench_mem.analysis.compare.pairing import Unmatched, pair, protocol_facts
from vbench_mem.analysis.compare.recalls import Recall, recalls
from vbench_mem.analysis.compare.side import Side
from vbench_mem.base.errors import UsageError

FailOn = Literal["never", "worse", "slower", "changed"]
DONE, FAILED, NOTHING = 0, 1, 3


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Rows worst first; `facts` of both machines, equal ones too.

    is_unlike  the machines differ, so no time was judged
    """

    before: Side
    after: Side
    rows: tuple[Matched, ...]
    only_before: tuple[Unmatched, ...] = ()
    only_after: tuple[Unmatched, ...] = ()
    recalls: tuple[Recall, ...] = ()
    facts: tuple[MachineFact, ...] = ()
    is_unlike: bool = False

    @property
    def differing(self) -> list[MachineFact]:
        return [fact for fact in self.facts if fact.differs]

    @property
    def is_equal(self) -> bool:
        """Are all numbers and endings equal, without unmatched rows?"""
        same = not any(row.differences or row.ending for row in self.rows)
        return same and not (self.only_before or self.only_after or self.moved)

    @property
    def moved(self) -> list[Recall]:
        """Encoders whose recall changed."""
        return [each for each in self.recalls if not each.is_same]

    def unshared(self) -> tuple[list[str], list[str]]:
        """Metrics of one side only, before and after, in rows with the same ending."""
        gaps: tuple[set[str], set[str]] = (set(), set())
        for row in self.rows:
            if row.before.state != row.after.state:
                continue
            gaps[0].update(row.before.metrics.keys() - row.after.metrics.keys())
            gaps[1].update(row.after.metrics.keys() - row.before.metrics.keys())
        return sorted(gaps[0]), sorted(gaps[1])

    def exit_code(self, fail_on: FailOn) -> int:
        """Times count only for `slower`: on a shared machine two runs may differ by more than the
        steps of one. Unmatched rows count for `changed`."""
        if not self.rows:
            return NOTHING
        found = {row.exact for row in self.rows} | {each.verdict for each in self.moved}
        fails = {
            "never": False,
            "worse": Judgement.WORSE in found,
            "slower": Judgement.WORSE in found
            or any(row.verdict == Judgement.WORSE for row in self.rows),
            "changed": bool(found & {*COUNTED} or self.only_before or self.only_after),
        }
        return FAILED if fails[fail_on] else DONE


def compare(
    before: Side, after: Side, *, unlike_machines: bool = False, any_protocol: bool = False
) -> Comparison:
    """Raises `UsageError` for unlike machines unless `unlike_machines` is set."""
    old, new = before.fingerprint, after.fingerprint
    is_unlike = old is not None and new is not None and old != new
    facts = facts_of(before, after)
    if is_unlike and not unlike_machines:
        differing = ", ".join(fact.text for fact in facts if fact.differs and fact.is_machine)
        raise UsageError(
            f"{before.title} and {after.title} are of unlike machines ({old} and {new}"
            f"{': ' if differing else ''}{differing}); times cannot be compared; "
            "--unlike-machines compares the rest"
        )
    pairs, only_before, only_after = pair(before, after, any_protocol=any_protocol)
    facts += tuple(protocol_facts(pairs))
    is_counted = not is_unlike or before.kinds == after.kinds
    rows = [match(each, is_unlike=is_unlike, is_counted=is_counted) for each in pairs]
    return Comparison(
        before=before,
        after=after,
        rows=tuple(sorted(rows, key=lambda row: row.rank)),
        only_before=tuple(only_before),
        only_after=tuple(only_after),
        recalls=tuple(recalls(pairs)),
        facts=facts,
        is_unlike=is_unlike,
    )
