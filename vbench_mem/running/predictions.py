"""Predictions of many cells in parallel worker processes.

Never imports torch here. Touches no device, so that measurements on one are not disturbed.
"""

import multiprocessing
import os
import sys
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from typing import Any, TypeVar

from vbench_mem.base.errors import Unsupported, UsageError, error_summary, is_users
from vbench_mem.machine.host import cpu_cores
from vbench_mem.machine.processes import anonymous_main
from vbench_mem.matrix import cell as cells
from vbench_mem.matrix.cell import Cell
from vbench_mem.probes import prediction as predictions
from vbench_mem.probes.prediction import Hardware, Prediction, Unpredicted
from vbench_mem.running.launch import PRELOAD

T = TypeVar("T")
Outcome = Prediction | Unpredicted
DIED = "its process died: out of memory on the host, or a crash in the encoder's code"


def predict_all(
    wanted: Mapping[str, tuple[Cell, Hardware]],
    done: Callable[[str], None] = lambda _: None,
    jobs: int | None = None,
) -> dict[str, Outcome]:
    """A prediction for each of `wanted`, by its key; `done` is called with each finished key.

    A cell that cannot be predicted is `Unpredicted` with the reason; no cell raises.
    """
    work = {
        key: (predict_dumped, (cells.dump(cell), hardware))
        for key, (cell, hardware) in wanted.items()
    }
    found: dict[str, Outcome] = {}

    def take(key: str, data: dict[str, Any]) -> None:
        found[key] = predictions.load(data) if "peak_bytes" in data else Unpredicted(**data)
        done(key)

    try:
        with closing(in_workers(work, jobs)) as answers:
            for key, data in answers:
                take(key, data)
    except BrokenProcessPool:  # one by one, to find the cell that broke it
        for key in [key for key in work if key not in found]:
            try:
                take(key, dict(in_workers({key: work[key]}))[key])
            except BrokenProcessPool:
                take(key, {"reason": DIED})
    return {key: found[key] for key in wanted}


def predict_dumped(cell: dict[str, Any], hardware: Hardware) -> dict[str, Any]:
    """In a worker: the prediction as plain data, or why there is none."""
    from vbench_mem.probes.predict import predict
    from vbench_mem.probes.unchanged import unchanged_process

    try:
        with unchanged_process(), own_modules():
            return predict(cells.load(cell), hardware).dump()
    except (Unsupported, UsageError) as error:
        return {"reason": str(error)}
    except (Exception, SystemExit) as error:
        # of a user's encoder, or of ours: shown in the row, with its traceback
        return {"reason": error_summary(error), "traceback": traceback.format_exc()}


@contextmanager
def own_modules() -> Iterator[None]:
    """Afterwards the user's own modules are forgotten, so that the next cell imports them anew,
    with all that they change as they are imported; libraries stay."""
    before = set(sys.modules)
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file is not None and is_users(file):
                del sys.modules[name]


def in_workers(
    work: Mapping[str, tuple[Callable[..., T], tuple[Any, ...]]], jobs: int | None = None
) -> Generator[tuple[str, T], None, None]:
    """Run each `function(*arguments)` in a worker process; yields (key, result) as they finish.

    Functions must be importable. Workers are forked from a server that has imported torch. Raises
    what a function raises, and `BrokenProcessPool` when a worker dies.
    """
    jobs = min(jobs or cpu_cores(), len(work))
    if not work:
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOAD))  # the same server as a run's: there is only one
    others = set(multiprocessing.active_children())
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=one_thread) as pool:
        try:
            with anonymous_main():
                futures = {
                    pool.submit(function, *arguments): key
                    for key, (function, arguments) in work.items()
                }
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:  # such as Ctrl-C: do not wait for what has begun
            for worker in set(multiprocessing.active_children()) - others:
                worker.kill()
            raise


def one_thread() -> None:
    """Workers compute next to nothing: more threads would only compete for the cores.

    What a user's code prints goes to stderr: stdout is for the command's result.
    """
    import torch

    os.dup2(2, 1)
    torch.set_num_threads(1)
