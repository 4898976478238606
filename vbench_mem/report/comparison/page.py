"""A comparison written as one file, in the form that its name ends in."""

import re
import tempfile
from pathlib import Path

from vbench_mem.analysis.compare.result import Comparison
from vbench_mem.base.errors import cannot_write
from vbench_mem.base.files import write_file
from vbench_mem.report.comparison.document import document_of
from vbench_mem.report.comparison.picture import plan
from vbench_mem.report.illustrate import drawn
from vbench_mem.report.write import written

UNFIT = re.compile("[^A-Za-z0-9_-]")  # for an anchor, a file name and an address


def write_page(comparison: Comparison, path: Path) -> list[Path]:
    """The files written: a PDF holds its figure, the others have it in figures/ beside them too.
    Raises `UsageError` where the file system refuses."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as aside:
            is_pdf = path.suffix == ".pdf"
            folder = Path(aside) if is_pdf else path.parent / "figures"
            planned = plan(comparison)
            if planned.skipped is None:
                folder.mkdir(exist_ok=True)
            figure = drawn(planned, folder, f"{UNFIT.sub('_', path.stem)}_")
            write_file(path, written(document_of(comparison, [figure]), path.suffix))
    except OSError as error:
        raise cannot_write(path, error, "choose another with --out") from error
    if is_pdf or figure.svg is None:
        return [path]
    return [path, *(folder / f"{figure.name}.{kind}" for kind in ("svg", "png"))]
