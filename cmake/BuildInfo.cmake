# lockstep_build_info: a library whose one source is written anew at each build in which the commit changed.
# Run as a script (cmake -P) it writes that source; included, it makes the target.
if(CMAKE_SCRIPT_MODE_FILE)
  execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --dirty --abbrev=12 --exclude=*
                  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    set(commit unknown)
  endif()
  configure_file(${SOURCE_DIR}/cmake/build_info.cpp.in ${OUTPUT} @ONLY)  # left alone when nothing changed
  return()
endif()

file(STRINGS ${torch_root}/version.py torch_version_line REGEX "^__version__")
string(REGEX REPLACE ".*'(.*)'.*" "\\1" torch_version "${torch_version_line}")
# Debian's re2.pc says 0.0.0: the library's own file name says more.
find_library(re2_library re2 REQUIRED)
file(REAL_PATH ${re2_library} re2_file)
get_filename_component(re2_version ${re2_file} NAME)
set(build_info_source ${CMAKE_BINARY_DIR}/generated/build_info.cpp)
set(build_info_values
    SOURCE_DIR=${CMAKE_SOURCE_DIR} OUTPUT=${build_info_source} version=${PROJECT_VERSION} build_type=${CMAKE_BUILD_TYPE}
    sanitizers=${LOCKSTEP_SANITIZE} "compiler=${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}"
    torch_version=${torch_version} json_version=${nlohmann_json_VERSION} re2_version=${re2_version}
    sentencepiece_version=${SENTENCEPIECE_VERSION} utf8proc_version=${UTF8PROC_VERSION})
if(LOCKSTEP_CUDA)
  list(APPEND build_info_values has_cuda=true)
else()
  list(APPEND build_info_values has_cuda=false)
endif()
list(TRANSFORM build_info_values PREPEND -D)
add_custom_target(write_build_info BYPRODUCTS ${build_info_source} VERBATIM COMMENT "Writing the commit into build_info.cpp"
                  COMMAND ${CMAKE_COMMAND} ${build_info_values} -P ${CMAKE_CURRENT_LIST_FILE})
add_library(lockstep_build_info STATIC ${build_info_source})
add_dependencies(lockstep_build_info write_build_info)
lockstep_flags(lockstep_build_info)
