#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows that includes.py refuses each kind of wrong arrow, and accepts the right ones."""
import pathlib
import tempfile
import unittest

import includes

# A small tree in which every arrow is right.
RIGHT = {
    "include/posthaste/api.h": "#include <stddef.h>\n",
    "include/posthaste/openssl.h": "#include <openssl/ssl.h>\n#include <posthaste/api.h>\n",
    "include/posthaste/message.h": "#include <stdio.h>\n",
    "include/posthaste/version.h.in": "#include <posthaste/api.h>\n",
    "src/base/buffer.h": "#include <stdint.h>\n#include <posthaste/api.h>\n",
    "src/base/buffer.c": '#include "base/buffer.h"\n#include <stdio.h>\n',
    "src/protocol/reply.h": '#include "base/buffer.h"\n',
    "src/protocol/reply.c": '#include <posthaste/message.h>\n#include <string.h>\n',
    "src/auth/plain.c": '#include <gsasl.h>\n#include "base/buffer.h"\n',
    "src/transport/stream.h": "#include <sys/socket.h>\n",
    "src/transport/tls.c": '#include "transport/stream.h"\n#include <openssl/ssl.h>\n',
    "src/connection/connection.h": '#include "protocol/reply.h"\n#include "transport/stream.h"\n',
    "src/client/smtp.c": '#include "connection/connection.h"\n#include <posthaste/version.h>\n',
    "cli/main.c": '#include <posthaste/api.h>\n#include "option.h"\n#include "sink/sink.h"\n',
    "cli/option.h": "#include <stdbool.h>\n",
    "sink/sink.h": "#include <openssl/ssl.h>\n#include <sys/socket.h>\n",
}

# What is added to which file, and what must be said of it.
WRONG = [
    ("src/base/buffer.h", '#include "protocol/reply.h"', "src/base must not include src/protocol"),
    ("src/base/buffer.c", "#include <openssl/crypto.h>", "src/base must not include <openssl/"),
    ("src/protocol/reply.c", '#include "transport/stream.h"',
     "src/protocol must not include src/transport"),
    ("src/protocol/reply.c", '#include "auth/plain.c"', "src/protocol must not include src/auth"),
    ("src/protocol/reply.c", "#include <time.h>", "src/protocol must not include <time.h>"),
    ("src/protocol/reply.c", "#  include <pthread.h>", "must not include <pthread.h>"),
    ("src/base/buffer.h", "#include <stdio.h>",
     "must not include <stdio.h> through src/base/buffer.h"),
    ("include/posthaste/message.h", "#include <time.h>",
     "must not include <time.h> through include/posthaste/message.h"),
    ("src/transport/tls.c", '#include "auth/plain.c"', "src/transport must not include src/auth"),
    ("src/auth/plain.c", '#include "connection/connection.h"', "src/auth must not include"),
    ("src/auth/plain.c", "#include <sys/socket.h>", "it knows no sockets"),
    ("src/connection/connection.h", '#include "client/smtp.c"', "must not include src/client"),
    ("src/connection/connection.h", "#include <gsasl.h>", "must not include <gsasl.h>"),
    ("src/client/smtp.c", '#include "../base/buffer.h"', "name the floor"),
    ("src/client/smtp.c", '#include "smtp.h"', "smtp.h is not there"),
    ("src/client/smtp.c", '#include "cli/option.h"', "src/client must not include cli"),
    ("src/client/smtp.c", "#include HEADER", "an include by macro"),
    ("include/posthaste/api.h", "#include <openssl/ssl.h>", "must not include <openssl/ssl.h>"),
    ("cli/main.c", '#include "base/buffer.h"', "cli must not include src/base"),
    ("sink/sink.h", '#include "protocol/reply.h"', "sink must not include src/protocol"),
    ("src/cellar/wine.c", "#include <stddef.h>", "is no floor"),
]


def problems_of(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return includes.Tree(folder).check()[1]


class IncludesTest(unittest.TestCase):
    def test_right_arrows_are_accepted(self):
        self.assertEqual(problems_of(RIGHT), [])

    def test_wrong_arrows_are_refused(self):
        for name, line, expected in WRONG:
            with self.subTest(file=name, line=line):
                found = problems_of({**RIGHT, name: RIGHT.get(name, "") + line + "\n"})
                self.assertTrue(any(expected in problem for problem in found), found)


if __name__ == "__main__":
    unittest.main()
