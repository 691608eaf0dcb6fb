/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KUnit's deferred actions, for trees before 6.5, which have none.
 *
 * Names, arguments and order are those of <kunit/resource.h>: actions run when
 * the case has ended, the latest first, in whichever thread cleans up.
 */
#ifndef _MM_KUNIT_COMPAT_ACTION_H
#define _MM_KUNIT_COMPAT_ACTION_H

#include <kunit/test.h>

#ifdef CONFIG_MM_KUNIT_HAS_KUNIT_ACTION
#include <kunit/resource.h>
#else

typedef void (kunit_action_t)(void *);

int kunit_add_action(struct kunit *test, kunit_action_t *action, void *ctx);
int kunit_add_action_or_reset(struct kunit *test, kunit_action_t *action,
			      void *ctx);
void kunit_remove_action(struct kunit *test, kunit_action_t *action, void *ctx);
void kunit_release_action(struct kunit *test, kunit_action_t *action, void *ctx);
#endif

#ifndef KUNIT_DEFINE_ACTION_WRAPPER
#define KUNIT_DEFINE_ACTION_WRAPPER(wrapper, orig, arg_type)	\
	static void wrapper(void *in)				\
	{							\
		orig((arg_type)in);				\
	}
#endif

#endif /* _MM_KUNIT_COMPAT_ACTION_H */
