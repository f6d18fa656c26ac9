# SPDX-License-Identifier: MIT
# What posthaste stands on. Each is used by its target:
#   OpenSSL::SSL OpenSSL::Crypto           TLS                      library, sink
#   PkgConfig::POSTHASTE_GSASL             SASL                     library, sink
#   PkgConfig::POSTHASTE_CARES             name look-up             library
#   PkgConfig::POSTHASTE_IDN2              international domains    library
#   PkgConfig::POSTHASTE_JANSSON           JSON                     command
#   PkgConfig::POSTHASTE_CMOCKA            unit tests               tests
#   Threads::Threads                       threads                  sink, tests, examples
# scripts/install-dependencies installs them on Debian and Ubuntu.

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(POSTHASTE_GSASL REQUIRED IMPORTED_TARGET libgsasl)
pkg_check_modules(POSTHASTE_CARES REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(POSTHASTE_IDN2 REQUIRED IMPORTED_TARGET libidn2)
if(POSTHASTE_COMMAND)
  pkg_check_modules(POSTHASTE_JANSSON REQUIRED IMPORTED_TARGET jansson)
endif()
if(POSTHASTE_TESTS)
  pkg_check_modules(POSTHASTE_CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()
