"""The PyTorch contestant of train.mjs: `python3 trainTorch.py <threads> <digits> <pictures>`. Same networks, same data, same protocol.
The digits are held as floats, which spares PyTorch the scaling that ours does for every batch."""
import functools
import json
import sys
import time

import numpy as np
import torch
from torch import nn

torch.set_num_threads(int(sys.argv[1]))
digits = torch.from_numpy(np.fromfile(sys.argv[2], np.uint8)[16:].reshape(-1, 784).astype(np.float32) / 255)


def dense():
    sizes = [784, 128, 32, 128, 784]
    layers = []
    for i, activation in enumerate([nn.ReLU, nn.Identity, nn.ReLU, nn.Sigmoid]):
        layers += [nn.Linear(sizes[i], sizes[i + 1]), activation()]
    network = nn.Sequential(*layers)
    return network, 128, lambda x: nn.functional.mse_loss(network(x), x)


def convolutional(size, first, second):
    # Padding and output padding that give 14 × 14 and 7 × 7 pixels, as "same" does.
    extra = 1 if size == 3 else 0
    network = nn.Sequential(
        nn.Conv2d(1, first, size, 2, 1), nn.ReLU(), nn.Conv2d(first, second, size, 2, 1), nn.ReLU(),
        nn.ConvTranspose2d(second, first, size, 2, 1, extra), nn.ReLU(), nn.ConvTranspose2d(first, 1, size, 2, 1, extra), nn.Sigmoid(),
    )

    def loss(rows):
        x = rows.view(-1, 1, 28, 28)
        return nn.functional.mse_loss(network(x), x)

    return network, 64, loss


def vae():
    network = nn.ModuleDict({
        "encoder": nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 64)),
        "decoder": nn.Sequential(nn.Linear(32, 512), nn.ReLU(), nn.Linear(512, 784)),
    })

    def loss(x):
        mean, log_variance = network["encoder"](x).chunk(2, 1)
        z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        reconstruction = nn.functional.binary_cross_entropy_with_logits(network["decoder"](z), x, reduction="sum") / len(x)
        kl = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1).mean()
        return reconstruction + kl

    return network, 128, loss


builders = {"dense": dense, "vae": vae, "conv": lambda: convolutional(3, 16, 32), "big": lambda: convolutional(4, 64, 128)}


def prepare(task):
    network, batch, loss = builders[task]()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)

    def run(steps):
        stamps = []
        order = torch.randperm(steps * batch)
        for step in range(steps):
            stamps.append(time.perf_counter())
            x = digits[order[step * batch:(step + 1) * batch]]
            optimizer.zero_grad()
            loss(x).backward()
            optimizer.step()
        return [1000 * (b - a) for a, b in zip(stamps, stamps[1:])]

    return run


def pca(rows, solver, times):
    # On as many threads as PyTorch: the pool is OpenBLAS's, whose threads the environment sets.
    from sklearn.decomposition import PCA

    milliseconds = []
    for _ in range(times):
        before = time.perf_counter()
        PCA(50, svd_solver=solver, random_state=0).fit(rows)
        milliseconds.append(1000 * (time.perf_counter() - before))
    return milliseconds


@functools.cache
def pictures():
    return np.load(sys.argv[3]).reshape(-1, 64 * 64 * 3).astype(np.float32) / 255


def encode(times):
    network = nn.Sequential(nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(1568, 16))
    milliseconds = []
    # The batch with which it is fastest: with some others, 512 among them, it was seen to take fifteen times as long.
    with torch.inference_mode():
        for _ in range(times):
            before = time.perf_counter()
            for start in range(0, len(digits), 128):
                network(digits[start:start + 128].view(-1, 1, 28, 28)).numpy()
            milliseconds.append(1000 * (time.perf_counter() - before))
    return milliseconds


def decode(times):
    network = nn.Sequential(nn.Linear(32, 256), nn.ReLU(), nn.Linear(256, 512), nn.ReLU(), nn.Linear(512, 784), nn.Sigmoid())
    milliseconds = []
    with torch.no_grad():
        for i in range(times):
            before = time.perf_counter()
            network(torch.sin(torch.arange(32) + i)[None]).numpy()
            milliseconds.append(1000 * (time.perf_counter() - before))
            time.sleep(0.005)
    return milliseconds


others = {
    "pca": lambda times: pca(digits.numpy(), "full", times),
    "pcaRandomized": lambda times: pca(digits.numpy(), "randomized", times),
    "pcaWide": lambda times: pca(pictures(), "randomized", times),
    "pcaWideExact": lambda times: pca(pictures(), "full", times),
    "encode": encode,
    "decode": decode,
}
running = {}
for line in sys.stdin:
    task, steps = line.split()
    if task in others:
        print(json.dumps({"description": f"torch {torch.__version__}", "milliseconds": others[task](int(steps))}), flush=True)
        continue
    if task not in running:
        running[task] = prepare(task)
    print(json.dumps({"description": f"torch {torch.__version__}", "milliseconds": running[task](int(steps))}), flush=True)
