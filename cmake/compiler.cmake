# SPDX-License-Identifier: MIT
# How everything below this folder is compiled: C11, POSIX.1-2008, warnings, and the
# instrumentation that the presets ask for. Directory scope, so nothing leaks into a project that
# uses posthaste as a part of its own build.

if(POSTHASTE_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Kind of build" FORCE)
endif()
if(POSTHASTE_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
endif()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_compile_definitions(_POSIX_C_SOURCE=200809L)
add_compile_options(
  "$<$<COMPILE_LANG_AND_ID:C,GNU,Clang,AppleClang>:-Wall;-Wextra;-Wpedantic;-Wconversion;-Wshadow;-Wstrict-prototypes;-Wmissing-prototypes;-Wformat=2;-Wundef;-Wvla>")
if(POSTHASTE_WERROR)
  add_compile_options(-Werror)
endif()

# A message passes through many small functions in many files: optimized across them, a release needs
# a sixth fewer instructions. Objects hold machine code as well, so that the static library, whose
# objects other compilers must be able to link, can do without the rest (src/CMakeLists.txt).
set(POSTHASTE_LTO OFF)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE MATCHES "Rel" AND CMAKE_OBJCOPY)
  set(POSTHASTE_LTO ON)
  add_compile_options(-flto=auto -ffat-lto-objects)
  add_link_options(-flto=auto)
endif()

set(POSTHASTE_IS_INSTRUMENTED OFF)
if(POSTHASTE_SANITIZE OR POSTHASTE_SANITIZE_THREAD OR POSTHASTE_FUZZ OR POSTHASTE_COVERAGE)
  set(POSTHASTE_IS_INSTRUMENTED ON)
endif()
if(POSTHASTE_SANITIZE)
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
  add_compile_options(${sanitizers} -fno-omit-frame-pointer)
  add_link_options(${sanitizers})
endif()
if(POSTHASTE_SANITIZE_THREAD)
  if(POSTHASTE_SANITIZE)
    message(FATAL_ERROR "POSTHASTE_SANITIZE and POSTHASTE_SANITIZE_THREAD exclude one another")
  endif()
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()
if(POSTHASTE_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "POSTHASTE_FUZZ needs clang, for libFuzzer; use the preset fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()
if(POSTHASTE_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
