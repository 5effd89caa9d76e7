"""The PyTorch contestant of train.mjs and of the GPU bench: same networks, same data, same protocol as trainNode.mjs.

    python3 trainTorch.py --digits FILE [--pictures FILE] [--rows N] [--device cpu|cuda] [--threads N] [--compile]

The digits are held as floats on the device, which spares PyTorch the scaling, and on a GPU the copying, that ours does for
every batch. Everything else is PyTorch's default (on CUDA: convolutions may use TF32, matrix products do not)."""
import argparse
import functools
import json
import sys
import time

import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--digits", required=True)
parser.add_argument("--pictures")
parser.add_argument("--rows", type=int)
parser.add_argument("--device", default="cpu")
parser.add_argument("--threads", type=int)
parser.add_argument("--compile", action="store_true")
options = parser.parse_args()
if options.threads:
    torch.set_num_threads(options.threads)
device = torch.device(options.device)
is_gpu = device.type != "cpu"
digits = torch.from_numpy(np.fromfile(options.digits, np.uint8)[16:].reshape(-1, 784)[:options.rows].astype(np.float32) / 255).to(device)


def compiled(function):
    """`function` through torch.compile where that was asked for."""
    if not options.compile:
        return function
    if not hasattr(torch, "compile"):
        raise RuntimeError(f"torch {torch.__version__} has no torch.compile")
    return torch.compile(function)


def wait():
    """A GPU works behind the program: its time is known when it is done."""
    if is_gpu:
        torch.cuda.synchronize()


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


def dcgan():
    """A step of DCGAN (Radford et al. 2016) at the size of digits: the discriminator on real and made rows, then the generator."""
    generator = nn.Sequential(
        nn.Linear(100, 128 * 49, bias=False), nn.Unflatten(1, (128, 7, 7)), nn.BatchNorm2d(128), nn.ReLU(),
        nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.BatchNorm2d(64), nn.ReLU(), nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Sigmoid(),
    ).to(device)
    discriminator = nn.Sequential(
        nn.Conv2d(1, 64, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(64, 128, 4, 2, 1), nn.BatchNorm2d(128), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(128 * 49, 1),
    ).to(device)
    of_generator, of_discriminator = (torch.optim.Adam(network.parameters(), lr=0.0002, betas=(0.5, 0.999)) for network in (generator, discriminator))
    criterion = nn.BCEWithLogitsLoss()
    ones, zeros = torch.ones(64, 1, device=device), torch.zeros(64, 1, device=device)

    def run(count):
        stamps = []
        order = torch.randperm(len(digits), device=device)
        wait()
        for step in range(count):
            stamps.append(time.perf_counter())
            x = digits[order[step * 64:(step + 1) * 64]].view(-1, 1, 28, 28)
            made = generator(torch.randn(64, 100, device=device))
            of_discriminator.zero_grad()
            (criterion(discriminator(x), ones) + criterion(discriminator(made.detach()), zeros)).backward()
            of_discriminator.step()
            of_generator.zero_grad()
            criterion(discriminator(made), ones).backward()
            of_generator.step()
        wait()
        if is_gpu:
            return [1000 * (time.perf_counter() - stamps[0]) / count]
        return [1000 * (b - a) for a, b in zip(stamps, stamps[1:])]

    return run


builders = {"dense": dense, "vae": vae, "conv": lambda: convolutional(3, 16, 32), "big": lambda: convolutional(4, 64, 128)}


def prepare(task):
    network, batch, loss = builders[task]()
    network.to(device)
    loss = compiled(loss)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)

    def run(steps):
        stamps = []
        order = torch.randperm(steps * batch, device=device)
        wait()
        for step in range(steps):
            stamps.append(time.perf_counter())
            x = digits[order[step * batch:(step + 1) * batch]]
            optimizer.zero_grad()
            loss(x).backward()
            optimizer.step()
        wait()
        if is_gpu:  # steps are queued: only all of them together have a time
            return [1000 * (time.perf_counter() - stamps[0]) / steps]
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
    return np.load(options.pictures).reshape(-1, 64 * 64 * 3).astype(np.float32) / 255


def encode(times):
    network = nn.Sequential(nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(1568, 16)).to(device)
    network = compiled(network)
    # On a CPU the batch with which it is about fastest.
    batch = 4096 if is_gpu else 128
    pixels = (255 * digits).round().to(torch.uint8)  # as a file has them; scaled batch by batch, as ours are
    milliseconds = []
    with torch.inference_mode():
        for _ in range(times):
            wait()
            before = time.perf_counter()
            for start in range(0, len(pixels), batch):
                network((pixels[start:start + batch].float() / 255).view(-1, 1, 28, 28)).cpu().numpy()
            milliseconds.append(1000 * (time.perf_counter() - before))
    return milliseconds


def decode(times):
    network = nn.Sequential(nn.Linear(32, 256), nn.ReLU(), nn.Linear(256, 512), nn.ReLU(), nn.Linear(512, 784), nn.Sigmoid()).to(device)
    network = compiled(network)
    milliseconds = []
    with torch.no_grad():
        for i in range(times):
            before = time.perf_counter()
            network(torch.sin(torch.arange(32) + i)[None].to(device)).cpu().numpy()
            milliseconds.append(1000 * (time.perf_counter() - before))
            time.sleep(0.005)
    return milliseconds


others = {
    "pca": lambda times: pca(digits.cpu().numpy(), "full", times),
    "pcaRandomized": lambda times: pca(digits.cpu().numpy(), "randomized", times),
    "pcaWide": lambda times: pca(pictures(), "randomized", times),
    "pcaWideExact": lambda times: pca(pictures(), "full", times),
    "encode": encode,
    "decode": decode,
}
description = f"torch {torch.__version__}" + (f", {torch.cuda.get_device_name()}" if is_gpu else "")
running = {}
for line in sys.stdin:
    task, count = line.split()
    try:
        if task not in running:
            running[task] = others[task] if task in others else dcgan() if task == "dcgan" else prepare(task)
        answer = {"milliseconds": running[task](int(count))}
    except Exception as error:  # told in the table; the other tasks go on
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps({"description": description, **answer}), flush=True)
