"""The CSV to the letter, and the table that people read."""

from pathlib import Path

from tests.analysis.fit.made import MIB, answers_of
from vbench_mem.analysis.fit.solve import Unpredictable
from vbench_mem.analysis.fit.table import COLUMNS, grid, markdown, reasons, row_of, write_csv
from vbench_mem.matrix.cell import Cell

ONE = "about: q\naxes: {encoder: joint_test, frames: 4, batch: 2, dtype: bfloat16}\n"
GOLDEN = """\
line,variant,resolution_px,mode,dtype,attention,optimizer,checkpoint,sought,at_frames,at_batch,\
largest,largest_bytes,beyond,beyond_bytes,limit_bytes,ending,predictions,reason
joint_test,joint_test,64,train,bfloat16,auto,foreach,false,frames,,2,\
20,524288000,22,566231040,534773760,edge,4,
joint_test,joint_test,64,train,bfloat16,auto,foreach,false,batch,4,,\
10,524288000,11,566231040,534773760,edge,3,
joint_test,joint_test,64,train,bfloat16,auto,foreach,true,frames,,2,\
82,534773760,84,545259520,534773760,edge,4,
joint_test,joint_test,64,train,bfloat16,auto,foreach,true,batch,4,,\
41,534773760,42,545259520,534773760,edge,3,
"""


def test_the_csv_is_as_it_was(tmp_path: Path) -> None:
    answers = answers_of(tmp_path, 510 * MIB, ONE)
    write_csv(map(row_of, answers), COLUMNS, tmp_path / "fit.csv")
    assert (tmp_path / "fit.csv").read_bytes().decode() == GOLDEN


def test_a_line_for_each_variant_and_a_column_for_each_question(tmp_path: Path) -> None:
    heads, lines = grid(answers_of(tmp_path, 500 * MIB))
    assert heads == [
        *("variant", "checkpoint", "most frames at batch 2"),
        *("largest batch at 4 frames", "largest batch at 8 frames"),
    ]
    assert lines[:4] == [
        ["joint_test", "no", "20", "10", "5"],
        ["joint_test", "yes", "80", "40", "20"],
        ["joint_test+mask75", "no", "40", "20", "10"],
        ["joint_test+mask75", "yes", "160", "80", "40"],
    ]


def test_nothing_fits_everything_fits_and_no_prediction_have_distinct_texts(tmp_path: Path) -> None:
    def size(cell: Cell) -> int:
        if cell.recipe.mask:
            raise Unpredictable("its kernels are not known")
        return 1 if cell.runtime.checkpoint else 2**50

    answers = answers_of(tmp_path, MIB, size=size)
    _, lines = grid(answers)
    assert [line[2:] for line in lines[:4]] == [
        ["none", "none", "none"],
        ["4,096 or more", "65,536 or more", "65,536 or more"],
        ["?", "?", "?"],
        ["?", "?", "?"],
    ]
    assert reasons(answers)[0] == "joint_test+mask75: its kernels are not known"
    assert len(reasons(answers)) == 4  # once for each line, not for each question


def test_markdown_keeps_its_columns_for_any_name() -> None:
    table = (["variant", "frames"], [["a|b", "8"]])
    assert markdown(table) == "| variant | frames |\n| --- | ---: |\n| a\\|b | 8 |\n"
