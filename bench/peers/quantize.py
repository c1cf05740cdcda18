"""Quantizes a model by llama.cpp and prints the seconds that it took.

    python quantize.py SOURCE TARGET FILE_TYPE THREADS

FILE_TYPE is llama.cpp's number, such as 2 for Q4_0, 15 for Q4_K_M and 18 for Q6_K.
"""

import ctypes
import sys
import time

import llama_cpp


def main():
    source, target, file_type, threads = sys.argv[1:]
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = int(file_type)
    params.nthread = int(threads)
    begin = time.monotonic()
    code = llama_cpp.llama_model_quantize(source.encode(), target.encode(), ctypes.byref(params))
    seconds = time.monotonic() - begin
    if code != 0:
        sys.exit(f"llama.cpp could not quantize the model: {source}")
    print(f"{seconds:.3f}")


if __name__ == "__main__":
    main()
