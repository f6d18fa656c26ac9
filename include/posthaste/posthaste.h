/* SPDX-License-Identifier: MIT */
/* Everything of posthaste's API but <posthaste/openssl.h>. */
#ifndef POSTHASTE_POSTHASTE_H
#define POSTHASTE_POSTHASTE_H

#include <posthaste/address.h>
#include <posthaste/allocator.h>
#include <posthaste/api.h>
#include <posthaste/capabilities.h>
#include <posthaste/connection.h>
#include <posthaste/error.h>
#include <posthaste/mechanism.h>
#include <posthaste/message.h>
#include <posthaste/pool.h>
#include <posthaste/reply.h>
#include <posthaste/server.h>
#include <posthaste/smtp.h>
#include <posthaste/tls.h>
#include <posthaste/trace.h>
#include <posthaste/version.h>
#include <posthaste/writer.h>

#endif
