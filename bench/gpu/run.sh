#!/bin/bash
# Runs the GPU tests and benches of this pack on the machine it lies on, which needs an x86-64 Linux, a GPU's driver, python3,
# and PyTorch for the comparison. No Node, no network.
#
#   bash run.sh [--out DIR] [--quick] [--software] [--only conformance,tsne,dense,...] ...     `--help` tells all
set -euo pipefail
pack=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v python3 >/dev/null || { echo "run.sh: python3 is missing; it unpacks this pack, and PyTorch runs in it" >&2; exit 1; }
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
python3 - "$pack/parts" "$unpacked" <<'PYTHON'
import pathlib, sys, tarfile
for part in sorted(pathlib.Path(sys.argv[1]).glob("*.tar.xz")):
    with tarfile.open(part) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # what newer versions do by themselves
        archive.extractall(sys.argv[2])
PYTHON
"$unpacked/bin/node" "$unpacked/bench/gpu/run.mjs" "$@"
