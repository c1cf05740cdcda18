#!/usr/bin/env bash
#
# Prints the path of the nvcc that the CUDA library is built with; installs CUDA 13.0's compiler under target
# first where none is installed: some 100 MB, 300 MB unpacked. SPARKLLAMA_NVCC names one.

set -euo pipefail

version=13.0
root="$(cd "$(dirname "$0")/.." && pwd)"
venv="$root/target/cuda-toolkit"

fail() {
  printf 'cuda_toolkit.sh: %s\n' "$1" >&2
  exit 1
}

nvcc="${SPARKLLAMA_NVCC:-$(command -v nvcc || true)}"
[ -n "$nvcc" ] || [ ! -x /usr/local/cuda/bin/nvcc ] || nvcc=/usr/local/cuda/bin/nvcc
if [ -z "$nvcc" ]; then
  if [ ! -e "$venv/installed" ]; then
    python3 -m venv "$venv" >&2 || fail "Python cannot make an environment; install Python 3 with venv (Debian, Ubuntu: python3-venv)."
    packages=()
    for part in nvcc crt runtime cccl; do packages+=("nvidia-cuda-$part==$version.*"); done
    "$venv/bin/python" -m pip install -q "${packages[@]}" "nvidia-nvvm==$version.*" >&2 ||
      fail "CUDA's compiler could not be installed; pip's messages above say why."
    touch "$venv/installed"
  fi
  nvcc="$("$venv/bin/python" -c 'import pathlib, sysconfig; print(pathlib.Path(sysconfig.get_path("purelib")) / "nvidia/cu13/bin/nvcc")')"
fi
"$nvcc" --version >/dev/null || fail "This is no nvcc; correct SPARKLLAMA_NVCC, or have one installed by unsetting it: $nvcc"
printf '%s\n' "$nvcc"
