"""The PyTorch contestant of kernels.mjs: `python3 kernelsTorch.py <threads>`. Same networks, same protocol."""
import json
import sys
import time

import torch
from torch import nn

torch.set_num_threads(int(sys.argv[1]))


def dense():
    sizes = [784, 128, 32, 128, 784]
    layers = []
    for i, activation in enumerate([nn.ReLU, nn.ReLU, nn.ReLU, nn.Sigmoid]):
        layers += [nn.Linear(sizes[i], sizes[i + 1]), activation()]
    return nn.Sequential(*layers), torch.rand(128, 784)


def conv():
    network = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(),
        nn.ConvTranspose2d(32, 16, 3, 2, 1, 1), nn.ReLU(), nn.ConvTranspose2d(16, 1, 3, 2, 1, 1), nn.Sigmoid(),
    )
    return network, torch.rand(64, 1, 28, 28)


def prepare(task):
    network, x = {"dense": dense, "conv": conv}[task]()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    loss = nn.MSELoss()

    def step():
        optimizer.zero_grad()
        loss(network(x), x).backward()
        optimizer.step()

    return step


running = {}
for line in sys.stdin:
    task, steps = line.split()
    if task not in running:
        running[task] = prepare(task)
    milliseconds = []
    for _ in range(int(steps)):
        before = time.perf_counter()
        running[task]()
        milliseconds.append(1000 * (time.perf_counter() - before))
    print(json.dumps({"description": f"torch {torch.__version__}", "milliseconds": milliseconds}), flush=True)
