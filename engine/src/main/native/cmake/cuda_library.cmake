# Builds libsparkllama_cuda.so, which the worker opens where there is a GPU, when it is asked for by name:
#   cmake --build DIR --target sparkllama_cuda
# The compiler is that of CUDA's toolkit: SPARKLLAMA_NVCC, else one that is installed. scripts/cuda_toolkit.sh brings one.
set(SPARKLLAMA_NVCC "" CACHE STRING "Path of nvcc; empty looks on PATH and in /usr/local/cuda/bin")

if(SPARKLLAMA_NVCC)
  set(CUDA_COMPILER ${SPARKLLAMA_NVCC})
  if(NOT EXISTS ${CUDA_COMPILER})
    message(FATAL_ERROR "There is no such nvcc; correct SPARKLLAMA_NVCC: ${SPARKLLAMA_NVCC}")
  endif()
else()
  find_program(CUDA_COMPILER nvcc PATHS /usr/local/cuda/bin NO_CACHE)
endif()
if(SPARKLLAMA_SANITIZE OR CMAKE_CROSSCOMPILING OR NOT CUDA_COMPILER)
  message(STATUS "libsparkllama_cuda.so is left out: no nvcc is used here")
  return()
endif()

get_filename_component(CUDA_COMPILER ${CUDA_COMPILER} REALPATH)
get_filename_component(CUDA_HOME ${CUDA_COMPILER} DIRECTORY)
get_filename_component(CUDA_HOME ${CUDA_HOME} DIRECTORY)
find_library(CUDA_RUNTIME NAMES libcudart_static.a NO_CACHE NO_DEFAULT_PATH
  PATHS ${CUDA_HOME}/lib64 ${CUDA_HOME}/lib ${CUDA_HOME}/targets/x86_64-linux/lib /usr/lib/x86_64-linux-gnu)
if(NOT CUDA_RUNTIME)
  message(FATAL_ERROR "CUDA's toolkit lacks libcudart_static.a; install its runtime's development files, or have scripts/cuda_toolkit.sh bring a whole one: ${CUDA_HOME}")
endif()
message(STATUS "libsparkllama_cuda.so is compiled by ${CUDA_COMPILER}")

# Machine code for A100 and the like and for H100 and H200; other devices from sm_80 on compile the first one's text form.
set(CUDA_FLAGS -std=c++20 -O3 -DNDEBUG --expt-relaxed-constexpr -fmad=false
  -gencode=arch=compute_80,code=[sm_80,compute_80] -gencode=arch=compute_90,code=sm_90
  -ccbin=${CMAKE_CXX_COMPILER}
  -Xcompiler=-fPIC,-fvisibility=hidden,-fvisibility-inlines-hidden,-ffp-contract=off,-fno-math-errno
  -Werror=all-warnings -I${CMAKE_CURRENT_SOURCE_DIR})

file(GLOB CUDA_LIBRARY_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cuda/*.cu ${CMAKE_CURRENT_SOURCE_DIR}/cuda/kernels/*.cu)
set(CUDA_OBJECTS)
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/cuda_objects)
foreach(SOURCE ${CUDA_LIBRARY_SOURCES})
  file(RELATIVE_PATH NAME ${CMAKE_CURRENT_SOURCE_DIR}/cuda ${SOURCE})
  string(REPLACE "/" "_" NAME ${NAME})
  set(OBJECT ${CMAKE_CURRENT_BINARY_DIR}/cuda_objects/${NAME}.o)
  add_custom_command(OUTPUT ${OBJECT}
    COMMAND ${CUDA_COMPILER} ${CUDA_FLAGS} -MD -MF ${OBJECT}.d -MT ${OBJECT} -c ${SOURCE} -o ${OBJECT}
    DEPENDS ${SOURCE} ${CUDA_COMPILER}
    DEPFILE ${OBJECT}.d
    COMMENT "Compiling ${NAME} for devices"
    VERBATIM)
  list(APPEND CUDA_OBJECTS ${OBJECT})
endforeach()
set_source_files_properties(${CUDA_OBJECTS} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)

# What its host code takes from the sources that stand below it.
set(CUDA_BASE_SOURCES)
foreach(FOLDER base tensor ops)
  file(GLOB FOUND CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${FOLDER}/*.cc)
  list(APPEND CUDA_BASE_SOURCES ${FOUND})
endforeach()
add_library(cuda_base STATIC EXCLUDE_FROM_ALL ${CUDA_BASE_SOURCES})
target_include_directories(cuda_base PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})

set(CUDA_EXPORTS ${CMAKE_CURRENT_SOURCE_DIR}/cuda/exports.map)
add_library(sparkllama_cuda SHARED EXCLUDE_FROM_ALL ${CUDA_OBJECTS})
set_target_properties(sparkllama_cuda PROPERTIES LINKER_LANGUAGE CXX LINK_DEPENDS ${CUDA_EXPORTS})
# CUDA's runtime is linked in and opens the driver by itself: the library can be loaded where there is none.
target_link_libraries(sparkllama_cuda PRIVATE cuda_base ${CUDA_RUNTIME} ${CMAKE_DL_LIBS} rt Threads::Threads)
target_link_options(sparkllama_cuda PRIVATE -static-libstdc++ -static-libgcc
  -Wl,--no-undefined -Wl,--version-script=${CUDA_EXPORTS} -Wl,--build-id=sha1 -Wl,-z,noexecstack -Wl,--gc-sections)
