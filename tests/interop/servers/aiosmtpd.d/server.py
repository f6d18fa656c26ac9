# SPDX-License-Identifier: MIT
"""server.py DIR HOST PORT SIZE-LIMIT

A receiving server made of aiosmtpd: PORT with STARTTLS, PORT+1 with TLS at once. Each message is
written once per recipient, as DIR/mail/LOCAL-PART/new/FILE: a Return-Path line, then the bytes as
they came.
"""
import asyncio
import base64
import hmac
import os
import pathlib
import ssl
import sys
import time

from aiosmtpd.smtp import MISSING, SMTP, AuthResult

KNOWN = {b"test": b"secret"}
RECIPIENTS = {"test@example.test", "other@example.test", "üser@example.test"}
# Unless it is told so, a failed AUTH is left without any reply.
FAILED = AuthResult(success=False, handled=False)


def authenticate(server, session, envelope, mechanism, data):
    """Answers PLAIN and LOGIN."""
    if KNOWN.get(data.login) == data.password:
        return AuthResult(success=True, auth_data=data.login)
    return FAILED


class Handler:
    """Decides about recipients, and keeps messages."""

    def __init__(self, folder):
        self.folder = folder
        self.arrived = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address not in RECIPIENTS:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 known"

    async def handle_DATA(self, server, session, envelope):
        self.arrived += 1
        name = f"{self.arrived}.{os.getpid()}"
        # The empty sender comes as "<>", each other without brackets.
        sender = "" if envelope.mail_from == "<>" else envelope.mail_from
        first = f"Return-Path: <{sender}>\r\n".encode()
        for address in envelope.rcpt_tos:
            self.deliver(address, name, first + envelope.original_content)
        return "250 2.0.0 kept"

    def deliver(self, address, name, content):
        """Complete files alone are to be seen in new/."""
        maildir = self.folder / address.split("@")[0]
        for part in ("tmp", "new"):
            (maildir / part).mkdir(parents=True, exist_ok=True)
        (maildir / "tmp" / name).write_bytes(content)
        (maildir / "tmp" / name).rename(maildir / "new" / name)

    # Two underscores in its name make the hyphen of the mechanism's.
    async def auth_CRAM__MD5(self, server, args):
        challenge = f"<{os.getpid()}.{time.time_ns()}@mx.example.test>".encode()
        answer = await server.challenge_auth(base64.b64encode(challenge), encode_to_b64=False)
        if answer is MISSING:
            return AuthResult(success=False)
        user, _, digest = answer.rpartition(b" ")
        expected = hmac.new(KNOWN.get(user, b""), challenge, "md5").hexdigest().encode()
        if user in KNOWN and hmac.compare_digest(digest, expected):
            return AuthResult(success=True, auth_data=user)
        return FAILED


async def serve(folder, host, port, size_limit):
    """Listens on both ports until the process is ended."""
    os.umask(0o022)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls/server.crt", folder / "tls/server.key")
    handler = Handler(folder / "mail")

    def smtp(**more):
        return SMTP(
            handler,
            hostname=host,
            data_size_limit=size_limit,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=authenticate,
            **more,
        )

    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: smtp(tls_context=context), "127.0.0.1", port)
    await loop.create_server(smtp, "127.0.0.1", port + 1, ssl=context)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
