# The Python programs of the sandbox as string constants in code/fork_server.cpp, made anew when one of them changes.
foreach(name fork_server probe)
  set(python_file ${CMAKE_CURRENT_LIST_DIR}/${name}.py)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${python_file})
  file(READ ${python_file} text)
  string(TOUPPER LOCKSTEP_${name} variable)
  set(${variable} "${text}")
endforeach()
configure_file(${CMAKE_CURRENT_LIST_DIR}/fork_server.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/code/fork_server.cpp @ONLY)
