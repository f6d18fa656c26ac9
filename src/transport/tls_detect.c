/* SPDX-License-Identifier: MIT */
/* What listens there, told by its first bytes. */
#include "transport/tls_detect.h"

enum {
    record_alert = 0x15,
    record_handshake = 0x16
};

bool ph__looks_like_tls(const uint8_t *bytes, size_t n)
{
    return n >= 3 && (bytes[0] == record_alert || bytes[0] == record_handshake) && bytes[1] == 3 &&
           bytes[2] <= 4;
}

bool ph__looks_like_smtp(const uint8_t *bytes, size_t n)
{
    if (n < 4 || bytes[0] < '2' || bytes[0] > '5')
        return false;
    for (size_t i = 1; i < 3; i++) {
        if (bytes[i] < '0' || bytes[i] > '9')
            return false;
    }
    return bytes[3] == ' ' || bytes[3] == '-';
}
