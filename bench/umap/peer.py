"""The peer of umap.mjs.

prepare MNIST N ROWS LABELS     5,000 training digits as pixels / 255, or all 70,000 as their first 50 principal components
fit ROWS DIM MAP THREADS        umap-learn with its defaults; its compilation is done before, on the first 4,500 rows: from 4,096 on it takes the same path
"""
import json
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")


def prepare(mnist, n, rows, labels):
    read = lambda kind, header: np.concatenate([np.fromfile(f"{mnist}/{name}-{kind}-ubyte", np.uint8)[header:] for name in ("train", "t10k")])
    x = read("images-idx3", 16).reshape(-1, 784).astype(np.float32) / 255
    y = read("labels-idx1", 8)
    if int(n) == 5000:
        chosen = np.random.default_rng(0).permutation(60_000)[:5000]
        x, y = x[chosen], y[chosen]
    else:
        centred = x - x.mean(0)
        x = centred @ np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :50]
    np.ascontiguousarray(x, np.float32).tofile(rows)
    y.astype(np.int32).tofile(labels)
    print(json.dumps(dict(dim=x.shape[1])))


def fit(rows, dim, out, threads):
    from umap import UMAP

    x = np.fromfile(rows, np.float32).reshape(-1, int(dim))
    UMAP(n_jobs=int(threads)).fit_transform(x[:4500])
    start, cpu = time.time(), time.process_time()
    coordinates = UMAP(n_jobs=int(threads)).fit_transform(x)
    print(json.dumps(dict(seconds=time.time() - start, cpu=time.process_time() - cpu)))
    coordinates.astype(np.float32).tofile(out)


globals()[sys.argv[1]](*sys.argv[2:])
