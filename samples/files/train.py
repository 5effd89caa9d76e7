"""Train a convolutional autoencoder on the digits, save the vectors it finds, and check them with a linear classifier.

Run it with PyTorch:      python train.py --epochs 3
Then, in the Explorer:    right-click mnist-vectors.npy, Embed Dataset...
"""
import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent
IMAGES = HERE / "mnist" / "train-images-idx3-ubyte"
LABELS = HERE / "mnist" / "train-labels-idx1-ubyte"
SHAPES = HERE / "shapes.npz"  # --shapes trains on these instead
VECTORS = HERE / "mnist-vectors.npy"
VECTOR_LABELS = HERE / "mnist-vectors_labels.npy"


def read_idx(path):
    """IDX: two zero bytes, a type, the number of dimensions, then each dimension as a big-endian integer."""
    data = path.read_bytes()
    if data[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path.name} does not hold unsigned bytes in IDX format")
    shape = np.frombuffer(data, ">i4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


class Autoencoder(nn.Module):
    def __init__(self, size, latent_dim):
        super().__init__()
        side = size // 4
        self.encode = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * side * side, latent_dim),
        )
        self.decode = nn.Sequential(
            nn.Linear(latent_dim, 32 * side * side), nn.ReLU(), nn.Unflatten(1, (32, side, side)),
            nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1), nn.ReLU(),
            nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1), nn.Sigmoid(),
        )

    def forward(self, x):
        z = self.encode(x)
        return self.decode(z), z


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--latent-dim", type=int, default=16)
    parser.add_argument("--count", type=int, default=60_000, help="train on the first images only")
    parser.add_argument("--shapes", action="store_true", help="train on shapes.npz instead of the digits")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if options.shapes:
        arrays = np.load(SHAPES)
        images, labels = arrays["images"], arrays["labels"]
    else:
        images, labels = read_idx(IMAGES), read_idx(LABELS)
    images, labels = images[: options.count], labels[: options.count]
    x = torch.tensor(images, dtype=torch.float32, device=device).div(255).unsqueeze(1)

    model = Autoencoder(images.shape[1], options.latent_dim).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(options.epochs):
        total = 0.0
        for batch in torch.randperm(len(x), device=device).split(128):
            reconstruction, _ = model(x[batch])
            loss = nn.functional.mse_loss(reconstruction, x[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        print(f"epoch {epoch + 1}: loss {total / len(x):.5f}")

    with torch.no_grad():
        z = torch.cat([model.encode(batch) for batch in x.split(1024)]).cpu().numpy()
    np.save(VECTORS, z)
    np.save(VECTOR_LABELS, labels.astype(np.int64))
    print(f"wrote {VECTORS.name}: {z.shape[0]} vectors of {z.shape[1]} dimensions")
    print(f"a linear classifier on them is right in {linear_accuracy(z, labels):.1%} of the rows it has not seen")


def linear_accuracy(z, labels):
    """Least squares onto one column a class, fitted on the even rows and tried on the odd ones."""
    inputs = np.hstack([z, np.ones((len(z), 1), z.dtype)])
    targets = np.eye(int(labels.max()) + 1)[labels]
    weights, *_ = np.linalg.lstsq(inputs[::2], targets[::2], rcond=None)
    return float(((inputs[1::2] @ weights).argmax(1) == labels[1::2]).mean())


if __name__ == "__main__":
    main()
