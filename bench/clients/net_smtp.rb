# SPDX-License-Identifier: MIT
# Ruby's Net::SMTP. Arguments and output as job.h says.
require "json"
require "net/smtp"

def body_of(size, path)
  return File.binread(path) if path

  line = "The quick brown fox jumps over the lazy dog, and over again.\r\n"
  ("Subject: benchmark\r\n\r\n" + line * (size / line.size + 1))[0, size - 2] + "\r\n"
end

def times
  used = Process.times
  [Process.clock_gettime(Process::CLOCK_MONOTONIC), used.utime, used.utime + used.stime]
end

port, mode, count, size, recipients, path = ARGV
body = body_of(size.to_i, path)
to = Array.new(recipients.to_i) { |i| "recipient#{i}@example.org" }
smtp = Net::SMTP.new("127.0.0.1", port.to_i)
if mode.split(",").include?("tls")
  context = OpenSSL::SSL::SSLContext.new
  context.set_params(ca_file: ENV.fetch("BENCH_CAFILE"))
  smtp.enable_starttls(context)
else
  smtp.disable_starttls
end
smtp.start(helo: "client.example.org") do
  before = times
  count.to_i.times { smtp.send_message(body, "sender@example.org", to) }
  wall, user, cpu = times.zip(before).map { |now, then_| ((now - then_) * 1e6).round }
  puts JSON.generate(cpu_us: cpu, user_us: user, wall_us: wall, messages: count.to_i)
end
