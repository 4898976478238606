"""Threads that a program starts: what they do to tensors is seen as in the thread that traces.

Modes of torch hold for one thread, so each new thread is given those of the trace. Which of two
threads allocates first is left to chance, as in the program itself.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from torch.overrides import TorchFunctionMode
from torch.overrides import _push_mode as push_function_mode
from torch.utils._python_dispatch import TorchDispatchMode, _push_mode

start_thread = threading.Thread.start


@contextmanager
def followed_threads(calls: TorchFunctionMode, *modes: TorchDispatchMode) -> Iterator[None]:
    """Within it, threads that are started enter these modes, the outermost first."""

    def entered(run: Callable[[], None]) -> Callable[[], None]:
        def run_in_modes() -> None:  # they end with the thread
            for mode in modes:
                _push_mode(mode)
            push_function_mode(calls)
            run()

        return run_in_modes

    def start(self: Any) -> None:
        self.run = entered(self.run)
        start_thread(self)

    with patch.object(threading.Thread, "start", start):
        yield
