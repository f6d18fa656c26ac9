# SPDX-License-Identifier: MIT
# Helpers for tests/ and the labels that CTest selects by:
#   unit dialogue interop tls fault fuzz cli examples install style
