"""The pydantic configuration for files: unknown keys and converted types are refused."""

from pydantic import ConfigDict

STRICT = ConfigDict(extra="forbid", strict=True)
