# SPDX-License-Identifier: MIT
# The library's floors, each a folder below src/ and an object library posthaste_FLOOR.

# posthaste_add_floor(NAME SOURCES file... [LINKS target...])
#
# LINKS names targets of dependencies.cmake whose headers the floor includes. Other floors are not
# named: src/ is the include root of all, and the test `architecture` reads the arrows.
function(posthaste_add_floor name)
  cmake_parse_arguments(FLOOR "" "" "SOURCES;LINKS" ${ARGN})
  add_library(posthaste_${name} OBJECT ${FLOOR_SOURCES})
  target_include_directories(posthaste_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(posthaste_${name} PUBLIC posthaste_headers ${FLOOR_LINKS})
  set_property(GLOBAL APPEND PROPERTY POSTHASTE_OBJECTS $<TARGET_OBJECTS:posthaste_${name}>)
endfunction()
