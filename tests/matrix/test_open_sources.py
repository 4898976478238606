"""Sources whose files change between the reading of a matrix and a training."""

from pathlib import Path

import pytest

from tests.accuracy.training.made import written_benchmark
from vbench_mem.base.errors import UsageError
from vbench_mem.matrix.open_sources import open_source, resolve_source
from vbench_mem.matrix.training import Source


def test_files_that_changed_since_the_matrix_was_read_are_refused(tmp_path: Path) -> None:
    made = written_benchmark(tmp_path, 3)
    rows = ["path,caption", *(f"{clip.path.name},clip {clip.id}" for clip in made.clips)]
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    source = resolve_source(Source(name="csv", file="mine.csv"), tmp_path)
    assert open_source(source).sha256 == source.sha256
    file.write_text("\n".join(rows).replace("clip 1", "another") + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"mine\.csv: captions or videos have changed since"):
        open_source(source)
