"""Published files of annotations and folders of videos -> benchmarks. No torch.

`read_benchmark` reads one; `forms.FORMS` is the table of formats. Never writes or downloads.
"""

from vbench_mem.data.annotations.build import without
from vbench_mem.data.annotations.read import read_annotations, read_benchmark

__all__ = ["read_annotations", "read_benchmark", "without"]
