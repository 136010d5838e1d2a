"""experiments/five-stage.toml in NumPy, written for speed: attempts per second on one core.

Whole columns at a time in blocks that stay in cache, single-precision draws, one generator.
Estimates: rejection, false rejection and savings with the sums that their errors need.
"""

import sys
import time

import numpy as np

HAZARD = np.array([0.05, 0.08, 0.10, 0.08, 0.05], dtype=np.float32)
ALARM = np.array([0.0062, 0.1587], dtype=np.float32)
ACCEPT = np.array([0.8413, 0.3085], dtype=np.float32)
SIGMA = np.float32(np.sqrt(np.log(1.25)))
MU = np.float32(np.log(60.0) - 0.5 * np.log(1.25))
BLOCK = 1 << 14


def block(rng, sums, products):
    wrong = np.zeros(BLOCK, dtype=bool)
    alive = np.ones(BLOCK, dtype=bool)
    columns = np.empty((10, BLOCK), dtype=np.float32)
    for k in range(5):
        wrong |= rng.random(BLOCK, dtype=np.float32) < HAZARD[k]
        z = rng.standard_normal(BLOCK, dtype=np.float32)
        np.exp(MU + SIGMA * z, out=columns[k])
        columns[5 + k] = np.where(alive, columns[k], 0)
        if k < 4:
            alive &= ~(rng.random(BLOCK, dtype=np.float32) < ALARM[wrong.view(np.uint8)])
    accepted = rng.random(BLOCK, dtype=np.float32) < ACCEPT[wrong.view(np.uint8)]
    flags = np.stack([accepted, alive, accepted & alive, wrong]).astype(np.float32)
    rows = np.concatenate([columns, flags])
    sums += rows.sum(axis=1)
    products += rows @ rows.T


def main():
    attempts = int(float(sys.argv[1])) if len(sys.argv) > 1 else 20_000_000
    rng = np.random.Generator(np.random.SFC64(42))
    sums, products = np.zeros(14), np.zeros((14, 14))
    block(rng, sums.copy(), products.copy())
    start = time.perf_counter()
    blocks = attempts // BLOCK
    for _ in range(blocks):
        block(rng, sums, products)
    seconds = time.perf_counter() - start
    savings = 1 - sums[5:10].sum() / sums[:5].sum()
    print(f"numpy {np.__version__}: {blocks * BLOCK / seconds / 1e6:.1f} M/s (savings {savings:.4f})")


main()
