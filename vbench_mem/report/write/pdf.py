"""The report as a PDF, set by Typst: real text, vector figures, tags for screen readers."""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from vbench_mem.report.document import Document
from vbench_mem.report.write.pdf_content import content

if TYPE_CHECKING:
    import typst

PAGE = Path(__file__).with_name("page.typ")
# PDF/UA-1: Typst refuses to write the file where it would not hold
ACCESSIBLE: "list[typst.PDFStandard]" = ["ua-1"]


def pdf_bytes(document: Document) -> bytes:
    """The whole file; the same document gives the same bytes. Raises `RuntimeError` for a bug of
    ours: no input of a user causes it."""
    return compiled(json.dumps(content(document)))[0]


def compiled(data: str) -> tuple[bytes, list[str]]:
    """The file and the warnings of Typst."""
    import typst  # here, so that other commands need not load it

    fault: typst.TypstError | None = None
    # Text without a font breaks PDF/UA; a plain PDF is better than none.
    for standards in (ACCESSIBLE, []):
        try:
            made, warnings = typst.compile_with_warnings(
                PAGE.read_bytes(),
                font_paths=fonts(),
                ignore_system_fonts=True,
                sys_inputs={"content": data},
                pdf_standards=standards,
            )
        except typst.TypstError as error:
            fault = error
            continue
        assert isinstance(made, bytes)
        return made, [warning.message for warning in warnings]
    assert fault is not None
    message = " ".join([fault.message, *fault.hints])
    raise RuntimeError(f"Typst cannot set the report: {message}") from fault


@cache
def fonts() -> "typst.Fonts":
    """Those that matplotlib brings: the text in its figures is of them, on every machine."""
    import typst

    found = find_spec("matplotlib")  # finds it without importing it
    if found is None or found.origin is None:
        raise RuntimeError("the fonts of the report come with matplotlib, which is not installed")
    folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    return typst.Fonts(False, False, [str(folder)])
