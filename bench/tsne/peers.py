"""The peer of bench/tsne.mjs, scikit-learn's TSNE; also prepares the rows and judges both maps by the same trustworthiness."""
import json
import sys
import time

import numpy as np

COMPONENTS = 50


def images(folder, name):
    return np.frombuffer(open(f"{folder}/{name}-images-idx3-ubyte", "rb").read(), np.uint8, offset=16).reshape(-1, 28, 28)


def principal(pixels):
    """The first 50 principal components, in blocks: pixels [n, 28, 28] uint8."""
    rows = pixels.reshape(len(pixels), -1)
    mean = rows.mean(0, dtype=np.float64).astype(np.float32) / 255
    blocks = [slice(start, start + 10000) for start in range(0, len(rows), 10000)]
    covariance = sum(((x := rows[block].astype(np.float32) / 255 - mean).T @ x).astype(np.float64) for block in blocks)
    axes = np.linalg.eigh(covariance)[1][:, ::-1][:, :COMPONENTS].astype(np.float32)
    return np.concatenate([(rows[block].astype(np.float32) / 255 - mean) @ axes for block in blocks])


def prepare(folder, target, count):
    """5,000: training digits in numpy's order 0. 70,000: all digits, shuffled. More: with copies shifted by a pixel."""
    count = int(count)
    train = images(folder, "train")
    if count == 5000:
        pixels = train[np.random.default_rng(0).permutation(60000)[:5000]]
    else:
        pixels = np.concatenate([train, images(folder, "t10k")])
        copies = [pixels] + [np.roll(pixels, step, axis) for axis in (1, 2) for step in (1, -1)]
        pixels = np.concatenate(copies[: -(-count // 70000)])[:max(count, 70000)]
        pixels = pixels[np.random.default_rng(0).permutation(len(pixels))[:count]]
    principal(pixels).astype(np.float32).tofile(target)
    print("{}")


def load(path, columns):
    return np.fromfile(path, np.float32).reshape(-1, columns)


def fit(path, target, iterations, dimensions, verbose=0):
    from sklearn.manifold import TSNE

    x = load(path, COMPONENTS)
    began = time.perf_counter()
    model = TSNE(n_components=int(dimensions), perplexity=30, init="pca", learning_rate="auto", n_iter=int(iterations), random_state=0, n_jobs=-1, verbose=int(verbose))
    y = model.fit_transform(x)
    print(json.dumps({"seconds": time.perf_counter() - began, "kl": float(model.kl_divergence_)}))
    y.astype(np.float32).tofile(target)


def judge(path, target, dimensions, sample):
    from sklearn.manifold import trustworthiness

    x, y = load(path, COMPONENTS), load(target, int(dimensions))
    chosen = np.random.default_rng(1).permutation(len(x))[: int(sample)]
    print(json.dumps({"trustworthiness": float(trustworthiness(x[chosen], y[chosen], n_neighbors=12))}))


{"prepare": prepare, "fit": fit, "judge": judge}[sys.argv[1]](*sys.argv[2:])
