"""Which answer a program hopes for where it reads a truth value that no prediction knows.

`if (variance < 0).any(): raise ...` and `assert ids.max() < words` check what the data fulfils,
so the answer is the one that does not lead to the error. Read from the bytecode that follows; any
other read is answered as in fake.py.
"""

import dis
import sys
from collections import Counter
from functools import cache
from types import CodeType, FrameType

from vbench_mem.base.errors import PACKAGE

FOLLOWED = 200  # instructions between a check and its error; a message may take many
ROUNDS = 1000  # a loop that waits for a value: its exit is taken after so many rounds
ENDS = {"RETURN_VALUE", "RETURN_CONST", "YIELD_VALUE", "FOR_ITER", "SEND"}
NEUTRAL = {"TO_BOOL", "CACHE", "NOP", "EXTENDED_ARG", "COPY"}
Place = tuple[CodeType, int]


class TruthReads:
    """Answers reads of unknown truth values, and ends loops that would wait for one forever."""

    def __init__(self) -> None:
        self.last: Place | None = None
        self.rounds: Counter[Place] = Counter()

    def answer(self, default: bool) -> bool:
        """For the program's own place that reads; `default` where nothing follows from it."""
        frame = reading_frame()
        place = frame.f_code, frame.f_lasti
        if place != self.last:
            self.rounds[place] = 0
        self.last = place
        self.rounds[place] += 1
        value = next((not truth for truth in (True, False) if raises(*place, truth)), default)
        return not value if self.rounds[place] % ROUNDS == 0 else value


def reading_frame() -> FrameType:
    """The innermost that is not ours: the program's, or that of a library it calls."""
    frame = sys._getframe(1)
    while frame.f_back is not None and (
        frame.f_code.co_filename.startswith(str(PACKAGE))
        or frame.f_code.co_filename.endswith(("_compile.py", "eval_frame.py", "_tensor.py"))
    ):
        frame = frame.f_back
    return frame


@cache
def raises(code: CodeType, offset: int, truth: bool) -> bool:
    """Does the code surely raise where the value that it reads at `offset` has this truth?"""
    instructions = [each for each in dis.get_instructions(code) if each.opname != "CACHE"]
    places = {each.offset: place for place, each in enumerate(instructions)}
    at = places[offset]
    if not is_truth_read(instructions[at].opname):
        at += 1  # a call that returns the value
    stored = None
    while not (jump := truth_of_jump(instructions[at].opname)):
        each = instructions[at]
        if each.opname == "UNARY_NOT":
            truth = not truth
        elif each.opname == "STORE_FAST":
            stored = each.argval
        elif each.opname not in NEUTRAL and not (
            stored is not None and each.opname.startswith("LOAD_FAST") and each.argval == stored
        ):
            return False
        at += 1
        if at == len(instructions):
            return False
    at = places[instructions[at].argval] if (jump == "TRUE") == truth else at + 1
    return all_ways_raise(instructions, places, at, FOLLOWED)


def all_ways_raise(
    instructions: list[dis.Instruction], places: dict[int, int], at: int, left: int
) -> bool:
    """Does each way from here end in an error, without a loop?"""
    while left and at < len(instructions):
        name, left = instructions[at].opname, left - 1
        if name in ("RAISE_VARARGS", "RERAISE"):
            return True
        if name in ENDS or "BACKWARD" in name:
            return False
        if "JUMP" in name:
            jumped = places[instructions[at].argval]
            if name in ("JUMP_FORWARD", "JUMP_ABSOLUTE"):
                at = jumped
                continue
            if not all_ways_raise(instructions, places, jumped, left):
                return False
        at += 1
    return False


def is_truth_read(name: str) -> bool:
    return name in ("TO_BOOL", "UNARY_NOT") or bool(truth_of_jump(name))


def truth_of_jump(name: str) -> str:
    """`TRUE` or `FALSE` for a jump that is taken if so; empty for other instructions."""
    if "JUMP" in name and "NONE" not in name:
        return next((truth for truth in ("TRUE", "FALSE") if f"IF_{truth}" in name), "")
    return ""
