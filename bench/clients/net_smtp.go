// SPDX-License-Identifier: MIT

// Go's net/smtp: one client for all messages, or a goroutine for each of many sessions. Arguments
// and output as job.h says.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/smtp"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const sender = "sender@example.org"

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	check(err)
	return value
}

func bodyOf(size int) []byte {
	if len(os.Args) > 6 {
		body, err := os.ReadFile(os.Args[6])
		check(err)
		return body
	}
	line := "The quick brown fox jumps over the lazy dog, and over again.\r\n"
	text := "Subject: benchmark\r\n\r\n" + strings.Repeat(line, size/len(line)+1)
	return []byte(text[:size-2] + "\r\n")
}

func dial(mode string) *smtp.Client {
	client, err := smtp.Dial("127.0.0.1:" + os.Args[1])
	check(err)
	check(client.Hello("client.example.org"))
	if strings.Contains(mode, "tls") {
		pem, err := os.ReadFile(os.Getenv("BENCH_CAFILE"))
		check(err)
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		check(client.StartTLS(&tls.Config{RootCAs: pool, ServerName: "localhost"}))
	}
	return client
}

func send(client *smtp.Client, to []string, body []byte) {
	check(client.Mail(sender))
	for _, recipient := range to {
		check(client.Rcpt(recipient))
	}
	writer, err := client.Data()
	check(err)
	_, err = bytes.NewReader(body).WriteTo(writer)
	check(err)
	check(writer.Close())
}

// All sessions are open before the first one sends.
func sessions(count int, to []string, body []byte) {
	var ready, done sync.WaitGroup
	ready.Add(count)
	done.Add(count)
	for i := 0; i < count; i++ {
		go func() {
			client := dial("")
			ready.Done()
			ready.Wait()
			send(client, to, body)
			check(client.Quit())
			done.Done()
		}()
	}
	done.Wait()
}

func micros(t syscall.Timeval) int64 {
	return t.Sec*1e6 + t.Usec
}

func memory(name string) int {
	text, err := os.ReadFile("/proc/self/status")
	check(err)
	_, rest, _ := strings.Cut(string(text), name)
	return number(strings.Fields(rest)[0])
}

func main() {
	mode, count := os.Args[2], number(os.Args[3])
	body := bodyOf(number(os.Args[4]))
	to := make([]string, number(os.Args[5]))
	for i := range to {
		to[i] = fmt.Sprintf("recipient%d@example.org", i)
	}
	var client *smtp.Client
	if mode != "sessions" {
		client = dial(mode)
	}
	var before, after syscall.Rusage
	base := memory("VmRSS:")
	begun := time.Now()
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &before))
	if client == nil {
		sessions(count, to, body)
	} else {
		for i := 0; i < count; i++ {
			send(client, to, body)
		}
	}
	wall := time.Since(begun).Microseconds()
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &after))
	if client != nil {
		check(client.Quit())
	}
	user := micros(after.Utime) - micros(before.Utime)
	cpu := user + micros(after.Stime) - micros(before.Stime)
	fmt.Printf("{\"cpu_us\": %d, \"user_us\": %d, \"wall_us\": %d, \"messages\": %d, \"base_rss_kib\": %d, \"peak_rss_kib\": %d}\n",
		cpu, user, wall, count, base, memory("VmHWM:"))
}
