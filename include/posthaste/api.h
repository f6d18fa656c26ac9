/* SPDX-License-Identifier: MIT */
/*
 * How posthaste's functions are declared: what the library exports, what a compiler may check,
 * and C linkage for C++. Included by every other public header.
 */
#ifndef POSTHASTE_API_H
#define POSTHASTE_API_H

#ifdef __cplusplus
#define PH_BEGIN_DECLS extern "C" {
#define PH_END_DECLS   }
#else
#define PH_BEGIN_DECLS
#define PH_END_DECLS
#endif

#if defined(__GNUC__)
/** Exported by the library; everything else in it is hidden. */
#define PH_API __attribute__((__visibility__("default")))
/** The result says whether it worked: a compiler warns where it is dropped. */
#define PH_MUST_CHECK __attribute__((__warn_unused_result__))
/** Argument number @p text is a format of printf; its values begin at @p first (0: a va_list). */
#define PH_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define PH_API
#define PH_MUST_CHECK
#define PH_PRINTF(text, first)
#endif

#endif
