"""Device, driver, clocks, versions and revision, and the fingerprint that keeps unlike runs apart.

Never imports torch: what torch knows of the device is added by the child that holds it.
"""

from pydantic import BaseModel

from vbench_mem.strict import STRICT


class Environment(BaseModel):
    """Everything about the machine and the software that could move a number."""

    model_config = STRICT

    fingerprint: str
    device: str
    facts: dict[str, str | int | float | bool | None] = {}
    packages: dict[str, str] = {}
