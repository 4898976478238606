"""Seeds of a training's random streams, independent of each other. No torch."""

import hashlib
import json


def seed_of(*words: int | str) -> int:
    """A seed of 63 bits for the stream named by these words; the same on every machine."""
    text = json.dumps(words)  # quoted, so that words stay separate
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1
