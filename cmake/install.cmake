# SPDX-License-Identifier: MIT
# What is installed: libraries, headers, CMake package, pkg-config file, command, man pages.
include(CMakePackageConfigHelpers)

install(TARGETS posthaste EXPORT posthasteTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS posthaste_static EXPORT posthasteStaticTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${POSTHASTE_PUBLIC_HEADERS} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/posthaste)
install(FILES ${POSTHASTE_ADAPTER_HEADERS}
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/posthaste/adapters)

# find_package(posthaste): the static library stands apart, for it alone needs the development
# files of what posthaste stands on.
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/posthaste)
foreach(set posthasteTargets posthasteStaticTargets)
  install(EXPORT ${set} NAMESPACE posthaste:: DESTINATION ${package})
endforeach()
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/posthasteConfig.cmake.in
  ${PROJECT_BINARY_DIR}/posthasteConfig.cmake
  INSTALL_DESTINATION ${package})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/posthasteConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/posthasteConfig.cmake
  ${PROJECT_BINARY_DIR}/posthasteConfigVersion.cmake
  DESTINATION ${package})

# Written when it is installed, since `cmake --install --prefix` may name another prefix by then.
install(CODE "
  set(PROJECT_VERSION [[${PROJECT_VERSION}]])
  set(PROJECT_DESCRIPTION [[${PROJECT_DESCRIPTION}]])
  set(libdir [[${CMAKE_INSTALL_LIBDIR}]])
  set(includedir [[${CMAKE_INSTALL_INCLUDEDIR}]])
  cmake_path(ABSOLUTE_PATH libdir BASE_DIRECTORY \${CMAKE_INSTALL_PREFIX})
  cmake_path(ABSOLUTE_PATH includedir BASE_DIRECTORY \${CMAKE_INSTALL_PREFIX})
  configure_file([[${PROJECT_SOURCE_DIR}/cmake/posthaste.pc.in]]
    [[${PROJECT_BINARY_DIR}/posthaste.pc]] @ONLY)")
install(FILES ${PROJECT_BINARY_DIR}/posthaste.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The command finds the library that is installed beside it, wherever the prefix is.
if(TARGET posthaste_command)
  file(RELATIVE_PATH to_library ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set_target_properties(posthaste_command PROPERTIES INSTALL_RPATH "$ORIGIN/${to_library}")
  install(TARGETS posthaste_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

foreach(page posthaste.1 posthaste-bulk.1 libposthaste.3)
  string(REGEX MATCH "[0-9]$" section ${page})
  install(FILES man/${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

if(POSTHASTE_IS_TOP_LEVEL)
  add_custom_target(uninstall
    COMMAND ${CMAKE_COMMAND} -D MANIFEST=${PROJECT_BINARY_DIR}/install_manifest.txt
      -P ${PROJECT_SOURCE_DIR}/cmake/uninstall.cmake
    COMMENT "Removing what the last install wrote")
endif()
