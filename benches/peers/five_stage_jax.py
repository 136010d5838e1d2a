"""experiments/five-stage.toml in JAX, compiled: attempts per second on all cores that XLA uses."""

import sys
import time

import jax
import jax.numpy as jnp

HAZARD = [0.05, 0.08, 0.10, 0.08, 0.05]
SIGMA = jnp.sqrt(jnp.log(1.25))
MU = jnp.log(60.0) - 0.5 * jnp.log(1.25)
BLOCK = 1 << 20


@jax.jit
def block(key):
    uniform, normal = jax.random.split(key)
    u = jax.random.uniform(uniform, (10, BLOCK))
    tokens = jnp.exp(MU + SIGMA * jax.random.normal(normal, (5, BLOCK)))
    wrong = jnp.zeros(BLOCK, dtype=bool)
    alive = jnp.ones(BLOCK, dtype=bool)
    paid = []
    for k in range(5):
        wrong |= u[k] < HAZARD[k]
        paid.append(jnp.where(alive, tokens[k], 0))
        if k < 4:
            alive &= ~(u[5 + k] < jnp.where(wrong, 0.1587, 0.0062))
    accepted = u[9] < jnp.where(wrong, 0.3085, 0.8413)
    flags = jnp.stack([accepted, alive, accepted & alive, wrong]).astype(jnp.float32)
    rows = jnp.concatenate([tokens, jnp.stack(paid), flags])
    return rows.sum(axis=1), rows @ rows.T


def main():
    attempts = int(float(sys.argv[1])) if len(sys.argv) > 1 else 20_000_000
    jax.block_until_ready(block(jax.random.key(0)))
    blocks = max(attempts // BLOCK, 1)
    start = time.perf_counter()
    total = 0
    for n in range(blocks):
        sums, _ = block(jax.random.key(n))
        total = total + sums
    total = jax.block_until_ready(total)
    seconds = time.perf_counter() - start
    savings = float(1 - total[5:10].sum() / total[:5].sum())
    print(f"jax {jax.__version__}: {blocks * BLOCK / seconds / 1e6:.1f} M/s (savings {savings:.4f})")


main()
