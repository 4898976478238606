"""One small published model on the disk for all tests that only read it."""

from pathlib import Path

import pytest

from tests.weights import published


@pytest.fixture(scope="session")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vit")
    published.vit().save_pretrained(folder)
    return folder
