// SPDX-License-Identifier: MIT
// Nodemailer: a pool of one connection. Arguments and output as job.h says.
"use strict";

const fs = require("fs");
const nodemailer = require("nodemailer");

const [port, mode, count, size, recipients, path] = process.argv.slice(2);

function bodyOf(size, path) {
  if (path) return fs.readFileSync(path);
  const line = "The quick brown fox jumps over the lazy dog, and over again.\r\n";
  const text = "Subject: benchmark\r\n\r\n" + line.repeat(size / line.length + 1);
  return Buffer.from(text.slice(0, size - 2) + "\r\n");
}

async function main() {
  const isTls = mode.split(",").includes("tls");
  const transport = nodemailer.createTransport({
    pool: true,
    maxConnections: 1,
    maxMessages: Infinity,
    host: "127.0.0.1",
    port: Number(port),
    secure: false,
    ignoreTLS: !isTls,
    requireTLS: isTls,
    tls: isTls ? { ca: fs.readFileSync(process.env.BENCH_CAFILE) } : {},
  });
  const message = {
    envelope: {
      from: "sender@example.org",
      to: Array.from({ length: Number(recipients) }, (_, i) => `recipient${i}@example.org`),
    },
    raw: bodyOf(Number(size), path),
  };
  const begun = process.hrtime.bigint();
  const before = process.resourceUsage();
  for (let i = 0; i < Number(count); i++) await transport.sendMail(message);
  const after = process.resourceUsage();
  const wall = Number(process.hrtime.bigint() - begun) / 1000;
  const user = after.userCPUTime - before.userCPUTime;
  console.log(JSON.stringify({
    cpu_us: user + after.systemCPUTime - before.systemCPUTime,
    user_us: user,
    wall_us: Math.round(wall),
    messages: Number(count),
  }));
  transport.close();
}

main().catch((problem) => {
  console.error(String(problem));
  process.exit(1);
});
