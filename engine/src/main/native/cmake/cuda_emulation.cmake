# The kernels of the CUDA backend compiled for the processor, and their tests, which need no device:
#   cmake --build DIR --target cuda_tests && ctest --test-dir DIR -L emulated
# Not part of a plain build: nobody who only runs jobs is to wait for them.
file(GLOB CUDA_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cuda/*.cu ${CMAKE_CURRENT_SOURCE_DIR}/cuda/kernels/*.cu)
file(GLOB EMULATION_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cuda/emulation/*.cc)
set_source_files_properties(${CUDA_SOURCES} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "-x;c++;-O1")
add_library(cuda_emulated OBJECT EXCLUDE_FROM_ALL ${CUDA_SOURCES} ${EMULATION_SOURCES})
target_compile_definitions(cuda_emulated PUBLIC SPARKLLAMA_CUDA_EMULATED)
target_compile_options(cuda_emulated PUBLIC -Wno-unknown-pragmas)  # "#pragma unroll" is for nvcc
target_include_directories(cuda_emulated PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})

add_custom_target(cuda_tests)
# What the worker opens in tests of whole jobs.
if(NOT SPARKLLAMA_SANITIZE)
  set(CUDA_EXPORTS ${CMAKE_CURRENT_SOURCE_DIR}/cuda/exports.map)
  add_library(sparkllama_cuda_emulated SHARED EXCLUDE_FROM_ALL)
  target_link_libraries(sparkllama_cuda_emulated PRIVATE cuda_emulated core)
  target_link_options(sparkllama_cuda_emulated PRIVATE -static-libstdc++ -static-libgcc
    -Wl,--no-undefined -Wl,--version-script=${CUDA_EXPORTS} -Wl,-z,noexecstack)
  add_dependencies(cuda_tests sparkllama_cuda_emulated)
endif()

file(GLOB CUDA_TEST_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/tests/cuda/*_test.cc)
foreach(TEST_SOURCE ${CUDA_TEST_SOURCES})
  get_filename_component(TEST_NAME ${TEST_SOURCE} NAME_WE)
  add_executable(${TEST_NAME} EXCLUDE_FROM_ALL ${TEST_SOURCE})
  target_link_libraries(${TEST_NAME} PRIVATE cuda_emulated core)
  add_dependencies(cuda_tests ${TEST_NAME})
  add_test(NAME ${TEST_NAME} COMMAND ${TEST_NAME})
  set_tests_properties(${TEST_NAME} PROPERTIES TIMEOUT 600 LABELS emulated)
endforeach()
