// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit's deferred actions for older trees, see action.h.
 */
#include <kunit/test.h>
#include <linux/slab.h>

#include "action.h"

#ifndef CONFIG_MM_KUNIT_HAS_KUNIT_ACTION
/**
 * struct deferred - an action of a case
 * @action: the function
 * @ctx: its argument
 */
struct deferred {
	kunit_action_t *action;
	void *ctx;
};

static int defer_init(struct kunit_resource *res, void *context)
{
	res->data = context;
	return 0;
}

/* Called with no lock held, when the resource is destroyed. */
static void defer_free(struct kunit_resource *res)
{
	struct deferred *deferred = res->data;

	if (deferred->action)
		deferred->action(deferred->ctx);
	kfree(deferred);
}

/**
 * kunit_add_action() - call a function when the case has ended
 * @test: the case
 * @action: the function
 * @ctx: its argument
 *
 * Return: 0, or -ENOMEM
 */
int kunit_add_action(struct kunit *test, kunit_action_t *action, void *ctx)
{
	struct deferred *deferred = kmalloc(sizeof(*deferred), GFP_KERNEL);

	if (!deferred)
		return -ENOMEM;
	deferred->action = action;
	deferred->ctx = ctx;
	if (!kunit_alloc_resource(test, defer_init, defer_free, GFP_KERNEL,
				  deferred)) {
		kfree(deferred);
		return -ENOMEM;
	}
	return 0;
}

/**
 * kunit_add_action_or_reset() - kunit_add_action(), or call it now
 * @test: the case
 * @action: the function, which is called at once if it cannot be deferred
 * @ctx: its argument
 *
 * Return: 0, or -ENOMEM
 */
int kunit_add_action_or_reset(struct kunit *test, kunit_action_t *action,
			      void *ctx)
{
	int ret = kunit_add_action(test, action, ctx);

	if (ret)
		action(ctx);
	return ret;
}

static bool is_action(struct kunit *test, struct kunit_resource *res,
		      void *match_data)
{
	struct deferred *deferred = res->data, *wanted = match_data;

	return res->free == defer_free && deferred->action == wanted->action &&
	       deferred->ctx == wanted->ctx;
}

/**
 * kunit_remove_action() - forget an action
 * @test: the case
 * @action: the function
 * @ctx: its argument
 */
void kunit_remove_action(struct kunit *test, kunit_action_t *action, void *ctx)
{
	struct deferred wanted = { action, ctx };
	struct kunit_resource *res;

	res = kunit_find_resource(test, is_action, &wanted);
	if (!res)
		return;
	((struct deferred *)res->data)->action = NULL;
	kunit_remove_resource(test, res);
	kunit_put_resource(res);
}

/**
 * kunit_release_action() - call an action now rather than later
 * @test: the case
 * @action: the function
 * @ctx: its argument
 */
void kunit_release_action(struct kunit *test, kunit_action_t *action, void *ctx)
{
	struct deferred wanted = { action, ctx };

	kunit_destroy_resource(test, is_action, &wanted);
}
#endif
