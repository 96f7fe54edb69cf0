# Everything that Lockstep does not build itself, as imported targets. scripts/setup.sh puts the wheels under .deps/.
find_program(CCACHE ccache)
if(CCACHE)
  # With a base folder, clones and build folders at different paths share one cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

set(LOCKSTEP_DEPS ${CMAKE_SOURCE_DIR}/.deps CACHE PATH "Where scripts/setup.sh unpacked the pinned wheels")
set(torch_root ${LOCKSTEP_DEPS}/torch/torch)
if(NOT EXISTS ${torch_root}/lib/libtorch_cpu.so)
  message(FATAL_ERROR "LibTorch is missing\n  where: ${torch_root}\n  fix:   run scripts/setup.sh")
endif()

find_package(Threads REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(SENTENCEPIECE REQUIRED IMPORTED_TARGET sentencepiece)
pkg_check_modules(SNAPPY REQUIRED IMPORTED_TARGET snappy)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq>=4.3)

# LibTorch's own find_package refuses machines without a GPU, so its libraries are imported by path.
set(torch_libraries ${torch_root}/lib/libtorch_cpu.so ${torch_root}/lib/libc10.so)
file(GLOB cuda_library_folders ${LOCKSTEP_DEPS}/nvidia-*/nvidia/*/lib)
if(LOCKSTEP_CUDA)
  if(NOT EXISTS ${LOCKSTEP_DEPS}/nvidia-cublas/nvidia/cu13/lib)
    message(FATAL_ERROR "the CUDA run-time libraries are missing\n  where: ${LOCKSTEP_DEPS}/nvidia-cublas\n"
                        "  fix:   run scripts/setup.sh --cuda")
  endif()
  # Nothing refers to libtorch_cuda by symbol: it registers its kernels when it is loaded, so it must stay linked. cuSPARSE
  # looks for nvJitLink beside itself only (RUNPATH), which is another wheel: linked here, it is loaded already.
  list(APPEND torch_libraries -Wl,--push-state,--no-as-needed ${torch_root}/lib/libtorch_cuda.so
       ${torch_root}/lib/libc10_cuda.so ${LOCKSTEP_DEPS}/nvidia-nvjitlink/nvidia/cu13/lib/libnvJitLink.so.13 -Wl,--pop-state)
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(CMAKE_CUDA_ARCHITECTURES 90a)
    set(CMAKE_CUDA_STANDARD 20)
    enable_language(CUDA)
  else()
    message(WARNING "nvcc was not found: CUDA devices run through torch operations only")
  endif()
endif()

add_library(lockstep_torch INTERFACE)
target_include_directories(lockstep_torch SYSTEM INTERFACE
    ${torch_root}/include ${torch_root}/include/torch/csrc/api/include)
target_link_libraries(lockstep_torch INTERFACE ${torch_libraries} Threads::Threads)
target_link_options(lockstep_torch INTERFACE
    -Wl,-rpath,${torch_root}/lib
    -Wl,--disable-new-dtags  # RPATH, not RUNPATH: the wheels' own libraries find the CUDA run time by it
    -Wl,--allow-shlib-undefined)
foreach(path IN LISTS cuda_library_folders)
  target_link_options(lockstep_torch INTERFACE -Wl,-rpath,${path})
endforeach()
