"""The pydantic configuration of everything that is read from a file: no unknown key, no guess."""

from pydantic import ConfigDict

STRICT = ConfigDict(extra="forbid", strict=True)
