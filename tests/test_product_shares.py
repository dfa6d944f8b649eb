"""How threads share a product, in C on teams of any size: the bits do not depend on it, and nothing is left out."""

import shutil
from pathlib import Path

import pytest

from tests.test_thread_stress import COMPILER, KERNELS, built, said_by

DRIVER = Path(__file__).with_name("product_shares.c")
SHARE_END = "FNN_NAME(share_begin)(job, share + 1)"

pytestmark = [
    pytest.mark.skipif(COMPILER is None, reason="no C compiler is installed"),
    pytest.mark.skipif(not (KERNELS / "product.c").exists(), reason="the kernels' source is not installed"),
]


@pytest.mark.parametrize("products", [100, pytest.param(500, marks=pytest.mark.full)])
def test_teams_of_any_size_get_the_same_bits(tmp_path, products):
    program = built(tmp_path, driver=DRIVER, source=[KERNELS / "product.c", KERNELS / "gemm.c"])
    assert said_by(program, products) == "0 wrong\nexit 0"


@pytest.mark.full
def test_the_driver_notices_a_row_that_is_lost(tmp_path):
    for file in [*KERNELS.glob("*.h"), KERNELS / "product.c"]:
        shutil.copy(file, tmp_path)
    source = tmp_path / "product.c"
    text = source.read_text(encoding="utf-8")
    assert SHARE_END in text
    source.write_text(text.replace(SHARE_END, f"{SHARE_END} - (share > 0)"), encoding="utf-8")
    said = said_by(built(tmp_path, driver=DRIVER, source=[source, KERNELS / "gemm.c"]), 20)
    assert "wrong: " in said
    assert said.endswith("exit 1")
