"""A file of annotations and a folder of videos -> a `Benchmark`. No torch.

Missing and broken videos are counted in the protocol and listed in `dropped`. Decodes only the
first frames of a video.
"""

from collections.abc import Mapping
from pathlib import Path

from vbench_mem.base.errors import UsageError
from vbench_mem.data.annotations.build import BROKEN, MISSING, build
from vbench_mem.data.annotations.collected import AnnotationItem, Annotations
from vbench_mem.data.annotations.forms import FORMS, find_form
from vbench_mem.data.annotations.videos import Videos
from vbench_mem.data.benchmark import Benchmark, Clip, Dropped

FEW = 3


def read_annotations(form: str | None, file: Path, split: str | None = None) -> Annotations:
    """The file's contents, in the named format or a detected one; videos are not looked up.

    Raises `UsageError` for an unknown format, a file in another one, and every error in it.
    """
    return FORMS[find_form(form, file)](file, split)


def read_benchmark(
    form: str | None,
    file: Path,
    videos: Path | None,
    *,
    split: str | None = None,
    allow_missing: bool = False,
) -> Benchmark:
    """The clips whose videos exist and can be opened, with their captions.

    form           a name of the table `FORMS`; None: detected, where the file is unambiguous
    videos         the folder of the videos; None only for formats with paths relative to `file`
    split          as the format names it: `val`, `test`, or a list of ids beside the file
    allow_missing  go on without missing videos

    Raises `UsageError` for errors in the file, for missing videos, and where no clip is left.
    Broken videos are always left out and listed.
    """
    found = read_annotations(form, file, split)
    return find_videos(found, file, videos, allow_missing=allow_missing)


def find_videos(
    found: Annotations, file: Path, videos: Path | None, *, allow_missing: bool
) -> Benchmark:
    """The annotations of `file` with their videos; arguments and errors are `read_benchmark`'s."""
    if videos is None and not found.paths:
        raise UsageError(f"{file}: names videos by id; name their folder: videos")
    folder = videos or file.parent
    clips, missing = locate(found, folder, search=videos is not None)
    if missing and not (allow_missing and clips):
        names = list(dict.fromkeys(item.video for item in missing))
        every = len({item.video for item in found.items})
        few = ", ".join(names[:FEW]) + (", ..." if len(names) > FEW else "")
        on = ", or allow_missing goes on without them (`vbench-mem data --json` then lists them)"
        raise UsageError(
            f"{file}: {len(names)} of {every} videos are not in {folder}: {few}; put them there"
            f"{'' if allow_missing else on}"
        )
    broken = find_broken(clips)
    left_out = [
        Dropped(id=item.id, reason=f"{MISSING}: no file for {item.video}") for item in missing
    ]
    left_out += [Dropped(id=id, reason=f"{BROKEN}: {why}") for id, why in broken.items()]
    whole = {id: clip for id, clip in clips.items() if id not in broken}
    return build(found, whole, left_out)


def locate(
    found: Annotations, folder: Path, *, search: bool
) -> tuple[dict[str, Clip], list[AnnotationItem]]:
    """The clips by id, and the items whose files are missing. A path is used as it is; a name is
    searched in the folder and below."""
    videos = Videos(folder) if search else None
    clips: dict[str, Clip] = {}
    missing = []
    for item in found.items:
        path: Path | None = None
        if found.paths and (folder / item.video).is_file():
            path = folder / item.video
        elif videos is not None and "/" not in item.video:
            path = videos.find(item.video)
            if path is None and item.also is not None:
                path = videos.find(item.also)
        if path is None:
            missing.append(item)
        else:
            clips[item.id] = Clip(id=item.id, path=path, start_s=item.start_s, end_s=item.end_s)
    return clips, missing


def find_broken(clips: Mapping[str, Clip]) -> dict[str, str]:
    """Ids and reasons of clips whose files cannot be opened, or end before the clip begins."""
    from vbench_mem.data.probe import probe_all  # FFmpeg only where videos are opened

    probed = probe_all(clip.path for clip in clips.values())
    broken = {}
    for id, clip in clips.items():
        found, start_s = probed[clip.path], clip.start_s or 0
        if found.reason is not None:
            broken[id] = found.reason
        elif found.length_s is not None and start_s >= found.length_s > 0:
            broken[id] = f"lasts {found.length_s:g} s, and the clip begins at {start_s:g} s"
    return broken
