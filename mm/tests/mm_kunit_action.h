/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KUnit's deferred actions, for trees before 6.5, which have none.
 *
 * Names, arguments and order are those of <kunit/resource.h>: actions run when
 * the case has ended, the latest first, in whichever thread cleans up.
 */
#ifndef _MM_KUNIT_ACTION_H
#define _MM_KUNIT_ACTION_H

struct kunit;

typedef void (kunit_action_t)(void *);

int kunit_add_action(struct kunit *test, kunit_action_t *action, void *ctx);
int kunit_add_action_or_reset(struct kunit *test, kunit_action_t *action,
			      void *ctx);
void kunit_remove_action(struct kunit *test, kunit_action_t *action, void *ctx);
void kunit_release_action(struct kunit *test, kunit_action_t *action, void *ctx);

#endif /* _MM_KUNIT_ACTION_H */
