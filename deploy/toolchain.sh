# Sourced by the scripts: works from an empty environment, and stands in the top folder of the checkout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export HOME="${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}"
export PATH="${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}:$HOME/.cargo/bin:/usr/sbin:/sbin"

if ! command -v cargo >/dev/null; then
    echo "cargo is missing: install Rust 1.95 or newer with rustup (https://rustup.rs), then run this again" >&2
    exit 1
fi
if ! command -v cc >/dev/null; then
    echo "a C compiler is missing: on Debian, 'apt-get install gcc libc6-dev', then run this again" >&2
    exit 1
fi
