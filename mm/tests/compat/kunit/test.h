/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_KUNIT_COMPAT_TEST_H
#define _MM_KUNIT_COMPAT_TEST_H

#include <kunit/test.h>

/*
 * Before 5.14 a case cannot be skipped. It ends here instead, and counts as
 * passed, but for whoever reads the line that it logs.
 */
#ifndef CONFIG_MM_KUNIT_HAS_KUNIT_SKIP
#define kunit_skip(test, fmt, ...) do {					\
	struct kunit *__skipped = (test);				\
									\
	kunit_info(__skipped, "SKIP " fmt, ##__VA_ARGS__);		\
	kunit_try_catch_throw(&__skipped->try_catch);			\
} while (0)
#endif

#ifndef CONFIG_MM_KUNIT_HAS_KUNIT_STATUS
#define mm_kunit_failed(test)	(!READ_ONCE((test)->success))
#endif

#ifndef KUNIT_CASE_SLOW
#define KUNIT_CASE_SLOW(name)	KUNIT_CASE(name)
#endif

#ifndef KUNIT_EXPECT_NULL
#define KUNIT_EXPECT_NULL(test, ptr)					\
	KUNIT_EXPECT_PTR_EQ(test, (const void *)(ptr), (const void *)NULL)
#endif

#ifndef KUNIT_EXPECT_NOT_NULL
#define KUNIT_EXPECT_NOT_NULL(test, ptr)				\
	KUNIT_EXPECT_PTR_NE(test, (const void *)(ptr), (const void *)NULL)
#endif

#ifndef KUNIT_ASSERT_NOT_NULL
#define KUNIT_ASSERT_NOT_NULL(test, ptr)				\
	KUNIT_ASSERT_PTR_NE(test, (const void *)(ptr), (const void *)NULL)
#endif

#endif /* _MM_KUNIT_COMPAT_TEST_H */
