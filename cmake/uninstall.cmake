# SPDX-License-Identifier: MIT
# Removes the files that the last install listed in MANIFEST (below DESTDIR, if that is set now as
# it was then), and those of posthaste's own folders that are empty after it.

if(NOT EXISTS "${MANIFEST}")
  message(FATAL_ERROR "${MANIFEST} is not there: nothing was installed from this build folder")
endif()
file(STRINGS "${MANIFEST}" files)
set(folders "")
foreach(file ${files})
  set(path "$ENV{DESTDIR}${file}")
  if(EXISTS "${path}" OR IS_SYMLINK "${path}")
    message(STATUS "Removing ${path}")
    file(REMOVE "${path}")
  else()
    message(STATUS "Gone already: ${path}")
  endif()
  get_filename_component(folder "${path}" DIRECTORY)
  list(APPEND folders "${folder}")
endforeach()

list(REMOVE_DUPLICATES folders)
list(SORT folders ORDER DESCENDING) # a folder after those within it
foreach(folder ${folders})
  if(folder MATCHES "/posthaste(/|$)" AND IS_DIRECTORY "${folder}")
    file(GLOB rest "${folder}/*")
    if(NOT rest)
      file(REMOVE_RECURSE "${folder}")
    endif()
  endif()
endforeach()
file(REMOVE "${MANIFEST}")
