#!/bin/sh
# Holds the arrows of the native code: jni, worker -> runner -> model, sampling, cache -> ops -> tensor -> base;
# quantization stands beside them on ops; cpu and cuda implement ops and never include model; <jni.h> stands only under jni/, CUDA's headers only under cuda/.
# Prints each include that points the wrong way and exits 1.
set -eu
root=$(cd "$(dirname "$0")/../engine/src/main/native" && pwd)
cd "$root"

allowed() {
  case $1 in
    base) echo "base" ;;
    tensor) echo "tensor base" ;;
    ops) echo "ops tensor base" ;;
    cpu | cuda) echo "$1 ops tensor base" ;;
    model | sampling | cache | quantization) echo "$1 ops tensor base" ;;
    runner) echo "runner model sampling cache cpu ops tensor base include" ;;
    jni) echo "jni runner quantization model sampling cache cpu ops tensor base include" ;;
    worker) echo "worker runner ops base" ;;
    include) echo "include" ;;
  esac
}

failed=0
for directory in base tensor ops cpu cuda model sampling cache quantization runner jni worker include; do
  [ -d "$directory" ] || continue
  may=$(allowed "$directory")
  for file in $(find "$directory" -name '*.h' -o -name '*.cc' -o -name '*.cu' | sort); do
    for target in $(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$file"); do
      top=${target%%/*}
      case " $may " in
        *" $top "*) ;;
        *)
          echo "$file includes \"$target\": $directory may include only: $may" >&2
          failed=1
          ;;
      esac
    done
    if [ "$directory" != jni ] && grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*<jni.*\.h>' "$file" >&2; then
      echo "$file includes <jni.h>, which belongs under jni/" >&2
      failed=1
    fi
    if [ "$directory" != cuda ] && grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*<(cuda|nv|mma)[^>]*>' "$file" >&2; then
      echo "$file includes a header of CUDA, which belongs under cuda/" >&2
      failed=1
    fi
  done
done
exit $failed
