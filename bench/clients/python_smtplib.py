# SPDX-License-Identifier: MIT
"""Python's smtplib. Arguments and output as job.h says."""
import json
import os
import resource
import smtplib
import ssl
import sys
import time


def body_of(size, path):
    if path:
        with open(path, "rb") as file:
            return file.read()
    line = b"The quick brown fox jumps over the lazy dog, and over again.\r\n"
    head = b"Subject: benchmark\r\n\r\n"
    return (head + line * (size // len(line) + 1))[:size - 2] + b"\r\n"


def main():
    port, mode, count, size, recipients = sys.argv[1:6]
    body = body_of(int(size), sys.argv[6] if len(sys.argv) > 6 else None)
    to = [f"recipient{i}@example.org" for i in range(int(recipients))]
    client = smtplib.SMTP("127.0.0.1", int(port), local_hostname="client.example.org")
    if "tls" in mode.split(","):
        client.starttls(context=ssl.create_default_context(cafile=os.environ["BENCH_CAFILE"]))
    client.ehlo()
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(int(count)):
        client.sendmail("sender@example.org", to, body)
    wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_SELF)
    client.quit()
    user = after.ru_utime - before.ru_utime
    print(json.dumps({"cpu_us": round((user + after.ru_stime - before.ru_stime) * 1e6),
                      "user_us": round(user * 1e6), "wall_us": round(wall * 1e6),
                      "messages": int(count)}))


main()
