"""The peer of neighbors.mjs, and the judge of both. Rows are f32, graphs i32 without the rows themselves.

prepare MNIST DIM OUT               pixels / 255 of all 70,000 digits; their first 50 principal components where DIM is 50
fit ROWS N DIM K THREADS GRAPH      pynndescent; its compilation is done before, on the first 4,000 rows
judge ROWS N DIM K GRAPH            recall: share of the k nearest of 1,000 rows that the graph has
"""
import json
import sys
import time

import numpy as np


def prepare(mnist, dim, out):
    names = ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte")
    x = np.concatenate([np.fromfile(f"{mnist}/{name}", np.uint8)[16:].reshape(-1, 784) for name in names]).astype(np.float32) / 255
    if int(dim) < 784:
        centred = x - x.mean(0)
        x = centred @ np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, : int(dim)]
    np.ascontiguousarray(x, np.float32).tofile(out)


def rows_of(path, n, dim):
    return np.fromfile(path, np.float32, int(n) * int(dim)).reshape(int(n), int(dim))


def fit(path, n, dim, k, threads, graph):
    from pynndescent import NNDescent

    x = rows_of(path, n, dim)
    options = dict(n_neighbors=int(k) + 1, n_jobs=int(threads), random_state=1)  # it counts the row itself
    NNDescent(x[:4000], **options)
    start, cpu = time.time(), time.process_time()
    index = NNDescent(x, **options)
    found = index.neighbor_graph[0]
    print(json.dumps(dict(seconds=time.time() - start, cpu=time.process_time() - cpu)))
    own = np.arange(len(x))[:, None]
    others = np.argsort(found == own, 1, kind="stable")[:, : int(k)]
    np.take_along_axis(found, others, 1).astype(np.int32).tofile(graph)


def judge(path, n, dim, k, graph):
    x, k = rows_of(path, n, dim), int(k)
    sample = np.random.default_rng(0).choice(len(x), 1000, replace=False)
    found = np.fromfile(graph, np.int32).reshape(-1, k)[sample]
    squares = (x.astype(np.float64) ** 2).sum(1)
    hits = 0
    for rows, own in zip(np.array_split(sample, 10), np.array_split(found, 10)):
        distances = squares[None] - 2 * (x[rows] @ x.T)
        distances[np.arange(len(rows)), rows] = np.inf
        nearest = np.argpartition(distances, k, 1)[:, :k]
        hits += sum(len(np.intersect1d(a, b)) for a, b in zip(nearest, own))
    print(json.dumps(dict(recall=hits / (len(sample) * k))))


globals()[sys.argv[1]](*sys.argv[2:])
