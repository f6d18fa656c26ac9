# SPDX-License-Identifier: MIT
# Helpers for tests/. Every test carries one of the labels by which CTest and scripts/check select:
#   unit dialogue interop tls ktls fault fuzz cli sink examples bench install style
# and beside it `threads` if it uses some.

find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)

# `ctest -T memcheck` runs tests under valgrind by what it reads here; scripts/check does it for the
# dialogues, in a build without sanitizers.
find_program(POSTHASTE_VALGRIND valgrind)
if(POSTHASTE_IS_TOP_LEVEL AND POSTHASTE_VALGRIND)
  file(WRITE ${PROJECT_BINARY_DIR}/DartConfiguration.tcl
    "MemoryCheckCommand: ${POSTHASTE_VALGRIND}\n"
    "MemoryCheckCommandOptions: --quiet --error-exitcode=99 --leak-check=full "
    "--trace-children=yes --child-silent-after-fork=yes --vgdb=no\n")
endif()

# What the preset sanitize-thread builds.
add_custom_target(thread_tests COMMENT "Tests that use threads are built")

# posthaste_uses_threads(TARGET test...)
#
# The program TARGET, and the tests that run it, use threads: the preset sanitize-thread runs them.
function(posthaste_uses_threads target)
  add_dependencies(thread_tests ${target})
  set_property(TEST ${ARGN} APPEND PROPERTY LABELS threads)
endfunction()

# posthaste_add_test(LABEL source... [NAME name] [LINKS target...] [THREADS])
#
# A program of cmocka tests that sees the floors' own headers (src/) and tests/ itself. Target and
# test are named by the first source: unit/base/error_test.c becomes unit_base_error and
# unit.base.error; NAME takes the place of `error`. THREADS: it uses some.
function(posthaste_add_test label)
  cmake_parse_arguments(TEST "THREADS" "NAME" "LINKS" ${ARGN})
  list(GET TEST_UNPARSED_ARGUMENTS 0 first)
  if(TEST_NAME)
    set(first ${TEST_NAME})
  endif()
  file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR}/tests ${CMAKE_CURRENT_SOURCE_DIR}/${first})
  string(REGEX REPLACE "(_test)?\\.c$" "" path ${path})
  string(REPLACE "/" "_" target ${path})
  string(REPLACE "/" "." name ${path})

  add_executable(${target} ${TEST_UNPARSED_ARGUMENTS})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE
    posthaste_internals PkgConfig::POSTHASTE_CMOCKA Threads::Threads ${TEST_LINKS})
  add_test(NAME ${name} COMMAND ${target})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 300)
  if(TEST_THREADS)
    posthaste_uses_threads(${target} ${name})
  endif()
endfunction()

add_custom_target(fuzzers COMMENT "Fuzz targets are built")
set(POSTHASTE_FUZZ_SECONDS 20 CACHE STRING "How long each fuzz target runs as a test")

# posthaste_add_fuzzer(NAME [LINKS target...])
#
# NAME_fuzz.c defines LLVMFuzzerTestOneInput; NAME.dict and the folder corpus/NAME are used if they
# are there. With POSTHASTE_FUZZ the test fuzzes for POSTHASTE_FUZZ_SECONDS; finds go to the build
# folder, never into the corpus. Otherwise replay.c, if it is there, runs the corpus once (its
# main gets the corpus folder as its argument).
function(posthaste_add_fuzzer name)
  cmake_parse_arguments(FUZZER "" "" "LINKS" ${ARGN})
  set(here ${CMAKE_CURRENT_SOURCE_DIR})
  set(corpus ${here}/corpus/${name})
  set(target fuzz_${name})
  if(POSTHASTE_FUZZ)
    set(finds ${CMAKE_CURRENT_BINARY_DIR}/${name})
    file(MAKE_DIRECTORY ${finds}/corpus)
    set(arguments -max_total_time=${POSTHASTE_FUZZ_SECONDS} -timeout=10 -verbosity=0 -print_final_stats=1
      -artifact_prefix=${finds}/)
    if(EXISTS ${here}/${name}.dict)
      list(APPEND arguments -dict=${here}/${name}.dict)
    endif()
    list(APPEND arguments ${finds}/corpus)
    if(IS_DIRECTORY ${corpus})
      list(APPEND arguments ${corpus})
    endif()
    add_executable(${target} ${name}_fuzz.c)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  elseif(EXISTS ${here}/replay.c AND IS_DIRECTORY ${corpus})
    set(arguments ${corpus})
    add_executable(${target} ${name}_fuzz.c replay.c)
  else()
    return()
  endif()
  add_dependencies(fuzzers ${target})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE posthaste_internals ${FUZZER_LINKS})
  math(EXPR limit "${POSTHASTE_FUZZ_SECONDS} + 60")
  add_test(NAME fuzz.${name} COMMAND ${target} ${arguments})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT ${limit})
endfunction()
