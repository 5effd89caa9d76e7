"""The peers of bench/quality.mjs: PCA by scikit-learn, autoencoders by PyTorch with the layers, steps and rates of ours."""
import json
import sys
import time

import numpy as np

FOLDER, WANTED = sys.argv[1], sys.argv[2:]


def images(name):
    return np.frombuffer(open(f"{FOLDER}/{name}-images-idx3-ubyte", "rb").read(), np.uint8, offset=16).reshape(-1, 784).astype(np.float32) / 255


TRAIN, TEST = images("train"), images("t10k")


def report(name, seconds, **numbers):
    print(json.dumps({"name": name, "seconds": seconds, **numbers}), flush=True)


def pca():
    from sklearn.decomposition import PCA

    began = time.perf_counter()
    fitted = PCA(64, svd_solver="full").fit(TRAIN)
    seconds = time.perf_counter() - began
    z = fitted.transform(TEST)
    sizes = [2, 3, 10, 20, 32, 50, 64]
    errors = {k: float(np.mean((TEST - (z[:, :k] @ fitted.components_[:k] + fitted.mean_)) ** 2)) for k in sizes}
    report("pca", seconds, errors=errors, explained={k: float(fitted.explained_variance_ratio_[:k].sum()) for k in sizes})


def train(name, encoder, decoder, rate, epochs=20, batch_size=128, held_out=0.1):
    import torch
    from torch import nn

    torch.manual_seed(1)
    encoder, decoder = encoder(nn), decoder(nn)
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=rate)
    order = torch.randperm(len(TRAIN))
    x = torch.tensor(TRAIN)[order[int(held_out * len(TRAIN)):]]
    steps = epochs * -(-len(x) // batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    began = time.perf_counter()
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(batch_size):
            loss = nn.functional.mse_loss(decoder(encoder(x[batch])), x[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    seconds = time.perf_counter() - began
    with torch.no_grad():
        test = torch.tensor(TEST)
        error = float(np.mean([nn.functional.mse_loss(decoder(encoder(part)), part).item() for part in test.split(1000)]))
    return seconds, error


def dense(k):
    encoder = lambda nn: nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, k))
    decoder = lambda nn: nn.Sequential(nn.Linear(k, 256), nn.ReLU(), nn.Linear(256, 512), nn.ReLU(), nn.Linear(512, 784), nn.Sigmoid())
    seconds, error = train(f"dense-{k}", encoder, decoder, 0.002)
    report(f"dense-{k}", seconds, errors={k: error})


def linear():
    seconds, error = train("linear", lambda nn: nn.Linear(784, 32), lambda nn: nn.Linear(32, 784), 0.003, held_out=0)
    report("linear", seconds, errors={32: error})


def conv():
    encoder = lambda nn: nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)), nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 49, 32))
    decoder = lambda nn: nn.Sequential(
        nn.Linear(32, 32 * 49), nn.ReLU(), nn.Unflatten(1, (32, 7, 7)), nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 3, stride=2, padding=1, output_padding=1), nn.Sigmoid(), nn.Flatten())
    seconds, error = train("conv-32", encoder, decoder, 0.002)
    report("conv-32", seconds, errors={32: error})


for task in WANTED:
    {"pca": pca, "linear": linear, "dense-32": lambda: dense(32), "dense-2": lambda: dense(2), "conv-32": conv}[task]()
