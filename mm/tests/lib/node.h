/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device nodes in the root file system, for as long as a function needs one.
 */
#ifndef _MM_KUNIT_NODE_H
#define _MM_KUNIT_NODE_H

#include <linux/types.h>

int mm_kunit_with_node(const char *name, umode_t mode, dev_t dev,
		       int (*fn)(const char *name, void *arg), void *arg);

#endif /* _MM_KUNIT_NODE_H */
