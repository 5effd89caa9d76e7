"""Metric MDS by scikit-learn, for ../mds.mjs.

    peer.py rows SEED COUNT         prints the rows of A3 (a permutation of MNIST's 60,000) and a random start
    peer.py fit DIGITS REQUEST      prints seconds, steps and stress-1 of sklearn.manifold.MDS as JSON
"""
import json
import sys
import time

import numpy as np


def rows(seed, count):
    start = np.random.default_rng(seed).standard_normal((count, 2))
    return {"rows": np.random.default_rng(0).permutation(60000)[:count].tolist(), "start": start.ravel().tolist()}


def fit(digits, request):
    from sklearn.manifold import MDS
    from sklearn.metrics import euclidean_distances

    with open(request) as file:
        asked = json.load(file)
    pixels = np.fromfile(digits, dtype=np.uint8, offset=16).reshape(-1, 784)
    x = pixels[asked["rows"]].astype(np.float64) / 255
    start = np.reshape(asked["start"], (-1, 2))
    begin = time.perf_counter()
    model = MDS(n_components=2, metric=True, n_init=1, max_iter=asked["iterations"], eps=0, normalized_stress=False)
    model.fit(x, init=start)
    seconds = time.perf_counter() - begin
    # scikit-learn gives the raw stress of the map before its last step; we judge the map that it returns.
    wanted, found = euclidean_distances(x), euclidean_distances(model.embedding_)
    stress = np.sqrt(((found - wanted) ** 2).sum() / (wanted**2).sum())
    return {"seconds": seconds, "steps": int(model.n_iter_), "stress": float(stress)}


command, *arguments = sys.argv[1:]
print(json.dumps(rows(int(arguments[0]), int(arguments[1])) if command == "rows" else fit(*arguments)))
