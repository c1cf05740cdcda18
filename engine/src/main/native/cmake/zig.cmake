# Compiles for a release with Zig's clang, which brings its own libc++, linked statically, and stands in for a glibc as old
# as is asked for: docs/adr/0012-release-natives.md. scripts/release_natives.sh passes
#   -DSPARKLLAMA_ZIG=PATH             the program zig
#   -DSPARKLLAMA_PROCESSOR=PROCESSOR  x86_64 or aarch64
if(NOT SPARKLLAMA_ZIG OR NOT SPARKLLAMA_PROCESSOR)
  message(FATAL_ERROR "zig.cmake needs -DSPARKLLAMA_ZIG=PATH and -DSPARKLLAMA_PROCESSOR=x86_64 or aarch64")
endif()
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES SPARKLLAMA_ZIG SPARKLLAMA_PROCESSOR)

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${SPARKLLAMA_PROCESSOR})
# scripts/check_release_natives.sh holds libraries to the same version.
set(CMAKE_CXX_COMPILER ${SPARKLLAMA_ZIG} c++ -target ${SPARKLLAMA_PROCESSOR}-linux-gnu.2.28)
# Zig describes everything for a debugger unless it is told not to: ten times the library.
set(CMAKE_CXX_FLAGS_INIT -g0)
set(CMAKE_SHARED_LINKER_FLAGS_INIT -Wl,--strip-debug)
set(CMAKE_EXE_LINKER_FLAGS_INIT -Wl,--strip-debug)
