# One library per folder, one test binary per folder. tests/structure/check.py checks the edges between folders.
set(lockstep_warnings -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror)

# lockstep_flags(TARGET): warnings, the floating-point contract, hardening, sanitizers.
function(lockstep_flags target)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  set(cxx_options
      ${lockstep_warnings}
      # The numeric contract: no contraction into FMA behind our back, no fast-math anywhere.
      -ffp-contract=off
      -fstack-protector-strong
      # Errors and binaries name files from the repository's root, wherever the clone lies.
      -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
  if(LOCKSTEP_SANITIZE)
    list(APPEND cxx_options -fsanitize=${LOCKSTEP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${LOCKSTEP_SANITIZE})
  else()
    list(APPEND cxx_options $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=3>)
  endif()
  target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${cxx_options}>")
  # Checked operator[] wherever files and text of strangers are parsed; kernels index raw pointers under their own contracts.
  if(NOT target MATCHES "^lockstep_(kernels|cpu)")
    target_compile_definitions(${target} PRIVATE _GLIBCXX_ASSERTIONS)
  endif()
  target_link_options(${target} PRIVATE -fuse-ld=lld -Wl,-z,relro,-z,now)
endfunction()

# lockstep_library(NAME base SOURCES a.cpp ... DEPS targets ...) makes lockstep_base.
function(lockstep_library)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;DEPS" ${ARGN})
  add_library(lockstep_${arg_NAME} STATIC ${arg_SOURCES})
  lockstep_flags(lockstep_${arg_NAME})
  target_link_libraries(lockstep_${arg_NAME} PUBLIC ${arg_DEPS})
endfunction()

# lockstep_test(NAME base SOURCES a_test.cpp ... DEPS targets ... [LABELS unit]) makes base_test and its ctest entry.
function(lockstep_test)
  cmake_parse_arguments(arg "" "NAME;TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${arg_NAME}_test ${CMAKE_SOURCE_DIR}/tests/support/main.cpp ${arg_SOURCES})
  lockstep_flags(${arg_NAME}_test)
  target_compile_definitions(${arg_NAME}_test PRIVATE LOCKSTEP_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  # Tests name only the members that matter to a case.
  target_compile_options(${arg_NAME}_test PRIVATE -Wno-missing-field-initializers)
  target_link_libraries(${arg_NAME}_test PRIVATE ${arg_DEPS})
  add_test(NAME ${arg_NAME} COMMAND ${arg_NAME}_test WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  set_tests_properties(${arg_NAME} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
endfunction()
