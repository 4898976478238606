"""The timeline against levels and categories worked out by hand."""

from vbench_mem.probes.timeline import CATEGORIES, TEMPORARY, Moment, Timeline, summed


def small() -> Timeline:
    """A weight of 100; in forward 10 are kept and 30 pass by; in backward a gradient of 100."""
    timeline = Timeline()
    timeline.begin("build")
    timeline.hold(1, 100)
    timeline.begin("forward", 1)
    timeline.hold(2, 10)
    timeline.hold(3, 30)
    timeline.release(3)
    timeline.begin("backward", 1)
    timeline.hold(4, 100)
    timeline.hold(5, 5)
    timeline.release(2)
    timeline.release(5)
    timeline.begin("between", 1)
    timeline.release(4)
    return timeline


def test_peaks_are_per_phase_and_start_with_what_was_there() -> None:
    timeline = small()
    build, forward, backward, between = timeline.spans()
    assert [timeline.peak(span).bytes for span in (build, forward, backward, between)] == [
        100,
        140,
        215,
        200,
    ]
    assert timeline.peak(forward, backward, between) == Moment(6, 215)
    assert timeline.levels()[-1] == 100


def test_blocks_that_outlive_a_forward_are_kept_for_backward() -> None:
    timeline = small()
    assert timeline.kept(timeline.spans()[1]) == {2}


def test_categories_sum_up_to_the_peak_and_are_assigned_later() -> None:
    timeline = small()
    moment = timeline.peak(*timeline.spans())
    tags = {"parameter": {1}, "gradient": {4}}
    category = timeline.categories(tags, timeline.spans())
    held = timeline.held_at(moment.events)
    found = summed((category.get(block, TEMPORARY), size) for block, size in held.items())
    assert found == dict.fromkeys(CATEGORIES, 0) | {
        "parameter": 100,
        "gradient": 100,
        "activation": 10,
        "temporary": 5,
    }
    assert sum(found.values()) == moment.bytes


def test_a_block_in_two_categories_counts_once() -> None:
    timeline = Timeline()
    timeline.begin("build")
    timeline.hold(1, 8)
    assert timeline.categories({"input": {1}, "parameter": {1}}, []) == {1: "parameter"}


def test_an_enlarged_block_was_larger_from_its_last_event_on() -> None:
    timeline = Timeline()
    timeline.hold(1, 100)
    timeline.hold(2, 10)
    timeline.enlarge(1, 5)
    timeline.release(1)
    assert timeline.levels() == [0, 105, 115, 10]


def test_a_resized_block_changes_the_level_and_an_unchanged_one_is_no_event() -> None:
    timeline = Timeline()
    timeline.begin("build")
    timeline.hold(1, 8)
    timeline.hold(1, 8)
    timeline.hold(1, 20)
    timeline.hold(1, 0)
    timeline.release(1)
    timeline.release(2)
    assert timeline.levels() == [0, 8, 20, 0]
    assert timeline.held_at(2) == {1: 20}
