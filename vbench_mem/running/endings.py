"""How a child ended -> status, a sentence, and the known facts of the failure. No torch.

Used by the child, which catches exceptions, and by the parent, which sees the child's exit code.
"""

import re
import signal
import traceback
from typing import NamedTuple

from vbench_mem.base.errors import Unsupported, UsageError, error_summary
from vbench_mem.base.memory_errors import causes, place_of
from vbench_mem.base.units import BINARY, format_bytes
from vbench_mem.running.record import Failure, Status

LOG_TAIL_LINES = 40  # enough for a traceback, short enough for a record
SIZE = r"(\d+(?:\.\d+)?)\s*(bytes|B|[KMGT]i?B)"
# CUDA: "Tried to allocate 3.10 GiB. GPU 0 has a total capacity of 15.77 GiB of which ..."
# MPS: "(MPS allocated: 17.36 GB, ..., max allowed: 18.13 GB). Tried to allocate 192.00 MB on ..."
DEVICE_REQUEST = (
    re.compile(rf"[Tt]ried to allocate {SIZE}"),
    re.compile(rf"Invalid buffer size: {SIZE}"),
)
DEVICE_LIMIT = (
    re.compile(rf"{SIZE} allowed"),
    re.compile(rf"max allowed: {SIZE}"),
    re.compile(rf"total capacity of {SIZE}"),
)
# CPU: "you tried to allocate 123 bytes"; a mapped file; numpy: "Unable to allocate 7.45 GiB"
HOST_REQUEST = (
    re.compile(rf"you tried to allocate {SIZE}"),
    re.compile(rf"[Uu]nable to (?:mmap|allocate) {SIZE}"),
)


class Ending(NamedTuple):
    status: Status
    reason: str
    failure: Failure | None


def of_exception(error: BaseException, phase: str | None) -> Ending:
    """What the child's exception means; its causes are searched for an out-of-memory error."""
    if isinstance(error, Unsupported):
        return Ending(Status.UNSUPPORTED, str(error), Failure(phase=phase))
    if isinstance(error, UsageError):  # a file that only the child reads
        return Ending(Status.ERROR, str(error), Failure(phase=phase))
    text = "".join(traceback.format_exception(error))
    for cause in causes(error):
        memory = out_of_memory(str(cause), type(cause).__name__, phase)
        if memory is not None:
            return with_facts(memory, traceback=text)
    return Ending(Status.ERROR, error_summary(error), Failure(phase=phase, traceback=text))


def with_facts(ending: Ending, **facts: str | int) -> Ending:
    """The ending with these fields of its failure."""
    assert ending.failure is not None
    return ending._replace(failure=ending.failure.model_copy(update=facts))


def out_of_memory(message: str, kind: str, phase: str | None) -> Ending | None:
    """The ending if the message, of an exception of this class, says that memory ran out."""
    where = place_of(message, kind)
    if where is None:
        return None
    if where == "device":
        requested, limit = size_in(message, *DEVICE_REQUEST), size_in(message, *DEVICE_LIMIT)
    else:
        requested, limit = size_in(message, *HOST_REQUEST), None
    size = f", {format_bytes(requested)} requested" if requested is not None else ""
    failure = Failure(phase=phase, where=where, bytes_requested=requested, bytes_limit=limit)
    return Ending(Status.OOM, f"{where} out of memory in {phase or 'start'}{size}", failure)


def size_in(message: str, *patterns: re.Pattern[str]) -> int | None:
    """Bytes of the first size that a pattern finds, as exact as the message prints it.

    torch's MPS allocator writes `GB` for 2**30 bytes; nothing else here writes decimal units.
    """
    for pattern in patterns:
        match = pattern.search(message)
        if match:
            return round(float(match[1]) * BINARY.get(re.sub("(?<=[KMGT])B", "iB", match[2]), 1))
    return None


def of_timeout(timeout_s: float, phase: str | None, log: str) -> Ending:
    reason = f"timed out in {phase or 'start'} after {timeout_s:g} s (protocol.timeout_s)"
    return Ending(Status.TIMEOUT, reason, Failure(phase=phase, traceback=tail(log)))


def of_exit(exit_code: int, phase: str | None, log: str, kills: list[str]) -> Ending:
    """The ending of a child without a usable record, from its exit code (negative for a signal).

    `kills` names the kernel's counters of out-of-memory kills that increased meanwhile.
    """
    last, where = tail(log), phase or "start"
    failure = Failure(phase=phase, traceback=last or None)
    memory = out_of_memory(last, "", phase)
    if memory is not None:
        ending = with_facts(memory, traceback=last)
    elif exit_code == -signal.SIGKILL and kills:
        reason = f"host out of memory in {where}: the kernel killed the process"
        details = f"out-of-memory kills were counted for the {' and the '.join(kills)}"
        ending = Ending(Status.OOM, reason, failure)
        ending = with_facts(ending, where="host", traceback=f"{details}\n{last}".strip())
    elif exit_code < 0:
        reason = f"killed by {signal_name(-exit_code)} in {where}"
        ending = Ending(Status.KILLED, reason, failure)
    else:
        reason = f"exited with {exit_code} in {where} and left no record"
        ending = Ending(Status.ERROR, reason, failure)
    if exit_code < 0:
        return with_facts(ending, signal=-exit_code)
    return with_facts(ending, exit_code=exit_code)


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def tail(log: str) -> str:
    return "\n".join(log.splitlines()[-LOG_TAIL_LINES:])
