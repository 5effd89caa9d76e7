#!/usr/bin/env python3
"""Read a Latent Lens checkpoint with NumPy: what was fitted, the tensors, and the model itself rebuilt and checked.

    pip install safetensors numpy
    python read_checkpoint.py latents/swiss-roll-pca-1.latent.safetensors

Without the package `safetensors` the file is read by hand, in a dozen lines. docs/checkpoint-format.md describes it all.
"""
import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np

# What Latent Lens writes; the format knows more.
DTYPES = {"F64": "<f8", "F32": "<f4", "I32": "<i4", "U8": "|u1"}


def read_by_hand(path):
    """The metadata and tensors of a safetensors file: 8 bytes of length, that many bytes of JSON, the tensors' bytes."""
    data = Path(path).read_bytes()
    try:
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
        metadata = header.pop("__metadata__", {})
        tensors = {}
        for name, entry in header.items():
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            tensors[name] = np.frombuffer(data[start:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
        return metadata, tensors
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is damaged or no safetensors file: {error}") from error


def read_by_package(path):
    """The same with the package `safetensors`, which can also read single tensors without the rest of the file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or no safetensors file: {error}") from error


def read(path, by_hand=False):
    """The record of the fit and the tensors; raises ValueError when it is not a checkpoint that this script knows."""
    if not by_hand:
        try:
            metadata, tensors = read_by_package(path)
        except ImportError:
            by_hand = True
    if by_hand:
        metadata, tensors = read_by_hand(path)
    if "latentLens" not in metadata:
        raise ValueError(f"{path} was not written by Latent Lens: its metadata has no latentLens")
    record = json.loads(metadata["latentLens"])
    if record["formatVersion"] != 1:
        raise ValueError(f"{path} has format version {record['formatVersion']}; this script reads version 1")
    return record, tensors


class Model:
    """The fitted model on NumPy alone. Rows go in and come out in data space, flattened to [n, d]."""

    def __init__(self, record, tensors):
        self.record = record
        self.kind = record["model"]
        self.weights = {name[6:]: value.astype(np.float64) for name, value in tensors.items() if name.startswith("model.")}
        self.shift = tensors["scaler.shift"].astype(np.float64)
        self.scale = tensors["scaler.scale"].astype(np.float64)
        if self.kind not in ("pca", "linearAutoencoder", "autoencoder", "vae"):
            why = "is a map, which has no function to rebuild" if "map" in record["capabilities"] else "is not made of dense layers alone: this script does not rebuild it"
            raise NotImplementedError(f"{record['modelTitle']} {why}")

    def encode(self, x):
        """Rows [n, d] to latents [n, k]; of a VAE the means."""
        x = (x - self.shift) / self.scale
        if self.kind == "pca":
            z = (x - self.weights["mean"]) @ self.weights["components"].T
            return z / self.weights["deviations"] if self.record["hyperparameters"]["whiten"] else z
        z = self._network("encoder", x)
        return z[:, : self.record["latent"]["dim"]] if self.kind == "vae" else z  # the other half are log variances

    def decode(self, z):
        """Latents [n, k] to rows [n, d]."""
        return self.decode_scaled(z) * self.scale + self.shift

    def decode_scaled(self, z):
        """Latents to rows in model space, where the errors are measured."""
        if self.kind == "pca":
            z = z * self.weights["deviations"] if self.record["hyperparameters"]["whiten"] else z
            return z @ self.weights["components"] + self.weights["mean"]
        x = self._network("decoder", z)
        return 1 / (1 + np.exp(-x)) if self._ends_in_sigmoid() else x

    def scores(self, x):
        """Mean squared error per value of each row, in model space: what the file keeps as `scores`."""
        scaled = (x - self.shift) / self.scale
        return np.mean((scaled - self.decode_scaled(self.encode(x))) ** 2, axis=1)

    def _network(self, name, x):
        # Dense layers are numbered from 0; between them stands a ReLU.
        layers = sorted({int(key.split(".")[1]) for key in self.weights if key.startswith(f"{name}.")})
        for layer in layers:
            x = x @ self.weights[f"{name}.{layer}.kernel"] + self.weights[f"{name}.{layer}.bias"]
            if layer != layers[-1]:
                x = np.maximum(x, 0)
        return x

    def _ends_in_sigmoid(self):
        # Where the scaler maps to [0, 1], which "auto" does for images, decoders end in a sigmoid; a VAE's for images only.
        is_image = self.record["schema"]["kind"] == "image"
        scaling = self.record["hyperparameters"]["scaling"]
        to_unit = scaling == "unit" or (scaling == "auto" and is_image)
        return to_unit and {"autoencoder": True, "vae": is_image}.get(self.kind, False)


def dataset_rows(record, checkpoint, given=None):
    """The rows [n, d] of a NumPy dataset, or None and the reason: other formats need a reader of their own."""
    reference = record["dataset"]
    places = [Path(given)] if given else [Path(checkpoint).parent / reference["relativePath"], Path(reference["source"]["path"])]
    place = next((place for place in places if place.exists()), None)
    if place is None:
        return None, f"{reference['name']} is neither at {' nor at '.join(str(place) for place in places)}"
    choices = reference["source"]["choices"]
    if reference["source"]["reader"] == "npy":
        rows = np.load(place, mmap_mode="r", allow_pickle=False)
    elif reference["source"]["reader"] == "npz":
        archive = np.load(place, allow_pickle=False)
        chosen = choices.get("array") or [name for name in archive.files if archive[name].ndim > 1]
        rows = archive[chosen[0]]
    else:
        return None, f"{reference['name']} is no NumPy file"
    shape = record["schema"]["shape"]
    if choices.get("layout") == ["channels-first"]:
        rows = np.moveaxis(rows, 1, -1)
    elif list(rows.shape[1:]) not in (shape, shape[:2]) and rows.ndim != 2:
        return None, f"{reference['name']} has rows of shape {rows.shape[1:]}, the checkpoint says {shape}"
    rows = np.asarray(rows, np.float64).reshape(len(rows), -1)
    if rows.shape != (record["schema"]["count"], math.prod(shape)):
        return None, f"{reference['name']} has changed: {rows.shape[0]} rows of {rows.shape[1]} values"
    return rows, None


def print_record(record):
    schema, latent = record["schema"], record["latent"]
    print(f"{record['modelTitle']} of {record['dataset']['name']}: {schema['count']} {schema['kind']} rows of shape {schema['shape']}")
    print(f"latents    {latent['dim']}, " + ", ".join(f"{block['name']} 1…{block['size']} ({block['kind']})" for block in latent["blocks"]))
    print(f"state      {record['state']}" + (f", {record['losses'][-1]['epoch'] if record['losses'] else 0} of {record['epochs']} epochs" if record["epochs"] else ""))
    print(f"made       {record['createdAt']} in {record['seconds']:.1f} s on {record['device']}, seed {record['seed']}")
    for title, values in (("settings", record["hyperparameters"]), ("metrics", record["metrics"])):
        for name, value in values.items():
            print(f"{title:10} {name} = {value:.6g}" if isinstance(value, float) else f"{title:10} {name} = {value}")
            title = ""
    if record["labels"]:
        print(f"labels     {record['labels']['name']}: {', '.join(record['labels']['classes'][:12]) or 'a number a row'}")


def compare(what, computed, stored):
    """Prints and returns whether two arrays agree as f32 and f64 arithmetic may be expected to."""
    off = float(np.max(np.abs(computed - stored), initial=0))
    size = float(np.max(np.abs(stored), initial=0))
    good = off <= 1e-4 * max(size, 1e-3)
    print(f"{'ok ' if good else 'NOT'}  {what}: largest difference {off:.1e}, largest value {size:.3g}")
    return good


def check(record, tensors, checkpoint, dataset):
    """Rebuilds the model and holds what it computes against what the file keeps; False when something disagrees."""
    try:
        model = Model(record, tensors)
    except NotImplementedError as reason:
        print(f"not checked: {reason}")
        return True
    if "latents" not in tensors:
        print("not checked: the latents are not in the file (the fit was stopped before all rows were encoded)")
        return True
    z = tensors["latents"].astype(np.float64)
    decoded = model.decode(z[:1])[0]
    print(f"row 0 decoded from its latents: {np.array2string(decoded[:8], precision=4)}{' …' if decoded.size > 8 else ''}")
    x, reason = dataset_rows(record, checkpoint, dataset)
    if x is None:
        print(f"latents not checked: {reason}")
        return True
    results = [compare("latents in the file against the rows encoded here", model.encode(x), z)]
    if "scores" in tensors:
        results.append(compare("scores in the file against the errors of these rows", model.scores(x), tensors["scores"]))
    if record["model"] == "pca":
        components = model.weights["components"]
        results.append(compare("components: orthonormal rows", components @ components.T, np.eye(len(components))))
        deviations = model.weights["deviations"] if record["hyperparameters"]["whiten"] else 1
        variances = tensors["explained_variance"][: len(components)]
        results.append(compare("explained variance in the file against the latents' own", np.var(z * deviations, axis=0), variances))
    return all(results)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--dataset", type=Path, help="the .npy or .npz file, where the checkpoint does not find it")
    parser.add_argument("--by-hand", action="store_true", help="do without the package safetensors")
    parser.add_argument("--save-decoded", type=Path, metavar="NPY", help="decode all latents and save the rows")
    options = parser.parse_args()
    try:
        show(options)
    except (OSError, ValueError, NotImplementedError) as error:
        sys.exit(str(error))


def show(options):
    record, tensors = read(options.checkpoint, options.by_hand)
    print_record(record)
    print()
    for name, tensor in tensors.items():
        print(f"{tensor.dtype!s:8} {tensor.shape!s:20} {name}")
    print()
    if options.save_decoded:
        if "latents" not in tensors:
            sys.exit("There are no latents to decode: the fit was stopped before all rows were encoded.")
        rows = Model(record, tensors).decode(tensors["latents"].astype(np.float64))
        np.save(options.save_decoded, rows.reshape(-1, *record["schema"]["shape"]).astype(np.float32))
        print(f"wrote {options.save_decoded}: {len(rows)} rows")
    if not check(record, tensors, options.checkpoint, options.dataset):
        sys.exit("The file and the model do not agree.")


if __name__ == "__main__":
    main()
